/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>

#include "dbdiff/sameness.h"
#include "tests/unit/comparing.h"

#define BLOCK 4096

static struct sameness same;
static int fds[SIDES];
static uint64_t sizes[SIDES];

static void setup(void)
{
	comparing_setup();
	for (int side = 0; side < SIDES; side++)
		fds[side] = memfd_create("side", 0);
}

static void teardown(void)
{
	sameness_release(&same);
	for (int side = 0; side < SIDES; side++)
		close(fds[side]);
	comparing_teardown();
}

static void put(int side, uint64_t offset, const char *text)
{
	ck_assert_int_eq(
		pwrite(fds[side], text, strlen(text), (off_t)offset), (ssize_t)strlen(text));
}

static void find(uint64_t published, uint64_t rebuilt)
{
	sizes[PUBLISHED] = published;
	sizes[REBUILT] = rebuilt;
	sameness_release(&same);
	for (int side = 0; side < SIDES; side++)
		ck_assert_int_eq(ftruncate(fds[side], (off_t)sizes[side]), 0);
	ck_assert_msg(sameness_find(&same, fds, sizes, &comparing.err) == STATUS_OK, "%s",
		comparing.err.text);
}

START_TEST(nothing_known_covers_nothing)
{
	ck_assert(!sameness_covers(&same, 0, 0));
	ck_assert(!sameness_covers(&same, 0, 1));
}
END_TEST

START_TEST(a_byte_makes_its_block_differ)
{
	uint64_t at = (uint64_t)_i;

	put(PUBLISHED, at, "x");
	find(10 * BLOCK + 5, 10 * BLOCK + 5);
	ck_assert_uint_eq(sameness_next(&same, 0), at / BLOCK * BLOCK);
	ck_assert_uint_eq(sameness_next(&same, at), at);
	ck_assert(!sameness_covers(&same, at, 1));
	ck_assert(!sameness_covers(&same, 0, 10 * BLOCK + 5));
	ck_assert_uint_eq(sameness_next(&same, (at / BLOCK + 1) * BLOCK), 10 * BLOCK + 5);
	if (at >= BLOCK)
		ck_assert(sameness_covers(&same, 0, at / BLOCK * BLOCK));
	if (at < 9 * BLOCK)
		ck_assert(sameness_covers(&same, (at / BLOCK + 1) * BLOCK,
			10 * BLOCK + 5 - (at / BLOCK + 1) * BLOCK));
}
END_TEST

START_TEST(what_one_side_lacks_is_not_the_same)
{
	find(BLOCK + 7, 3 * BLOCK);
	ck_assert(sameness_covers(&same, 0, BLOCK + 7));
	ck_assert(!sameness_covers(&same, 0, BLOCK + 8));
	ck_assert(!sameness_covers(&same, 2 * BLOCK, 0));
	ck_assert(!sameness_covers(&same, UINT64_MAX, 2));
	ck_assert(!sameness_covers(&same, 1, UINT64_MAX));
	find(0, BLOCK);
	ck_assert_uint_eq(sameness_next(&same, 0), 0);
	ck_assert(!sameness_covers(&same, 0, 1));
}
END_TEST

/* Against what cmp would say, over many windows of both threads, with holes. */
START_TEST(large_files_with_holes)
{
	static const uint64_t at[] = {
		0, 1, 131071, 131072, 262144 + 77, 1000000, 4194303, 4194304, 8000001, 9437184 - 1};
	uint64_t size = 9437184 + 3;

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		put(i % 2 ? PUBLISHED : REBUILT, at[i], "y");
	put(PUBLISHED, 5000000, "both");
	put(REBUILT, 5000000, "both");
	find(size, size);
	for (uint64_t block = 0; block * BLOCK < size; block++) {
		uint64_t len = size - block * BLOCK < BLOCK ? size - block * BLOCK : BLOCK;
		bool differs = false;

		for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
			differs = differs || at[i] / BLOCK == block;
		ck_assert_msg(sameness_covers(&same, block * BLOCK, len) == !differs, "block %llu",
			(unsigned long long)block);
	}
}
END_TEST

START_TEST(a_file_that_was_cut_is_a_conflict)
{
	put(PUBLISHED, 0, "x");
	put(REBUILT, 0, "x");
	ck_assert_int_eq(
		sameness_find(&same, fds, (uint64_t[SIDES]){3 * BLOCK, 3 * BLOCK}, &comparing.err),
		STATUS_CONFLICT);
	ck_assert_ptr_null(same.differing);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sameness");
	TCase *tests = tcase_create("sameness");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, nothing_known_covers_nothing);
	tcase_add_loop_test(tests, a_byte_makes_its_block_differ, BLOCK - 1, BLOCK + 1);
	tcase_add_loop_test(tests, a_byte_makes_its_block_differ, 8 * BLOCK - 1, 8 * BLOCK + 1);
	tcase_add_loop_test(tests, a_byte_makes_its_block_differ, 10 * BLOCK + 4, 10 * BLOCK + 5);
	tcase_add_test(tests, what_one_side_lacks_is_not_the_same);
	tcase_add_test(tests, large_files_with_holes);
	tcase_add_test(tests, a_file_that_was_cut_is_a_conflict);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
