/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/delta.h"

#include <inttypes.h>
#include <librsync.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pwrite.h"
#include "base/tempfile.h"
#include "dbdiff/file_state.h"
#include "dbdiff/worker.h"

#define OUT_SIZE ((size_t)64 * 1024)

struct patching {
	struct source *base;
	struct source *delta;
	uint64_t limit, made; /* bytes that may come out, and did */
	int out_fd;
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
		return error_set(err, STATUS_FORMAT, "%s", rs_strerror(result));
	made = OUT_SIZE - buffers.avail_out;
	if (result == RS_BLOCKED && len == 0 && made == 0)
		return error_set(err, STATUS_FORMAT, "truncated");
	if (made > patching->limit - patching->made)
		return error_set(err, STATUS_LIMIT,
			"more than %" PRIu64 " bytes come out (--limit member-bytes)",
			patching->limit);
	status = pwrite_exactly(patching->out_fd, patching->out, made, patching->made, err);
	if (status != STATUS_OK)
		return status;
	patching->made += made;
	*is_done = result == RS_DONE;
	return source_skip(patching->delta, len - buffers.avail_in, err);
}

enum status delta_apply(
	struct source *base, struct source *delta, uint64_t limit, int out_fd, struct error *err)
{
	struct patching patching = {
		.base = base, .delta = delta, .limit = limit, .out_fd = out_fd, .err = err};
	enum status status = STATUS_OK;
	const unsigned char *behind;
	bool is_done = false;
	rs_job_t *job;
	size_t len;

	rs_trace_set_level(RS_LOG_EMERG);
	job = rs_patch_begin(copy_base, &patching);
	if (job == NULL)
		return error_set(err, STATUS_IO, "librsync cannot start");
	patching.out = xmalloc(OUT_SIZE);
	while (status == STATUS_OK && !is_done)
		status = step(&patching, job, &is_done, err);
	if (status == STATUS_OK)
		status = source_peek(delta, 1, &behind, &len, err);
	if (status == STATUS_OK && len > 0)
		status = error_set(err, STATUS_FORMAT, "bytes behind its end");
	free(patching.out);
	rs_job_free(job);
	return status;
}

/* ---- in a worker ---- */

struct check {
	int base_fd, delta_fd, out_fd;
	struct file_state base, delta;
	const struct limits *limits;
};

static enum status run_check(void *context, struct error *err)
{
	const struct check *check = context;
	struct source *base = source_file_new(check->base_fd, check->base.size);
	struct source *delta = source_file_new(check->delta_fd, check->delta.size);
	enum status status =
		delta_apply(base, delta, check->limits->member_bytes, check->out_fd, err);

	source_free(base);
	source_free(delta);
	return status;
}

static enum status hash_input(
	int fd, struct file_state *state, struct delta_file *file, struct error *err)
{
	if (file_state_take(fd, state, err) < 0)
		return err->status;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "reading");
	return hash_fd(fd, &file->sha256, &file->size, err);
}

static enum status check_unchanged(int fd, const struct delta_file *hashed, struct error *err)
{
	struct delta_file now;
	struct file_state state;

	if (hash_input(fd, &state, &now, err) < 0)
		return err->status;
	if (now.size != hashed->size || !digest_equal(&now.sha256, &hashed->sha256))
		return error_set(err, STATUS_CONFLICT, "a file changed while it was read");
	return STATUS_OK;
}

/* Of whatever the worker left: how much that is was only promised. */
static enum status hash_made(
	int fd, const struct limits *limits, struct delta_file *made, struct error *err)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "what the delta makes");
	if ((uint64_t)size > limits->member_bytes)
		return error_set(err, STATUS_LIMIT,
			"more than %" PRIu64 " bytes come out (--limit member-bytes)",
			limits->member_bytes);
	return hash_fd(fd, &made->sha256, &made->size, err);
}

enum status delta_check(int base_fd, int delta_fd, const struct limits *limits,
	struct delta_file *base, struct delta_file *delta, struct delta_file *made,
	struct error *err)
{
	struct check check = {
		.base_fd = base_fd, .delta_fd = delta_fd, .out_fd = -1, .limits = limits};
	struct worker_job job = {
		.run = run_check,
		.context = &check,
		.fds = (int[]){base_fd, delta_fd},
		.fd_count = 2,
		.out_fds = &check.out_fd,
		.out_count = 1,
		.limits = limits,
	};
	struct worker worker = {0};
	enum status status = tempfile_unlinked(&check.out_fd, err);

	if (status == STATUS_OK)
		status = hash_input(base_fd, &check.base, base, err);
	if (status == STATUS_OK)
		status = hash_input(delta_fd, &check.delta, delta, err);
	if (status == STATUS_OK)
		status = worker_start(&worker, &job, err);
	if (status == STATUS_OK)
		status = worker_wait(&worker, err);
	if (status == STATUS_OK)
		status = hash_made(check.out_fd, limits, made, err);
	if (status == STATUS_OK)
		status = check_unchanged(base_fd, base, err);
	if (status == STATUS_OK)
		status = check_unchanged(delta_fd, delta, err);
	worker_release(&worker);
	if (check.out_fd >= 0)
		close(check.out_fd);
	return status;
}
