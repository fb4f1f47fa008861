/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_PLAN_H
#define DBDIFF_PLAN_H

#include "dbdiff/index.h"
#include "dbdiff/sides.h"
#include "dbdiff/walk.h"

/* Of a leaf over PLAN_WHOLE_MOST bytes so many blocks that differ are read again at the most. */
#define PLAN_BLOCKS_MOST 64
#define PLAN_WHOLE_MOST	 (4 * (uint64_t)INDEX_BLOCK_SIZE)
/* Bytes of the blocks around a run of them, so that values which reach out of it are seen. */
#define PLAN_AROUND	  ((uint64_t)4096)
#define PLAN_STRETCH_MOST (PLAN_BLOCKS_MOST * (uint64_t)INDEX_BLOCK_SIZE + 2 * PLAN_AROUND)
/* And of all leaves of a pair. */
#define PLAN_LEAVES_MOST 4096
#define PLAN_BYTES_MOST	 ((uint64_t)128 << 20)
/* Of members that were asked for by one path so many are read again whatever else is. */
#define PLAN_SHOWN_MOST 16

/* Where a comparison stands: a pair of members, and the pair of containers that hold them. */
struct level {
	const struct level *parent; /* NULL for the artifacts */
	const struct index_row *rows[SIDES];
};

/* A stretch of a leaf that is read again, at the same place on both sides. */
struct plan_stretch {
	uint64_t offset, len; /* a side may end before */
};

/* A range of a leaf on each side. */
struct claim_range {
	uint64_t start[SIDES], len[SIDES];
};

/* A range that a format answered for: it verified it, or computed it from other bytes. */
struct told_claim {
	struct claim_range range;
	const char *cause;  /* of the field table: static */
	const char *region; /* its name there: static */
};

/* A leaf whose bytes differ. */
struct leaf_request {
	int64_t finding;
	int64_t members[SIDES];
	uint64_t sizes[SIDES];
	char *path;	      /* whole, from the artifact's name */
	size_t stretch;	      /* the first of its own in plan->stretches */
	size_t stretch_count; /* in the order of their offsets, not touching */
	size_t told;	      /* likewise in plan->told */
	size_t told_count;
	/* No byte outside its stretches differs, as far as block hashes tell (which prove nothing).
	 */
	bool is_covered;
	bool in_program;     /* its container is one, on both sides */
	bool has_open_field; /* metadata of it differs for no known reason too */
	bool with_diff;
	bool has_strings; /* binary data in which people look for texts */
};

struct wanted_list {
	struct wanted *items;
	size_t count;
	size_t capacity;
};

/* What to read again, and for what. Zeroed is empty. */
struct diff_plan {
	struct leaf_request *leaves;
	size_t count;
	size_t capacity;
	struct plan_stretch *stretches;
	size_t stretch_count, stretch_capacity;
	struct told_claim *told;
	size_t told_count, told_capacity;
	uint64_t bytes;
	size_t diffs; /* but those of members that were asked for behind the others */
	size_t shown;
	struct wanted_list wanted[SIDES];
	struct wanted_list inside[SIDES]; /* pairs of leaves to open because they differ */
};

/* A pair of leaves that differ, as comparing them found. */
struct plan_leaf {
	const struct level *level;
	int64_t finding;
	const char *path;
	const struct buffer *fields; /* that differ: "name\0published\0rebuilt\0" … */
	bool is_shown;		     /* it was asked for: no bound keeps it from having its diff */
};

/* What became of one. */
enum planned {
	PLANNED_NOTHING, /* it was not read whole the first time */
	PLANNED_FULL,	 /* nor now: PLAN_LEAVES_MOST or PLAN_BYTES_MOST is reached */
	PLANNED_NO_DIFF, /* it is looked at, and others have the diffs */
	PLANNED_WITH_DIFF,
};

/*
 * Plans to read a pair of leaves again, for their diff and for what explains it. Of the first
 * `diff_members` a diff is shown.
 */
enum status diff_plan_add(struct diff_plan *plan, struct index *const sides[SIDES],
	const struct plan_leaf *leaf, uint64_t diff_members, enum planned *planned,
	struct error *err);
/* Plans to open a pair of leaves. */
void diff_plan_add_inside(struct diff_plan *plan, const struct level *level);
/* Sorts what is wanted, and drops what is there twice. */
void wanted_list_finish(struct wanted_list *list);
/*
 * What to read of one side to hash the rest of some leaves, outside of their stretches; `is_chosen`
 * is one bool a leaf of the plan. The plan's own list is finished.
 */
void plan_want_rests(
	const struct diff_plan *plan, int side, const bool *is_chosen, struct wanted_list *rests);
/* Empties it. */
void diff_plan_release(struct diff_plan *plan);

#endif
