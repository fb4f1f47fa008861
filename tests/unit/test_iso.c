/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing_format.h"

#define TREE                                                                                       \
	"mkdir -p t/sub; echo one >t/sub/a-longer-name.txt; seq 9000 >t/numbers; ln -sfn numbers " \
	"t/link; : >t/empty; find t -exec touch -h -d @1700000000 {} +;"
#define GENISOIMAGE "SOURCE_DATE_EPOCH=1700000000 genisoimage -quiet -R -J -V "
#define XORRISO                                                                                    \
	"SOURCE_DATE_EPOCH=1700000000 xorriso -report_about SORRY -as mkisofs -R -J "              \
	"--modification-date=2023111422132000 -V "

/* Members as Rock Ridge has them; each byte in at most one region, contents at their places. */
START_TEST(members_are_read_with_their_long_names)
{
	static const char *const makers[] = {GENISOIMAGE, XORRISO};

	for (size_t i = 0; i < 2; i++) {
		struct buffer command = {0};

		buffer_add_format(&command, TREE "%s LABEL -o x.iso t", makers[i]);
		shell(buffer_text(&command));
		buffer_release(&command);
		index_file("x.iso");
		expect_field("x.iso", "iso-volume-id", "LABEL");
		expect_field("link", "link-target", "numbers");
		expect_field("sub/a-longer-name.txt", "mtime", "2023-11-14T22:13:20Z");
		ck_assert_int_eq(
			index_number(
				"SELECT size FROM member WHERE CAST(path AS TEXT) = 'numbers'"),
			43893);
		ck_assert_int_eq(index_number("SELECT count(*) FROM region JOIN member ON"
					      " member.container = region.container AND"
					      " member.position = region.owner WHERE kind = 0 AND"
					      " CAST(path AS TEXT) = 'numbers' AND length = 43893"),
			1);
		ck_assert_int_eq(
			index_number("SELECT count(*) FROM member WHERE inspected = 0"), 0);
	}
}
END_TEST

START_TEST(a_changed_file_is_told_and_its_bytes_are_its)
{
	shell(TREE XORRISO "L -o a.iso t; sed 's/^4500$/4501/' t/numbers >n; touch -d @1700000000 "
			   "n; mv n t/numbers; touch -h -d @1700000000 t;" XORRISO "L -o b.iso t");
	comparing.with_causes = true;
	expect_files("a.iso", "b.iso", "content t//numbers (unexplained)\n");
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	ck_assert_int_eq(comparing.result.unexplained_bytes, 1);
}
END_TEST

/* A volume's name is a free text, and boot loaders look for it: root=LABEL=… */
START_TEST(only_times_of_a_volume_have_a_cause)
{
	shell(TREE XORRISO
		"L -o a.iso t;" XORRISO "M -o b.iso t; cp a.iso c.iso;"
		"printf 9 | dd of=c.iso bs=1 seek=$((32768 + 813 + 13)) conv=notrunc status=none;"
		"cp a.iso d.iso; printf x | dd of=d.iso bs=1 seek=100 conv=notrunc status=none");
	comparing.with_causes = true;
	expect_files("a.iso", "b.iso", "content t iso-volume-id (unexplained)\n");
	ck_assert_int_eq(comparing.result.unattributed_bytes, 0);
	expect_files("a.iso", "c.iso", "content t iso-created (filesystem-times)\n");
	expect_files("a.iso", "d.iso", "content t iso-system-area (unexplained)\n");
}
END_TEST

/* What no file has is nobody's, and never the same. */
START_TEST(bytes_of_no_file_are_counted)
{
	shell(TREE XORRISO
		"L -o a.iso t; cp a.iso b.iso; at=$(grep -abo NUMBERS b.iso | head -n1 | "
		"cut -d: -f1); printf X | dd of=b.iso bs=1 seek=$((at - 15)) "
		"conv=notrunc status=none");
	ck_assert_int_eq(compare_fds(file_open("a.iso"), file_open("b.iso")), STATUS_OK);
	ck_assert_str_ne(buffer_text(&comparing.text), "");
	ck_assert_int_gt(comparing.result.unattributed_bytes, 0);
}
END_TEST

START_TEST(damaged_descriptors_are_errors)
{
	shell(TREE XORRISO
		"L -o a.iso t; head -c 36000 a.iso >cut.iso; head -c 34816 a.iso >none.iso;"
		"cp a.iso many.iso; for i in $(seq 17 90); do dd if=a.iso of=many.iso bs=2048 "
		"skip=16 seek=$i count=1 conv=notrunc status=none; done");
	ck_assert_int_eq(index_file_as(&format_iso, "none.iso"), STATUS_FORMAT);
	ck_assert_int_eq(index_file_as(&format_iso, "many.iso"), STATUS_LIMIT);
	ck_assert_int_lt(index_file_as(&format_iso, "cut.iso"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ISO 9660");
	TCase *tcase = tcase_create("volumes");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, members_are_read_with_their_long_names);
	tcase_add_test(tcase, a_changed_file_is_told_and_its_bytes_are_its);
	tcase_add_test(tcase, only_times_of_a_volume_have_a_cause);
	tcase_add_test(tcase, bytes_of_no_file_are_counted);
	tcase_add_test(tcase, damaged_descriptors_are_errors);
	return run_cases(suite);
}
