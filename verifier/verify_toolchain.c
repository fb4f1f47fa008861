/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_toolchain.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/source.h"
#include "verifier/evidence/read.h"
#include "verifier/evidence/toolchain.h"
#include "verifier/verify_buildinfo.h"

/* The largest in Debian have some hundred kilobytes. */
#define RECORD_LIMIT ((uint64_t)4 * 1024 * 1024)

/* One side of a run. */
struct side {
	const char *word;
	const struct file_set *files;
	bool is_published;
	struct digest digest; /* of the record's bytes as they were read */
	bool is_there;
	struct buildinfo record;
};

static enum status record_read(struct side *side, const char *name, struct error *err)
{
	const struct file *file = file_set_find(side->files, name);
	struct source *source;
	char *data = NULL;
	size_t len = 0;
	enum status status;
	off_t size;
	int fd;

	if (!file || file->place == FILE_HASH_ONLY)
		return error_set(err, STATUS_NOT_FOUND, "there is none");
	if (file_set_open(side->files, file, &fd, err) < 0)
		return err->status;
	size = lseek(fd, 0, SEEK_END);
	if (size < 0 || (uint64_t)size > RECORD_LIMIT) {
		close(fd);
		return error_set(err, STATUS_LIMIT, "it is too large for the record of a build");
	}
	source = source_file_new(fd, (uint64_t)size);
	data = xmalloc((size_t)size + 1);
	status = source_read(source, data, (size_t)size, &len, err);
	if (status == STATUS_OK) {
		hash_memory(data, len, &side->digest);
		side->is_there = true;
		status = buildinfo_read(data, len, &side->record, err);
	}
	free(data);
	source_free(source);
	close(fd);
	return status;
}

/* That it is of these very files. */
static enum status record_check(
	const struct side *side, const struct pair_list *pairs, struct error *err)
{
	size_t named = 0;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct file *file =
			side->is_published ? pairs->items[i].published : pairs->items[i].rebuilt;
		const struct digest *digest;

		if (!file ||
			(!path_has_suffix(file->name, ".deb") &&
				!path_has_suffix(file->name, ".udeb")))
			continue;
		digest = buildinfo_find(&side->record, path_basename(file->name));
		if (!digest)
			return error_set(err, STATUS_FORMAT,
				"it is of another build: it does not name %s", file->name);
		if (!file->has_digest || !digest_equal(digest, &file->digest))
			return error_set(err, STATUS_FORMAT,
				"it is of another build: its SHA-256 of %s is not that file's",
				file->name);
		named++;
	}
	if (named == 0)
		return error_set(err, STATUS_FORMAT, "there is no package that it could be of");
	return STATUS_OK;
}

static enum status side_record(struct evidence *evidence, const char *run, struct side *side,
	const struct pair_list *pairs, const char *name, struct error *err)
{
	const struct buildinfo *record = &side->record;
	struct error reason;
	struct toolchain_side row = {.side = side->word, .name = name};
	enum status status = record_read(side, name, &reason);

	if (status == STATUS_OK)
		status = record_check(side, pairs, &reason);
	row.digest = side->is_there ? &side->digest : NULL;
	row.reason = status < 0 ? reason.text : NULL;
	if (evidence_toolchain_side(evidence, run, &row, err) < 0)
		return err->status;
	for (size_t i = 0; i < record->package_count && !row.reason; i++)
		if (evidence_toolchain_package(evidence, run, side->word, record->packages[i].name,
			    record->packages[i].architecture, record->packages[i].version, err) < 0)
			return err->status;
	return STATUS_OK;
}

enum status verify_toolchain(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt,
	const struct pair_list *pairs, const char *name, struct error *err)
{
	struct side sides[] = {
		{.word = "published", .files = published, .is_published = true},
		{.word = "rebuilt", .files = rebuilt},
	};
	enum status status = evidence_begin(evidence, err);

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		if (status == STATUS_OK)
			status = side_record(evidence, run, &sides[i], pairs, name, err);
		buildinfo_release(&sides[i].record);
	}
	return evidence_end(evidence, status, err);
}

static enum status take_served(void *context, const char *name, struct error *err)
{
	(void)name;
	(void)err;
	*(bool *)context = true;
	return STATUS_END;
}

enum status verify_served(struct evidence *evidence, const char *run, struct error *err)
{
	bool is_served = false;

	if (evidence_each_served_artifact(evidence, run, take_served, &is_served, err) < 0)
		return err->status;
	return is_served ? evidence_run_mark(evidence, run, MARK_SERVED_PUBLISHED, err) : STATUS_OK;
}
