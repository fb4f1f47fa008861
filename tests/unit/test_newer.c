/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include "verifier/coverage/newer.h"

static struct newer newer;
static struct data_file file;
static struct text_list sources;

static void set_up(void)
{
	static const char *const names[] = {"acl", "bash", "zlib"};

	names_of(&sources, names, 3);
}

static void tear_down(void)
{
	newer_release(&newer);
	data_file_release(&file);
	text_list_release(&sources);
}

static enum status read_text(const char *text)
{
	data_of_text(&file, "Sources", text);
	return newer_read(&newer, &file, &sources, &err);
}

START_TEST(the_highest_that_declares_tests)
{
	const struct newer_source *found;

	ck_assert_msg(read_text("Package: zlib\nVersion: 1:1.2-1\nTestsuite: autopkgtest\n\n"
				"Package: zlib\nBinary: a,\n Testsuite: no\nVersion: 1:1.10-1\n"
				"Testsuite: autopkgtest-pkg-perl\n\n\n"
				"Package: zlib\nVersion: 1:9-1\n\n"
				"Package: zlib\nVersion: 1:8-1\nTestsuite: a\n"
				"Extra-Source-Only: yes\n\n"
				"Package: acl\nVersion: 3\n\n"
				"Package: unasked\nVersion: 1\nTestsuite: autopkgtest\n\n"
				"package: bash\nversion: 6\ntestsuite: autopkgtest") == STATUS_OK,
		"%s", err.text);
	ck_assert_uint_eq(newer.stanzas, 7);
	found = newer_find(&newer, "zlib");
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->version, "1:1.10-1");
	ck_assert_str_eq(found->testsuite, "autopkgtest-pkg-perl");
	ck_assert_uint_eq(found->line, 5);
	ck_assert_ptr_null(newer_find(&newer, "acl"));
	ck_assert_ptr_null(newer_find(&newer, "unasked"));
	ck_assert_str_eq(newer_find(&newer, "bash")->version, "6");
}
END_TEST

static const struct {
	const char *text, *words;
} bad[] = {
	{"\n\n", "no source package in it"},
	{"Package: acl\n\n", "Sources:1: a stanza without Package or Version"},
	{"Package: acl\nVersion: 1\n\nPackage: zlib\nVer", "Sources:4: a stanza without"},
	{"<html>\n", "Sources:1: a stanza without"},
};

START_TEST(what_is_no_index_is_refused)
{
	assert_refused(read_text(bad[_i].text), STATUS_FORMAT, bad[_i].words);
	ck_assert_ptr_null(newer_find(&newer, "acl"));
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_highest_that_declares_tests);
	tcase_add_loop_test(tcase, what_is_no_index_is_refused, 0, ARRAY_SIZE(bad));
}

int main(void)
{
	return run_data_suite("newer", add_tests);
}
