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
};

/* Sets only the format; NULL for a leaf. */
enum status container_find(
	struct container *container, struct source *source, const char *name, struct error *err);
/*
 * `source` outlives the container; `name` is its path. `with_lazy` opens formats that are opened
 * on demand too. Never fails for a leaf; after an error the format is set when one was tried.
 */
enum status container_open(struct container *container, struct source *source, const char *name,
	const struct limits *limits, bool with_lazy, struct error *err);
void container_close(struct container *container);

#endif
