/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/attempt.h"

#include <sys/mman.h>

#include "base/clock.h"

enum status attempt_open(struct attempt *attempt, struct error *err)
{
	void *board;

	if (spool_pool_open(&attempt->pool, ATTEMPT_SPOOLS, err) < 0)
		return err->status;
	board = mmap(NULL, sizeof(*attempt->board), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return error_set_errno(err, "memory shared with a worker");
	attempt->board = board;
	return STATUS_OK;
}

void attempt_release(struct attempt *attempt)
{
	spool_pool_release(&attempt->pool);
	closed_release(&attempt->closed);
	if (attempt->board != NULL)
		munmap(attempt->board, sizeof(*attempt->board));
	*attempt = (struct attempt){0};
}

struct walk_setup attempt_setup(const struct attempt *attempt)
{
	/* The pool is the worker's own from here on: it is a copy of this process. */
	return (struct walk_setup){
		.pool = (struct spool_pool *)&attempt->pool,
		.board = attempt->board,
		.closed = &attempt->closed,
	};
}

enum status attempt_start(struct attempt *attempt, struct worker *worker,
	const struct worker_job *job, struct error *err)
{
	memset(attempt->board, 0, sizeof(*attempt->board));
	if (worker_start(worker, job, err) < 0)
		return err->status;
	if (attempt->restarts > 0)
		worker->deadline = attempt->deadline;
	return STATUS_OK;
}

bool attempt_again(struct attempt *attempt, const struct worker *worker)
{
	double now = clock_monotonic();

	if (attempt->restarts >= ATTEMPT_RESTARTS)
		return false;
	if (attempt->restarts++ == 0)
		attempt->deadline = now + worker->seconds;
	return attempt->deadline > now;
}

bool attempt_close(struct attempt *attempt, const struct worker *worker, const struct error *why)
{
	struct way way = attempt->board->way;

	return attempt_again(attempt, worker) &&
		closed_add(&attempt->closed, &way, worker->was_late, why->text);
}
