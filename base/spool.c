/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spool.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/tempfile.h"

enum status spool_pool_open(struct spool_pool *pool, size_t count, struct error *err)
{
	*pool = (struct spool_pool){
		.fds = xcalloc(count, sizeof(pool->fds[0])),
		.is_taken = xcalloc(count, sizeof(pool->is_taken[0])),
	};
	while (pool->count < count) {
		if (tempfile_unlinked(&pool->fds[pool->count], err) < 0) {
			spool_pool_release(pool);
			return err->status;
		}
		pool->count++;
	}
	return STATUS_OK;
}

void spool_pool_release(struct spool_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		close(pool->fds[i]);
	free(pool->fds);
	free(pool->is_taken);
	*pool = (struct spool_pool){0};
}

enum status spool_take(struct spool_pool *pool, enum spool_place place, int *fd, struct error *err)
{
	size_t ahead = pool != NULL && pool->count > 2 ? pool->count - 1 : 0;
	size_t at = place == SPOOL_OUTERMOST ? 0 : place == SPOOL_NESTED ? 1 : ahead;
	size_t end = place == SPOOL_AHEAD && ahead > 0 ? ahead + 1 : ahead;

	*fd = -1;
	if (pool == NULL)
		return tempfile_unlinked(fd, err);
	while (at < end && pool->is_taken[at])
		at++;
	if (at >= end)
		return error_set(err, STATUS_LIMIT,
			"more than %zu containers inside each other that have to be unpacked first",
			ahead > 0 ? ahead - 1 : 0);
	/* What the one before left must not show through holes. */
	if (ftruncate(pool->fds[at], 0) < 0)
		return error_set_errno(err, "cannot empty a temporary file");
	pool->is_taken[at] = true;
	*fd = pool->fds[at];
	return STATUS_OK;
}

void spool_give_back(struct spool_pool *pool, int fd)
{
	if (pool == NULL) {
		close(fd);
		return;
	}
	for (size_t i = 0; i < pool->count; i++) {
		if (pool->fds[i] != fd)
			continue;
		pool->is_taken[i] = false;
		/* Only room is lost when this fails. */
		if (i > 0 && ftruncate(fd, 0) < 0)
			return;
	}
}
