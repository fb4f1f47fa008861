/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_OUTCOME_H
#define DBDIFF_OUTCOME_H

#include "dbdiff/findings.h"
#include "dbdiff/index.h"
#include "dbdiff/sameness.h"

/* One side of a pair that was compared. */
struct outcome_side {
	int fd; /* of the artifact */
	uint64_t size;
	int spool_fd; /* what its outermost stream holds, where it is one */
	struct index *index;
	const struct sameness *sameness; /* of the artifacts; or NULL */
};

/*
 * Counts the bytes that differ, says whose they are, and whether all of that are wrappers that can
 * be taken off: the bytes and is_content_equal of `result`.
 */
enum status outcome_measure(const char *name, const struct outcome_side sides[SIDES],
	struct findings *findings, struct comparison *result, struct error *err);

#endif
