/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Unlinked files that were opened for a process which may open none itself: whoever unpacks into
 * a file takes one, and gives it back for the next. Zeroed is an empty pool, safe to release.
 */
struct spool_pool {
	int *fds; /* open for reading and writing */
	bool *is_taken;
	size_t count;
};

/*
 * Which of them: what the outermost stream unpacks to stays in fds[0] for whoever made the pool;
 * the last is for what is unpacked ahead of its reader, and never needed.
 */
enum spool_place {
	SPOOL_NESTED,
	SPOOL_OUTERMOST,
	SPOOL_AHEAD,
};

enum status spool_pool_open(struct spool_pool *pool, size_t count, struct error *err);
void spool_pool_release(struct spool_pool *pool);

/*
 * An empty file. STATUS_LIMIT when all are taken, which is a bound on containers inside each other
 * that unpack at the same time. A NULL pool opens one anew, in TMPDIR.
 */
enum status spool_take(struct spool_pool *pool, enum spool_place place, int *fd, struct error *err);
/* Frees its room on the disk, but that of the outermost; closes one that no pool has. */
void spool_give_back(struct spool_pool *pool, int fd);

#endif
