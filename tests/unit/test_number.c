/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "base/number.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static bool parse(const char *text, uint64_t *number)
{
	return number_parse(text, strlen(text), number);
}

START_TEST(digits_are_a_number)
{
	uint64_t number = 7;

	ck_assert(parse("0", &number));
	ck_assert_uint_eq(number, 0);
	ck_assert(parse("0042", &number));
	ck_assert_uint_eq(number, 42);
	ck_assert(parse("999999999999999999", &number));
	ck_assert_uint_eq(number, UINT64_C(999999999999999999));
	ck_assert(number_parse("123", 2, &number));
	ck_assert_uint_eq(number, 12);
}
END_TEST

START_TEST(anything_else_is_none)
{
	static const char *const texts[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.5", "1e3", "/",
		":", "a", "1\n", "0000000000000000001", "1000000000000000000",
		"18446744073709551617"};
	uint64_t number = 7;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(!parse(texts[i], &number), "\"%s\" was taken", texts[i]);
	ck_assert(!number_parse("1\0", 2, &number));
	ck_assert_uint_eq(number, 7);
}
END_TEST

START_TEST(sizes_have_units)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {{"0", 0}, {"4096", 4096}, {"3K", 3072}, {"320M", 335544320},
		{"2G", UINT64_C(2) << 30}, {"1KiB", 1024}, {"1MiB", 1048576},
		{"5GiB", UINT64_C(5) << 30},
		{"17179869183G", UINT64_MAX - (UINT64_C(1) << 30) + 1}};
	static const char *const texts[] = {"", "K", "1k", "1T", "1 M", "1MB", "1Mi", "1MiBs",
		"-1M", "1.5G", "17179869184G", "1iB", "0x1M", "1000000000000000000"};
	uint64_t bytes = 7;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(!number_parse_size(texts[i], &bytes), "\"%s\" was taken", texts[i]);
	ck_assert_uint_eq(bytes, 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ck_assert_msg(number_parse_size(sizes[i].text, &bytes), "%s", sizes[i].text);
		ck_assert_uint_eq(bytes, sizes[i].bytes);
	}
}
END_TEST

START_TEST(sizes_are_written_as_they_are_read)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {{0, "0"}, {1023, "1023"}, {1024, "1K"}, {1025, "1025"}, {512 << 20, "512M"},
		{UINT64_C(3) << 30, "3G"}, {UINT64_C(5) << 40, "5120G"}, {1536 << 10, "1536K"}};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char text[NUMBER_SIZE_TEXT];
		uint64_t bytes;

		number_format_size(sizes[i].bytes, text);
		ck_assert_str_eq(text, sizes[i].text);
		ck_assert(number_parse_size(text, &bytes) && bytes == sizes[i].bytes);
	}
}
END_TEST

START_TEST(hex_digits_have_values)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	for (int c = -128; c < 128; c++) {
		const char *at = c ? strchr(digits, (unsigned char)c) : NULL;
		int expected = at ? (int)((at - digits) % 16) : -1;

		ck_assert_msg(hex_value((char)c) == expected, "%d", c);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("number");
	TCase *tcase = tcase_create("number");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, digits_are_a_number);
	tcase_add_test(tcase, anything_else_is_none);
	tcase_add_test(tcase, sizes_have_units);
	tcase_add_test(tcase, sizes_are_written_as_they_are_read);
	tcase_add_test(tcase, hex_digits_have_values);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
