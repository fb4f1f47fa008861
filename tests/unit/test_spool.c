/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/source.h"
#include "base/spool.h"

static struct spool_pool pool;
static struct error err;

static void setup(void)
{
	ck_assert_int_eq(spool_pool_open(&pool, 4, &err), STATUS_OK);
}

static void teardown(void)
{
	spool_pool_release(&pool);
}

static struct source *spool(enum spool_place place, const char *text)
{
	struct source *inner = source_memory_new(text, strlen(text)), *spooled;

	ck_assert_int_eq(source_spool_new(inner, &pool, place, 100, &spooled, &err), STATUS_OK);
	source_free(inner);
	return spooled;
}

static void expect_text(struct source *source, const char *text)
{
	char got[100] = {0};

	ck_assert_uint_eq(source->size, strlen(text));
	ck_assert_int_eq(source_pread(source, 0, got, strlen(text), &err), STATUS_OK);
	ck_assert_str_eq(got, text);
}

/* All of them, and one more than there are. */
static void take_nested(void)
{
	struct source *outer = spool(SPOOL_OUTERMOST, "outermost");
	struct source *one = spool(SPOOL_NESTED, "the first");
	struct source *two = spool(SPOOL_NESTED, "second"), *three;
	struct source *inner = source_memory_new("x", 1);

	expect_text(outer, "outermost");
	expect_text(one, "the first");
	expect_text(two, "second");
	ck_assert_int_eq(
		source_spool_new(inner, &pool, SPOOL_NESTED, 100, &three, &err), STATUS_LIMIT);
	ck_assert_str_eq(err.text,
		"more than 2 containers inside each other that have to be unpacked first");
	ck_assert_ptr_null(three);
	source_free(one);
	/* Nothing of the one before shows. */
	three = spool(SPOOL_NESTED, "3");
	expect_text(three, "3");
	expect_text(two, "second");
	source_free(three);
	source_free(two);
	source_free(outer);
	source_free(inner);
}

START_TEST(files_are_taken_and_given_back)
{
	take_nested();
}
END_TEST

static off_t size_of(size_t at)
{
	struct stat st;

	ck_assert_int_eq(fstat(pool.fds[at], &st), 0);
	return st.st_size;
}

START_TEST(the_outermost_stays_for_the_maker)
{
	char got[9];

	source_free(spool(SPOOL_OUTERMOST, "outermost"));
	source_free(spool(SPOOL_NESTED, "nested"));
	ck_assert_int_eq(size_of(0), 9);
	ck_assert_int_eq(pread(pool.fds[0], got, 9, 0), 9);
	ck_assert_mem_eq(got, "outermost", 9);
	ck_assert_int_eq(size_of(1), 0);
}
END_TEST

START_TEST(one_is_kept_for_what_is_unpacked_ahead)
{
	int ahead, another;

	ck_assert_int_eq(spool_take(&pool, SPOOL_AHEAD, &ahead, &err), STATUS_OK);
	ck_assert_int_eq(spool_take(&pool, SPOOL_AHEAD, &another, &err), STATUS_LIMIT);
	take_nested();
	spool_give_back(&pool, ahead);
	ck_assert_int_eq(spool_take(&pool, SPOOL_AHEAD, &another, &err), STATUS_OK);
	ck_assert_int_eq(another, ahead);
	ck_assert_int_eq(another, pool.fds[pool.count - 1]);
}
END_TEST

START_TEST(one_that_cannot_be_filled_is_given_back)
{
	struct source *inner = source_memory_new("too much", 8), *spooled;

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(source_spool_new(inner, &pool, SPOOL_NESTED, 3, &spooled, &err),
			STATUS_LIMIT);
		expect_text(inner, "too much");
		ck_assert_ptr_null(strstr(err.text, "inside each other"));
		source_free(inner);
		inner = source_memory_new("too much", 8);
	}
	source_free(inner);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spool");
	TCase *tests = tcase_create("spool");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, files_are_taken_and_given_back);
	tcase_add_test(tests, one_is_kept_for_what_is_unpacked_ahead);
	tcase_add_test(tests, the_outermost_stays_for_the_maker);
	tcase_add_test(tests, one_that_cannot_be_filled_is_given_back);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
