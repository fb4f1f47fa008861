/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_WALK_LEAF_H
#define DBDIFF_WALK_LEAF_H

#include "dbdiff/tap.h"
#include "dbdiff/walk.h"

/* How many regions an artifact may have for each member that it may have. */
#define WALK_REGIONS_PER_MEMBER 16

/* What both ways of going through an artifact share: the first, and the second to some leaves. */
struct walk {
	const struct walk_setup *setup;
	volatile struct way *way; /* where it is */
	struct index *index;
	struct budget budget;
	struct unpack_costs costs;
	int64_t last_id; /* members get the ids behind it */
	uint64_t regions_left;
	bool is_stream; /* the artifact is a compressed stream */
	/* Of which members have a place: the artifact, or what its outermost stream holds. */
	const struct source *base;
	bool with_lazy; /* formats that are opened only where two sides differ */
};

/*
 * Opens what the first walk took for a leaf, as the format that bids on it now, and records what is
 * inside below `row`, which names it by container, path and id.
 */
enum status walk_leaf(struct walk *walk, struct source *content, const struct source *packed,
	struct index_row *row, unsigned depth, struct error *err);

#endif
