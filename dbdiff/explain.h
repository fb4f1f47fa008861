/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_EXPLAIN_H
#define DBDIFF_EXPLAIN_H

#include "dbdiff/findings.h"
#include "dbdiff/plan.h"

/* What is needed to look at the leaves of a plan again. All borrowed. */
struct explaining {
	struct diff_plan *plan;
	struct findings *findings;
	const struct limits *limits;
	uint64_t diff_bytes; /* the most a diff may have */
	/*
	 * Reads what is wanted of both sides into empty files (walk_again()); why[] is what became
	 * of a side whose worker did not go to its end.
	 */
	enum status (*capture)(void *context, const struct wanted_list wanted[SIDES],
		const int fds[SIDES], struct error why[SIDES], struct error *err);
	void *context;
};

/*
 * Writes to the findings how the leaves of the plan differ, and why, as far as matchers tell. What
 * cannot be read again, or ends the worker that looks at it, is not inspected, with what happened;
 * the others are looked at all the same. Trouble of this machine with what was captured fails the
 * comparison.
 */
enum status explain_leaves(const struct explaining *explaining, struct error *err);

#endif
