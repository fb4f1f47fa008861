/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"

static void teardown(void)
{
	index_close();
	comparing_teardown();
}

static void assert_covered(void)
{
	index_assert_covered(
		INDEX_ARTIFACT_ID, (uint64_t)index_number("SELECT size FROM member WHERE id = 1"));
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 1);
}

/* Microcode first, as iucode_tool and initramfs-tools write it, then the file system. */
static void make(const char *name, const char *init, const char *compress)
{
	struct buffer script = {0};

	buffer_add_format(&script,
		"rm -rf early main; mkdir -p early/kernel/x86/microcode main;"
		"seq 3000 >early/kernel/x86/microcode/GenuineIntel.bin; echo '%s' >main/init;"
		"find early main -exec touch -d @1 {} +;"
		"(cd early; find kernel | cpio --quiet --reproducible -R 0:0 -o -H newc) >%s;"
		"(cd main; find . | cpio --quiet --reproducible -R 0:0 -o -H newc | %s) >>%s",
		init, name, compress, name);
	shell(buffer_text(&script));
	buffer_release(&script);
}

static const struct {
	const char *compress, *inside;
} compressors[] = {
	{"cat", ""},
	{"gzip -n", "//segment2.decompressed"},
	{"xz --check=crc32", "//segment2.decompressed"},
	{"zstd -q", "//segment2.decompressed"},
	{"lz4 -ql", "//segment2.decompressed"},
};

START_TEST(descends_into_each_segment)
{
	struct buffer expected = {0};

	make("x.img", "one", compressors[_i].compress);
	make("y.img", "two", compressors[_i].compress);
	index_file("x.img");
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "segments"), "2");
	assert_covered();
	buffer_add_format(&expected, "content t//segment2%s//init\n", compressors[_i].inside);
	expect_files("x.img", "y.img", buffer_text(&expected));
	buffer_release(&expected);
}
END_TEST

START_TEST(one_cpio_is_a_cpio)
{
	shell("mkdir m; echo 1 >m/init; touch -d @1 m/init m;"
	      "(cd m; find . | cpio --quiet -o -H newc) >x.img;"
	      "echo 2 >m/init; touch -d @1 m/init; (cd m; find . | cpio --quiet -o -H newc) "
	      ">y.img");
	ck_assert_int_eq(compare_fds(file_open("x.img"), file_open("y.img")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "content t//init\n");
}
END_TEST

START_TEST(zeros_between_segments_may_be_many)
{
	make("x.img", "one", "gzip -n");
	shell("mkdir m; echo 1 >m/a; (cd m; echo a | cpio --quiet -o -H newc) >s;"
	      "head -c 5000 /dev/zero >>s; cat s s x.img >z.img");
	index_file("z.img");
	assert_covered();
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "segments"), "4");
}
END_TEST

START_TEST(bytes_behind_a_compressed_segment_are_told_inside)
{
	make("x.img", "one", "gzip -n");
	shell("cp x.img y.img; printf payload >>y.img");
	expect_files(
		"x.img", "y.img", "metadata t//segment2 stream\nadded t//segment2///trailing\n");
}
END_TEST

START_TEST(what_is_no_segment_is_trailing)
{
	make("x.img", "one", "cat");
	shell("cp x.img y.img; printf payload >>y.img");
	expect_files("x.img", "y.img", "added t///padding\nadded t///trailing\n");
}
END_TEST

START_TEST(another_order_has_a_cause_of_its_own)
{
	shell("mkdir m; echo 1 >m/a; echo 2 >m/b; touch -d @1 m/a m/b; cd m;"
	      "c='cpio --quiet --reproducible --renumber-inodes -o -H newc';"
	      "printf 'a\\nb\\n' | $c >../x.img; printf 'b\\na\\n' | $c >../y.img");
	ck_assert_int_eq(compare_fds(file_open("x.img"), file_open("y.img")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "order t layout initrd-order\n");
}
END_TEST

/* As many segments as there may be, and what is behind them. */
START_TEST(the_last_of_all_segments_is_read)
{
	shell("mkdir m; echo 1 >m/a; (cd m; echo a | cpio --quiet -o -H newc) >s;"
	      "for i in $(seq 64); do cat s; done >x.img; printf payload >>x.img;"
	      "(for i in $(seq 65); do cat s; done) >y.img");
	index_file("x.img");
	assert_covered();
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "segments"), "64");
	ck_assert_int_ge(index_number("SELECT count(*) FROM member WHERE container = 1"), 65);
	index_file("y.img");
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 0);
}
END_TEST

START_TEST(a_segment_cut_in_two_is_not_complete)
{
	make("x.img", "one", "cat");
	shell("cp x.img y.img; truncate -s -200 y.img");
	ck_assert_int_eq(compare_fds(file_open("x.img"), file_open("y.img")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "not inspected: rebuilt: cpio: ");
	ck_assert(!comparing.result.inspected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("initrd");
	TCase *tests = tcase_create("initrd");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, comparing_setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(
		tests, descends_into_each_segment, 0, sizeof(compressors) / sizeof(compressors[0]));
	tcase_add_test(tests, one_cpio_is_a_cpio);
	tcase_add_test(tests, zeros_between_segments_may_be_many);
	tcase_add_test(tests, bytes_behind_a_compressed_segment_are_told_inside);
	tcase_add_test(tests, what_is_no_segment_is_trailing);
	tcase_add_test(tests, another_order_has_a_cause_of_its_own);
	tcase_add_test(tests, the_last_of_all_segments_is_read);
	tcase_add_test(tests, a_segment_cut_in_two_is_not_complete);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
