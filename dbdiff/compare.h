/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_COMPARE_H
#define DBDIFF_COMPARE_H

#include "dbdiff/attribute.h"
#include "dbdiff/compare_terms.h"

/*
 * The merge-walk: what differs between two indexes of artifacts that do not have the same bytes,
 * at least one finding. Plans to look at leaves again, for diffs and causes, and to open pairs of
 * leaves of one format that is opened only where they differ; when there are any, it is to be
 * called again afterwards, with all findings and plans cleared. Members that were not hashed are
 * compared byte by byte, where both have a place in the sides' bytes; otherwise they differ.
 * STATUS_END when a member that a walk spared is needed whole: the walks are to spare none, and all
 * findings and plans to be cleared.
 */
enum status compare_indexes(const char *name, const struct side_bytes sides[SIDES],
	const struct compare_terms *terms, struct findings *findings, struct diff_plan *plan,
	struct error *err);

#endif
