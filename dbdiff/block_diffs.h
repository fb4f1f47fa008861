/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_BLOCK_DIFFS_H
#define DBDIFF_BLOCK_DIFFS_H

#include "dbdiff/findings.h"
#include "dbdiff/plan.h"

/*
 * Where bytes are not at hand: writes as the diff of each request which of the member's blocks
 * differ by their hashes, as ranges of offsets; nothing for a member without.
 */
enum status block_diffs_write(const struct diff_plan *plan, struct index *const sides[SIDES],
	uint64_t diff_bytes, struct findings *findings, struct error *err);

#endif
