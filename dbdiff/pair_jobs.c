/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/stream.h"
#include "dbdiff/index_file.h"
#include "dbdiff/pair.h"
#include "dbdiff/worker.h"

/* What a stream holds is called after the artifact, which the comparison may call otherwise. */
static enum status rename_content(struct index *index, const char *name, struct error *err)
{
	struct index_cursor cursor = {0};
	const struct format *format = NULL;
	char *from = NULL, *to = stream_name(name);
	enum status status = index_cursor_open(&cursor, index, 0, err);

	if (status == STATUS_OK)
		status = index_cursor_next(&cursor, err);
	if (status == STATUS_OK && cursor.row.format != NULL)
		format = format_named(cursor.row.format);
	if (format != NULL && format->is_stream) {
		char *path = xstrndup(cursor.row.path, cursor.row.path_len);

		from = stream_name(path);
		free(path);
	}
	index_cursor_release(&cursor);
	if (status == STATUS_OK && from != NULL && strcmp(from, to) != 0)
		status = index_rename(index, INDEX_ARTIFACT_ID, from, to, err);
	free(from);
	free(to);
	return status < 0 ? status : STATUS_OK;
}

static enum status load(
	const struct pair_job *job, struct source *source, struct index *index, struct error *err)
{
	enum status status = index_file_load(source, &job->pair->options->limits, index, err);

	return status == STATUS_OK ? rename_content(index, job->pair->name, err) : status;
}

enum status pair_job_index(void *context, struct error *err)
{
	const struct pair_job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	struct walk_setup setup = attempt_setup(&job->pair->attempts[job->side]);
	struct source *source =
		source_file_new(side->fd, side->is_index ? side->state.size : side->size);
	struct index index = {0};
	enum status status;

	setup.spares_hashes = job->pair->spares_hashes;
	if (job->pair->sameness.differing != NULL)
		setup.sameness = &job->pair->sameness;
	status = index_create(&index, job->out_fd, err);
	if (status == STATUS_OK && side->is_index)
		status = load(job, source, &index, err);
	else if (status == STATUS_OK)
		status = walk_index(
			source, job->pair->name, &job->pair->options->limits, &setup, &index, err);
	if (status == STATUS_OK)
		status = index_commit(&index, err);
	index_release(&index);
	source_free(source);
	return status;
}

enum status pair_job_capture(void *context, struct error *err)
{
	const struct pair_job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	struct walk_setup setup = attempt_setup(&job->pair->attempts[job->side]);
	struct source *source = source_file_new(side->fd, side->size);
	enum status status;

	setup.is_unpacked = job->pair->is_unpacked[job->side];
	status = walk_again(source, job->pair->name, &job->pair->options->limits, &setup,
		job->wanted->items, job->wanted->count, job->out_fd, NULL, err);
	source_free(source);
	return status;
}

enum status pair_job_inside(void *context, struct error *err)
{
	const struct pair_job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	const struct wanted_list *inside = &job->pair->plan.inside[job->side];
	struct walk_setup setup = attempt_setup(&job->pair->attempts[job->side]);
	struct source *source = source_file_new(side->fd, side->size);
	struct index index = {0};
	enum status status = index_open_again(&index, job->out_fd, err);

	setup.is_unpacked = job->pair->is_unpacked[job->side];
	if (status == STATUS_OK)
		status = walk_again(source, job->pair->name, &job->pair->options->limits, &setup,
			inside->items, inside->count, -1, &index, err);
	if (status == STATUS_OK)
		status = index_commit(&index, err);
	index_release(&index);
	source_free(source);
	return status;
}

static enum status copy_file(int from, int to, struct error *err)
{
	off_t size = lseek(from, 0, SEEK_END), at = 0, to_at = 0;

	while (at < size) {
		ssize_t copied = copy_file_range(from, &at, to, &to_at, (size_t)(size - at), 0);

		if (copied < 0 && errno == EINTR)
			continue;
		if (copied <= 0)
			return error_set_errno(err, "copying a temporary index");
	}
	return STATUS_OK;
}

/* Each start begins with the same bytes: what a worker that died left is not gone on with. */
static enum status start_job(struct pair_job *job, enum status (*run)(void *, struct error *),
	struct worker *worker, struct error *err)
{
	struct attempt *attempt = &job->pair->attempts[job->side];
	int outs[1 + ATTEMPT_SPOOLS] = {job->out_fd};
	struct worker_job spec = {
		.run = run,
		.context = job,
		.fds = &job->pair->sides[job->side]->fd,
		.fd_count = 1,
		.out_fds = outs,
		.out_count = 1 + attempt->pool.count,
		.limits = &job->pair->options->limits,
	};

	if (ftruncate(job->out_fd, 0) < 0 || lseek(job->out_fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "cannot empty a temporary file");
	if (job->base_fd >= 0 && copy_file(job->base_fd, job->out_fd, err) < 0)
		return err->status;
	for (size_t i = 0; i < attempt->pool.count; i++)
		outs[1 + i] = attempt->pool.fds[i];
	return attempt_start(attempt, worker, &spec, err);
}

enum status pair_run(struct pair_job *jobs, int count, enum status (*run)(void *, struct error *),
	struct error *errors, struct error *err)
{
	struct worker workers[SIDES] = {0};
	enum status status = STATUS_OK;
	int running = 0;

	for (; running < count && status == STATUS_OK; running++) {
		attempt_renew(&jobs[running].pair->attempts[running]);
		status = start_job(&jobs[running], run, &workers[running], err);
	}
	while (running > 0 && status == STATUS_OK) {
		size_t side = worker_next(workers, SIDES);
		struct attempt *attempt = &jobs[side].pair->attempts[side];

		errors[side] = (struct error){0};
		errors[side].status = worker_wait(&workers[side], &errors[side]);
		if (workers[side].has_died && attempt_close(attempt, &workers[side], &errors[side]))
			status = start_job(&jobs[side], run, &workers[side], err);
		else
			running--;
	}
	for (int side = 0; side < SIDES; side++)
		worker_release(&workers[side]);
	return status;
}
