/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/plan_told.h"
#include "tests/unit/comparing.h"

static struct index indexes[SIDES];
static int fds[SIDES];

static void set_up(void)
{
	comparing_setup();
	for (int side = 0; side < SIDES; side++) {
		fds[side] = memfd_create("index", MFD_CLOEXEC);
		ck_assert_int_eq(
			index_create(&indexes[side], fds[side], &comparing.err), STATUS_OK);
	}
}

static void tear_down(void)
{
	for (int side = 0; side < SIDES; side++) {
		index_release(&indexes[side]);
		close(fds[side]);
	}
	comparing_teardown();
}

static void add(uint64_t start, const char *name)
{
	for (int side = 0; side < SIDES; side++)
		ck_assert_int_eq(index_add_region(&indexes[side], 1,
					 &(struct region){.offset = start,
						 .len = 4,
						 .kind = REGION_DERIVED,
						 .name = name,
						 .owner = 0,
						 .content_offset = start},
					 &comparing.err),
			STATUS_OK);
}

/* How much is told of the member at 0 of container 1. */
static size_t told(void)
{
	const struct index_row row = {.container = 1, .position = 0};
	const struct level level = {.rows = {&row, &row}};
	struct diff_plan plan = {0};
	struct leaf_request leaf = {0};

	ck_assert_msg(plan_add_told(&plan, (struct index *const[SIDES]){&indexes[0], &indexes[1]},
			      &level, &leaf, &comparing.err) == STATUS_OK,
		"%s", comparing.err.text);
	free(plan.told);
	return leaf.told_count;
}

START_TEST(finds_what_is_told_of_a_leaf)
{
	for (uint64_t i = 0; i < 100; i++)
		add(8 * i, "of-no-table");
	ck_assert_uint_eq(told(), 0);
	add(8000, "pe-checksum");
	add(8008, "checksum");
	ck_assert_uint_ge(told(), 1);
}
END_TEST

/* Rows of names that nobody knows are no reason to look at ever more of them. */
START_TEST(looks_at_so_many_rows)
{
	for (uint64_t i = 0; i < 1000; i++)
		add(8 * i, "of-no-table");
	add(8000, "pe-checksum");
	add(8008, "checksum");
	ck_assert_uint_eq(told(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_told");
	TCase *tcase = tcase_create("plan_told");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, finds_what_is_told_of_a_leaf);
	tcase_add_test(tcase, looks_at_so_many_rows);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
