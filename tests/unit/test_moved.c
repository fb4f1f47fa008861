/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/comparing.h"

/* The causes of the image's own difference. */
static void expect_causes(const char *published, const char *rebuilt, const char *expected)
{
	comparing.with_causes = true;
	ck_assert_int_eq(compare_fds(file_open(published), file_open(rebuilt)), STATUS_OK);
	expect_has(buffer_text(&comparing.text), expected);
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
}

/* What follows a file that packs to other bytes is packed as before, and lies elsewhere. */
START_TEST(moved_is_not_packed_otherwise)
{
	shell("mkdir tree; for i in $(seq 40); do seq $i 30000 >tree/f$i; done; seq 9000 >tree/a;"
	      "head -c 3000000 /dev/urandom | base64 >tree/large;"
	      "mksquashfs tree one -quiet -no-progress -all-time 1 -mkfs-time 1;"
	      "head -c 40000 /dev/urandom >tree/a;"
	      "mksquashfs tree two -quiet -no-progress -all-time 1 -mkfs-time 1");
	expect_causes("one", "two", " (layout)\ncontent t//a ");
	ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "(compression)"));
}
END_TEST

START_TEST(packed_otherwise_is_said)
{
	shell("mkdir tree; for i in $(seq 40); do seq $i 30000 >tree/f$i; done; seq 9000 >tree/a;"
	      "mksquashfs tree one -quiet -no-progress -all-time 1 -mkfs-time 1;"
	      "mksquashfs tree two -quiet -no-progress -all-time 1 -mkfs-time 1"
	      " -Xcompression-level 1");
	expect_causes("one", "two", " (compression)");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("moved");
	Suite *suite = suite_create("moved");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_test(tests, moved_is_not_packed_otherwise);
	tcase_add_test(tests, packed_otherwise_is_said);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
