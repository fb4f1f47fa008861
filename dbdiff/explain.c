/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/explain.h"

#include "base/alloc.h"
#include "base/tempfile.h"
#include "dbdiff/claims.h"
#include "dbdiff/known.h"
#include "dbdiff/matching.h"
#include "dbdiff/worker.h"

struct captures {
	int fds[SIDES];
	struct captured captured[SIDES];
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
		status = explaining->capture(explaining->context, wanted, captures->fds, err);
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = captured_read(
			&captures->captured[side], captures->fds[side], wanted[side].count, err);
	return status;
}

struct match_run {
	struct match_job job;
	int out_fd;
};

static enum status run_match(void *context, struct error *err)
{
	struct match_run *run = context;

	return match_leaves(&run->job, run->out_fd, err);
}

/* What a worker that died wrote before is taken too. */
static enum status match(const struct explaining *explaining, const struct captures *captures,
	int out_fd, struct error *err)
{
	struct known_pairs known = {0};
	struct match_run run = {
		.job = {.plan = explaining->plan,
			.captured = captures->captured,
			.diff_bytes = explaining->diff_bytes,
			.places_left = MATCH_PLACES_MOST},
		.out_fd = out_fd,
	};
	struct worker_job spec = {
		.run = run_match,
		.context = &run,
		.fds = captures->fds,
		.fd_count = SIDES,
		.out_fds = &out_fd,
		.out_count = 1,
		.limits = explaining->limits,
	};
	struct worker worker = {0};
	enum status status = known_pairs_collect(&known, explaining->findings, err);

	run.job.known = known.items;
	run.job.known_count = known.count;
	if (status == STATUS_OK)
		status = worker_start(&worker, &spec, err);
	if (status == STATUS_OK) {
		status = worker_wait(&worker, err);
		if (worker.has_died)
			status = STATUS_OK;
	}
	worker_release(&worker);
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
	int out_fd = -1;

	if (plan->count == 0)
		return STATUS_OK;
	for (int side = 0; side < SIDES; side++)
		wanted_list_finish(&plan->wanted[side]);
	claims_init(&claims, plan);
	status = capture(explaining, plan->wanted, &captures, err);
	if (status == STATUS_OK)
		status = tempfile_unlinked(&out_fd, err);
	if (status == STATUS_OK)
		status = match(explaining, &captures, out_fd, err);
	if (status == STATUS_OK)
		status = claims_read(&claims, out_fd, explaining->findings, err);
	if (status == STATUS_OK)
		status = claims_check(&claims, captures.captured, explaining->findings, err);
	if (status == STATUS_OK)
		status = check_rests(explaining, &claims, err);
	if (status == STATUS_OK)
		status = claims_write(&claims, explaining->findings, err);
	if (out_fd >= 0)
		close(out_fd);
	claims_release(&claims);
	captures_release(&captures);
	return status;
}
