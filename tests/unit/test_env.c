/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "tests/unit/indexing_format.h"

START_TEST(each_key_is_a_member)
{
	const char *text = "# made by ISAR\n"
			   "TARGET_IMAGE_UUID=5d6bb0a2-7bb7-4b4c-8d0e-7a8f00112233\n"
			   "\n"
			   "  export A=\"x y\" # z\n"
			   "A=\n"
			   "not a setting\r\n"
			   "=x\n"
			   "B.c-d=e=f";

	index_assert_read(index_text_as(&format_env, "x.env", text));
	ck_assert_str_eq(
		index_members(INDEX_ARTIFACT_ID), "TARGET_IMAGE_UUID 36\nA 9\nA 0\nB.c-d 3\n");
	ck_assert_str_eq(index_regions(INDEX_ARTIFACT_ID),
		"0+15 structure env-other\n"
		"15+18 metadata env-line of TARGET_IMAGE_UUID\n"
		"33+36 content data of TARGET_IMAGE_UUID@0\n"
		"69+1 metadata env-line of TARGET_IMAGE_UUID\n"
		"70+1 structure env-other\n"
		"71+11 metadata env-line of A\n"
		"82+9 content data of A@0\n"
		"91+1 metadata env-line of A\n"
		"92+3 metadata env-line of A\n"
		"95+18 structure env-other\n"
		"113+6 metadata env-line of B.c-d\n"
		"119+3 content data of B.c-d@0\n");
	index_assert_covered(INDEX_ARTIFACT_ID, strlen(text));
	index_assert_read(index_text_as(&format_env, "x.env", ""));
}
END_TEST

START_TEST(is_known_by_name_and_lines)
{
	static const struct {
		const char *path, *text;
		const char *format;
	} cases[] = {
		{"a/b.env", "A=1\n", "env"},
		{"x.uuid.env", "\n# c\nA=1", "env"},
		{"usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n", "env"},
		{"etc/default/ssh", "# x\nSSHD_OPTS=\n", "env"},
		{"etc/default/script", "A=1\nif true; then\n", NULL},
		{"a.txt", "A=1\n", NULL},
		{"b.env", "", NULL},
		{"b.env", "no setting\nA=1\n", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct candidate candidate = {cases[i].path, (const unsigned char *)cases[i].text,
			strlen(cases[i].text), NULL};
		const struct format *format = format_find(&candidate, true);

		ck_assert_msg((format == NULL) == (cases[i].format == NULL), "case %zu", i);
		if (format != NULL)
			ck_assert_str_eq(format->name, cases[i].format);
		ck_assert_ptr_null(format_find(&candidate, false));
	}
}
END_TEST

START_TEST(bounds_how_large_a_text_may_be)
{
	struct buffer text = {0};

	while (text.len <= (size_t)1 << 20)
		buffer_add_text(&text, "KEY=value that is long enough to fill it soon\n");
	ck_assert_int_eq(index_text_as(&format_env, "x.env", buffer_text(&text)), STATUS_LIMIT);
	buffer_release(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("env");
	TCase *tcase = tcase_create("env");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_key_is_a_member);
	tcase_add_test(tcase, is_known_by_name_and_lines);
	tcase_add_test(tcase, bounds_how_large_a_text_may_be);
	return run_cases(suite);
}
