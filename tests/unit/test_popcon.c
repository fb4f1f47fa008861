/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include "verifier/coverage/popcon.h"

#define HEAD                                                                                       \
	"#Format\n#\n#<name> is the package name;\n"                                               \
	"#rank name                            inst  vote   old recent no-files (maintainer)\n"
#define ROWS                                                                                       \
	"1     dpkg                           210123 197171  1234 11656    62 (Dpkg Developers)\n" \
	"2     zlib1g                         210100 190000  1000 19000   100 (Mark Brown)\n"      \
	"3     a-name-that-is-longer-than-the-column-is 7 1 2 3 1 (Not in sid)\n"
#define TOTAL                                                                                      \
	"-------------------------------------------------------------------------------------\n"  \
	"199999 Total                          987654321 1 2 3 4\n"

static struct popcon popcon;
static struct data_file file;

static enum status read_text(const char *text)
{
	static const char *const names[] = {
		"zlib1g", "a-name-that-is-longer-than-the-column-is", "absent"};
	struct text_list list = {0};
	enum status status;

	names_of(&list, names, ARRAY_SIZE(names));
	data_of_text(&file, "by_inst", text);
	status = popcon_read(&popcon, &file, &list, &err);
	text_list_release(&list);
	return status;
}

START_TEST(rows_of_wanted_packages)
{
	const struct popcon_row *row;

	ck_assert_msg(read_text(HEAD ROWS TOTAL) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(popcon.row_count, 2);
	ck_assert_uint_eq(popcon.packages, 3);
	ck_assert_uint_eq(popcon.total, 987654321);
	row = popcon_find(&popcon, "zlib1g", &claims);
	ck_assert_ptr_nonnull(row);
	ck_assert_uint_eq(row->rank, 2);
	ck_assert_uint_eq(row->installed, 210100);
	ck_assert_uint_eq(row->voted, 190000);
	ck_assert_uint_eq(row->old, 1000);
	ck_assert_uint_eq(row->recent, 19000);
	ck_assert_uint_eq(row->no_files, 100);
	assert_claimed(
		&file, "by_inst:6", "rank 2 of 3, installed 210100 times, used 190000 times");
	ck_assert_ptr_nonnull(
		popcon_find(&popcon, "a-name-that-is-longer-than-the-column-is", &claims));
	ck_assert_ptr_null(popcon_find(&popcon, "dpkg", &claims));
	ck_assert_ptr_null(popcon_find(&popcon, "absent", &claims));
	assert_claimed(&file, "by_inst", "absent: not among the 3");
	popcon_release(&popcon);
	coverage_claims_release(&claims);
	data_file_release(&file);
}
END_TEST

static const struct {
	const char *text, *words;
} bad[] = {
	{HEAD ROWS, "by_inst:7: the file ends without its total"},
	{HEAD "1     dpkg                           2101", "ends without its total"},
	{HEAD ROWS "4 zlib1g 1 1 1 1 1 (x)\n" TOTAL, "by_inst:8: this package stands twice"},
	{HEAD ROWS TOTAL "5 zlib1g 1 1 1 1 1 (x)\n", "behind the total"},
	{HEAD "1 zlib1g 1 1 1 1\n" TOTAL, "by_inst:5: this is no row"},
	{HEAD "1 zlib1g 1 1 -1 1 1\n" TOTAL, "this is no row"},
	{HEAD "1 zlib1g 1 1 1 1 99999999999999999999\n" TOTAL, "this is no row"},
	{HEAD "one zlib1g 1 1 1 1 1\n" TOTAL, "this is no row"},
	{"<!DOCTYPE html>\n<html>not found</html>\n", "by_inst:1: this is no row"},
};

START_TEST(other_forms_are_refused)
{
	assert_refused(read_text(bad[_i].text), STATUS_FORMAT, bad[_i].words);
	ck_assert_ptr_null(popcon.rows);
	data_file_release(&file);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, rows_of_wanted_packages);
	tcase_add_loop_test(tcase, other_forms_are_refused, 0, ARRAY_SIZE(bad));
}

int main(void)
{
	return run_data_suite("popcon", add_tests);
}
