/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FIND_COVER_H
#define SNAPSHOT_FIND_COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What may be chosen: the elements that it covers, each below element_count. */
struct cover_candidate {
	const uint32_t *elements;
	size_t count;
};

/* The candidates stand in the order of preference, the best one first. */
struct cover_problem {
	size_t element_count;
	const struct cover_candidate *candidates;
	size_t candidate_count;
};

/* A choice that covers every element. A zeroed struct is safe to release. */
struct cover_choice {
	size_t *candidates; /* their numbers, ascending */
	size_t count;
	size_t at_least;   /* no choice with fewer covers every element */
	bool is_preferred; /* proven to be the first of the smallest ones */
};

/* Enough for an image's hundreds of packages at thousands of times; some seconds when all of it
 * is needed. */
#define COVER_EFFORT UINT64_C(2000000000)

/*
 * Chooses as few candidates as cover every element, and of the smallest choices the one whose
 * candidates, in ascending order, come first (the least in lexicographic order). The search is
 * exact: it is over when that is proven, or when it has looked at about `effort` machine words;
 * then the best choice so far is given, and count > at_least or !is_preferred says what is not
 * proven. The same problem and effort give the same choice anywhere.
 *
 * STATUS_NOT_FOUND when an element is in no candidate, STATUS_LIMIT when elements times candidates
 * are more than can be held.
 */
enum status cover_choose(const struct cover_problem *problem, uint64_t effort,
	struct cover_choice *choice, struct error *err);
void cover_choice_release(struct cover_choice *choice);

#endif
