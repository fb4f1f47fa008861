/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/explain.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/tempfile.h"
#include "dbdiff/attempt.h"
#include "dbdiff/claims.h"
#include "dbdiff/known.h"
#include "dbdiff/matching.h"
#include "dbdiff/worker.h"

struct captures {
	int fds[SIDES];
	struct captured captured[SIDES];
	struct error
		why[SIDES]; /* a side is not whole; STATUS_OK where its worker went to its end */
};

static void captures_release(struct captures *captures)
{
	for (int side = 0; side < SIDES; side++) {
		captured_release(&captures->captured[side]);
		if (captures->fds[side] >= 0)
			close(captures->fds[side]);
	}
}

static enum status capture(const struct explaining *explaining,
	const struct wanted_list wanted[SIDES], struct captures *captures, struct error *err)
{
	enum status status = STATUS_OK;

	*captures = (struct captures){.fds = {-1, -1}, .captured = {{.fd = -1}, {.fd = -1}}};
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = tempfile_unlinked(&captures->fds[side], err);
	if (status == STATUS_OK)
		status = explaining->capture(
			explaining->context, wanted, captures->fds, captures->why, err);
	/* Of each member there may be a word besides. */
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = captured_read(&captures->captured[side], captures->fds[side],
			2 * wanted[side].count, err);
	return status;
}

/* ---- leaves that could not be looked at ---- */

static enum status close_leaf(const struct explaining *explaining, const struct leaf_request *leaf,
	const char *why, struct error *err)
{
	return findings_close(
		explaining->findings, leaf->finding, REASON_NOT_LOOKED_AT ": ", why, err);
}

/* Why a side of a leaf is not there: what its worker wrote, or what became of that. */
static enum status add_why(const struct captures *captures, int side, int64_t member,
	struct buffer *why, struct error *err)
{
	size_t before;

	buffer_add_format(why, "%s%s: ", why->len > 0 ? "; " : "",
		side == PUBLISHED ? "published" : "rebuilt");
	before = why->len;
	if (captured_why(&captures->captured[side], member, why, err) < 0)
		return err->status;
	if (why->len == before && captures->why[side].status < 0)
		buffer_add_text(why, captures->why[side].text);
	if (why->len == before)
		buffer_add_text(why, "it could not be read again");
	return STATUS_OK;
}

/* The rest of a leaf, or where that is not asked for its stretches. */
static enum status has_side(const struct explaining *explaining, const struct captures *captures,
	const struct leaf_request *leaf, int side, bool is_rest, struct error *err)
{
	struct digest digest;

	if (is_rest)
		return captured_rest(&captures->captured[side], leaf->members[side], &digest, err);
	return captured_has(&captures->captured[side], explaining->plan, leaf, side) ? STATUS_OK
										     : STATUS_END;
}

/* Closes what could not be read again; `is_chosen` are the leaves whose rest was wanted, or NULL.
 */
static enum status close_missing(const struct explaining *explaining,
	const struct captures *captures, const bool *is_chosen, struct error *err)
{
	struct buffer why = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < explaining->plan->count && status == STATUS_OK; i++) {
		const struct leaf_request *leaf = &explaining->plan->leaves[i];

		if (is_chosen != NULL && !is_chosen[i])
			continue;
		buffer_clear(&why);
		for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
			status = has_side(explaining, captures, leaf, side, is_chosen != NULL, err);
			if (status == STATUS_END)
				status = add_why(captures, side, leaf->members[side], &why, err);
		}
		if (status == STATUS_OK && why.len > 0)
			status = close_leaf(explaining, leaf, buffer_text(&why), err);
	}
	buffer_release(&why);
	return status;
}

/* ---- the process that matches ---- */

struct match_run {
	struct match_job job;
	int out_fd;
};

static enum status run_match(void *context, struct error *err)
{
	struct match_run *run = context;

	return match_leaves(&run->job, run->out_fd, err);
}

/* Those that were started behind the first have as much time together as that. */
struct match_tries {
	unsigned restarts;
	double deadline;
};

static bool has_restart(struct match_tries *tries, const struct worker *worker)
{
	double now = clock_monotonic();

	if (tries->restarts >= ATTEMPT_RESTARTS)
		return false;
	if (tries->restarts++ == 0)
		tries->deadline = now + worker->seconds;
	return tries->deadline > now;
}

/* `why` is what became of a worker that died; an error is of this machine. */
static enum status match_once(const struct explaining *explaining, struct match_run *run,
	const struct captures *captures, const struct match_tries *tries, struct worker *worker,
	struct error *why, struct error *err)
{
	struct worker_job spec = {
		.run = run_match,
		.context = run,
		.fds = captures->fds,
		.fd_count = SIDES,
		.out_fds = &run->out_fd,
		.out_count = 1,
		.limits = explaining->limits,
	};

	if (ftruncate(run->out_fd, 0) < 0 || lseek(run->out_fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "cannot empty a temporary file");
	if (worker_start(worker, &spec, err) < 0)
		return err->status;
	if (tries->restarts > 0)
		worker->deadline = tries->deadline;
	why->status = worker_wait(worker, why);
	if (why->status < 0 && !worker->has_died) {
		*err = *why;
		return err->status;
	}
	return STATUS_OK;
}

/*
 * A worker that dies costs the leaf that it was at: the next one begins behind that. What it wrote
 * before is taken too.
 */
static enum status match_all(const struct explaining *explaining, struct match_run *run,
	const struct captures *captures, struct claims *claims, struct error *err)
{
	const struct diff_plan *plan = explaining->plan;
	struct match_tries tries = {0};
	struct worker worker = {0};
	bool goes_on = true;
	size_t at = 0;

	while (at < plan->count && goes_on) {
		struct error why;

		run->job.first = at;
		if (match_once(explaining, run, captures, &tries, &worker, &why, err) < 0 ||
			claims_read(claims, run->out_fd, &at, explaining->findings, err) < 0)
			return err->status;
		if (!worker.has_died)
			error_set(&why, STATUS_LIMIT, "the process that looked at it did not say");
		goes_on = worker.has_died && has_restart(&tries, &worker);
		for (bool is_next = true; at < plan->count && (is_next || !goes_on);
			is_next = false) {
			if (close_leaf(explaining, &plan->leaves[at++], why.text, err) < 0)
				return err->status;
		}
	}
	return STATUS_OK;
}

static enum status match(const struct explaining *explaining, const struct captures *captures,
	struct claims *claims, struct error *err)
{
	struct known_pairs known = {0};
	struct match_run run = {
		.job = {.plan = explaining->plan,
			.captured = captures->captured,
			.diff_bytes = explaining->diff_bytes,
			.places_left = MATCH_PLACES_MOST},
		.out_fd = -1,
	};
	enum status status = known_pairs_collect(&known, explaining->findings, err);

	run.job.known = known.items;
	run.job.known_count = known.count;
	if (status == STATUS_OK)
		status = tempfile_unlinked(&run.out_fd, err);
	if (status == STATUS_OK)
		status = match_all(explaining, &run, captures, claims, err);
	if (run.out_fd >= 0)
		close(run.out_fd);
	known_pairs_release(&known);
	return status;
}

/* Whether the bytes of large leaves that were not read again are the same, by their SHA-256. */
static enum status check_rests(
	const struct explaining *explaining, struct claims *claims, struct error *err)
{
	bool *is_chosen = xcalloc(explaining->plan->count + 1, sizeof(is_chosen[0]));
	struct wanted_list rests[SIDES] = {0};
	struct captures captures = {.fds = {-1, -1}};
	enum status status = STATUS_OK;

	if (claims_need_rests(claims, is_chosen)) {
		for (int side = 0; side < SIDES; side++)
			plan_want_rests(explaining->plan, side, is_chosen, &rests[side]);
		status = capture(explaining, rests, &captures, err);
		if (status == STATUS_OK)
			status = close_missing(explaining, &captures, is_chosen, err);
		if (status == STATUS_OK)
			status = claims_check_rests(claims, is_chosen, captures.captured, err);
		captures_release(&captures);
	}
	for (int side = 0; side < SIDES; side++)
		free(rests[side].items);
	free(is_chosen);
	return status;
}

enum status explain_leaves(const struct explaining *explaining, struct error *err)
{
	struct diff_plan *plan = explaining->plan;
	struct captures captures;
	struct claims claims = {0};
	enum status status;

	if (plan->count == 0)
		return STATUS_OK;
	for (int side = 0; side < SIDES; side++)
		wanted_list_finish(&plan->wanted[side]);
	claims_init(&claims, plan);
	status = capture(explaining, plan->wanted, &captures, err);
	if (status == STATUS_OK)
		status = close_missing(explaining, &captures, NULL, err);
	if (status == STATUS_OK)
		status = match(explaining, &captures, &claims, err);
	if (status == STATUS_OK)
		status = claims_check(&claims, captures.captured, explaining->findings, err);
	if (status == STATUS_OK)
		status = check_rests(explaining, &claims, err);
	if (status == STATUS_OK)
		status = claims_write(&claims, explaining->findings, err);
	claims_release(&claims);
	captures_release(&captures);
	return status;
}
