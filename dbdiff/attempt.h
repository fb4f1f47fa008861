/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_ATTEMPT_H
#define DBDIFF_ATTEMPT_H

#include "dbdiff/walk.h"
#include "dbdiff/worker.h"

#define ATTEMPT_SPOOLS	 8 /* the outermost stream's, and seven inside each other */
#define ATTEMPT_RESTARTS 8

/*
 * The tries at one side of an artifact. When a worker dies inside a member, the next one is told
 * not to open that, so that one bad member costs itself only. Zeroed is safe to release.
 */
struct attempt {
	struct spool_pool pool;
	struct way_board *board; /* shared with the worker */
	struct closed_ways closed;
	unsigned restarts;
	double deadline; /* of all restarts; 0 before the first */
};

enum status attempt_open(struct attempt *attempt, struct error *err);
void attempt_release(struct attempt *attempt);
/* What a walk in the worker is given. */
struct walk_setup attempt_setup(const struct attempt *attempt);
/*
 * Starts a worker: with its whole time, or, when it is a restart, with what is left of that: all
 * restarts together have as much again.
 */
enum status attempt_start(struct attempt *attempt, struct worker *worker,
	const struct worker_job *job, struct error *err);
/* Whether there is a restart left after `worker` died, which is counted. */
bool attempt_again(struct attempt *attempt, const struct worker *worker);
/*
 * Whether one more start may help after `worker` died of `why`: there is a restart left, and the
 * member that it was in is closed now.
 */
bool attempt_close(struct attempt *attempt, const struct worker *worker, const struct error *why);

#endif
