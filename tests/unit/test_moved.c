/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/moved.h"
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

/* Stretches of one length that differ in their last byte alone: few are read to it. */
START_TEST(likeness_costs_no_more_than_so_much)
{
	const uint64_t len = ((uint64_t)1 << 20) + 4096, count = 40;
	struct index index = {0};
	struct moved moved = {0};
	struct side_bytes bytes[SIDES] = {{.index = &index}, {.index = &index}};
	struct inner inner = {.container = 1, .end = len * count};
	struct moved_side sides[SIDES] = {{&bytes[0], &inner}, {&bytes[1], &inner}};
	int index_fd = memfd_create("index", MFD_CLOEXEC);
	bool is_found = true;

	ck_assert_int_eq(index_create(&index, index_fd, &comparing.err), STATUS_OK);
	for (int side = 0; side < SIDES; side++) {
		bytes[side].fd = memfd_create("side", MFD_CLOEXEC);
		bytes[side].size = len * count;
		ck_assert_int_eq(ftruncate(bytes[side].fd, (off_t)(len * count)), 0);
	}
	for (uint64_t i = 0; i < count; i++) {
		char last = (char)(i + 1);

		ck_assert_int_eq(pwrite(bytes[1].fd, &last, 1, (off_t)(len * (i + 1) - 1)), 1);
		ck_assert_int_eq(index_add_region(&index, 1,
					 &(struct region){.offset = len * i,
						 .len = len,
						 .kind = REGION_CONTENT,
						 .name = "data",
						 .owner = (int64_t)i,
						 .content_offset = REGION_PACKED},
					 &comparing.err),
			STATUS_OK);
	}
	ck_assert_int_eq(
		moved_find(&moved, sides, &(struct packed){0, len}, &is_found, &comparing.err),
		STATUS_OK);
	ck_assert(!is_found);
	ck_assert_uint_gt(moved.wasted, 0);
	ck_assert_uint_le(moved.wasted, 16 * len);
	moved_release(&moved);
	index_release(&index);
	close(index_fd);
	close(bytes[0].fd);
	close(bytes[1].fd);
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
	tcase_add_test(tests, likeness_costs_no_more_than_so_much);
	tcase_add_test(tests, packed_otherwise_is_said);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
