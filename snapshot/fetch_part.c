/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/fetch.h"

#include <errno.h>

#include "base/alloc.h"

enum fetch_outcome fetch_part_restart(struct fetch_job *job)
{
	struct digest unused;
	struct sha1 unused_sha1;

	content_hash_finish(&job->hash, &unused, &unused_sha1);
	job->batch->bytes -= job->length;
	job->length = 0;
	job->is_mixed = false;
	job->etag[0] = '\0';
	job->modified[0] = '\0';
	if (ftruncate(job->part.fd, 0) == 0 && lseek(job->part.fd, 0, SEEK_SET) == 0)
		return FETCH_RUNNING;
	error_set_errno(
		&job->error, "store: cannot empty a part in %s", store_directory(job->store));
	job->error.status = STATUS_IO;
	return FETCH_FATAL;
}

/* Hashes what an earlier run left. */
static enum fetch_outcome part_take_over(struct fetch_job *job)
{
	enum {
		BLOCK = 256 * 1024
	};
	char *block = xmalloc(BLOCK);
	enum fetch_outcome outcome = FETCH_RUNNING;
	struct digest found;

	for (;;) {
		ssize_t n = read(job->part.fd, block, BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || job->length + (uint64_t)n > job->limit) {
			/* Unreadable, or not of this file: it is worth nothing. */
			if (n != 0)
				outcome = fetch_part_restart(job);
			break;
		}
		content_hash_update(&job->hash, block, (size_t)n);
		job->length += (uint64_t)n;
		job->batch->bytes += (uint64_t)n;
	}
	free(block);
	job->best = job->length;
	job->is_mixed = job->length > 0;
	if (outcome != FETCH_RUNNING || job->length < job->limit || job->limit == 0)
		return outcome;
	content_hash_finish(&job->hash, &found, &job->found_sha1);
	if (!digest_equal(&found, job->expected))
		return fetch_part_restart(job);
	job->found = found;
	return FETCH_COMPLETE;
}

enum fetch_outcome fetch_part_open(struct fetch_job *job)
{
	enum status status;

	status = store_part_open(job->store, job->expected, &job->part, &job->error);
	/* Another process fetches the same file: better twice than to depend on it. */
	if (status == STATUS_CONFLICT)
		status = store_part_open(job->store, NULL, &job->part, &job->error);
	if (status != STATUS_OK)
		return FETCH_FATAL;
	content_hash_init(&job->hash);
	return job->expected != NULL ? part_take_over(job) : FETCH_RUNNING;
}

void fetch_part_release(struct fetch_job *job)
{
	if (job->part.fd < 0)
		return;
	/* Bytes of an unknown file cannot be checked by a later run. */
	if (job->worst.status == STATUS_TRUST || job->batch->fatal.status != STATUS_OK)
		store_part_discard(job->store, &job->part);
	else
		store_part_close(job->store, &job->part);
	content_hash_release(&job->hash);
}
