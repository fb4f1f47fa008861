/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/formats.h"
#include "tests/unit/indexing.h"

START_TEST(names_the_file_inside_a_deb)
{
	shell("mkdir -p c d/usr/bin; echo 'Package: x' >c/control; echo code >d/usr/bin/x;"
	      "echo 2.0 >debian-binary; touch -d @1 c/control d/usr/bin/x d/usr/bin d/usr;"
	      "tar -C c -czf control.tar.gz ./control; tar -C d -cJf data.tar.xz ./usr;"
	      "ar rcD x.deb debian-binary control.tar.gz data.tar.xz;"
	      "echo CODE >d/usr/bin/x; touch -d @1 d/usr/bin/x d/usr/bin;"
	      "tar -C d -cJf data.tar.xz ./usr;"
	      "ar rcD y.deb debian-binary control.tar.gz data.tar.xz");
	expect_files("x.deb", "y.deb", "content t//data.tar.xz//data.tar//usr/bin/x\n");
	ck_assert_str_eq(buffer_text(&comparing.diffs), "@@ -1 +1 @@\n-code\n+CODE\n");
}
END_TEST

/* GNU ar writes a slash behind a name, dpkg and deb(5) a space. */
START_TEST(knows_a_deb_by_its_first_name)
{
	static const struct {
		const char *name, *format;
	} first[] = {
		{"debian-binary   ", "deb"},
		{"debian-binary/  ", "deb"},
		{"debian-binary2  ", "ar"},
		{"debian-binarx   ", "ar"},
	};
	unsigned char data[8 + 60 + 4] = "!<arch>\n";

	memset(data + 8, ' ', 58);
	memcpy(data + 8 + 58, "`\n2.0\n", 6);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		memcpy(data + 8, first[i].name, 16);
		ck_assert_str_eq(
			format_find(&(struct candidate){"x", data, sizeof(data), NULL}, true)->name,
			first[i].format);
	}
}
END_TEST

START_TEST(compares_headers_and_long_names)
{
	shell("n=a-name-that-is-longer-than-sixteen-bytes.o; echo 1 >$n; echo 1 >b.o;"
	      "touch -d @1 $n b.o; chmod 644 $n b.o; ar rcU x.a $n b.o;"
	      "chmod 600 b.o; echo 2 >$n; touch -d @2 b.o; touch -d @1 $n; ar rcU y.a $n b.o");
	expect_files("x.a", "y.a",
		"content t//a-name-that-is-longer-than-sixteen-bytes.o\n"
		"metadata t//b.o mode mtime\n");
}
END_TEST

START_TEST(sees_bytes_behind_the_last_member)
{
	shell("echo 12 >x; ar rcD x.a x; cp x.a y.a; printf 'short tail' >>y.a");
	expect_files("x.a", "y.a", "added t///trailing\n");
}
END_TEST

START_TEST(a_member_cut_in_two_is_not_complete)
{
	shell("seq 1000 >x; ar rcD x.a x; cp x.a y.a; truncate -s -100 y.a");
	ck_assert_int_eq(compare_fds(file_open("x.a"), file_open("y.a")), STATUS_OK);
	expect_has(buffer_text(&comparing.text),
		"content t size padding (unexplained) not inspected: rebuilt: ");
}
END_TEST

static void assert_covered(const char *name)
{
	index_file(name);
	index_assert_covered(
		INDEX_ARTIFACT_ID, (uint64_t)index_number("SELECT size FROM member WHERE id = 1"));
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE id = 1"), 1);
	index_close();
}

START_TEST(every_byte_is_in_a_region)
{
	shell("n=a-name-that-is-longer-than-sixteen-bytes.o; echo 12 >$n; seq 3000 >b.o; >c;"
	      "ar rcU gnu.a $n b.o c; ar rcD x.deb b.o; ar rc --thin thin.a b.o;"
	      "echo 'int f(void) { return 1; }' >f.c; gcc -c f.c; ar rcs symbols.a f.o $n;"
	      "printf '!<arch>\\n%-16s%-12d%-6d%-6d%-8s%-10d`\\nlong name.txt\\0\\0\\0hello\\n'"
	      " '#1/16' 1 0 0 644 21 >bsd.a");
	assert_covered("gnu.a");
	assert_covered("symbols.a");
	assert_covered("x.deb");
	index_file("bsd.a");
	ck_assert_str_eq(index_regions(INDEX_ARTIFACT_ID),
		"0+8 structure magic\n"
		"8+76 metadata header of long name.txt\n"
		"84+5 content data of long name.txt@0\n"
		"89+1 metadata padding of long name.txt\n");
	index_close();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ar");
	TCase *tests = tcase_create("ar");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, names_the_file_inside_a_deb);
	tcase_add_test(tests, knows_a_deb_by_its_first_name);
	tcase_add_test(tests, compares_headers_and_long_names);
	tcase_add_test(tests, sees_bytes_behind_the_last_member);
	tcase_add_test(tests, a_member_cut_in_two_is_not_complete);
	tcase_add_test(tests, every_byte_is_in_a_region);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
