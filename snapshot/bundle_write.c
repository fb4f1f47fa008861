/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/progress.h"
#include "snapshot/bundle_export.h"

#define READ_SIZE ((size_t)256 * 1024)

static const char zeros[2 * BUNDLE_BLOCK];

/* Writes what `fd` holds, which must be just what the manifest says: the pages may have changed. */
static enum status content_write(
	struct bundle_file *file, const struct bundle_entry *entry, int fd, struct error *err)
{
	char *block = xmalloc(READ_SIZE);
	enum status status = STATUS_OK;
	struct digest digest;
	struct hash hash;
	uint64_t size = 0;
	ssize_t got;

	hash_init(&hash);
	while (status == STATUS_OK && (got = read(fd, block, READ_SIZE)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			status = error_set_errno(err, "cannot read %s", entry->name);
			break;
		}
		hash_update(&hash, block, (size_t)got);
		size += (uint64_t)got;
		status = bundle_file_write(file, block, (size_t)got, err);
	}
	hash_finish(&hash, &digest);
	hash_release(&hash);
	free(block);
	if (status == STATUS_OK && (size != entry->size || !digest_equal(&digest, &entry->digest)))
		status = error_set(err, STATUS_TRUST,
			"%s changed while it was read: no bundle was written", entry->name);
	return status;
}

static enum status stored_write(struct export_job *job, struct bundle_file *file,
	const struct bundle_entry *entry, struct error *err)
{
	enum status status;
	int fd;

	status = store_read(job->store, &entry->digest, &fd, NULL, err);
	if (status < 0)
		return error_context(err, "%s", entry->name);
	status = content_write(file, entry, fd, err);
	close(fd);
	return status;
}

static enum status header_write(
	struct bundle_file *file, const char *name, uint64_t size, struct error *err)
{
	struct buffer blocks = {0};
	enum status status;

	bundle_header(name, size, &blocks);
	status = bundle_file_write(file, blocks.data, blocks.len, err);
	buffer_release(&blocks);
	return status;
}

static enum status member_write(struct export_job *job, struct bundle_file *file,
	const struct export_member *member, struct error *err)
{
	const struct bundle_entry *entry = &member->entry;
	enum status status = header_write(file, entry->name, entry->size, err);

	if (status == STATUS_OK && member->text)
		status = bundle_file_write(file, member->text, (size_t)entry->size, err);
	else if (status == STATUS_OK && member->fd >= 0)
		status = lseek(member->fd, 0, SEEK_SET) == 0
			? content_write(file, entry, member->fd, err)
			: error_set_errno(err, "cannot read a temporary file");
	else if (status == STATUS_OK)
		status = stored_write(job, file, entry, err);
	if (status == STATUS_OK)
		status = bundle_file_write(file, zeros, bundle_padding(entry->size), err);
	return status;
}

static enum status manifest_write(
	struct bundle_file *file, const struct bundle_manifest *manifest, struct error *err)
{
	struct buffer text = {0};
	enum status status = STATUS_OK;

	bundle_manifest_format(manifest, &text);
	if (text.len > BUNDLE_MANIFEST_LIMIT)
		status = error_set(err, STATUS_LIMIT, "the bundle would hold too many files");
	if (status == STATUS_OK)
		status = header_write(file, BUNDLE_MANIFEST_NAME, text.len, err);
	if (status == STATUS_OK)
		status = bundle_file_write(file, text.data, text.len, err);
	if (status == STATUS_OK)
		status = bundle_file_write(file, zeros, bundle_padding(text.len), err);
	buffer_release(&text);
	return status;
}

enum status bundle_members_write(
	struct export_job *job, struct bundle_file *file, struct error *err)
{
	enum status status = manifest_write(file, &job->manifest, err);
	struct progress progress;
	uint64_t total = 0, done = 0;

	for (size_t i = 0; i < job->count; i++)
		total += job->members[i].entry.size;
	progress_begin(&progress, "export", true, total, "%zu files", job->count);
	for (size_t i = 0; i < job->count && status == STATUS_OK; i++) {
		status = member_write(job, file, &job->members[i], err);
		done += job->members[i].entry.size;
		progress_update(&progress, done);
	}
	if (status == STATUS_OK)
		status = bundle_file_write(file, zeros, sizeof(zeros), err);
	progress_end(&progress, status == STATUS_OK ? "ok" : "failed", "%s", "");
	return status;
}
