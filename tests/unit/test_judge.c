/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/tempfile.h"
#include "verifier/evidence/read.h"
#include "verifier/verify_judge.h"

/* A file that is no longer what a hash list, or an earlier part of the run, said of it. */

static struct evidence *evidence;
static char run[RUN_ID_SIZE];
static char *directory;
static struct file_set sides[2];
static struct error err;

static void set_up(void)
{
	struct run_start start = {.kind = "compare", .release = "a", .target = "b"};
	bool continued;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(evidence_open(NULL, &evidence, &err), STATUS_OK);
	ck_assert_int_eq(evidence_run_begin(evidence, &start, run, &continued, &err), STATUS_OK);
	for (int side = 0; side < 2; side++)
		sides[side] = (struct file_set)FILE_SET_INIT;
}

static void tear_down(void)
{
	for (int side = 0; side < 2; side++)
		file_set_release(&sides[side]);
	evidence_free(evidence);
	ck_assert_int_eq(path_remove_tree(directory, &err), STATUS_OK);
	free(directory);
}

/* A side with the file "x" that holds `text` and of which `listed` is said; NULL says nothing. */
static void add_side(int side, const char *text, const char *listed)
{
	char *below = path_join(directory, side == 0 ? "a" : "b");
	char *path = path_join(below, "x");
	struct file *file;

	ck_assert_int_eq(path_make_directories(below, 0700, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_write_all(path, text, strlen(text), 0600, &err), STATUS_OK);
	ck_assert_int_eq(file_set_list(&sides[side], below, &err), STATUS_OK);
	file = file_set_find(&sides[side], "x");
	ck_assert_ptr_nonnull(file);
	file->has_digest = listed != NULL;
	if (listed != NULL)
		hash_memory(listed, strlen(listed), &file->digest);
	free(path);
	free(below);
}

static enum status judge(enum verdict *worst)
{
	struct inspection inspection = {.limits = limits_default};
	struct pair_list pairs = {0};
	enum status status;

	pair_files(&sides[0], &sides[1], NULL, &pairs);
	status =
		verify_pairs(evidence, run, &sides[0], &sides[1], &pairs, &inspection, worst, &err);
	pair_list_release(&pairs);
	return status;
}

static void expect_verdict(enum verdict expected)
{
	enum verdict worst;

	ck_assert_int_eq(judge(&worst), STATUS_OK);
	ck_assert_int_eq(worst, expected);
}

static void expect_changed(const char *side)
{
	enum verdict worst;

	ck_assert_int_eq(judge(&worst), STATUS_TRUST);
	ck_assert_msg(strstr(err.text, side) == err.text &&
			strstr(err.text, "it was changed meanwhile") != NULL,
		"%s", err.text);
}

START_TEST(a_pair_is_what_was_said_of_it)
{
	add_side(0, "one", "one");
	add_side(1, "one", "one");
	expect_verdict(VERDICT_REPRODUCED);
}
END_TEST

START_TEST(a_published_file_that_changed_ends_the_run)
{
	add_side(0, "one", "other");
	add_side(1, "one", NULL);
	expect_changed("published x");
}
END_TEST

START_TEST(a_rebuilt_file_that_changed_ends_the_run)
{
	add_side(0, "one", NULL);
	add_side(1, "one", "other");
	expect_changed("rebuilt x");
}
END_TEST

START_TEST(so_does_one_without_another_side)
{
	add_side(0, "one", "other");
	expect_changed("published x");
}
END_TEST

START_TEST(one_without_another_side_is_missing)
{
	add_side(0, "one", "one");
	expect_verdict(VERDICT_MISSING);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("judge");
	TCase *tcase = tcase_create("judge");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_pair_is_what_was_said_of_it);
	tcase_add_test(tcase, a_published_file_that_changed_ends_the_run);
	tcase_add_test(tcase, a_rebuilt_file_that_changed_ends_the_run);
	tcase_add_test(tcase, so_does_one_without_another_side);
	tcase_add_test(tcase, one_without_another_side_is_missing);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
