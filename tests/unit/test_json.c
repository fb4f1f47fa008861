/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <check.h>
#include <jansson.h>

static json_t *parse(const struct buffer *text)
{
	json_error_t error;
	json_t *value = json_loadb(text->data, text->len,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	ck_assert_msg(value != NULL, "%s in: %s", error.text, text->data);
	return value;
}

/* The value that a parser reads from what is written for these bytes; the caller frees it. */
static char *read_back(const char *data, size_t len, size_t *got, bool compact)
{
	struct buffer text = {0};
	struct json json;
	struct error err;

	json_init_buffer(&json, &text);
	json.compact = compact;
	json_object_begin(&json, NULL);
	json_bytes(&json, "k", data, len);
	json_object_end(&json);
	ck_assert_int_eq(json_finish(&json, &err), STATUS_OK);
	json_t *value = parse(&text);
	json_t *member = json_object_get(value, "k");
	*got = json_string_length(member);
	char *copy = malloc(*got + 1);
	memcpy(copy, json_string_value(member), *got + 1);
	json_decref(value);
	buffer_release(&text);
	return copy;
}

#define READS(text, expected)                                                                      \
	do {                                                                                       \
		for (int compact = 0; compact < 2; compact++) {                                    \
			size_t got;                                                                \
			char *value = read_back(text, sizeof(text) - 1, &got, compact);            \
			ck_assert_uint_eq(got, sizeof(expected) - 1);                              \
			ck_assert_mem_eq(value, expected, got);                                    \
			free(value);                                                               \
		}                                                                                  \
	} while (0)

START_TEST(text_keeps_its_value)
{
	READS("", "");
	READS("plain ä 😀", "plain ä 😀");
	READS("\"\\/\b\f\n\r\t", "\"\\/\b\f\n\r\t");
	READS("\\xff \\x5c \\u0041", "\\xff \\x5c \\u0041");
	READS("a\0b\x01\x1f\x7f", "a\0b\x01\x1f\x7f");
	READS("\xc2\x85"
	      "\u2028\u202e\ufeff\U000e0041",
		"\xc2\x85\u2028\u202e\ufeff\U000e0041");
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_escaped)
{
	READS("a\xff", "a\\xff");
	READS("a\xff\\xfe", "a\\xff\\x5cxfe");
	READS("\xed\xa0\x80", "\\xed\\xa0\\x80");
	READS("\xc3\x28\n", "\\xc3(\n");
}
END_TEST

START_TEST(every_byte_gives_well_formed_json)
{
	for (int first = 0; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			const char data[2] = {(char)first, (char)second};
			size_t got;

			free(read_back(data, 2, &got, true));
		}
	}
}
END_TEST

START_TEST(nothing_that_acts_on_a_terminal_comes_out)
{
	struct buffer text = {0};
	struct json json;
	struct error err;

	json_init_buffer(&json, &text);
	json.compact = true;
	json_text(&json, NULL, "\033[2J\x7f\xc2\x9b\u202e\u2029\U000e0001");
	json_finish(&json, &err);
	ck_assert_str_eq(text.data, "\"\\u001b[2J\\u007f\\u009b\\u202e\\u2029\\udb40\\udc01\"\n");
	buffer_release(&text);
}
END_TEST

START_TEST(a_document_is_laid_out)
{
	struct buffer text = {0};
	struct json json;
	struct error err;

	json_init_buffer(&json, &text);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "x-1");
	json_text(&json, "none", NULL);
	json_array_begin(&json, "list");
	json_signed(&json, NULL, INT64_MIN);
	json_unsigned(&json, NULL, UINT64_MAX);
	json_object_begin(&json, NULL);
	json_object_end(&json);
	json_array_begin(&json, NULL);
	json_array_end(&json);
	json_array_end(&json);
	json_bool(&json, "yes", true);
	json_bool(&json, "no", false);
	json_object_end(&json);
	ck_assert_int_eq(json_finish(&json, &err), STATUS_OK);
	ck_assert_str_eq(text.data,
		"{\n"
		"  \"format\": \"x-1\",\n"
		"  \"none\": null,\n"
		"  \"list\": [\n"
		"    -9223372036854775808,\n"
		"    18446744073709551615,\n"
		"    {},\n"
		"    []\n"
		"  ],\n"
		"  \"yes\": true,\n"
		"  \"no\": false\n"
		"}\n");
	buffer_release(&text);
}
END_TEST

START_TEST(json_lines_stay_on_one_line)
{
	struct buffer text = {0};
	struct json json;
	struct error err;

	json_init_buffer(&json, &text);
	json.compact = true;
	for (int i = 0; i < 2; i++) {
		json_object_begin(&json, NULL);
		json_array_begin(&json, "a\n");
		json_signed(&json, NULL, i);
		json_none(&json, NULL);
		json_array_end(&json);
		json_object_end(&json);
		json_finish(&json, &err);
	}
	ck_assert_str_eq(text.data, "{\"a\\n\":[0,null]}\n{\"a\\n\":[1,null]}\n");
	buffer_release(&text);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	FILE *stream = fopen("/dev/full", "we");
	struct json json;
	struct error err = {0};

	ck_assert_ptr_nonnull(stream);
	json_init_stream(&json, stream);
	json_array_begin(&json, NULL);
	for (int i = 0; i < 100000; i++)
		json_signed(&json, NULL, i);
	json_array_end(&json);
	ck_assert_int_eq(json_finish(&json, &err), STATUS_IO);
	fclose(stream);

	/* So short that only the flush at the end can fail. */
	stream = fopen("/dev/full", "we");
	json_init_stream(&json, stream);
	json_none(&json, NULL);
	ck_assert_int_eq(json_finish(&json, &err), STATUS_IO);
	fclose(stream);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *test = tcase_create("json");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, text_keeps_its_value);
	tcase_add_test(test, bytes_that_are_not_utf8_are_escaped);
	tcase_add_test(test, every_byte_gives_well_formed_json);
	tcase_add_test(test, nothing_that_acts_on_a_terminal_comes_out);
	tcase_add_test(test, a_document_is_laid_out);
	tcase_add_test(test, json_lines_stay_on_one_line);
	tcase_add_test(test, a_full_disk_is_told);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
