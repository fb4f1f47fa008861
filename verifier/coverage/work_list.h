/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_WORK_LIST_H
#define VERIFIER_COVERAGE_WORK_LIST_H

#include "base/buffer.h"
#include "verifier/coverage/coverage.h"

/*
 * How a test could be added to each package that has none which counts (classes D, E, F): the
 * upstream suite that exists and is not run, with the patch that would run it, or that nothing was
 * found. Markdown, for whoever takes it up; all data stands in code spans and blocks (trust T20).
 */
void work_list_write(const struct coverage *coverage, struct buffer *out);

#endif
