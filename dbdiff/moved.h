/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_MOVED_H
#define DBDIFF_MOVED_H

#include "dbdiff/side_bytes.h"
#include "dbdiff/sides.h"

/*
 * Tells packed content that is the same and lies elsewhere from what was packed anew. A file that
 * packs to fewer bytes moves all that follow it in a squashfs.
 */

/* A container, where an artifact has its bytes one behind another. */
struct inner {
	int64_t container;   /* in the index; 0 for none */
	uint64_t base;	     /* where its first byte is, or would be, in the artifact */
	uint64_t start, end; /* the stretch of the artifact for which that is so */
};

/* A stretch of a container's bytes. */
struct packed {
	uint64_t start, len;
};

/* What one side has packed. Zeroed is empty; released by moved_release(). */
struct moved {
	int64_t container; /* 0 for none */
	uint64_t base;
	unsigned filled; /* times, so far */
	uint64_t wasted; /* bytes that were compared with others than they are */
	struct moved_stretch {
		uint64_t hash; /* of its first MiB and its length: finds, and proves nothing */
		struct packed at;
	} * stretches; /* by hash */
	size_t count, capacity;
	unsigned char *data[SIDES];
};

struct moved_side {
	const struct side_bytes *side;
	const struct inner *inner;
};

/*
 * Whether the bytes of `packed` in the first side are somewhere in the second as packed content,
 * too, which `moved` keeps. False as well when there is too much of it to tell.
 */
enum status moved_find(struct moved *moved, const struct moved_side sides[2],
	const struct packed *packed, bool *is_found, struct error *err);
void moved_release(struct moved *moved);

#endif
