/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_PLAN_H
#define DBDIFF_PLAN_H

#include "dbdiff/index.h"
#include "dbdiff/sides.h"
#include "dbdiff/walk.h"

/* Where a comparison stands: a pair of members, and the pair of containers that hold them. */
struct level {
	const struct level *parent; /* NULL for the artifacts */
	const struct index_row *rows[SIDES];
};

/* A leaf whose bytes are to be read again on both sides for its diff. */
struct diff_request {
	int64_t finding;
	int64_t members[SIDES];
	uint64_t offset;    /* on both sides */
	bool is_cut[SIDES]; /* there is more behind the stretch */
	bool has_strings;   /* binary data in which people look for texts */
};

struct wanted_list {
	struct wanted *items;
	size_t count;
	size_t capacity;
};

/* What to read again, and for what. Zeroed is empty. */
struct diff_plan {
	struct diff_request *requests;
	size_t count;
	size_t capacity;
	struct wanted_list wanted[SIDES];
	struct wanted_list inside[SIDES]; /* pairs of leaves to open because they differ */
};

/* Plans the diff of a pair of leaves; does nothing for what was not read whole. */
enum status diff_plan_add(struct diff_plan *plan, struct index *const sides[SIDES],
	const struct level *level, int64_t finding, struct error *err);
/* Plans to open a pair of leaves. */
void diff_plan_add_inside(struct diff_plan *plan, const struct level *level);
/* Sorts what is wanted, and drops what is there twice. */
void wanted_list_finish(struct wanted_list *list);
/* Empties it. */
void diff_plan_release(struct diff_plan *plan);

#endif
