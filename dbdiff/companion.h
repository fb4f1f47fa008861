/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_COMPANION_H
#define DBDIFF_COMPANION_H

#include "dbdiff/findings.h"
#include "dbdiff/plan.h"

/*
 * A block map holds SHA-256 of ranges of another file, its image. Computes those of the leaves of
 * the plan that are called by such a range ("Range 22016-33312", in blocks of 4096 bytes, as
 * bmaptool's format 2.0 has them), and tells the findings, so that a claim can be held against
 * them. `fds` are of the image on each side. A range that is not in both images is left out, and so
 * is one of which the block map says another digest: then nothing claims it. No byte is read twice:
 * where ranges overlap, which bmaptool writes none of, nothing is told.
 */
enum status companion_digests(const struct diff_plan *plan, const char *artifact,
	const int fds[SIDES], struct findings *findings, struct error *err);

#endif
