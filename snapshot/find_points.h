/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FIND_POINTS_H
#define SNAPSHOT_FIND_POINTS_H

#include "snapshot/find_cover.h"
#include "snapshot/find_range.h"

/* A time in an archive, and the packages that are current then in some suite of it. */
struct find_point {
	uint32_t archive;
	int64_t time;
	int64_t since;	     /* from then on all of its packages are current, without a break */
	size_t first, count; /* of the elements: the packages that it has */
};

/* A zeroed struct is empty. */
struct find_points {
	struct find_point *items;
	size_t count, capacity;
	uint32_t *elements; /* of all points, numbers below element_count */
	size_t element_total, element_capacity;
	uint32_t *packages; /* which package an element is; ascending */
	size_t element_count;
};

/*
 * The times that a smallest choice can be made of: for any other time there is one of these at
 * which no package less is current. (Whatever is chosen can be moved on until the first range that
 * it is in ends; and of the ends without a beginning between them, the first one has all.) Which
 * has most packages stands first, then the newest, then by the archive's name. STATUS_LIMIT when
 * they are more than can be compared.
 */
enum status find_points_make(
	const struct find_ranges *ranges, struct find_points *points, struct error *err);
void find_points_release(struct find_points *points);

/* As a problem of covering, whose candidates are the caller's to free. */
void find_points_problem(const struct find_points *points, struct cover_problem *problem);

#endif
