/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_GRADE_H
#define VERIFIER_COVERAGE_GRADE_H

#include "verifier/coverage/debci.h"
#include "verifier/coverage/source_facts.h"

/* What results say of a source package, where there are any that count (trust T19). */
struct coverage_results {
	enum known debci; /* passed, or failed, at the version that ships */
	enum known log;	  /* a build log of what ships shows tests that ran and passed, or that none
			     did */
};

/*
 * The evidence class of a source package, by what it declares and does. `facts` is NULL when its
 * source could not be had or read. Only what is shown counts: where upstream's files were not
 * looked at, what rests on Debian CI is still known, and all else is CLASS_UNKNOWN.
 */
enum evidence_class coverage_class(bool is_self_built, const struct source_facts *facts);

/*
 * Whether results back the class, as far as it rests on them: KNOWN_YES when each thing that it
 * rests on is shown, KNOWN_NO when a result says otherwise, else KNOWN_UNKNOWN. Classes without
 * evidence rest on nothing.
 */
enum known coverage_confirmed(enum evidence_class class, const struct coverage_results *results);

/*
 * Whether a pass of debci shows that an autopkgtest which counts has passed: a pass is also given
 * when all of these were skipped and one that only asks for a version ran. With the summary of the
 * run, when all tests of a stanza that counts are among those that passed, where none was skipped
 * also a command's or generated ones; without it, when there is one that is never skipped.
 */
bool coverage_pass_backs(const struct source_facts *facts, const struct debci_log *log);

#endif
