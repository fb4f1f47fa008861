/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_ANSWER_H
#define VERIFIER_COVERAGE_ANSWER_H

#include <stdbool.h>

/*
 * The answers that coverage gives of a source package, and their words in every output. The rules
 * behind them: docs/coverage.md.
 */

/* A yes or a no, or that nothing could be had to tell it from (null in JSON). */
enum known {
	KNOWN_UNKNOWN,
	KNOWN_NO,
	KNOWN_YES
};

/* Does the package's build run the package's own tests? */
enum run_at_build {
	RUN_UNCLEAR, /* it cannot be decided from the source; the claims say why */
	RUN_NONE,    /* there are no tests that it could run */
	RUN_VACUOUS, /* the step is there and does nothing: no target, an empty suite */
	RUN_NO,	     /* tests exist, and the build does not run them */
	RUN_PARTIAL, /* some of them, or only under a condition */
	RUN_YES,
};

/* Does a test that fails break the build? */
enum failure_fatal {
	FATAL_UNCLEAR,
	FATAL_NOT_APPLICABLE, /* nothing is run */
	FATAL_NO,
	FATAL_PARTLY,
	FATAL_YES,
};

/* What the autopkgtests are worth, best last. */
enum autopkgtest_quality {
	AUTOPKGTEST_UNKNOWN,
	AUTOPKGTEST_NONE,
	AUTOPKGTEST_SUPERFICIAL_ONLY,
	AUTOPKGTEST_FLAKY_ONLY,
	AUTOPKGTEST_WEAK,
	AUTOPKGTEST_GENERATED, /* autodep8 */
	AUTOPKGTEST_FUNCTIONAL,
	AUTOPKGTEST_UPSTREAM_SUITE,
};

/* The first of S, U, A … that fits (docs/coverage.md); nothing but U comes of nothing. */
enum evidence_class {
	CLASS_UNKNOWN,	  /* U: source or data unavailable; what nobody judged yet is that too */
	CLASS_SELF_BUILT, /* S: outside Debian CI */
	CLASS_A,	  /* the build runs tests, fatally, and Debian CI too */
	CLASS_B,	  /* the build only */
	CLASS_C,	  /* Debian CI only */
	CLASS_D,	  /* some test runs, but partial, masked, vacuous, unclear, weak */
	CLASS_E,	  /* tests exist, nothing shows that any is run */
	CLASS_F,	  /* no tests */
};

/* The words: "yes", "partial", "no", "vacuous", "none", "unclear"; … ; "S", "U", "A" … */
const char *run_at_build_word(enum run_at_build run);
const char *failure_fatal_word(enum failure_fatal fatal);
const char *autopkgtest_quality_word(enum autopkgtest_quality quality);
const char *evidence_class_word(enum evidence_class class);
/* Of a class, what it is called in a table, "weak or masked"; and what it means, in a sentence. */
const char *evidence_class_name(enum evidence_class class);
const char *evidence_class_meaning(enum evidence_class class);
/* False for a word that is none of them. */
bool run_at_build_parse(const char *word, enum run_at_build *run);
bool failure_fatal_parse(const char *word, enum failure_fatal *fatal);
bool autopkgtest_quality_parse(const char *word, enum autopkgtest_quality *quality);
bool evidence_class_parse(const char *word, enum evidence_class *class);

#endif
