/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_COVERAGE_SUITE_H
#define VERIFIER_COVERAGE_COVERAGE_SUITE_H

#include "snapshot/snapshot.h"

/* A release of Debian, and what debci calls it: "bookworm", "oldstable". */
struct coverage_suite {
	char *codename, *ci_name;
};

/*
 * Which of the pins' releases data from outside is asked about: the one that they are of, or what
 * an option says: a codename or suite of the pins, "unstable" for sid, or "CODENAME=NAME", where
 * debci has another name for it. Security, updates and backports belong to the release. Any other
 * name, and pins of several releases without the option, are STATUS_USAGE: a result of another
 * release is no result of what ships (trust T19). Without pins of a release both stay NULL.
 */
enum status coverage_suite_choose(const struct pin_list *pins, const char *option,
	struct coverage_suite *suite, struct error *err);
void coverage_suite_release(struct coverage_suite *suite);

/* Whether a suite of the pins, "bookworm-security", belongs to that release. */
bool coverage_suite_is(const struct pin_list *pins, const char *suite, const char *codename);

#endif
