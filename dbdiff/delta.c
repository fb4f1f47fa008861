/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/delta.h"

#include <inttypes.h>
#include <librsync.h>
#include <stdlib.h>

#include "base/alloc.h"

#define OUT_SIZE ((size_t)64 * 1024)

struct patching {
	struct source *base;
	struct source *delta;
	uint64_t limit, made; /* bytes that may come out, and did */
	struct hash hash;
	unsigned char *out;
	struct error *err;
	enum status failure; /* of reading the base */
};

/* librsync asks for up to *len bytes of the base at a position. */
static rs_result copy_base(void *context, rs_long_t position, size_t *len, void **data)
{
	struct patching *patching = context;
	uint64_t size = patching->base->size;

	if (position < 0 || (uint64_t)position >= size) {
		patching->failure = error_set(patching->err, STATUS_FORMAT,
			"the delta copies from %" PRId64 ", and its base has %" PRIu64 " bytes",
			(int64_t)position, size);
		return RS_INPUT_ENDED;
	}
	if (*len > size - (uint64_t)position)
		*len = (size_t)(size - (uint64_t)position);
	patching->failure =
		source_pread(patching->base, (uint64_t)position, *data, *len, patching->err);
	return patching->failure == STATUS_OK ? RS_DONE : RS_IO_ERROR;
}

/* One round of librsync over what is there of the delta. */
static enum status step(struct patching *patching, rs_job_t *job, bool *is_done, struct error *err)
{
	const unsigned char *data;
	rs_buffers_t buffers = {0};
	rs_result result;
	size_t len, made;
	enum status status = source_peek(patching->delta, 1, &data, &len, err);

	if (status != STATUS_OK)
		return status;
	/* librsync does not write there; its type is for both directions. */
	buffers.next_in = (char *)(uintptr_t)data;
	buffers.avail_in = len;
	buffers.eof_in = len == 0;
	buffers.next_out = (char *)patching->out;
	buffers.avail_out = OUT_SIZE;
	result = rs_job_iter(job, &buffers);
	if (patching->failure < 0)
		return patching->failure;
	if (result != RS_DONE && result != RS_BLOCKED)
		return error_set(err, STATUS_FORMAT, "delta: %s", rs_strerror(result));
	made = OUT_SIZE - buffers.avail_out;
	if (result == RS_BLOCKED && len == 0 && made == 0)
		return error_set(err, STATUS_FORMAT, "delta: truncated");
	if (made > patching->limit - patching->made)
		return error_set(err, STATUS_LIMIT, "delta: more than %" PRIu64 " bytes come out",
			patching->limit);
	patching->made += made;
	hash_update(&patching->hash, patching->out, made);
	*is_done = result == RS_DONE;
	return source_skip(patching->delta, len - buffers.avail_in, err);
}

enum status delta_applies(struct source *base, struct source *delta, uint64_t limit,
	const struct digest *expected, bool *applies, struct error *err)
{
	struct patching patching = {.base = base, .delta = delta, .limit = limit, .err = err};
	bool is_done = false;
	struct digest digest;
	enum status status = STATUS_OK;
	rs_job_t *job;

	*applies = false;
	rs_trace_set_level(RS_LOG_EMERG);
	job = rs_patch_begin(copy_base, &patching);
	if (job == NULL)
		return error_set(err, STATUS_IO, "librsync cannot start");
	hash_init(&patching.hash);
	patching.out = xmalloc(OUT_SIZE);
	while (status == STATUS_OK && !is_done)
		status = step(&patching, job, &is_done, err);
	hash_finish(&patching.hash, &digest);
	hash_release(&patching.hash);
	free(patching.out);
	rs_job_free(job);
	if (status == STATUS_OK)
		*applies = digest_equal(&digest, expected);
	return status;
}
