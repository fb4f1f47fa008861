/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_RULES_LINE_H
#define VERIFIER_COVERAGE_RULES_LINE_H

#include "verifier/coverage/rules.h"

/* Words of a command line, from `at` on. */
struct line {
	char **words;
	size_t count;
};

struct line line_from(struct line line, size_t skip);
/*
 * Without variables that are set in front, and without programs that run the command behind their
 * own options: "env A=b timeout 60 make check". Empty when nothing is left.
 */
struct line line_unwrap(struct line line);
bool line_is_make(const char *name);

#endif
