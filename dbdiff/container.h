/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_CONTAINER_H
#define DBDIFF_CONTAINER_H

#include "base/limits.h"
#include "dbdiff/members.h"

/* Bytes opened as the format that is surest of them. Zeroed is safe to close. */
struct container {
	const struct format *format; /* NULL: nobody bids on them */
	struct members *members;     /* NULL: a leaf, or one that is opened only on demand */
	struct source *source;	     /* what the members are read from */
	struct source *spooled;	     /* its own, when the bytes could not seek */
	struct unpack_room room;     /* for its one member, when it is a stream */
};

/* Sets only the format; NULL for a leaf. */
enum status container_find(
	struct container *container, struct source *source, const char *name, struct error *err);
/*
 * Copies a source that cannot seek, when the format found needs that, and sets the source. Formats
 * that look behind the first bytes bid again on the copy.
 */
enum status container_spool(struct container *container, struct source *source, const char *name,
	struct spool_pool *pool, enum spool_place place, const struct limits *limits,
	struct error *err);
/* Opens what was found; the source given before outlives the container. `name` is its path. */
enum status container_open(struct container *container, const char *name,
	const struct unpack_room *room, const struct limits *limits, struct error *err);
void container_close(struct container *container);

#endif
