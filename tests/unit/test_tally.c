/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "dbdiff/tally.h"

#define PAIRS 3000

static struct findings findings;
static struct error err;

static void set_up(void)
{
	ck_assert_int_eq(findings_open(&findings, &err), STATUS_OK);
}

static void tear_down(void)
{
	findings_release(&findings);
}

static void add(struct tally *tally, int64_t container, enum span_kind kind, const char *name,
	uint64_t bytes)
{
	struct span span = {.kind = kind, .container = container};

	buffer_add_text(&span.name, name);
	ck_assert_int_eq(tally_add(tally, (int)(container % SIDES), &span, bytes, &err), STATUS_OK);
	buffer_release(&span.name);
}

/* However often and in whichever order its bytes come, a region is one of its pair, kind and name.
 */
START_TEST(regions_are_added_up_by_what_they_are_of)
{
	struct tally tally = {.findings = &findings};
	uint64_t bytes = 0;

	for (int64_t i = 1; i <= PAIRS; i++) {
		struct buffer path = {0};

		buffer_add_format(&path, "t//%d", (int)i);
		ck_assert_int_eq(findings_add_opened(&findings, (int64_t[SIDES]){i, i}, &path, 0, 0,
					 false, &err),
			STATUS_OK);
		buffer_release(&path);
	}
	for (int round = 0; round < 3; round++) {
		for (int64_t i = PAIRS; i > 0; i--) {
			add(&tally, i, SPAN_STRUCTURE, "one", 1);
			add(&tally, i, SPAN_STRUCTURE, "two", 2);
			add(&tally, i, SPAN_DERIVED, "one", 4);
		}
	}
	ck_assert_uint_eq(tally.region_count, 3 * PAIRS);
	for (size_t i = 0; i < tally.region_count; i++) {
		const struct tally_region *region = &tally.regions[i];

		ck_assert_uint_eq(region->bytes,
			region->kind == SPAN_DERIVED	 ? 12
				: region->name[0] == 'o' ? 3
							 : 6);
		bytes += region->bytes;
	}
	ck_assert_uint_eq(bytes, 21 * PAIRS);
	tally_release(&tally);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tally");
	TCase *tcase = tcase_create("tally");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, regions_are_added_up_by_what_they_are_of);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
