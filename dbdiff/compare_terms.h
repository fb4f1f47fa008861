/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_COMPARE_TERMS_H
#define DBDIFF_COMPARE_TERMS_H

#include "dbdiff/findings.h"
#include "dbdiff/plan.h"

/* How two indexes are compared. Borrowed. */
struct compare_terms {
	uint64_t diff_members; /* so many leaves get a diff */
	const char *shown;     /* NULL, or the path of a member that gets one besides (dbdiff.h) */
	/* NULL, or why leaves that are opened only where they differ are not: for a second call. */
	const char *not_opened;
};

/* The path was asked for, with the artifact's name in front or without it. */
bool compare_terms_show(const struct compare_terms *terms, const char *name, const char *path);
/* What a bound keeps from being told of a leaf is said of it. */
enum status compare_terms_note(const struct compare_terms *terms, enum planned planned,
	int64_t finding, struct findings *findings, struct error *err);

#endif
