/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_SLICE_H
#define DBDIFF_FORMAT_SLICE_H

#include <stdbool.h>

#include "base/source.h"

/*
 * Some bytes of a container as the content of a member: read through the container's own source,
 * so that one pass is enough, and seekable where that is. Embedded in whoever lists the members,
 * which lends one at a time and goes by slice_left() bytes before the next.
 */
struct slice {
	struct source source;
	struct source *inner; /* the container's; not owned */
	uint64_t begin;	      /* in it */
	uint32_t sum;	      /* of all bytes so far, when `is_summing` */
	bool is_summing;
	bool is_open;
};

/* The next `len` bytes of `inner`; its content is given with source_free() as always. */
struct source *slice_lend(struct slice *slice, struct source *inner, uint64_t len);
/* What is left of it, for the container to go by. */
uint64_t slice_left(const struct slice *slice);

#endif
