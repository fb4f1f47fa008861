/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_WAY_H
#define DBDIFF_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAY_DEPTH_MOST 64

/* What is being done with a member. */
enum way_stage {
	WAY_OPENING, /* a format looks at it */
	WAY_READING, /* its bytes are spooled, or hashed to their end */
	WAY_INSIDE,  /* its own members are listed */
};

/*
 * Which member: its position in its container, and that container's in the one around it, from the
 * artifact's members down. Depth 0 is the artifact itself. A deeper member than fits is known by
 * the container that does.
 */
struct way {
	uint32_t depth;
	uint32_t stage; /* enum way_stage */
	uint64_t positions[WAY_DEPTH_MOST];
};

/* Where a worker is, in memory that its parent sees: what it was at when it died. */
struct way_board {
	struct way way;
	int64_t capturing; /* the id of the member whose bytes are captured */
};

/* `at` counts from 0 for the artifact's own members. */
void way_enter(volatile struct way *way, unsigned at, uint64_t position);
void way_leave(volatile struct way *way, unsigned at);

/* A member that is not to be tried again. */
struct closed_way {
	struct way way;
	bool is_unread; /* nor are its bytes to be read */
	char reason[512];
};

/* Few: each stands for a worker that died. Zeroed is empty. */
struct closed_ways {
	struct closed_way *items;
	size_t count;
	size_t capacity;
};

/* NULL when it may be opened; `closed` may be NULL. */
const struct closed_way *closed_find(
	const struct closed_ways *closed, const volatile struct way *way);
/*
 * A worker died at `way`: the member is closed; when that did not help, or it died reading, its
 * bytes are not read either; and when that did not, its container is closed: that at once when it
 * `was_late`, because what is unpacked in time that there is not will not be skipped in less. False
 * when there is nothing left to close. What the worker wrote to `way` is believed in nothing but
 * which member it names.
 */
bool closed_add(
	struct closed_ways *closed, const struct way *way, bool was_late, const char *reason);
void closed_release(struct closed_ways *closed);

#endif
