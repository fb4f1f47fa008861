/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_BUILDLOG_INTERNAL_H
#define VERIFIER_COVERAGE_BUILDLOG_INTERNAL_H

#include "verifier/coverage/buildlog.h"

/* Inside buildlog*.c only. */

/* A line of a .buildinfo: the .debs of its Checksums-Sha256 are added. */
void buildlog_take_sum(struct buildlog *log, const char *line, bool *is_in_sums);

#endif
