/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "verifier/coverage/grade.h"

#include <check.h>
#include <stdlib.h>

#define UPSTREAM AUTOPKGTEST_UPSTREAM_SUITE

START_TEST(a_class_is_the_first_that_fits)
{
	static const struct {
		enum run_at_build run;
		enum failure_fatal fatal;
		enum autopkgtest_quality quality;
		enum known upstream, autopkgtest;
		enum evidence_class class;
	} rows[] = {
		{RUN_YES, FATAL_YES, UPSTREAM, KNOWN_YES, KNOWN_YES, CLASS_A},
		{RUN_YES, FATAL_YES, AUTOPKGTEST_FUNCTIONAL, KNOWN_YES, KNOWN_YES, CLASS_A},
		{RUN_YES, FATAL_YES, AUTOPKGTEST_GENERATED, KNOWN_YES, KNOWN_YES, CLASS_A},
		{RUN_YES, FATAL_YES, AUTOPKGTEST_WEAK, KNOWN_YES, KNOWN_YES, CLASS_B},
		{RUN_YES, FATAL_YES, AUTOPKGTEST_FLAKY_ONLY, KNOWN_YES, KNOWN_YES, CLASS_B},
		{RUN_YES, FATAL_YES, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_B},
		{RUN_YES, FATAL_YES, AUTOPKGTEST_UNKNOWN, KNOWN_UNKNOWN, KNOWN_UNKNOWN, CLASS_B},
		{RUN_YES, FATAL_NO, UPSTREAM, KNOWN_YES, KNOWN_YES, CLASS_C},
		{RUN_NONE, FATAL_NOT_APPLICABLE, UPSTREAM, KNOWN_NO, KNOWN_YES, CLASS_C},
		{RUN_UNCLEAR, FATAL_UNCLEAR, UPSTREAM, KNOWN_UNKNOWN, KNOWN_YES, CLASS_C},
		{RUN_YES, FATAL_NO, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_D},
		{RUN_YES, FATAL_PARTLY, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_D},
		{RUN_YES, FATAL_UNCLEAR, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_D},
		{RUN_PARTIAL, FATAL_YES, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_D},
		{RUN_VACUOUS, FATAL_YES, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_D},
		{RUN_UNCLEAR, FATAL_UNCLEAR, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_D},
		{RUN_NO, FATAL_NOT_APPLICABLE, AUTOPKGTEST_WEAK, KNOWN_YES, KNOWN_YES, CLASS_D},
		{RUN_NONE, FATAL_NOT_APPLICABLE, AUTOPKGTEST_SUPERFICIAL_ONLY, KNOWN_NO, KNOWN_YES,
			CLASS_D},
		{RUN_NO, FATAL_NOT_APPLICABLE, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_E},
		{RUN_NONE, FATAL_NOT_APPLICABLE, AUTOPKGTEST_NONE, KNOWN_YES, KNOWN_NO, CLASS_E},
		{RUN_NONE, FATAL_NOT_APPLICABLE, AUTOPKGTEST_NONE, KNOWN_NO, KNOWN_NO, CLASS_F},
		/* Not looked at is not "no tests", and not "some tests" either. */
		{RUN_NONE, FATAL_NOT_APPLICABLE, AUTOPKGTEST_NONE, KNOWN_UNKNOWN, KNOWN_NO,
			CLASS_UNKNOWN},
		{RUN_UNCLEAR, FATAL_UNCLEAR, AUTOPKGTEST_NONE, KNOWN_UNKNOWN, KNOWN_NO,
			CLASS_UNKNOWN},
		{RUN_UNCLEAR, FATAL_UNCLEAR, AUTOPKGTEST_UNKNOWN, KNOWN_YES, KNOWN_UNKNOWN,
			CLASS_UNKNOWN},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct source_facts facts = {.run_at_build = rows[i].run,
			.failure_fatal = rows[i].fatal,
			.autopkgtest_quality = rows[i].quality,
			.has_upstream_tests = rows[i].upstream,
			.has_autopkgtest = rows[i].autopkgtest,
			.is_testsuite_declared = true};
		ck_assert_msg(coverage_class(false, &facts) == rows[i].class, "row %zu", i);
		ck_assert_int_eq(coverage_class(true, &facts), CLASS_SELF_BUILT);
	}
	ck_assert_int_eq(coverage_class(false, NULL), CLASS_UNKNOWN);
	ck_assert_int_eq(coverage_class(true, NULL), CLASS_SELF_BUILT);
}
END_TEST

START_TEST(what_is_not_declared_is_not_run_by_ci)
{
	struct source_facts facts = {.run_at_build = RUN_NO,
		.failure_fatal = FATAL_NOT_APPLICABLE,
		.autopkgtest_quality = UPSTREAM,
		.has_upstream_tests = KNOWN_YES,
		.has_autopkgtest = KNOWN_YES};
	ck_assert_int_eq(coverage_class(false, &facts), CLASS_E);
	facts.is_testsuite_declared = true;
	ck_assert_int_eq(coverage_class(false, &facts), CLASS_C);
}
END_TEST

/* The stanza lies there, and nobody runs it: that is nothing which runs. */
START_TEST(a_weak_test_that_is_not_declared_does_not_run)
{
	struct source_facts facts = {.run_at_build = RUN_NONE,
		.failure_fatal = FATAL_NOT_APPLICABLE,
		.autopkgtest_quality = AUTOPKGTEST_WEAK,
		.has_upstream_tests = KNOWN_NO,
		.has_autopkgtest = KNOWN_YES};
	ck_assert_int_eq(coverage_class(false, &facts), CLASS_E);
	facts.is_testsuite_declared = true;
	ck_assert_int_eq(coverage_class(false, &facts), CLASS_D);
}
END_TEST

static struct autopkgtest stanza_of(
	const char *name, const char *restriction, enum autopkgtest_quality quality)
{
	struct autopkgtest stanza = {.quality = quality};

	text_list_add(&stanza.names, name);
	if (restriction)
		text_list_add(&stanza.restrictions, restriction);
	return stanza;
}

/* debci says pass when one test passed and all others were skipped. */
START_TEST(a_pass_that_rests_on_skipped_tests_backs_nothing)
{
	struct autopkgtest stanzas[] = {
		stanza_of("version", NULL, AUTOPKGTEST_WEAK),
		stanza_of("suite", "isolation-machine", AUTOPKGTEST_UPSTREAM_SUITE),
		stanza_of("works", NULL, AUTOPKGTEST_FUNCTIONAL),
	};
	struct source_facts facts = {.autopkgtests = stanzas, .autopkgtest_count = 2};
	struct debci_log log = {.passed = 1, .skipped = 1};

	ck_assert(!coverage_pass_backs(NULL, NULL));
	/* Without a log: one that is never skipped has passed, as the run would have failed. */
	ck_assert(!coverage_pass_backs(&facts, NULL));
	facts.autopkgtest_count = 3;
	ck_assert(coverage_pass_backs(&facts, NULL));
	facts.autopkgtest_count = 2;
	text_list_add(&log.passed_tests, "version");
	ck_assert(!coverage_pass_backs(&facts, &log));
	text_list_add(&log.passed_tests, "suite");
	text_list_sort(&log.passed_tests);
	log.passed = 2;
	ck_assert(coverage_pass_backs(&facts, &log));
	debci_log_release(&log);
	/* None was skipped, and the one that counts is not among them: of another run, or cut. */
	log = (struct debci_log){.passed = 2};
	text_list_add(&log.passed_tests, "version");
	ck_assert(!coverage_pass_backs(&facts, &log));
	text_list_add(&log.passed_tests, "command1");
	text_list_sort(&log.passed_tests);
	ck_assert(coverage_pass_backs(&facts, &log));
	log.skipped = 1;
	ck_assert(!coverage_pass_backs(&facts, &log));
	debci_log_release(&log);
	log = (struct debci_log){.passed = 2};
	ck_assert(!coverage_pass_backs(&facts, &log));
	facts.autopkgtest_quality = AUTOPKGTEST_GENERATED;
	ck_assert(coverage_pass_backs(&facts, &log));
	facts.autopkgtest_quality = AUTOPKGTEST_NONE;
	/* Its own log says otherwise. */
	text_list_add(&log.passed_tests, "suite");
	ck_assert(coverage_pass_backs(&facts, &log));
	log.failed = 1;
	ck_assert(!coverage_pass_backs(&facts, &log));
	debci_log_release(&log);
	log = (struct debci_log){.superficial = 3};
	ck_assert(!coverage_pass_backs(&facts, &log));
	/* One test of a stanza that was skipped may be the one that counts. */
	text_list_add(&stanzas[1].names, "more");
	log = (struct debci_log){.passed = 1, .skipped = 1};
	text_list_add(&log.passed_tests, "suite");
	ck_assert(!coverage_pass_backs(&facts, &log));
	debci_log_release(&log);
	for (size_t i = 0; i < ARRAY_SIZE(stanzas); i++) {
		text_list_release(&stanzas[i].names);
		text_list_release(&stanzas[i].restrictions);
	}
}
END_TEST

START_TEST(what_could_not_be_read_is_unknown)
{
	struct source_facts facts = {.run_at_build = RUN_NONE,
		.failure_fatal = FATAL_NOT_APPLICABLE,
		.autopkgtest_quality = AUTOPKGTEST_NONE,
		.has_upstream_tests = KNOWN_NO,
		.has_autopkgtest = KNOWN_NO};
	ck_assert_int_eq(coverage_class(false, &facts), CLASS_F);
	facts.trouble = (char[]){"orig.tar.xz: ends early"};
	ck_assert_int_eq(coverage_class(false, &facts), CLASS_UNKNOWN);
}
END_TEST

START_TEST(results_back_what_the_class_rests_on)
{
	static const struct {
		enum evidence_class class;
		enum known debci, log, confirmed;
	} rows[] = {
		{CLASS_A, KNOWN_YES, KNOWN_YES, KNOWN_YES},
		{CLASS_A, KNOWN_YES, KNOWN_UNKNOWN, KNOWN_UNKNOWN},
		{CLASS_A, KNOWN_UNKNOWN, KNOWN_YES, KNOWN_UNKNOWN},
		{CLASS_A, KNOWN_NO, KNOWN_YES, KNOWN_NO},
		{CLASS_A, KNOWN_UNKNOWN, KNOWN_NO, KNOWN_NO},
		{CLASS_B, KNOWN_UNKNOWN, KNOWN_YES, KNOWN_YES},
		{CLASS_B, KNOWN_NO, KNOWN_YES, KNOWN_YES},
		{CLASS_B, KNOWN_YES, KNOWN_UNKNOWN, KNOWN_UNKNOWN},
		{CLASS_B, KNOWN_YES, KNOWN_NO, KNOWN_NO},
		{CLASS_C, KNOWN_YES, KNOWN_NO, KNOWN_YES},
		{CLASS_C, KNOWN_NO, KNOWN_YES, KNOWN_NO},
		{CLASS_C, KNOWN_UNKNOWN, KNOWN_YES, KNOWN_UNKNOWN},
		{CLASS_D, KNOWN_YES, KNOWN_YES, KNOWN_UNKNOWN},
		{CLASS_E, KNOWN_NO, KNOWN_NO, KNOWN_UNKNOWN},
		{CLASS_F, KNOWN_YES, KNOWN_YES, KNOWN_UNKNOWN},
		{CLASS_SELF_BUILT, KNOWN_YES, KNOWN_YES, KNOWN_UNKNOWN},
		{CLASS_UNKNOWN, KNOWN_YES, KNOWN_YES, KNOWN_UNKNOWN},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct coverage_results results = {rows[i].debci, rows[i].log};
		ck_assert_msg(coverage_confirmed(rows[i].class, &results) == rows[i].confirmed,
			"row %zu", i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grade");
	TCase *tests = tcase_create("grade");
	tcase_add_test(tests, a_class_is_the_first_that_fits);
	tcase_add_test(tests, what_is_not_declared_is_not_run_by_ci);
	tcase_add_test(tests, a_weak_test_that_is_not_declared_does_not_run);
	tcase_add_test(tests, a_pass_that_rests_on_skipped_tests_backs_nothing);
	tcase_add_test(tests, what_could_not_be_read_is_unknown);
	tcase_add_test(tests, results_back_what_the_class_rests_on);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
