/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "base/path.h"
#include "verifier/coverage/gate.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "format: reproof-coverage-policy-1\nrules:\n"

static char directory[] = "/tmp/reproof-gate.XXXXXX";

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static void tear_down(void)
{
	unlink("gate.yaml");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(directory), 0);
	memcpy(strrchr(directory, '.') + 1, "XXXXXX", 6);
}

static enum status read_text(const char *text, struct gate *gate, struct error *err)
{
	FILE *file = fopen("gate.yaml", "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return gate_read("gate.yaml", gate, err);
}

static void expect_refused(const char *rules, const char *reason)
{
	char text[512];
	struct gate gate;
	struct error err = {0};

	snprintf(text, sizeof(text), HEAD "%s", rules);
	ck_assert_int_eq(read_text(text, &gate, &err), STATUS_USAGE);
	ck_assert_msg(strstr(err.text, reason), "%s: %s", rules, err.text);
	gate_release(&gate);
}

static bool is_log_unread;

/* What the gate says of these: all failures, a line each. */
static char *judge(const char *rules, const struct gate_subject *subjects, size_t count)
{
	static char said[2048];
	char text[512];
	struct gate gate;
	struct gate_failures failures;
	struct error err = {0};

	snprintf(text, sizeof(text), HEAD "%s", rules);
	ck_assert_msg(read_text(text, &gate, &err) == STATUS_OK, "%s", err.text);
	gate_judge(&gate, subjects, count, is_log_unread, &failures);
	said[0] = 0;
	for (size_t i = 0; i < failures.count; i++)
		snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n",
			failures.items[i].text);
	gate_failures_release(&failures);
	gate_release(&gate);
	return said;
}

static const struct gate_subject three[] = {
	{"acl", CLASS_A, KNOWN_YES, false, false},
	{"bash", CLASS_E, KNOWN_UNKNOWN, false, false},
	{"zlib", CLASS_B, KNOWN_NO, true, true},
};

START_TEST(each_package_needs_what_is_required)
{
	struct gate_subject subjects[ARRAY_SIZE(three)];

	memcpy(subjects, three, sizeof(three));
	ck_assert_str_eq(judge("- {classes: [E, F], require: decision}\n", subjects, 3),
		"gate.yaml:3: classes E F: a decision: bash is of class E and has no decision that "
		"holds\n");
	subjects[1].is_decided = true;
	ck_assert_str_eq(judge("- {classes: [E, F], require: decision}\n", subjects, 3), "");
	ck_assert_str_eq(judge("- {classes: [A, B, C], require: confirmed}\n", subjects, 3),
		"gate.yaml:3: classes A B C: results that confirm it: zlib is of class B and "
		"results say otherwise\n");
	subjects[0].confirmed = KNOWN_UNKNOWN;
	ck_assert_str_eq(judge("- {classes: [A], require: confirmed}\n", subjects, 3),
		"gate.yaml:3: classes A: results that confirm it: acl is of class A and no results "
		"confirm it\n");
}
END_TEST

START_TEST(names_are_not_digests)
{
	ck_assert_str_eq(judge("- {classes: [A, B], require: by_sha256}\n", three, 3),
		"gate.yaml:3: classes A B: known by SHA-256: zlib is of class B and is known by "
		"name only\n");
	ck_assert_str_eq(judge("- {classes: [A], require: by_sha256}\n", three, 3), "");
}
END_TEST

/* It may show that fewer tests ran than the source says. */
START_TEST(an_unread_build_log_meets_no_rule_that_it_may_lower)
{
	is_log_unread = true;
	ck_assert_str_eq(judge("- {classes: [A, B], at_least: 1}\n"
			       "- {classes: [D], at_most: 3}\n"
			       "- {classes: [U], at_most: 0}\n",
				 three, 3),
		"gate.yaml:3: classes A B: at least 1: a build log that may lower the class of a "
		"package was not read\n"
		"gate.yaml:4: classes D: at most 3: a build log that may lower the class of a "
		"package was not read\n");
	is_log_unread = false;
}
END_TEST

START_TEST(numbers_and_shares_are_exact)
{
	ck_assert_str_eq(judge("- {classes: [E], at_most: 1}\n", three, 3), "");
	ck_assert_str_eq(judge("- {classes: [E, B], at_most: 1}\n", three, 3),
		"gate.yaml:3: classes B E: at most 1: 2 of 3 packages are: bash, zlib\n");
	ck_assert_str_eq(judge("- {classes: [A, B], at_least: 66.66 %}\n", three, 3), "");
	ck_assert_str_eq(judge("- {classes: [A, B], at_least: 66.67%}\n", three, 3),
		"gate.yaml:3: classes A B: at least 66.67 %: 2 of 3 packages are\n");
	ck_assert_str_eq(judge("- {classes: [E], at_most: 33.4 %}\n", three, 3), "");
	ck_assert_str_eq(judge("- {classes: [E], at_most: 33.3 %}\n", three, 3),
		"gate.yaml:3: classes E: at most 33.30 %: 1 of 3 packages are: bash\n");
	ck_assert_str_eq(judge("- {classes: [A], at_least: 2}\n", three, 3),
		"gate.yaml:3: classes A: at least 2: 1 of 3 packages are\n");
	ck_assert_str_eq(judge("- {classes: [A, B, E], at_least: 100 %}\n", three, 3), "");
}
END_TEST

START_TEST(nothing_to_judge_meets_no_gate)
{
	ck_assert_str_eq(
		judge("- {classes: [U], at_most: 0}\n- {classes: [E], require: decision}\n", NULL,
			0),
		"gate.yaml:3: classes U: at most 0: there is no package to judge\n"
		"gate.yaml:4: classes E: a decision: there is no package to judge\n");
}
END_TEST

START_TEST(what_is_no_rule_is_refused)
{
	struct gate gate;
	struct error err = {0};

	expect_refused("[]\n", "a gate without a rule would let all through");
	expect_refused("- {classes: [E]}\n", "a rule asks one thing");
	expect_refused("- {classes: [E], at_most: 1, require: decision}\n", "asks one thing");
	expect_refused("- {classes: [E], at_most: 1, at_least: 1}\n", "asks one thing");
	expect_refused("- {at_most: 1}\n", "classes");
	expect_refused("- {classes: [], at_most: 1}\n", "must not be empty");
	expect_refused("- {classes: [e], at_most: 1}\n", "\"e\" is no evidence class");
	expect_refused("- {classes: [E], require: luck}\n", "\"luck\" cannot be required");
	static const char *const bounds[] = {"-1", "1.5", "60 percent", "101 %", "60.123 %", "''",
		"\"%\"", "1 ", ". %", "60. %", "99999999999999999999", "1000001"};
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		char rule[64];

		snprintf(rule, sizeof(rule), "- {classes: [E], at_most: \"%s\"}\n", bounds[i]);
		if (strchr(bounds[i], '"') || strchr(bounds[i], '\''))
			snprintf(rule, sizeof(rule), "- {classes: [E], at_most: %s}\n", bounds[i]);
		expect_refused(rule, "gate.yaml:3:");
	}
	ck_assert_int_eq(read_text("format: reproof-coverage-policy-2\nrules: []\n", &gate, &err),
		STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "this version reads \"reproof-coverage-policy-1\""));
	gate_release(&gate);
	ck_assert_int_eq(gate_read("absent.yaml", &gate, &err), STATUS_USAGE);
	gate_release(&gate);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tcase = tcase_create("gate");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, each_package_needs_what_is_required);
	tcase_add_test(tcase, names_are_not_digests);
	tcase_add_test(tcase, an_unread_build_log_meets_no_rule_that_it_may_lower);
	tcase_add_test(tcase, numbers_and_shares_are_exact);
	tcase_add_test(tcase, nothing_to_judge_meets_no_gate);
	tcase_add_test(tcase, what_is_no_rule_is_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
