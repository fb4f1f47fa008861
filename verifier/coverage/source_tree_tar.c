/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "dbdiff/format/archive_reader.h"
#include "verifier/coverage/source_tree_build.h"

#define PATCH_MAX ((size_t)32 << 20) /* of a patch, of which only parts are kept */

/* One tarball while it is read. */
struct tar_reading {
	struct tree_builder *builder;
	enum container_kind kind;
	const char *name;
	struct archive_reader reader;
	struct archive_entry *entry;
	uint64_t packed, bytes, members; /* of this tarball */
	size_t first;			 /* its files in the tree begin here */
	char *top; /* the one directory that all is in, so far; NULL before the first */
	bool has_no_top;
	uint64_t escaping; /* names that were refused */
	struct buffer text;
};

static int prepare(struct archive *archive)
{
	/* What dpkg-source takes, and zstd, which other distributions' do. */
	if (archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
		archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
		archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
		archive_read_support_filter_lzma(archive) != ARCHIVE_OK ||
		archive_read_support_filter_zstd(archive) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return archive_read_support_format_tar(archive);
}

/* Without "./" in front and slashes at the end. */
static char *plain_name(const char *name)
{
	size_t len = strlen(name);

	while (strncmp(name, "./", 2) == 0) {
		name += 2;
		len -= 2;
		while (*name == '/') {
			name++;
			len--;
		}
	}
	while (len && name[len - 1] == '/')
		len--;
	return xstrndup(name, len);
}

static void note_top(struct tar_reading *reading, const char *path, bool is_directory)
{
	size_t len = strcspn(path, "/");

	if (reading->has_no_top)
		return;
	if (path[len] == '\0' && !is_directory)
		reading->has_no_top = true;
	else if (!reading->top)
		reading->top = xstrndup(path, len);
	else if (strlen(reading->top) != len || strncmp(reading->top, path, len) != 0)
		reading->has_no_top = true;
}

/* One tarball's bounds; STATUS_LIMIT ends it. */
static enum status bytes_count(struct tar_reading *reading, uint64_t count, struct error *err)
{
	const struct limits *limits = reading->builder->limits;

	reading->bytes += count;
	reading->builder->bytes += count;
	if (reading->builder->bytes > limits->total_bytes)
		return error_set(err, STATUS_LIMIT, "unpacked it is over %llu bytes",
			(unsigned long long)limits->total_bytes);
	if (limits->ratio && reading->bytes > LIMITS_RATIO_FREE &&
		reading->bytes / limits->ratio > reading->packed)
		return error_set(err, STATUS_LIMIT,
			"it unpacks to more than %u times its size: a bomb", limits->ratio);
	return STATUS_OK;
}

/* Reads the content: hashed whole, the first `keep` bytes into reading->text. */
static enum status content_read(struct tar_reading *reading, size_t keep, struct digest *sha256,
	bool *is_cut, struct error *err)
{
	struct hash hash;
	enum status status = STATUS_OK;

	buffer_clear(&reading->text);
	*is_cut = false;
	hash_init(&hash);
	while (status == STATUS_OK) {
		const void *block;
		size_t len, room = keep - reading->text.len;
		la_int64_t offset;
		int code = archive_read_data_block(reading->reader.archive, &block, &len, &offset);

		if (code == ARCHIVE_EOF)
			break;
		if (code < ARCHIVE_WARN) {
			status = archive_reader_error(&reading->reader, err);
			break;
		}
		hash_update(&hash, block, len);
		*is_cut |= len > room;
		buffer_add(&reading->text, block, len < room ? len : room);
		status = bytes_count(reading, len, err);
	}
	hash_finish(&hash, sha256);
	hash_release(&hash);
	return status;
}

/* libarchive goes over the content by itself; a bomb is seen before it does. */
static enum status content_skip(struct tar_reading *reading, uint64_t size, struct error *err)
{
	enum status status = bytes_count(reading, size, err);

	if (status == STATUS_OK && archive_read_data_skip(reading->reader.archive) < ARCHIVE_WARN)
		return archive_reader_error(&reading->reader, err);
	return status;
}

/* Whether debian/ of that tarball is the package's: dpkg-source replaces that of upstream's. */
static bool has_packaging(const struct tar_reading *reading)
{
	const char *format = reading->builder->tree->format;

	if (reading->kind == CONTAINER_ORIG)
		return format && strcmp(format, "1.0") == 0;
	return reading->kind != CONTAINER_COMPONENT;
}

static enum status content_use(
	struct tar_reading *reading, struct tree_file *file, struct error *err)
{
	enum text_use use = text_use_of(reading->builder, file->path);
	size_t keep = use == TEXT_KEEP_HEAD ? TREE_CHANGELOG_MAX
		: use == TEXT_PATCH	    ? PATCH_MAX
					    : TREE_TEXT_MAX;
	struct digest sha256;
	bool is_cut;

	if (use == TEXT_NONE || (use == TEXT_PATCH && !has_packaging(reading)))
		return content_skip(reading, file->size, err);
	if (content_read(reading, keep, &sha256, &is_cut, err) < 0)
		return err->status;
	if (use == TEXT_COUNT) {
		file->tests =
			tests_declared(file->path, buffer_text(&reading->text), reading->text.len);
	} else if (use == TEXT_PATCH) {
		patch_read(reading->builder, file->path, buffer_text(&reading->text),
			reading->text.len, is_cut);
		file->is_patch = true;
		if (is_cut)
			builder_trouble(reading->builder,
				"%s is over %zu bytes: what it changes behind them is not known",
				file->path, PATCH_MAX);
	} else {
		builder_keep(reading->builder, file, &reading->text, is_cut);
		file->sha256 = sha256;
	}
	return STATUS_OK;
}

static char *entry_text(const char *raw, const char *utf8)
{
	return xstrdup(raw ? raw : utf8 ? utf8 : "");
}

/* The target of a link; a hard link's is a path of the same tarball. */
static void link_read(struct tar_reading *reading, struct tree_file *file)
{
	struct archive_entry *entry = reading->entry;

	if (archive_entry_hardlink(entry) || archive_entry_hardlink_utf8(entry)) {
		char *target = entry_text(
			archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));

		file->is_link = file->is_hard_link = true;
		file->target = plain_name(target);
		free(target);
	} else if (archive_entry_filetype(entry) == AE_IFLNK) {
		file->is_link = true;
		file->target =
			entry_text(archive_entry_symlink(entry), archive_entry_symlink_utf8(entry));
	}
}

static enum status names_count(struct tree_builder *builder, const char *path, struct error *err)
{
	size_t len = strlen(path);

	builder->name_bytes += len + 1;
	if (len > builder->limits->name_bytes)
		return error_set(err, STATUS_LIMIT, "a name in it is %zu bytes long", len);
	if (++builder->members > builder->limits->members || builder->members > TREE_FILES_MAX ||
		builder->name_bytes > TREE_NAMES_MAX)
		return error_set(
			err, STATUS_LIMIT, "the source package holds too many files or names");
	return STATUS_OK;
}

static enum status member_read(struct tar_reading *reading, struct error *err)
{
	struct source_tree *tree = reading->builder->tree;
	struct archive_entry *entry = reading->entry;
	char *stored =
		entry_text(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
	struct tree_file file = {.path = plain_name(stored), .container = reading->name};
	mode_t type = archive_entry_filetype(entry);
	enum status status = names_count(reading->builder, stored, err);

	free(stored);
	if (status == STATUS_OK && file.path[0] && !path_is_contained(file.path)) {
		reading->escaping++;
	} else if (status == STATUS_OK && file.path[0]) {
		note_top(reading, file.path, type == AE_IFDIR);
		link_read(reading, &file);
		if (file.is_link || type == AE_IFREG) {
			file.is_executable = archive_entry_perm(entry) & 0111;
			file.size = (uint64_t)archive_entry_size(entry);
			if (!file.is_link)
				status = content_use(reading, &file, err);
			/* What it says of its size is not to be believed then. */
			if (status < 0)
				file.size = 0;
			ARRAY_GROW(tree->files, tree->count, tree->capacity);
			tree->files[tree->count++] = file;
			return status;
		}
	}
	if (status == STATUS_OK && type == AE_IFREG)
		status = content_skip(reading, (uint64_t)archive_entry_size(entry), err);
	tree_file_release(&file);
	return status;
}

static enum status members_read(struct tar_reading *reading, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK) {
		int code = archive_read_next_header(reading->reader.archive, &reading->entry);

		if (code == ARCHIVE_EOF)
			break;
		if (code < ARCHIVE_WARN)
			return archive_reader_error(&reading->reader, err);
		reading->members++;
		status = member_read(reading, err);
	}
	return status;
}

/* dpkg-source takes the one directory of an upstream tarball off, whatever it is called. */
static char *path_in_package(const struct tar_reading *reading, const char *path)
{
	size_t top = reading->kind == CONTAINER_DEBIAN || reading->has_no_top || !reading->top
		? 0
		: strlen(reading->top);
	const char *dash = strstr(reading->name, ".orig-");

	if (top && strncmp(path, reading->top, top) == 0 && path[top] == '/')
		path += top + 1;
	if (reading->kind != CONTAINER_COMPONENT || !dash)
		return xstrdup(path);
	dash += strlen(".orig-");
	return xasprintf("%.*s/%s", (int)strcspn(dash, "."), dash, path);
}

/* What dpkg-source does not take from there: debian/ of an upstream tarball, when it is replaced.
 */
static bool is_replaced(const struct tar_reading *reading, const char *path)
{
	if (reading->kind == CONTAINER_DEBIAN)
		return strncmp(path, "debian/", 7) != 0;
	return !has_packaging(reading) && strncmp(path, "debian/", 7) == 0;
}

static void paths_settle(struct tar_reading *reading)
{
	struct source_tree *tree = reading->builder->tree;
	size_t kept = reading->first;

	for (size_t i = reading->first; i < tree->count; i++) {
		struct tree_file *file = &tree->files[i];
		char *path = path_in_package(reading, file->path);

		free(file->path);
		file->path = path;
		if (file->is_hard_link) {
			char *target = path_in_package(reading, file->target);

			free(file->target);
			file->target = target;
		}
		if (is_replaced(reading, file->path))
			tree_file_release(file);
		else
			tree->files[kept++] = *file;
	}
	tree->count = kept;
}

static enum status tar_read(struct tar_reading *reading, struct source *source, struct error *err)
{
	enum status status = archive_reader_open(&reading->reader, source, prepare, err);
	locale_t before;

	if (status < 0)
		return status;
	before = uselocale(reading->reader.locale);
	status = members_read(reading, err);
	if (status == STATUS_OK && reading->members == 0)
		status = error_set(err, STATUS_FORMAT, "there is nothing in it");
	uselocale(before);
	return status;
}

bool tree_read_tar(struct tree_builder *builder, const struct source_input *input,
	enum container_kind kind, const char *name)
{
	struct tar_reading reading = {
		.builder = builder,
		.kind = kind,
		.name = name,
		.first = builder->tree->count,
	};
	off_t size = lseek(input->fd, 0, SEEK_END);
	struct source *source = source_file_new(input->fd, size < 0 ? 0 : (uint64_t)size);
	struct error err = {0};
	enum status status;

	reading.packed = size < 0 ? 0 : (uint64_t)size;
	status = tar_read(&reading, source, &err);
	if (status < 0)
		builder_trouble(builder, "%s: %s", name, err.text);
	if (reading.escaping)
		builder_trouble(builder, "%s: %llu names in it lead out of the package: not taken",
			name, (unsigned long long)reading.escaping);
	paths_settle(&reading);
	archive_reader_release(&reading.reader);
	source_free(source);
	buffer_release(&reading.text);
	free(reading.top);
	return status == STATUS_OK;
}
