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

START_TEST(names_what_changed)
{
	shell("export TZ=UTC; mkdir -p d/sub; echo one >d/a; seq 3000 >d/b; echo same >d/sub/c;"
	      "touch -d @1000000000 d/* d/sub/c d; zip -qr x.zip d; echo two >d/a; chmod 700 d/b;"
	      "touch -d @1000000000 d/a; touch -d @1000000002 d/sub/c;"
	      "touch -d @1000000000 d/sub d; touch -a -d @1000000000 d/* d/sub/c; zip -qr y.zip d");
	ck_assert_int_eq(compare_fds(file_open("x.zip"), file_open("y.zip")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "content t//d/a");
	expect_has(buffer_text(&comparing.text), "metadata t//d/b mode zip-attributes");
	expect_has(buffer_text(&comparing.text), "metadata t//d/sub/c mtime");
	expect_has(buffer_text(&comparing.diffs), "-one\n+two\n");
	index_file("x.zip");
	assert_covered();
}
END_TEST

START_TEST(streams_and_other_forms_are_covered)
{
	static const char *const scripts[] = {
		"seq 3000 | zip -q x.zip -",
		"seq 3000 >x; zip -q0X x.zip x",
		"seq 3000 >x; zip -q -fz x.zip x",
		"seq 3000 >x; printf 'a comment\n.\n' | zip -qz x.zip x",
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		shell("rm -f x.zip");
		shell(scripts[i]);
		index_file("x.zip");
		assert_covered();
		ck_assert_int_eq(index_number("SELECT size FROM member WHERE id = 2"), 13893);
	}
	ck_assert_str_eq(index_field_of(INDEX_ARTIFACT_ID, "zip-comment"), "a comment");
}
END_TEST

START_TEST(what_readers_do_not_look_at_is_found)
{
	shell("echo one >a; touch -d @1000000000 a; zip -qX x.zip a; cp x.zip y.zip;"
	      "printf payload >>y.zip; cp x.zip z.zip;"
	      "printf A | dd of=z.zip bs=1 seek=30 conv=notrunc status=none");
	expect_files("x.zip", "y.zip", "added t///trailing\n");
	expect_files("x.zip", "z.zip", "metadata t//a zip-local\n");
}
END_TEST

START_TEST(bytes_between_members_are_a_region)
{
	shell("cat >make.py <<'E'\n"
	      "import zipfile, struct, sys\n"
	      "z = zipfile.ZipFile('x.zip', 'w')\n"
	      "z.writestr(zipfile.ZipInfo('a'), b'one')\n"
	      "z.fp.write(b'hidden payload'); z.start_dir = z.fp.tell()\n"
	      "z.writestr(zipfile.ZipInfo('b'), b'two')\n"
	      "z.close()\n"
	      "E\n"
	      "python3 make.py");
	index_file("x.zip");
	assert_covered();
	expect_has(index_regions(INDEX_ARTIFACT_ID), "34+14 structure between-members\n");
}
END_TEST

/* One compressed block that every member uses, each 1000 times as large as itself. */
START_TEST(a_bomb_is_stopped)
{
	comparing.options.limits.total_bytes = 50000000;
	shell("cat >make.py <<'E'\n"
	      "import zipfile\n"
	      "def bomb(name, tail):\n"
	      "  z = zipfile.ZipFile(name, 'w', zipfile.ZIP_DEFLATED)\n"
	      "  for i in range(20): z.writestr(zipfile.ZipInfo('%d' % i), bytes(10000000) + tail,"
	      " zipfile.ZIP_DEFLATED)\n"
	      "  z.close()\n"
	      "bomb('x.zip', b'1'); bomb('y.zip', b'2')\n"
	      "E\n"
	      "python3 make.py");
	ck_assert_int_eq(compare_fds(file_open("x.zip"), file_open("y.zip")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "more than 50000000 bytes at all depths");
	ck_assert(!comparing.result.inspected);
}
END_TEST

START_TEST(a_damaged_zip_is_not_complete)
{
	static const char *const damage[] = {"truncate -s -30 y.zip",
		"printf zzzz | dd of=y.zip bs=1 seek=40 conv=notrunc status=none"};

	for (size_t i = 0; i < 2; i++) {
		shell("seq 3000 >a; rm -f x.zip; zip -qX x.zip a; cp x.zip y.zip");
		shell(damage[i]);
		ck_assert_int_eq(compare_fds(file_open("x.zip"), file_open("y.zip")), STATUS_OK);
		expect_has(buffer_text(&comparing.text), "not inspected: rebuilt: zip: ");
	}
}
END_TEST

START_TEST(an_encrypted_member_is_not_inspected)
{
	shell("seq 3000 >a; zip -qP secret x.zip a; cp x.zip y.zip;"
	      "printf zzzzzzzz | dd of=y.zip bs=1 seek=60 conv=notrunc status=none");
	ck_assert_int_eq(compare_fds(file_open("x.zip"), file_open("y.zip")), STATUS_OK);
	expect_has(buffer_text(&comparing.text), "zip: it is encrypted");
	ck_assert(!comparing.result.inspected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zip");
	TCase *tests = tcase_create("zip");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, comparing_setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, names_what_changed);
	tcase_add_test(tests, streams_and_other_forms_are_covered);
	tcase_add_test(tests, what_readers_do_not_look_at_is_found);
	tcase_add_test(tests, bytes_between_members_are_a_region);
	tcase_add_test(tests, a_bomb_is_stopped);
	tcase_add_test(tests, a_damaged_zip_is_not_complete);
	tcase_add_test(tests, an_encrypted_member_is_not_inspected);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
