/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_RULES_AUTOMAKE_H
#define VERIFIER_COVERAGE_RULES_AUTOMAKE_H

#include "verifier/coverage/rules_gate.h"

/* What stands in `if CONDITION` of a Makefile.am is worth, as far as configure.ac tells. */
enum effect automake_condition(const struct rules *rules, const char *condition);

#endif
