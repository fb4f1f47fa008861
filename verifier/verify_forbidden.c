/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_forbidden.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "base/progress.h"
#include "dbdiff/memory.h"
#include "dbdiff/read_named.h"

/* Smaller files are often the same in any two trees: licences, empty lists. */
#define LARGE ((uint64_t)64 * 1024)

void forbidden_add(void *context, const struct digest *digest)
{
	struct forbidden *forbidden = context;

	ARRAY_GROW(forbidden->digests, forbidden->count, forbidden->capacity);
	forbidden->digests[forbidden->count++] = *digest;
}

static int compare(const void *a, const void *b)
{
	return digest_compare(a, b);
}

/* Sorted, each once. */
static void unite(struct forbidden *members)
{
	size_t kept = 0;

	if (members->count > 0)
		qsort(members->digests, members->count, sizeof(members->digests[0]), compare);
	for (size_t i = 0; i < members->count; i++)
		if (i == 0 || !digest_equal(&members->digests[kept - 1], &members->digests[i]))
			members->digests[kept++] = members->digests[i];
	members->count = kept;
}

void forbidden_add_published(const struct verification *verification, struct forbidden *forbidden)
{
	const struct file_set *published = &verification->published;

	for (size_t i = 0; i < published->count; i++)
		if (published->files[i].has_digest)
			forbidden_add(forbidden, &published->files[i].digest);
	unite(forbidden);
}

void forbidden_release(struct forbidden *forbidden)
{
	free(forbidden->digests);
	*forbidden = (struct forbidden){0};
}

/* *is_whole turns false when something in it could not be looked at. */
static enum status add_members_of(const struct verification *verification, const struct file *file,
	struct forbidden *members, bool *is_whole, struct error *err)
{
	struct limits limits = verification->request->inspection.limits;
	enum status status;
	bool is_read;
	int fd;

	memory_share(verification->request->inspection.memory, 1, &limits);
	if (file_set_open(&verification->published, file, &fd, err) < 0)
		return err->status;
	status = dbdiff_each_large(path_basename(file->name), fd, &limits, LARGE, forbidden_add,
		members, &is_read, err);
	close(fd);
	if (status == STATUS_LIMIT || status == STATUS_FORMAT)
		is_read = false;
	else if (status != STATUS_OK)
		return error_context(err, "%s", file->name);
	*is_whole = *is_whole && is_read;
	return STATUS_OK;
}

/* What of some sorted contents the pinned archives have. */
struct pinned {
	const struct digest *digests;
	size_t count;
	bool *has; /* one a content */
};

static void mark(void *context, const struct digest *digest)
{
	struct pinned *pinned = context;
	const struct digest *first = pinned->digests;
	const struct digest *found = bsearch(digest, first, pinned->count, sizeof(*first), compare);

	if (found)
		pinned->has[found - first] = true;
}

enum status forbidden_keep_unpinned(
	const struct verification *verification, struct forbidden *contents, struct error *err)
{
	struct pinned pinned = {0};
	struct archive_index *index = NULL;
	size_t kept = 0;

	if (contents->count == 0)
		return STATUS_OK;
	if (archive_index_open(verification->store, &verification->pins, &index, err) < 0)
		return err->status;
	unite(contents);
	pinned = (struct pinned){.digests = contents->digests,
		.count = contents->count,
		.has = xcalloc(contents->count, sizeof(*pinned.has))};
	archive_index_each(index, mark, &pinned);
	for (size_t i = 0; i < contents->count; i++)
		if (!pinned.has[i])
			contents->digests[kept++] = contents->digests[i];
	contents->count = kept;
	free(pinned.has);
	archive_index_free(index);
	return STATUS_OK;
}

/* None that a build may have from the archive anyway. */
static enum status add_unpinned(const struct verification *verification, struct forbidden *members,
	struct forbidden *forbidden, struct error *err)
{
	if (forbidden_keep_unpinned(verification, members, err) < 0)
		return err->status;
	for (size_t i = 0; i < members->count; i++)
		forbidden_add(forbidden, &members->digests[i]);
	unite(forbidden);
	return STATUS_OK;
}

enum status forbidden_add_members(
	const struct verification *verification, struct forbidden *forbidden, struct error *err)
{
	const struct file_set *published = &verification->published;
	struct forbidden members = {0};
	struct progress progress;
	enum status status = STATUS_OK;
	bool is_whole = true;

	progress_begin(&progress, "published", false, published->count,
		"%zu files opened: no part of them may go into the build", published->count);
	for (size_t i = 0; i < published->count && status == STATUS_OK; i++) {
		const struct file *file = &published->files[i];

		if (file->problem || file->place == FILE_HASH_ONLY || file->is_index)
			is_whole = false;
		else
			status = add_members_of(verification, file, &members, &is_whole, err);
		progress_update(&progress, i + 1);
	}
	if (status == STATUS_OK)
		status = add_unpinned(verification, &members, forbidden, err);
	/* What was not looked at may be in the build's sources: the run says so. */
	if (status == STATUS_OK && !is_whole)
		status = evidence_run_mark(
			verification->evidence, verification->run, MARK_PARTS_UNKNOWN, err);
	progress_end(
		&progress, status == STATUS_OK ? "ok" : "failed", "%zu parts", forbidden->count);
	forbidden_release(&members);
	return status;
}
