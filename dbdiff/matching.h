/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_MATCHING_H
#define DBDIFF_MATCHING_H

#include "dbdiff/captured.h"
#include "dbdiff/matcher.h"

#define MATCH_TEXT_MOST	  ((uint64_t)1 << 20)
#define MATCH_PLACES_MOST 500000 /* that are looked at, in all leaves */

/* What the process that matches writes, each in front of a text of `len` bytes. */
struct match_record {
	enum match_kind {
		MATCH_CLAIM, /* the text is the evidence */
		MATCH_DIFF,  /* the text is the diff */
		MATCH_DONE,  /* all of the leaf was said; without a text */
	} kind;
	uint32_t leaf;	/* in the plan */
	uint32_t cause; /* of a claim: its row in the catalogue */
	uint32_t len;
	struct claim_range range; /* of a claim, in the leaf */
};

/* What it is given. All borrowed. */
struct match_job {
	const struct diff_plan *plan;
	size_t first;			 /* of its leaves; those before it are not looked at */
	const struct captured *captured; /* [SIDES] */
	const struct known_pair *known;
	size_t known_count;
	uint64_t diff_bytes; /* the most a diff may have */
	size_t places_left;
};

/*
 * Looks at the bytes of one leaf of the plan after the other, and writes its diff and what may
 * explain it to `out_fd`, and then that it is done. These bytes are hostile: runs in a worker
 * (dbdiff/worker.h).
 */
enum status match_leaves(struct match_job *job, int out_fd, struct error *err);

#endif
