/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_PLAN_TOLD_H
#define DBDIFF_PLAN_TOLD_H

#include "dbdiff/plan.h"

/*
 * Finds what the formats around a leaf answer for of its bytes: signatures that they verified, and
 * values that they computed again (REGION_WRAPPER and REGION_DERIVED with an owner). Looks at the
 * leaf's container, and at the one around that.
 */
enum status plan_add_told(struct diff_plan *plan, struct index *const sides[SIDES],
	const struct level *level, struct leaf_request *leaf, struct error *err);

#endif
