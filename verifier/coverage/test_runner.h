/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_TEST_RUNNER_H
#define VERIFIER_COVERAGE_TEST_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

/* Programs whose work is to run tests, and what their words say of how many. */
enum test_runner_kind {
	RUNNER_CTEST,
	RUNNER_MESON,
	RUNNER_NINJA,
	RUNNER_PYTEST,
	RUNNER_UNITTEST,
	RUNNER_GO,
	RUNNER_OWN,	/* it is made for tests, and finds them itself */
	RUNNER_PROJECT, /* what it does stands in a file of the project: npm, ant */
};

struct test_run {
	bool is_runner; /* the words are a command of one */
	enum test_runner_kind kind;
	bool is_idle;	   /* it lists or compiles tests, and runs none */
	bool is_selection; /* some of them, by its own words */
	/* The one suite of Meson's that it is about, or all but that; NULL for more or none.
	 * Borrowed. */
	const char *suite;
	bool is_without_suite;
};

/* Whether `count` words are a command of such a program, whose name may have a directory. */
bool test_runner_read(char *const *words, size_t count, struct test_run *run);

#endif
