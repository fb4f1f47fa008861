/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "verifier/coverage/decision.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "format: reproof-decisions-1\ndecisions:\n"
#define REST "decision: accepted, justification: small, owner: security WG, date: 2026-07-11}\n"

static char directory[] = "/tmp/reproof-decision.XXXXXX";

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static void tear_down(void)
{
	unlink("d.yaml");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(directory), 0);
	memcpy(strrchr(directory, '.') + 1, "XXXXXX", 6);
}

static enum status read_text(const char *text, struct decision_list *decisions, struct error *err)
{
	FILE *file = fopen("d.yaml", "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(HEAD, file), 0);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return decisions_read("d.yaml", decisions, err);
}

static void expect_refused(const char *text, const char *reason)
{
	struct decision_list decisions;
	struct error err = {0};

	ck_assert_int_eq(read_text(text, &decisions, &err), STATUS_USAGE);
	ck_assert_msg(strstr(err.text, reason), "%s: %s", text, err.text);
	decision_list_release(&decisions);
}

START_TEST(a_decision_is_found_by_its_source)
{
	struct decision_list decisions;
	struct error err = {0};

	ck_assert_msg(
		read_text("- {source: zlib, class: F, " REST "- {source: acl, class: E, " REST,
			&decisions, &err) == STATUS_OK,
		"%s", err.text);
	ck_assert_uint_eq(decisions.count, 2);
	const struct decision *found = decision_find(&decisions, "zlib");
	ck_assert_ptr_nonnull(found);
	ck_assert_int_eq(found->class, CLASS_F);
	ck_assert_str_eq(found->decision, "accepted");
	ck_assert_str_eq(found->justification, "small");
	ck_assert_str_eq(found->owner, "security WG");
	ck_assert_str_eq(found->date, "2026-07-11");
	ck_assert_uint_eq(found->line, 3);
	ck_assert_ptr_null(decision_find(&decisions, "zlib1"));
	decision_list_release(&decisions);
	ck_assert_ptr_null(decision_find(&decisions, "zlib"));
}
END_TEST

START_TEST(what_holds_no_more_is_said)
{
	static const struct decision_subject subjects[] = {
		{"acl", CLASS_E}, {"bash", CLASS_D}, {"zlib", CLASS_F}};
	struct decision_list decisions;
	struct text_list sentences = {0};
	struct error err = {0};

	ck_assert_int_eq(
		read_text("- {source: acl, class: E, " REST "- {source: bash, class: E, " REST
			  "- {source: gone, class: E, " REST,
			&decisions, &err),
		STATUS_OK);
	decisions_stale(&decisions, subjects, ARRAY_SIZE(subjects), &sentences);
	ck_assert_uint_eq(sentences.count, 2);
	ck_assert_str_eq(sentences.items[0],
		"d.yaml:4: the decision about bash holds no more: it was for class E, and the "
		"package is of class D");
	ck_assert_str_eq(sentences.items[1],
		"d.yaml:5: the decision about gone holds no more: the package is not in the list");
	text_list_release(&sentences);
	decisions_stale(&decisions, NULL, 0, &sentences);
	ck_assert_uint_eq(sentences.count, 3);
	text_list_release(&sentences);
	decision_list_release(&decisions);
}
END_TEST

START_TEST(what_is_no_decision_is_refused)
{
	expect_refused("- {source: acl, class: E, " REST "- {source: acl, class: F, " REST,
		"d.yaml:4: acl has a decision in line 3 already");
	expect_refused("- {source: acl, class: G, " REST, "\"G\" is no evidence class");
	expect_refused("- {source: acl, class: E}\n", "decision");
	expect_refused("- {source: '', class: E, " REST, "d.yaml:3:");
	expect_refused("- {source: acl, class: E, decision: accepted, justification: x, "
		       "owner: y, date: 2026-02-30}\n",
		"\"2026-02-30\" is no date");
	expect_refused("- {source: acl, class: E, risk: low, " REST, "risk");
	expect_refused("  acl: E\n", "d.yaml:3:");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decision");
	TCase *tcase = tcase_create("decision");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_decision_is_found_by_its_source);
	tcase_add_test(tcase, what_holds_no_more_is_said);
	tcase_add_test(tcase, what_is_no_decision_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
