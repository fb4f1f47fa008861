/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deb822.h"

#include <check.h>
#include <stdbool.h>

static void expect_field(struct deb822 *reader, const char *name, const char *value)
{
	struct deb822_field field;
	struct error err = {0};

	ck_assert_msg(deb822_next(reader, &field, &err) == STATUS_OK, "%s: %s", name, err.text);
	ck_assert_uint_eq(field.name_len, strlen(name));
	ck_assert_mem_eq(field.name, name, field.name_len);
	ck_assert(deb822_is(&field, name));
	ck_assert_uint_eq(field.value_len, strlen(value));
	ck_assert_mem_eq(field.value, value, field.value_len);
}

static void expect_end(struct deb822 *reader, bool of_all)
{
	struct deb822_field field;
	struct error err;

	ck_assert_int_eq(deb822_next(reader, &field, &err), STATUS_END);
	ck_assert_int_eq(deb822_at_end(reader), of_all);
}

static void begin(struct deb822 *reader, const char *text)
{
	deb822_init(reader, text, strlen(text));
}

START_TEST(stanzas_are_read_in_order)
{
	struct deb822 reader;

	begin(&reader,
		"Package: a\nVersion:1\nDescription: short\n long\n .\n\tmore\nEmpty:\n"
		"\n\n# between\n \t\nPackage: b");
	expect_field(&reader, "Package", "a");
	expect_field(&reader, "Version", "1");
	expect_field(&reader, "Description", "short\n long\n .\n\tmore");
	expect_field(&reader, "Empty", "");
	expect_end(&reader, false);
	expect_field(&reader, "Package", "b");
	expect_end(&reader, true);
	expect_end(&reader, true);
}
END_TEST

START_TEST(an_empty_text_has_no_stanza)
{
	static const char *const texts[] = {"", "\n", "\n\n \n", "# only this\n", "#"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct deb822 reader;

		begin(&reader, texts[i]);
		ck_assert(deb822_at_end(&reader));
		expect_end(&reader, true);
	}
}
END_TEST

START_TEST(blank_lines_in_front_make_no_stanza)
{
	struct deb822 reader;

	begin(&reader, "\n# comment\n\nA: 1\n\n");
	expect_field(&reader, "A", "1");
	expect_end(&reader, true);
}
END_TEST

START_TEST(the_list_of_a_release_file)
{
	struct deb822 reader;
	struct deb822_field field;
	struct error err;

	begin(&reader, "SHA256:\n aa 1 main/x\n bb 2 main/y\nDate: d  \t\n");
	expect_field(&reader, "SHA256", "\n aa 1 main/x\n bb 2 main/y");
	ck_assert_int_eq(deb822_next(&reader, &field, &err), STATUS_OK);
	char *text = deb822_text(&field);
	ck_assert_str_eq(text, "d");
	free(text);
	expect_end(&reader, true);
}
END_TEST

START_TEST(names_have_no_case)
{
	struct deb822 reader;
	struct deb822_field field;
	struct error err;

	begin(&reader, "sha256: x\nSHA256SUM: y\n");
	ck_assert_int_eq(deb822_next(&reader, &field, &err), STATUS_OK);
	ck_assert(deb822_is(&field, "SHA256"));
	ck_assert(!deb822_is(&field, "SHA25"));
	ck_assert(!deb822_is(&field, "SHA2567"));
	expect_field(&reader, "SHA256SUM", "y");
}
END_TEST

struct refusal {
	const char *data;
	size_t len;
	const char *text;
};

#define REFUSAL(data, text)                                                                        \
	{                                                                                          \
		data, sizeof(data) - 1, text                                                       \
	}

START_TEST(what_is_no_field_is_refused)
{
	static const struct refusal refusals[] = {
		REFUSAL("A: 1\nno colon\n", "line 2 is no field"),
		REFUSAL("A: 1\n: value\n", "line 2 is no field"),
		REFUSAL(" begins with blank\n", "line 1 is no field"),
		REFUSAL("A: 1\n\n continued\n", "line 3 is no field"),
		REFUSAL("A B: 1\n", "line 1 is no field"),
		REFUSAL("-A: 1\n", "line 1 is no field"),
		REFUSAL("A\x80: 1\n", "line 1 is no field"),
		REFUSAL("A", "line 1 is no field"),
		REFUSAL("-----BEGIN PGP SIGNED MESSAGE-----\n", "line 1 is no field"),
		REFUSAL("A: 1\n\r\nB: 2\n", "line 2 is no field"),
		REFUSAL("A: x\0y\n", "line 1 holds a NUL byte"),
		REFUSAL("A: x\n y\0z\n", "line 2 holds a NUL byte"),
		REFUSAL("A: 1\nB: 2\na: 3\n", "line 3 repeats the field a"),
		REFUSAL("A: 1\n A: x\nAB: 2\nA: 3\n", "line 4 repeats the field A"),
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		/* A copy of the exact size, so that reading behind it is seen. */
		char *data = malloc(refusals[i].len);
		struct deb822 reader;
		struct deb822_field field;
		struct error err = {0};
		enum status status;

		memcpy(data, refusals[i].data, refusals[i].len);
		deb822_init(&reader, data, refusals[i].len);
		do
			status = deb822_next(&reader, &field, &err);
		while (status == STATUS_OK || (status == STATUS_END && !deb822_at_end(&reader)));
		ck_assert_msg(status == STATUS_FORMAT, "case %zu", i);
		ck_assert_str_eq(err.text, refusals[i].text);
		free(data);
	}
}
END_TEST

START_TEST(many_fields_are_told_apart)
{
	struct buffer {
		char text[20000];
		size_t len;
	} all = {.len = 0};
	struct deb822 reader;
	struct deb822_field field;
	struct error err = {0};

	for (int i = 0; i < 1000; i++)
		all.len += (size_t)snprintf(
			all.text + all.len, sizeof(all.text) - all.len, "Field-%d: %d\n", i, i);
	deb822_init(&reader, all.text, all.len);
	for (int i = 0; i < 1000; i++)
		ck_assert_msg(
			deb822_next(&reader, &field, &err) == STATUS_OK, "%d: %s", i, err.text);
	expect_end(&reader, true);
}
END_TEST

START_TEST(dpkg_status_of_this_machine)
{
	FILE *file = fopen("/var/lib/dpkg/status", "re");
	size_t capacity = 64 << 20;
	char *text = malloc(capacity);
	struct deb822 reader;
	struct deb822_field field;
	struct error err = {0};
	unsigned packages = 0, versions = 0;
	enum status status;

	ck_assert_ptr_nonnull(file);
	size_t len = fread(text, 1, capacity, file);
	fclose(file);
	deb822_init(&reader, text, len);
	while ((status = deb822_next(&reader, &field, &err)) == STATUS_OK ||
		(status == STATUS_END && !deb822_at_end(&reader))) {
		packages += status == STATUS_OK && deb822_is(&field, "package");
		versions += status == STATUS_OK && deb822_is(&field, "version");
	}
	ck_assert_msg(status == STATUS_END, "%s", err.text);
	ck_assert_uint_gt(packages, 50);
	ck_assert_uint_eq(packages, versions);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deb822");
	TCase *test = tcase_create("deb822");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, stanzas_are_read_in_order);
	tcase_add_test(test, an_empty_text_has_no_stanza);
	tcase_add_test(test, blank_lines_in_front_make_no_stanza);
	tcase_add_test(test, the_list_of_a_release_file);
	tcase_add_test(test, names_have_no_case);
	tcase_add_test(test, what_is_no_field_is_refused);
	tcase_add_test(test, many_fields_are_told_apart);
	tcase_add_test(test, dpkg_status_of_this_machine);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
