/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_WORKER_H
#define DBDIFF_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/limits.h"

/*
 * A forked process that reads hostile input (design, law 6): descriptors in, files that were opened
 * for it and an error out, and nothing else (dbdiff/worker_walls.h). It may make threads; it may
 * not pthread_exit(), nor ask for the number of processors. What happens to it is a finding about
 * the input, not our end.
 */
struct worker {
	pid_t pid; /* 0 when there is none */
	int result_fd;
	double deadline; /* clock_monotonic() */
	unsigned seconds;
	bool has_died; /* it was waited for, and gave no result of its own */
	bool was_late; /* because its time was over */
};

struct worker_job {
	enum status (*run)(void *context, struct error *err);
	void *context;
	const int *fds; /* the descriptors it reads */
	size_t fd_count;
	const int *out_fds; /* those it may also write to and cut */
	size_t out_count;
	const struct limits *limits;
	pid_t parent; /* worker_start() sets it */
};

/* How a worker that has no result to give exits. */
enum {
	WORKER_EXIT_MEMORY = 3, /* base/alloc.c's */
	WORKER_EXIT_EARLY = 4,
};

/* It has `limits->seconds` from now on. */
enum status worker_start(struct worker *worker, const struct worker_job *job, struct error *err);
/*
 * The first of some workers that has come to its end, or is late; at least one must be running.
 */
size_t worker_next(const struct worker *workers, size_t count);
/*
 * Waits for its end, at most until its time is over. Gives the job's own status and error; for a
 * worker that was killed, crashed or took too long STATUS_LIMIT, with what happened to it, and
 * `has_died`.
 */
enum status worker_wait(struct worker *worker, struct error *err);
/* Ends one that nobody waits for. A zeroed struct is safe. */
void worker_release(struct worker *worker);

#endif
