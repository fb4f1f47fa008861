/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/telling.h"

#define NAME "config-6.1.0-cloud-amd64"

static const char sample[] = "#\n"
			     "# Automatically generated file; DO NOT EDIT.\n"
			     "# Linux/x86 6.1.90 Kernel Configuration\n"
			     "#\n"
			     "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\n"
			     "CONFIG_GCC_VERSION=120200\n"
			     "CONFIG_64BIT=y\n"
			     "\n"
			     "#\n"
			     "# General setup\n"
			     "#\n"
			     "# CONFIG_COMPILE_TEST is not set\n"
			     "CONFIG_LOCALVERSION=\"\"\n"
			     "# end of General setup\n";

static const char *changed(const char *from, const char *to)
{
	static struct buffer text;
	const char *at = strstr(sample, from);

	ck_assert_ptr_nonnull(at);
	buffer_clear(&text);
	buffer_add(&text, sample, (size_t)(at - sample));
	buffer_add_text(&text, to);
	buffer_add_text(&text, at + strlen(from));
	return buffer_text(&text);
}

START_TEST(each_option_is_a_member)
{
	open_memory(&format_kernel_config, sample, strlen(sample));
	expect_whole();
	ck_assert_str_eq(buffer_text(&opening.members),
		"CONFIG_CC_VERSION_TEXT -\n"
		"CONFIG_GCC_VERSION -\n"
		"CONFIG_64BIT -\n"
		"CONFIG_COMPILE_TEST -\n"
		"CONFIG_LOCALVERSION -\n"
		"(end) -\n");
	expect_field("CONFIG_64BIT: option", "y");
	expect_field("CONFIG_COMPILE_TEST: option", "is not set");
	expect_field("CONFIG_GCC_VERSION: tool-version", "120200");
	expect_every_byte_tells(&format_kernel_config, sample);
}
END_TEST

START_TEST(an_option_is_content_and_a_tool_is_not)
{
	expect_texts(NAME, sample, changed("64BIT=y", "64BIT=m"),
		"metadata " NAME "//CONFIG_64BIT option (unexplained)\n");
	expect_texts(NAME, sample, changed("12.2.0\"", "12.2.1\""),
		"metadata " NAME "//CONFIG_CC_VERSION_TEXT tool-version (toolchain-version)\n");
	ck_assert_int_eq(comparing.result.unexplained_bytes, 0);
	/* What is no version there is not called one. */
	expect_texts(NAME, sample, changed("=120200", "=120200x"),
		"metadata " NAME " layout (layout)\n"
		"metadata " NAME "//CONFIG_GCC_VERSION option tool-version (unexplained)\n");
	expect_texts(NAME, sample, changed("CONFIG_64BIT=y\n", ""),
		"metadata " NAME " layout (layout)\n"
		"removed " NAME "//CONFIG_64BIT (unexplained)\n");
	expect_texts(NAME, sample, changed("x86 6.1.90", "x86 6.1.91"),
		"metadata " NAME "//CONFIG_CC_VERSION_TEXT lines-before (unexplained)\n");
}
END_TEST

START_TEST(is_known_by_name_and_lines)
{
	static const struct {
		const char *path, *text;
		bool is_known;
	} cases[] = {
		{"boot/" NAME, "#\nCONFIG_A=y\nCON", true},
		{"linux.config", "# CONFIG_A is not set\n", true},
		{"boot/config-6.1", "# only comments\n", false},
		{"boot/config-6.1", "CONFIG_A=y\necho\n", false},
		{"boot/config-6.1", "CONFIG_=y\n", false},
		{"etc/a", "CONFIG_A=y\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct candidate candidate = {cases[i].path, (const unsigned char *)cases[i].text,
			strlen(cases[i].text), NULL};

		ck_assert_msg((format_find(&candidate, true) == &format_kernel_config) ==
				cases[i].is_known,
			"case %zu", i);
		ck_assert_ptr_null(format_find(&candidate, false));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel configuration");
	TCase *tcase = tcase_create("options");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 240);
	tcase_add_checked_fixture(tcase, comparing_setup, comparing_teardown);
	tcase_add_test(tcase, each_option_is_a_member);
	tcase_add_test(tcase, an_option_is_content_and_a_tool_is_not);
	tcase_add_test(tcase, is_known_by_name_and_lines);
	return run_suite(suite);
}
