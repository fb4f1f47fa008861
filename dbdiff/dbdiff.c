/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/dbdiff.h"

#include "base/alloc.h"
#include "base/array.h"
#include "base/tempfile.h"
#include "dbdiff/block_diffs.h"
#include "dbdiff/causes.h"
#include "dbdiff/companion.h"
#include "dbdiff/compare.h"
#include "dbdiff/explain.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/outcome.h"
#include "dbdiff/pair.h"

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
	.settle_milliseconds = 2000,
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

static enum status open_files(struct pair *pair, struct error *err)
{
	for (int side = 0; side < SIDES; side++) {
		if (tempfile_unlinked(&pair->index_fds[side], err) < 0 ||
			attempt_open(&pair->attempts[side], err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

/* What the walks need not look at, because the two artifacts have the same bytes there. */
static enum status find_sameness(struct pair *pair, struct error *err)
{
	const struct comparison_side *const *sides = pair->sides;

	if (!pair->spares_hashes)
		return STATUS_OK;
	return sameness_find(&pair->sameness,
		(int[SIDES]){sides[PUBLISHED]->fd, sides[REBUILT]->fd},
		(uint64_t[SIDES]){sides[PUBLISHED]->size, sides[REBUILT]->size}, err);
}

static void add_reason(struct buffer *reason, int side, const char *text)
{
	buffer_add_format(reason, "%s%s: %s", reason->len > 0 ? "; " : "",
		side == PUBLISHED ? "published" : "rebuilt", text);
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
			add_reason(&reason, side, pair->trouble[side].text);
	}
	status = findings_add(&pair->findings,
		&(struct finding_row){
			.path = &path,
			.change = CHANGE_CONTENT,
			.reason = buffer_text(&reason),
			.fields = &fields,
			.cause = UNEXPLAINED,
		},
		&id, err);
	buffer_release(&path);
	buffer_release(&reason);
	return status;
}

/* A worker that was ended is a finding about what it read, the rest is trouble. */
static enum status capture_wanted(void *context, const struct wanted_list wanted[SIDES],
	const int fds[SIDES], struct error why[SIDES], struct error *err)
{
	struct pair *pair = context;
	struct pair_job jobs[SIDES];
	enum status status;

	for (int side = 0; side < SIDES; side++)
		jobs[side] = (struct pair_job){pair, side, fds[side], -1, &wanted[side]};
	status = pair_run(jobs, SIDES, pair_job_capture, why, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		if (why[side].status < 0 && why[side].status != STATUS_LIMIT) {
			*err = why[side];
			status = err->status;
		}
	}
	return status;
}

/* Before measure(), which counts bytes to the causes that are found here. */
static enum status explain(struct pair *pair, struct error *err)
{
	if (pair->options->has_images &&
		companion_digests(
			&pair->plan, pair->name, pair->options->images, &pair->findings, err) < 0)
		return err->status;
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

/* Whether the first walk left all that a stream holds in its file, which has so many bytes. */
static enum status find_unpacked(struct pair *pair, int side, uint64_t size, struct error *err)
{
	struct index_cursor cursor = {0};
	enum status status =
		index_cursor_open(&cursor, &pair->indexes[side], INDEX_ARTIFACT_ID, err);

	if (status == STATUS_OK)
		status = index_cursor_next(&cursor, err);
	pair->is_unpacked[side] = status == STATUS_OK && cursor.row.position == 0 &&
		cursor.row.is_read && cursor.row.size == size;
	index_cursor_release(&cursor);
	return status < 0 ? status : STATUS_OK;
}

/* What the places of members are in: the artifact, or what its outermost stream holds. */
static enum status find_bytes(
	struct pair *pair, int side, struct side_bytes *bytes, struct error *err)
{
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, &pair->indexes[side], 0, err);
	const struct format *format = NULL;
	off_t size;

	*bytes = (struct side_bytes){
		.fd = pair->sides[side]->fd,
		.size = pair->sides[side]->size,
		.index = &pair->indexes[side],
		.sameness = pair->sameness.differing != NULL ? &pair->sameness : NULL,
	};
	if (!pair->has_bytes) {
		bytes->fd = -1;
		bytes->size = 0;
	}
	if (status == STATUS_OK)
		status = index_cursor_next(&cursor, err);
	if (status == STATUS_OK && cursor.row.format != NULL)
		format = format_named(cursor.row.format);
	index_cursor_release(&cursor);
	if (status < 0 || format == NULL || !format->is_stream || !pair->has_bytes)
		return status < 0 ? status : STATUS_OK;
	bytes->fd = pair->attempts[side].pool.fds[0];
	bytes->sameness = NULL;
	size = lseek(bytes->fd, 0, SEEK_END);
	bytes->size = size > 0 ? (uint64_t)size : 0;
	return find_unpacked(pair, side, bytes->size, err);
}

static enum status compare_once(struct pair *pair, const char *not_opened, struct error *err)
{
	struct compare_terms terms = {
		.diff_members = pair->options->diff_members,
		.shown = pair->options->shown_path,
		.not_opened = not_opened,
	};
	struct side_bytes sides[SIDES];
	enum status status = STATUS_OK;

	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = find_bytes(pair, side, &sides[side], err);
	if (status != STATUS_OK)
		return status;
	return compare_indexes(pair->name, sides, &terms, &pair->findings, &pair->plan, err);
}

/* Takes the copy over when its worker came to an end, and it reads as an index. */
static enum status take_copy(struct pair *pair, int side, int *copy, const struct error *outcome,
	struct buffer *not_opened, struct error *err)
{
	struct index index = {0};

	if (outcome->status == STATUS_LIMIT) {
		add_reason(not_opened, side, outcome->text);
		return STATUS_OK;
	}
	if (outcome->status < 0)
		return *err = *outcome, err->status;
	if (index_open(&index, *copy, err) < 0) {
		if (err->status != STATUS_FORMAT)
			return err->status;
		add_reason(not_opened, side, err->text);
		return STATUS_OK;
	}
	index_release(&pair->indexes[side]);
	close(pair->index_fds[side]);
	pair->indexes[side] = index;
	pair->index_fds[side] = *copy;
	*copy = -1;
	return STATUS_OK;
}

/*
 * Opens the leaves that differ and may be opened for that, and compares again. What a worker that
 * ended early did not open stays a leaf, which says so.
 */
static enum status compare_inside(struct pair *pair, struct error *err)
{
	int copies[SIDES] = {-1, -1};
	struct error errors[SIDES];
	struct pair_job jobs[SIDES];
	struct buffer not_opened = {0};
	enum status status = STATUS_OK;

	if (pair->plan.inside[PUBLISHED].count == 0)
		return STATUS_OK;
	for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
		wanted_list_finish(&pair->plan.inside[side]);
		status = tempfile_unlinked(&copies[side], err);
		jobs[side] =
			(struct pair_job){pair, side, copies[side], pair->index_fds[side], NULL};
	}
	if (status == STATUS_OK)
		status = pair_run(jobs, SIDES, pair_job_inside, errors, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = take_copy(pair, side, &copies[side], &errors[side], &not_opened, err);
	for (int side = 0; side < SIDES; side++) {
		if (copies[side] >= 0)
			close(copies[side]);
	}
	diff_plan_release(&pair->plan);
	if (status == STATUS_OK)
		status = findings_clear(&pair->findings, err);
	if (status == STATUS_OK)
		status = compare_once(
			pair, not_opened.len > 0 ? buffer_text(&not_opened) : NULL, err);
	buffer_release(&not_opened);
	return status;
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
			.sameness = pair->sameness.differing != NULL ? &pair->sameness : NULL,
		};
	return outcome_measure(pair->name, sides, &pair->findings, result, err);
}

/* After the last byte was read: what was found is of the bytes that were hashed. */
static enum status check_states(const struct pair *pair, struct error *err)
{
	struct file_state state;

	for (int side = 0; side < SIDES; side++) {
		if (file_state_take(pair->sides[side]->fd, &state, err) < 0)
			return err->status;
		if (!file_state_equal(&state, &pair->sides[side]->state))
			return pair_say_changed(side, err);
	}
	return STATUS_OK;
}

/*
 * What a wrapper was taken off is green for whoever accepts that, so that the kernel's word is not
 * enough for it.
 */
static enum status check_digests(const struct pair *pair, struct error *err)
{
	struct comparison_side again[SIDES];

	for (int side = 0; side < SIDES; side++)
		again[side] = *pair->sides[side];
	if (dbdiff_hash(&again[PUBLISHED], &again[REBUILT], err) < 0)
		return err->status;
	for (int side = 0; side < SIDES; side++) {
		if (!digest_equal(&again[side].sha256, &pair->sides[side]->sha256))
			return pair_say_changed(side, err);
	}
	return STATUS_OK;
}

static enum status check_unchanged(
	const struct pair *pair, const struct comparison *result, struct error *err)
{
	if (!pair->has_bytes)
		return check_states(pair, err);
	if (!pair->spares_hashes)
		return STATUS_OK;
	return result->is_content_equal ? check_digests(pair, err) : check_states(pair, err);
}

static bool is_unread(const struct pair *pair)
{
	return pair->trouble[PUBLISHED].status != STATUS_OK ||
		pair->trouble[REBUILT].status != STATUS_OK;
}

/* A file lies elsewhere on one side, say: what was spared there is needed to compare it. */
static enum status compare_whole(struct pair *pair, struct error *err)
{
	enum status status;

	sameness_release(&pair->sameness);
	for (int side = 0; side < SIDES; side++)
		index_release(&pair->indexes[side]);
	diff_plan_release(&pair->plan);
	status = findings_clear(&pair->findings, err);
	if (status == STATUS_OK)
		status = pair_make_indexes(pair, err);
	return status == STATUS_OK && !is_unread(pair) ? compare_once(pair, NULL, err) : status;
}

static enum status compare_pair(struct pair *pair, struct comparison *result, struct error *err)
{
	enum status status = findings_open(&pair->findings, err);

	if (status == STATUS_OK)
		status = open_files(pair, err);
	if (status == STATUS_OK)
		status = find_sameness(pair, err);
	if (status == STATUS_OK)
		status = pair_make_indexes(pair, err);
	if (status == STATUS_OK && !is_unread(pair))
		status = compare_once(pair, NULL, err);
	if (status == STATUS_END)
		status = compare_whole(pair, err);
	if (status != STATUS_OK)
		return status;
	if (is_unread(pair))
		return report_unread(pair, err);
	if (!pair->has_bytes)
		return block_diffs_write(&pair->plan,
			(struct index *[SIDES]){&pair->indexes[0], &pair->indexes[1]},
			pair->options->diff_bytes, &pair->findings, err);
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
	sameness_release(&pair->sameness);
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
	pair.has_bytes = !published->is_index && !rebuilt->is_index;
	pair.spares_hashes = pair.has_bytes &&
		file_state_is_settled(&published->state, options->settle_milliseconds) &&
		file_state_is_settled(&rebuilt->state, options->settle_milliseconds);
	status = compare_pair(&pair, result, err);
	if (status == STATUS_OK)
		status = check_unchanged(&pair, result, err);
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
