/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/dbdiff.h"

#include <fcntl.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "dbdiff/attribute.h"
#include "dbdiff/compare.h"
#include "dbdiff/diffs.h"
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
	char *directory; /* private, for the indexes */
	char *index_paths[SIDES];
	struct index indexes[SIDES];
	struct error trouble[SIDES]; /* why a side could not be indexed; STATUS_OK if it could */
	struct diff_plan plan;
	struct findings findings;
};

/* What a worker does, and with what. */
struct job {
	struct pair *pair;
	int side;
	int out_fd;
};

static enum status run_index(void *context, struct error *err)
{
	const struct job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	struct source *source = source_file_new(side->fd, side->size);
	struct index index = {0};
	enum status status = index_create(&index, job->pair->index_paths[job->side], err);

	if (status == STATUS_OK)
		status = walk_index(
			source, job->pair->name, &job->pair->options->limits, &index, err);
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
	const struct wanted_list *wanted = &job->pair->plan.wanted[job->side];
	struct source *source = source_file_new(side->fd, side->size);
	enum status status;

	status = walk_again(source, job->pair->name, &job->pair->options->limits, wanted->items,
		wanted->count, job->out_fd, NULL, err);
	source_free(source);
	return status;
}

static enum status run_inside(void *context, struct error *err)
{
	const struct job *job = context;
	const struct comparison_side *side = job->pair->sides[job->side];
	const struct wanted_list *inside = &job->pair->plan.inside[job->side];
	struct source *source = source_file_new(side->fd, side->size);
	struct index index = {0};
	enum status status = index_open_again(&index, job->pair->index_paths[job->side], err);

	if (status == STATUS_OK)
		status = walk_again(source, job->pair->name, &job->pair->options->limits,
			inside->items, inside->count, -1, &index, err);
	if (status == STATUS_OK)
		status = index_commit(&index, err);
	index_release(&index);
	source_free(source);
	return status;
}

/* Runs a job for each side at the same time; errors[] are what came of them. */
static enum status run_both(struct pair *pair, enum status (*run)(void *, struct error *),
	const int out_fds[SIDES], struct error errors[SIDES], struct error *err)
{
	struct worker workers[SIDES] = {0};
	struct job jobs[SIDES];
	enum status status = STATUS_OK;

	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		int fds[2] = {pair->sides[side]->fd, out_fds[side]};
		struct worker_job job = {
			.run = run,
			.context = &jobs[side],
			.fds = fds,
			.fd_count = out_fds[side] >= 0 ? 2 : 1,
			.limits = &pair->options->limits,
		};

		jobs[side] = (struct job){pair, side, out_fds[side]};
		status = worker_start(&workers[side], &job, err);
	}
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		errors[side] = (struct error){0};
		errors[side].status = worker_wait(&workers[side], &errors[side]);
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
	static const int no_fds[SIDES] = {-1, -1};
	enum status status = tempfile_directory(&pair->directory, err);

	if (status != STATUS_OK)
		return status;
	pair->index_paths[PUBLISHED] = path_join(pair->directory, "published.index");
	pair->index_paths[REBUILT] = path_join(pair->directory, "rebuilt.index");
	status = run_both(pair, run_index, no_fds, pair->trouble, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		/* A worker that was ended is a finding about what it read, the rest is trouble. */
		if (pair->trouble[side].status == STATUS_LIMIT)
			continue;
		if (pair->trouble[side].status != STATUS_OK) {
			*err = pair->trouble[side];
			return err->status;
		}
		status = index_open(&pair->indexes[side], pair->index_paths[side], err);
		if (status == STATUS_OK)
			status = check_unchanged(pair, side, err);
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

/*
 * A worker that ends early costs diffs only: what differs has been found already. Trouble of this
 * machine with what was captured fails the comparison.
 */
static enum status make_diffs(struct pair *pair, struct error *err)
{
	struct captured captured[SIDES] = {{.fd = -1}, {.fd = -1}};
	int fds[SIDES] = {-1, -1};
	struct error errors[SIDES];
	enum status status = STATUS_OK;

	if (pair->plan.count == 0)
		return STATUS_OK;
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		wanted_list_finish(&pair->plan.wanted[side]);
		status = tempfile_unlinked(&fds[side], err);
	}
	if (status == STATUS_OK)
		status = run_both(pair, run_capture, fds, errors, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = captured_read(&captured[side], fds[side], err);
	if (status == STATUS_OK)
		status = diffs_write(
			&pair->plan, captured, pair->options->diff_bytes, &pair->findings, err);
	for (int side = 0; side < SIDES; side++) {
		captured_release(&captured[side]);
		if (fds[side] >= 0)
			close(fds[side]);
	}
	return status;
}

static enum status compare_once(struct pair *pair, struct error *err)
{
	return compare_indexes(pair->name, &pair->indexes[PUBLISHED], &pair->indexes[REBUILT],
		pair->options->diff_members, &pair->findings, &pair->plan, err);
}

/*
 * Opens the leaves that differ and may be opened for that, and compares again. What a worker that
 * ended early did not open stays a leaf.
 */
static enum status compare_inside(struct pair *pair, struct error *err)
{
	static const int no_fds[SIDES] = {-1, -1};
	struct error errors[SIDES];
	enum status status = STATUS_OK;

	if (pair->plan.inside[PUBLISHED].count == 0)
		return STATUS_OK;
	for (int side = 0; side < SIDES; side++) {
		wanted_list_finish(&pair->plan.inside[side]);
		index_release(&pair->indexes[side]);
	}
	status = run_both(pair, run_inside, no_fds, errors, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = index_open(&pair->indexes[side], pair->index_paths[side], err);
	diff_plan_release(&pair->plan);
	if (status == STATUS_OK)
		status = findings_clear(&pair->findings, err);
	return status == STATUS_OK ? compare_once(pair, err) : status;
}

/* Whose the bytes are that differ. */
static enum status attribute(struct pair *pair, struct comparison *result, struct error *err)
{
	struct attributed_side sides[SIDES];
	struct attributed attributed;
	enum status status;

	for (int side = 0; side < SIDES; side++)
		sides[side] = (struct attributed_side){
			.fd = pair->sides[side]->fd,
			.size = pair->sides[side]->size,
			.index = &pair->indexes[side],
		};
	status = attribute_bytes(sides, &pair->findings, &attributed, err);
	result->differing_bytes = (int64_t)attributed.differing;
	result->unattributed_bytes = (int64_t)attributed.unattributed;
	result->unexplained_bytes = (int64_t)attributed.unexplained;
	return status;
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
		status = attribute(pair, result, err);
	if (status == STATUS_OK)
		status = make_diffs(pair, err);
	return status;
}

static void pair_release(struct pair *pair)
{
	struct error ignored;

	for (int side = 0; side < SIDES; side++) {
		index_release(&pair->indexes[side]);
		free(pair->index_paths[side]);
	}
	diff_plan_release(&pair->plan);
	findings_release(&pair->findings);
	if (pair->directory != NULL)
		path_remove_tree(pair->directory, &ignored);
	free(pair->directory);
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
	struct pair pair = {.name = name, .sides = {published, rebuilt}, .options = options};
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
