/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/grade.h"

#include <string.h>

/* Debian CI runs what Testsuite declares, whatever lies in debian/tests. */
static bool is_run_by_ci(const struct source_facts *facts)
{
	if (!facts->is_testsuite_declared)
		return false;
	switch (facts->autopkgtest_quality) {
	case AUTOPKGTEST_GENERATED:
	case AUTOPKGTEST_FUNCTIONAL:
	case AUTOPKGTEST_UPSTREAM_SUITE:
		return true;
	default:
		return false;
	}
}

/* Something of a test runs somewhere, and it does not suffice. */
static bool is_run_in_part(const struct source_facts *facts)
{
	switch (facts->autopkgtest_quality) {
	case AUTOPKGTEST_SUPERFICIAL_ONLY:
	case AUTOPKGTEST_FLAKY_ONLY:
	case AUTOPKGTEST_WEAK:
		if (facts->is_testsuite_declared)
			return true;
		break;
	default:
		break;
	}
	switch (facts->run_at_build) {
	case RUN_YES:
	case RUN_PARTIAL:
	case RUN_VACUOUS:
	case RUN_UNCLEAR:
		return true;
	default:
		return false;
	}
}

enum evidence_class coverage_class(bool is_self_built, const struct source_facts *facts)
{
	if (is_self_built)
		return CLASS_SELF_BUILT;
	if (!facts)
		return CLASS_UNKNOWN;
	bool build = facts->run_at_build == RUN_YES && facts->failure_fatal == FATAL_YES;
	bool ci = is_run_by_ci(facts);
	if (build && ci)
		return CLASS_A;
	if (build)
		return CLASS_B;
	if (ci)
		return CLASS_C;
	if (facts->trouble || facts->has_upstream_tests == KNOWN_UNKNOWN ||
		facts->autopkgtest_quality == AUTOPKGTEST_UNKNOWN)
		return CLASS_UNKNOWN;
	if (is_run_in_part(facts))
		return CLASS_D;
	if (facts->has_upstream_tests == KNOWN_YES || facts->has_autopkgtest == KNOWN_YES ||
		facts->run_at_build == RUN_NO)
		return CLASS_E;
	return CLASS_F;
}

enum known coverage_confirmed(enum evidence_class class, const struct coverage_results *results)
{
	bool is_build = class == CLASS_A || class == CLASS_B;
	bool is_ci = class == CLASS_A || class == CLASS_C;
	if (!is_build && !is_ci)
		return KNOWN_UNKNOWN;
	if ((is_build && results->log == KNOWN_NO) || (is_ci && results->debci == KNOWN_NO))
		return KNOWN_NO;
	if ((is_build && results->log != KNOWN_YES) || (is_ci && results->debci != KNOWN_YES))
		return KNOWN_UNKNOWN;
	return KNOWN_YES;
}

/* Restrictions by which a run passes without it (autopkgtest's README.package-tests). */
static bool may_be_skipped(const struct autopkgtest *stanza)
{
	static const char *const restrictions[] = {"skippable", "skip-not-installable",
		"skip-foreign-architecture", "isolation-machine", "needs-reboot", "needs-internet",
		"breaks-testbed", "flaky"};

	for (size_t i = 0; i < ARRAY_SIZE(restrictions); i++)
		if (text_list_contains(&stanza->restrictions, restrictions[i]))
			return true;
	return false;
}

static bool is_counted(const struct autopkgtest *stanza)
{
	return stanza->quality == AUTOPKGTEST_FUNCTIONAL ||
		stanza->quality == AUTOPKGTEST_UPSTREAM_SUITE;
}

/* All of the stanza: which of its tests is the one that counts is not kept. */
static bool has_passed(const struct autopkgtest *stanza, const struct debci_log *log)
{
	for (size_t i = 0; i < stanza->names.count; i++)
		if (!text_list_find(&log->passed_tests, stanza->names.items[i], NULL))
			return false;
	return stanza->names.count > 0;
}

/* autopkgtest calls a Test-Command "command1" and so on; a name of its own is not among the facts.
 */
static bool has_command_passed(const struct autopkgtest *stanza, const struct debci_log *log)
{
	for (size_t i = 0; i < log->passed_tests.count; i++)
		if (strncmp(log->passed_tests.items[i], "command", strlen("command")) == 0)
			return stanza->names.count == 1;
	return false;
}

bool coverage_pass_backs(const struct source_facts *facts, const struct debci_log *log)
{
	bool is_all = log && log->skipped == 0 && log->flaky == 0;

	if (!facts)
		return false;
	/* What the log says against its status is believed. */
	if (log && (log->failed > 0 || log->passed == 0))
		return false;
	if (is_all && facts->autopkgtest_quality == AUTOPKGTEST_GENERATED)
		return true;
	for (size_t i = 0; i < facts->autopkgtest_count; i++) {
		const struct autopkgtest *stanza = &facts->autopkgtests[i];

		if (is_counted(stanza) &&
			(log ? has_passed(stanza, log) ||
						(is_all && has_command_passed(stanza, log))
			     : !may_be_skipped(stanza)))
			return true;
	}
	return false;
}
