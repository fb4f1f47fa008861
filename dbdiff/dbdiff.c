/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/dbdiff.h"

#include <errno.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/tempfile.h"
#include "dbdiff/attempt.h"
#include "dbdiff/compare.h"
#include "dbdiff/explain.h"
#include "dbdiff/outcome.h"
#include "dbdiff/worker.h"

static const char *const change_words[] = {
	[CHANGE_ADDED] = "added",
	[CHANGE_REMOVED] = "removed",
	[CHANGE_CONTENT] = "content",
	[CHANGE_METADATA] = "metadata",
	[CHANGE_ORDER] = "order",
};

const struct comparison_options comparison_options_default = {
	.limits = LIMITS_DEFAULT,
	.diff_bytes = 16384,
	.diff_members = 256,
};

const char *change_word(enum change change)
{
	return change_words[change];
}

bool change_parse(const char *word, enum change *change)
{
	for (size_t i = 0; i < ARRAY_SIZE(change_words); i++) {
		if (strcmp(word, change_words[i]) == 0) {
			*change = (enum change)i;
			return true;
		}
	}
	return false;
}

/* ---- one comparison ---- */

struct pair {
	const char *name;
	const struct comparison_side *sides[SIDES];
	const struct comparison_options *options;
	int index_fds[SIDES]; /* unlinked; -1 when there is none */
	struct index indexes[SIDES];
	struct attempt attempts[SIDES];
	struct error trouble[SIDES]; /* why a side could not be indexed; STATUS_OK if it could */
	struct diff_plan plan;
	struct findings findings;
};

/* What a worker does, and with what. */
struct job {
	struct pair *pair;
	int side;
	int out_fd;
	int base_fd; /* what is in out_fd when the job begins; -1 for nothing */
	const struct wanted_list *wanted; /* of run_capture() */
};

static enum status run_index(void *context, struct error *err)
{
	const struct job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	struct walk_setup setup = attempt_setup(&job->pair->attempts[job->side]);
	struct source *source = source_file_new(side->fd, side->size);
	struct index index = {0};
	enum status status = index_create(&index, job->out_fd, err);

	if (status == STATUS_OK)
		status = walk_index(
			source, job->pair->name, &job->pair->options->limits, &setup, &index, err);
	if (status == STATUS_OK)
		status = index_commit(&index, err);
	index_release(&index);
	source_free(source);
	return status;
}

static enum status run_capture(void *context, struct error *err)
{
	const struct job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	struct walk_setup setup = attempt_setup(&job->pair->attempts[job->side]);
	struct source *source = source_file_new(side->fd, side->size);
	enum status status;

	status = walk_again(source, job->pair->name, &job->pair->options->limits, &setup,
		job->wanted->items, job->wanted->count, job->out_fd, NULL, err);
	source_free(source);
	return status;
}

static enum status run_inside(void *context, struct error *err)
{
	const struct job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	const struct wanted_list *inside = &job->pair->plan.inside[job->side];
	struct walk_setup setup = attempt_setup(&job->pair->attempts[job->side]);
	struct source *source = source_file_new(side->fd, side->size);
	struct index index = {0};
	enum status status = index_open_again(&index, job->out_fd, err);

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
static enum status start_job(struct job *job, enum status (*run)(void *, struct error *),
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

/*
 * Runs a job for each side at the same time, anew where a worker dies; errors[] are what came of
 * them.
 */
static enum status run_both(struct job jobs[SIDES], enum status (*run)(void *, struct error *),
	struct error errors[SIDES], struct error *err)
{
	struct worker workers[SIDES] = {0};
	enum status status = STATUS_OK;
	int running = 0;

	for (; running < SIDES && status == STATUS_OK; running++) {
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

/* The artifact's own row must be what was hashed before: the file may have changed meanwhile. */
static enum status check_unchanged(struct pair *pair, int side, struct error *err)
{
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, &pair->indexes[side], 0, err);

	if (status == STATUS_OK)
		status = index_cursor_next(&cursor, err);
	if (status == STATUS_END)
		status = error_set(err, STATUS_DATABASE, "index: it is empty");
	if (status == STATUS_OK && cursor.row.is_hashed &&
		!digest_equal(&cursor.row.sha256, &pair->sides[side]->sha256))
		status =
			error_set(err, STATUS_CONFLICT, "the %s file changed while it was compared",
				side == PUBLISHED ? "published" : "rebuilt");
	index_cursor_release(&cursor);
	return status;
}

static enum status make_indexes(struct pair *pair, struct error *err)
{
	struct job jobs[SIDES];
	enum status status = STATUS_OK;

	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		status = tempfile_unlinked(&pair->index_fds[side], err);
		if (status == STATUS_OK)
			status = attempt_open(&pair->attempts[side], err);
		jobs[side] = (struct job){pair, side, pair->index_fds[side], -1, NULL};
	}
	if (status == STATUS_OK)
		status = run_both(jobs, run_index, pair->trouble, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		/* A worker that was ended is a finding about what it read, the rest is trouble. */
		if (pair->trouble[side].status == STATUS_LIMIT)
			continue;
		if (pair->trouble[side].status != STATUS_OK) {
			*err = pair->trouble[side];
			return err->status;
		}
		status = index_open(&pair->indexes[side], pair->index_fds[side], err);
		if (status == STATUS_OK)
			status = check_unchanged(pair, side, err);
		/* Nor is what a worker wrote that was taken over. */
		if (status == STATUS_FORMAT || status == STATUS_LIMIT) {
			error_context(err, "what the process that read it wrote");
			pair->trouble[side] = *err;
			status = STATUS_OK;
		}
	}
	return status;
}

/* The whole artifact is the one difference: a side of it could not be indexed at all. */
static enum status report_unread(struct pair *pair, struct error *err)
{
	struct buffer path = {0}, reason = {0}, fields = {0};
	enum status status;
	int64_t id;

	buffer_add_text(&path, pair->name);
	for (int side = 0; side < SIDES; side++) {
		if (pair->trouble[side].status != STATUS_OK)
			buffer_add_format(&reason, "%s%s: %s", reason.len > 0 ? "; " : "",
				side == PUBLISHED ? "published" : "rebuilt",
				pair->trouble[side].text);
	}
	status = findings_add(&pair->findings,
		&(struct finding_row){
			.path = &path,
			.change = CHANGE_CONTENT,
			.reason = buffer_text(&reason),
			.fields = &fields,
			.cause = "unexplained",
		},
		&id, err);
	buffer_release(&path);
	buffer_release(&reason);
	return status;
}

static enum status capture_wanted(void *context, const struct wanted_list wanted[SIDES],
	const int fds[SIDES], struct error *err)
{
	struct pair *pair = context;
	struct job jobs[SIDES];
	struct error errors[SIDES]; /* what could not be read again stays unexplained */

	for (int side = 0; side < SIDES; side++)
		jobs[side] = (struct job){pair, side, fds[side], -1, &wanted[side]};
	return run_both(jobs, run_capture, errors, err);
}

/* Before attribute(), which counts bytes to the causes that are found here. */
static enum status explain(struct pair *pair, struct error *err)
{
	return explain_leaves(
		&(struct explaining){
			.plan = &pair->plan,
			.findings = &pair->findings,
			.limits = &pair->options->limits,
			.diff_bytes = pair->options->diff_bytes,
			.capture = capture_wanted,
			.context = pair,
		},
		err);
}

static enum status compare_once(struct pair *pair, struct error *err)
{
	return compare_indexes(pair->name, &pair->indexes[PUBLISHED], &pair->indexes[REBUILT],
		pair->options->diff_members, &pair->findings, &pair->plan, err);
}

/* Takes the copy over when its worker came to an end, and it reads as an index. */
static enum status take_copy(
	struct pair *pair, int side, int *copy, const struct error *outcome, struct error *err)
{
	struct index index = {0};

	if (outcome->status < 0)
		return outcome->status == STATUS_LIMIT ? STATUS_OK : (*err = *outcome, err->status);
	if (index_open(&index, *copy, err) < 0)
		return err->status == STATUS_FORMAT ? STATUS_OK : err->status;
	index_release(&pair->indexes[side]);
	close(pair->index_fds[side]);
	pair->indexes[side] = index;
	pair->index_fds[side] = *copy;
	*copy = -1;
	return STATUS_OK;
}

/*
 * Opens the leaves that differ and may be opened for that, and compares again. What a worker that
 * ended early did not open stays a leaf.
 */
static enum status compare_inside(struct pair *pair, struct error *err)
{
	int copies[SIDES] = {-1, -1};
	struct error errors[SIDES];
	struct job jobs[SIDES];
	enum status status = STATUS_OK;

	if (pair->plan.inside[PUBLISHED].count == 0)
		return STATUS_OK;
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		wanted_list_finish(&pair->plan.inside[side]);
		status = tempfile_unlinked(&copies[side], err);
		jobs[side] = (struct job){pair, side, copies[side], pair->index_fds[side], NULL};
	}
	if (status == STATUS_OK)
		status = run_both(jobs, run_inside, errors, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = take_copy(pair, side, &copies[side], &errors[side], err);
	for (int side = 0; side < SIDES; side++) {
		if (copies[side] >= 0)
			close(copies[side]);
	}
	diff_plan_release(&pair->plan);
	if (status == STATUS_OK)
		status = findings_clear(&pair->findings, err);
	return status == STATUS_OK ? compare_once(pair, err) : status;
}

static enum status measure(struct pair *pair, struct comparison *result, struct error *err)
{
	struct outcome_side sides[SIDES];

	for (int side = 0; side < SIDES; side++)
		sides[side] = (struct outcome_side){
			.fd = pair->sides[side]->fd,
			.size = pair->sides[side]->size,
			.spool_fd = pair->attempts[side].pool.fds[0],
			.index = &pair->indexes[side],
		};
	return outcome_measure(pair->name, sides, &pair->findings, result, err);
}

static enum status compare_pair(struct pair *pair, struct comparison *result, struct error *err)
{
	enum status status = findings_open(&pair->findings, err);

	if (status == STATUS_OK)
		status = make_indexes(pair, err);
	if (status != STATUS_OK)
		return status;
	if (pair->trouble[PUBLISHED].status != STATUS_OK ||
		pair->trouble[REBUILT].status != STATUS_OK)
		return report_unread(pair, err);
	status = compare_once(pair, err);
	if (status == STATUS_OK)
		status = compare_inside(pair, err);
	if (status == STATUS_OK)
		status = explain(pair, err);
	if (status == STATUS_OK)
		status = measure(pair, result, err);
	return status;
}

static void pair_release(struct pair *pair)
{
	for (int side = 0; side < SIDES; side++) {
		index_release(&pair->indexes[side]);
		attempt_release(&pair->attempts[side]);
		if (pair->index_fds[side] >= 0)
			close(pair->index_fds[side]);
	}
	diff_plan_release(&pair->plan);
	findings_release(&pair->findings);
}

/* The caller's sink, and whether what went wrong was its. */
struct watched_sink {
	const struct difference_sink *sink;
	bool failed;
};

static enum status take_watched(
	void *context, const struct difference *difference, struct error *err)
{
	struct watched_sink *watched = context;
	enum status status = watched->sink->take(watched->sink->context, difference, err);

	watched->failed = status != STATUS_OK;
	return status;
}

/* STATUS_DATABASE is the sink's alone: it tells callers that their results cannot be kept. */
static enum status own_database_failed(struct error *err)
{
	const char *place = getenv("TMPDIR");

	error_context(err, "the comparison's temporary index in %s (make room, or set TMPDIR)",
		place && *place ? place : "/var/tmp");
	return err->status = STATUS_IO;
}

enum status dbdiff_compare(const char *name, const struct comparison_side *published,
	const struct comparison_side *rebuilt, const struct comparison_options *options,
	const struct difference_sink *sink, struct comparison *result, struct error *err)
{
	struct pair pair = {
		.name = name,
		.sides = {published, rebuilt},
		.options = options,
		.index_fds = {-1, -1},
	};
	struct watched_sink watched = {.sink = sink};
	enum status status;

	*result = (struct comparison){
		.differing_bytes = -1, .unattributed_bytes = -1, .unexplained_bytes = -1};
	if (digest_equal(&published->sha256, &rebuilt->sha256))
		return error_set(err, STATUS_USAGE, "two files of the same bytes were compared");
	status = compare_pair(&pair, result, err);
	if (status == STATUS_OK) {
		result->differences = pair.findings.count;
		result->inspected = pair.findings.inspected;
		status = findings_emit(&pair.findings,
			&(struct difference_sink){take_watched, &watched, NULL}, err);
	}
	if (status == STATUS_OK && result->is_content_equal && sink->wrapper != NULL) {
		status = findings_each_wrapper(&pair.findings, sink->wrapper, sink->context, err);
		watched.failed = status != STATUS_OK;
	}
	if (status == STATUS_DATABASE && !watched.failed)
		status = own_database_failed(err);
	pair_release(&pair);
	return status;
}
