/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "dbdiff/format/archive_reader.h"
#include "verifier/coverage/source_tree_build.h"

/* The .diff.gz of a source package "1.0": one unified diff of all that Debian changed. */

#define DIFF_MAX ((size_t)32 << 20) /* unpacked; Debian's largest are under 20 MB */

static int prepare(struct archive *archive)
{
	if (archive_read_support_filter_gzip(archive) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return archive_read_support_format_raw(archive);
}

static enum status text_read(struct archive_reader *reader, struct buffer *text, struct error *err)
{
	struct archive_entry *entry;
	const void *block;
	size_t len;
	la_int64_t offset;
	int code = archive_read_next_header(reader->archive, &entry);

	while (code == ARCHIVE_OK) {
		code = archive_read_data_block(reader->archive, &block, &len, &offset);
		if (code != ARCHIVE_OK)
			break;
		if (len > DIFF_MAX - text->len)
			return error_set(
				err, STATUS_LIMIT, "unpacked it is over %zu bytes", DIFF_MAX);
		buffer_add(text, block, len);
	}
	return code == ARCHIVE_EOF ? STATUS_OK : archive_reader_error(reader, err);
}

/* One file's part of the diff, while its lines go by. */
struct diff_reading {
	struct tree_builder *builder;
	const char *name;
	char *path; /* NULL before the first */
	const char *hunks;
	bool is_new;
	struct buffer text; /* of a new file */
};

static void file_end(struct diff_reading *diff, const char *end)
{
	struct source_tree *tree = diff->builder->tree;
	struct tree_file file = {.path = diff->path, .container = diff->name};

	if (!diff->path)
		return;
	diff->path = NULL;
	if (!diff->is_new) {
		/* It changes what is in the tarball. */
		patch_note_change(
			diff->builder, file.path, diff->hunks, (size_t)(end - diff->hunks));
		return;
	}
	file.size = diff->text.len;
	/* dpkg-source gives this one a mode; the others have none. */
	file.is_executable = strcmp(file.path, "debian/rules") == 0;
	if (text_use_of(diff->builder, file.path) == TEXT_PATCH) {
		patch_read(
			diff->builder, file.path, buffer_text(&diff->text), diff->text.len, false);
		file.is_patch = true;
	} else if (text_use_of(diff->builder, file.path) == TEXT_COUNT) {
		file.tests = tests_declared(file.path, buffer_text(&diff->text), diff->text.len);
	} else if (text_use_of(diff->builder, file.path) != TEXT_NONE) {
		size_t keep = strcmp(file.path, "debian/changelog") == 0 ? TREE_CHANGELOG_MAX
									 : TREE_TEXT_MAX;
		bool is_cut = diff->text.len > keep;

		hash_memory(buffer_text(&diff->text), diff->text.len, &file.sha256);
		if (is_cut)
			buffer_truncate(&diff->text, keep);
		builder_keep(diff->builder, &file, &diff->text, is_cut);
	}
	ARRAY_GROW(tree->files, tree->count, tree->capacity);
	tree->files[tree->count++] = file;
}

/* "+++ bc-1.06/debian/rules". */
static void file_begin(struct diff_reading *diff, const char *line, const char *end)
{
	const char *name = line + 4, *name_end = name, *slash;

	file_end(diff, line);
	buffer_clear(&diff->text);
	diff->hunks = end;
	diff->is_new = true;
	while (name_end < end && *name_end != '\t' && *name_end != '\r')
		name_end++;
	slash = memchr(name, '/', (size_t)(name_end - name));
	if (!slash)
		return;
	diff->path = xstrndup(slash + 1, (size_t)(name_end - slash - 1));
	if (!path_is_contained(diff->path)) {
		builder_trouble(diff->builder,
			"%s: a name in it leads out of the package: not taken", diff->name);
		free(diff->path);
		diff->path = NULL;
	}
}

static void lines_read(struct diff_reading *diff, const char *text, const char *end)
{
	struct hunk hunk = {0};

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		if (hunk_line(&hunk, *text)) {
			if (*text == '+') {
				buffer_add(&diff->text, text + 1, (size_t)(line_end - text - 1));
				buffer_add_char(&diff->text, '\n');
			}
		} else if (line_end - text > 4 && memcmp(text, "+++ ", 4) == 0) {
			file_begin(diff, text, line_end);
		} else if (hunk_read(text, line_end, &hunk)) {
			diff->is_new = diff->is_new && hunk.is_new;
		}
		text = newline ? newline + 1 : end;
	}
	file_end(diff, end);
}

bool tree_read_diff(
	struct tree_builder *builder, const struct source_input *input, const char *name)
{
	struct archive_reader reader = {0};
	struct diff_reading diff = {.builder = builder, .name = name};
	struct buffer text = {0};
	off_t size = lseek(input->fd, 0, SEEK_END);
	struct source *source = source_file_new(input->fd, size < 0 ? 0 : (uint64_t)size);
	struct error err = {0};
	enum status status = archive_reader_open(&reader, source, prepare, &err);

	if (status == STATUS_OK)
		status = text_read(&reader, &text, &err);
	if (status < 0)
		builder_trouble(builder, "%s: %s", name, err.text);
	/* What came before the damage is true. */
	lines_read(&diff, buffer_text(&text), buffer_text(&text) + text.len);
	archive_reader_release(&reader);
	source_free(source);
	buffer_release(&text);
	buffer_release(&diff.text);
	return status == STATUS_OK;
}
