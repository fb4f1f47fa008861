/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_UNPACKING_H
#define DBDIFF_UNPACKING_H

#include "base/error.h"
#include "dbdiff/index.h"
#include "dbdiff/sides.h"

/*
 * Whether another order of the members of an archive may come to other files when they are
 * unpacked one after another: when a member is written through another one or over it, or
 * stands in front of what it needs on one side only. Adds a line that says so to `why`, and
 * nothing where any order comes to the same.
 */
enum status unpacking_compare(struct index *const indexes[SIDES], const int64_t containers[SIDES],
	struct buffer *why, struct error *err);

#endif
