/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_ATTEMPT_H
#define DBDIFF_ATTEMPT_H

#include "dbdiff/walk.h"
#include "dbdiff/worker.h"

/* The outermost stream's, seven inside each other, and one for what is unpacked ahead. */
#define ATTEMPT_SPOOLS	 9
#define ATTEMPT_RESTARTS 8

/*
 * The tries at one side of an artifact. When a worker dies inside a member, the next one is told
 * not to open that, so that one bad member costs itself only. Zeroed is safe to release.
 */
struct attempt {
	struct spool_pool pool;
	struct way *way; /* shared with the worker, which says there what it is at */
	struct closed_ways closed;
	unsigned restarts;
	double deadline; /* of all restarts; 0 before the first */
};

enum status attempt_open(struct attempt *attempt, struct error *err);
/* Before another job than the one before: all restarts are there again, what is closed stays. */
void attempt_renew(struct attempt *attempt);
void attempt_release(struct attempt *attempt);
/* What a walk in the worker is given. */
struct walk_setup attempt_setup(const struct attempt *attempt);
/*
 * Starts a worker: with its whole time, or, when it is a restart, with what is left of that: all
 * restarts together have as much again.
 */
enum status attempt_start(struct attempt *attempt, struct worker *worker,
	const struct worker_job *job, struct error *err);
/*
 * Whether one more start may help after `worker` died of `why`: there is a restart left, and the
 * member that it was in is closed now.
 */
bool attempt_close(struct attempt *attempt, const struct worker *worker, const struct error *why);

#endif
