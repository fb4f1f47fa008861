/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_WORKER_H
#define DBDIFF_WORKER_H

#include <sys/types.h>

#include "base/error.h"
#include "base/limits.h"

/*
 * A forked process that reads hostile input (design, law 6): descriptors in, files that were opened
 * for it and an error out. What happens to it is a finding about the input, not our end.
 */
struct worker {
	pid_t pid; /* 0 when there is none */
	int result_fd;
	double deadline; /* clock_monotonic() */
	unsigned seconds;
};

struct worker_job {
	enum status (*run)(void *context, struct error *err);
	void *context;
	const int *fds; /* the descriptors it keeps, besides stderr */
	size_t fd_count;
	const struct limits *limits;
};

enum status worker_start(struct worker *worker, const struct worker_job *job, struct error *err);
/*
 * Waits for its end, at most until its time is over. Gives the job's own status and error; for a
 * worker that was killed, crashed or took too long STATUS_LIMIT, with what happened to it.
 */
enum status worker_wait(struct worker *worker, struct error *err);
/* Ends one that nobody waits for. A zeroed struct is safe. */
void worker_release(struct worker *worker);

#endif
