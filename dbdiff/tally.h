/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_TALLY_H
#define DBDIFF_TALLY_H

#include "dbdiff/resolve.h"

/* Bytes counted by whose they are, until all were seen. Zeroed but for `findings` is empty. */
struct tally {
	struct findings *findings;
	struct tally_member {
		struct finding_range range;
		char *claimed; /* a cause, or NULL: the main one of the range */
		uint64_t bytes;
	} * members;
	size_t member_count, member_capacity;
	struct tally_region {
		int64_t pair; /* of containers */
		int side;
		int64_t container;
		enum span_kind kind;
		char *name;
		uint64_t bytes;
	} * regions;
	size_t region_count, region_capacity;
	size_t *slots; /* numbers of regions from 1, by what they are of; 0: free */
	size_t slot_count;
	uint64_t unexplained; /* bytes so far */
};

/* The span is not SPAN_NOBODY. */
enum status tally_add(
	struct tally *tally, int side, const struct span *span, uint64_t bytes, struct error *err);
/* Adds everything to the findings; tally->unexplained is then complete. */
enum status tally_write(struct tally *tally, struct error *err);
/*
 * When all bytes that differ are in some region: a container that was told of because its bytes
 * differ and nothing in it does is explained by its regions, if all of them are.
 */
enum status tally_settle(struct tally *tally, struct error *err);
void tally_release(struct tally *tally);

#endif
