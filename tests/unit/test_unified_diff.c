/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/coverage/unified_diff.h"

#define STEPS 1000000

static uint64_t steps;

/* NULL: the hunks do not fit. */
static void expect(const char *text, const char *hunks, const char *expected)
{
	struct buffer out = {0};
	bool fits;

	steps = STEPS;
	fits = unified_diff_apply(text, strlen(text), hunks, strlen(hunks), 1000, &steps, &out);
	if (expected)
		ck_assert_msg(fits && strcmp(buffer_text(&out), expected) == 0, "%s on %s: %s",
			hunks, text, fits ? buffer_text(&out) : "does not fit");
	else
		ck_assert_msg(!fits, "%s on %s: %s", hunks, text, buffer_text(&out));
	buffer_release(&out);
}

START_TEST(hunks_change_what_they_name)
{
	expect("a\nb\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nB\nc\n");
	expect("a\nb\nc\n", "\n@@ -2 +2,2 @@ in f()\n b\n+x\ndiff next\n", NULL);
	expect("a\nb\n", "@@ -2 +2,2 @@ in f()\n b\n+x\ndiff next\n", "a\nb\nx\n");
	expect("", "@@ -0,0 +1,2 @@\n+a\n+b\n", "a\nb\n");
	expect("a\n", "@@ -1 +0,0 @@\n-a\n", "");
	expect("a\nb\nc\n", "@@ -1,0 +2 @@\n+x\n", "a\nx\nb\nc\n");
	expect("a\n\nc\n", "@@ -1,3 +1,3 @@\n a\n\n-c\n+C\n", "a\n\nC\n");
	expect("a", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", "b\n");
	expect("a\n", "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "b");
	/* Blank lines that an editor took off the end of the patch. */
	expect("a\n\n\n", "@@ -1,3 +1,3 @@\n-a\n+A\n", "A\n\n\n");
	expect("a\n\n\n\n", "@@ -1,4 +1,4 @@\n-a\n+A\n", NULL);
	expect("a\nb\n", "no hunk at all\n", "a\nb\n");
}
END_TEST

START_TEST(hunks_are_found_elsewhere)
{
	const char *hunk = "@@ -2,3 +2,3 @@\n a\n-b\n+B\n c\n";

	expect("1\n2\n3\n4\na\nb\nc\n5\n", hunk, "1\n2\n3\n4\na\nB\nc\n5\n");
	expect("a\nb\nc\n", hunk, "a\nB\nc\n");
	/* The nearest, and behind before before. */
	expect("a\nb\nc\nx\na\nb\nc\n", "@@ -4,3 +4,3 @@\n a\n-b\n+B\n c\n",
		"a\nb\nc\nx\na\nB\nc\n");
	/* The second is looked for as far away as the first was. */
	expect("0\n0\na\nb\n1\na\nb\n2\na\nb\n", "@@ -1 +1 @@\n-a\n+A\n@@ -4 +4 @@\n-a\n+A\n",
		"0\n0\nA\nb\n1\nA\nb\n2\na\nb\n");
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	expect("a\nb\nc\n", "@@ -1,3 +1,3 @@\n a\n-B\n+x\n c\n", NULL);
	/* A newline that is missing, or is not. */
	expect("a", "@@ -1 +1 @@\n-a\n+b\n", NULL);
	expect("a\n", "@@ -1 +1 @@\n-a\n\\ No newline\n+b\n", NULL);
	/* Less context on one side is an end of the file. */
	expect("0\na\nb\nc\n", "@@ -1,2 +1,3 @@\n+x\n a\n b\n", NULL);
	expect("a\nb\nc\n", "@@ -1,2 +1,3 @@\n a\n b\n+x\n", NULL);
	/* Out of order: what is settled is not changed again. */
	expect("a\nb\nc\n", "@@ -3 +3 @@\n-c\n+C\n@@ -1 +1 @@\n-a\n+A\n", NULL);
	/* Damage. */
	expect("a\nb\n", "@@ -1,2 +1,2 @@\n-a\n+A\n", NULL);
	expect("a\nb\n", "@@ -1,2 +1,2 @@\n-a\n+A\n b", NULL);
	expect("a\n", "@@ -1 +1 @@\n-a\n*A\n", NULL);
	expect("a\n", "@@ -1 +1 @@\n\\ No newline\n-a\n+A\n", NULL);
	expect("a\n", "@@ -0,1 +1 @@\n-b\n+A\n", NULL);
	expect("", "@@ -99999999999,0 +1 @@\n+a\n", NULL);
}
END_TEST

START_TEST(it_is_bounded)
{
	struct buffer text = {0}, hunks = {0}, out = {0};

	/* Each line nearly fits, everywhere. */
	for (int i = 0; i < 5000; i++)
		buffer_add_text(&text, "\n");
	buffer_add_text(&hunks, "@@ -1,2001 +1,2000 @@\n");
	for (int i = 0; i < 2001; i++)
		buffer_add_text(&hunks, i == 1000 ? "-x\n" : " \n");
	steps = STEPS;
	ck_assert(!unified_diff_apply(
		text.data, text.len, hunks.data, hunks.len, 100000, &steps, &out));
	ck_assert_uint_eq(steps, 0);
	buffer_clear(&out);
	/* So is what comes of it. */
	buffer_clear(&hunks);
	buffer_add_text(&hunks, "@@ -0,0 +1,1000 @@\n");
	for (int i = 0; i < 1000; i++)
		buffer_add_text(&hunks, "+x\n");
	steps = STEPS;
	ck_assert(!unified_diff_apply("", 0, hunks.data, hunks.len, 1999, &steps, &out));
	buffer_clear(&out);
	ck_assert(unified_diff_apply("", 0, hunks.data, hunks.len, 2000, &steps, &out));
	buffer_release(&text);
	buffer_release(&hunks);
	buffer_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unified_diff");
	TCase *tcase = tcase_create("core");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, hunks_change_what_they_name);
	tcase_add_test(tcase, hunks_are_found_elsewhere);
	tcase_add_test(tcase, what_does_not_fit_is_refused);
	tcase_add_test(tcase, it_is_bounded);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
