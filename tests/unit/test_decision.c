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

#define DAY	       ((int64_t)24 * 60 * 60)
#define DAY_2026_07_12 ((int64_t)1783814400)

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
		{"acl", CLASS_E, "1"}, {"bash", CLASS_D, "1"}, {"zlib", CLASS_F, NULL}};
	struct decision_list decisions;
	struct text_list sentences = {0};
	struct error err = {0};

	ck_assert_int_eq(
		read_text("- {source: acl, class: E, " REST "- {source: bash, class: E, " REST
			  "- {source: gone, class: E, " REST,
			&decisions, &err),
		STATUS_OK);
	decisions_stale(&decisions, subjects, ARRAY_SIZE(subjects), DAY_2026_07_12, &sentences);
	ck_assert_uint_eq(sentences.count, 2);
	ck_assert_str_eq(sentences.items[0],
		"d.yaml:4: the decision about bash holds no more: it was for class E, and the "
		"package is of class D");
	ck_assert_str_eq(sentences.items[1],
		"d.yaml:5: the decision about gone holds no more: the package is not in the list");
	text_list_release(&sentences);
	decisions_stale(&decisions, NULL, 0, DAY_2026_07_12, &sentences);
	ck_assert_uint_eq(sentences.count, 3);
	text_list_release(&sentences);
	decision_list_release(&decisions);
}
END_TEST

START_TEST(a_decision_counts_for_what_was_decided)
{
	static const struct {
		const char *text;
		int64_t now;
		bool counts;
		const char *said;
	} rows[] = {
		{"decision: accepted, date: 2026-07-11", DAY_2026_07_12, true, NULL},
		{"decision: mitigated, date: 2026-07-12", DAY_2026_07_12, true, NULL},
		{"decision: tested, date: 2026-07-11, version: '1.0'", DAY_2026_07_12, true, NULL},
		{"decision: open, date: 2026-07-11", DAY_2026_07_12, false, NULL},
		{"decision: rejected, date: 2026-07-11", DAY_2026_07_12, false, NULL},
		{"decision: accepted, date: 2026-07-13", DAY_2026_07_12, false,
			"holds not yet: its date is 2026-07-13"},
		{"decision: accepted, date: 2026-07-11, version: '0.9'", DAY_2026_07_12, false,
			"holds no more: it was for version 0.9, and the package is 1.0"},
		{"decision: accepted, date: 2026-07-11, until: 2026-07-12",
			DAY_2026_07_12 + DAY - 1, true, NULL},
		{"decision: accepted, date: 2026-07-11, until: 2026-07-12", DAY_2026_07_12 + DAY,
			false, "holds no more: it was until 2026-07-12"},
	};
	static const struct decision_subject subject = {"acl", CLASS_E, "1.0"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decision_list decisions;
		struct text_list said = {0};
		struct error err = {0};
		char text[256];

		snprintf(text, sizeof(text),
			"- {source: acl, class: E, justification: x, owner: y, %s}\n",
			rows[i].text);
		ck_assert_msg(
			read_text(text, &decisions, &err) == STATUS_OK, "%s: %s", text, err.text);
		ck_assert_msg(decision_counts(&decisions.items[0], &subject, rows[i].now) ==
				rows[i].counts,
			"row %zu", i);
		decisions_stale(&decisions, &subject, 1, rows[i].now, &said);
		ck_assert_msg(said.count == (rows[i].said ? 1 : 0), "row %zu", i);
		if (rows[i].said)
			ck_assert_msg(strstr(said.items[0], rows[i].said), "%s", said.items[0]);
		text_list_release(&said);
		decision_list_release(&decisions);
	}
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
	expect_refused("- {source: acl, class: E, decision: todo, justification: x, owner: y, "
		       "date: 2026-07-11}\n",
		"\"todo\" is no decision; it is accepted, mitigated, tested, open or rejected");
	expect_refused("- {source: acl, class: E, until: never, " REST, "\"never\" is no date");
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
	tcase_add_test(tcase, a_decision_counts_for_what_was_decided);
	tcase_add_test(tcase, what_is_no_decision_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
