/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "dbdiff/causes.h"
#include "dbdiff/fields.h"

START_TEST(ids_are_in_order_and_found)
{
	ck_assert_uint_gt(cause_catalogue_count, 36);
	for (size_t i = 0; i < cause_catalogue_count; i++) {
		if (i > 0)
			ck_assert_msg(strcmp(cause_catalogue[i - 1].id, cause_catalogue[i].id) < 0,
				"%s", cause_catalogue[i].id);
		ck_assert_ptr_eq(cause_find(cause_catalogue[i].id), &cause_catalogue[i]);
	}
	ck_assert_ptr_null(cause_find("benign"));
	ck_assert_ptr_null(cause_find(""));
}
END_TEST

START_TEST(every_row_says_all)
{
	for (size_t i = 0; i < cause_catalogue_count; i++) {
		const struct cause *cause = &cause_catalogue[i];

		ck_assert_msg(*cause->title && *cause->looks && *cause->why && *cause->mend, "%s",
			cause->id);
		ck_assert_str_ne(severity_word(cause->severity), "benign");
	}
}
END_TEST

/* How to mend it is no other page to look at, and names a setting where CIP has one. */
START_TEST(mends_say_what_to_do)
{
	static const struct {
		const char *id, *word;
	} rows[] = {{"archive-index", "clean-package-cache"}, {"cache-file", "clean-pycache"},
		{"log-file", "clean-log-files"}, {"machine-id", "image_postprocess_machine_id"},
		{"mode", "dpkg-raw"}, {"ownership", "USER_name"},
		{"package-added", "IMAGE_INSTALL"}, {"package-removed", "IMAGE_INSTALL"},
		{"random-seed", "ROOTFS_POSTPROCESS_COMMAND"}, {"ssh-host-key", "sshd-regen-keys"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(strstr(cause_find(rows[i].id)->mend, rows[i].word) != NULL, "%s",
			rows[i].id);
	for (size_t i = 0; i < cause_catalogue_count; i++)
		ck_assert_msg(strncmp(cause_catalogue[i].mend, "reproof ", 8) != 0, "%s",
			cause_catalogue[i].id);
}
END_TEST

START_TEST(every_field_has_a_cause_of_the_catalogue)
{
	size_t count = 0;

	for (const struct field *field = fields_first(); field != NULL;
		field = fields_after(field)) {
		ck_assert_msg(cause_find(field->cause) != NULL, "field %s: no cause %s",
			field->name, field->cause);
		ck_assert_msg(field_find(field->name) == field, "two rows of %s", field->name);
		count++;
	}
	ck_assert_uint_gt(count, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("causes");
	TCase *tests = tcase_create("catalogue");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, ids_are_in_order_and_found);
	tcase_add_test(tests, every_row_says_all);
	tcase_add_test(tests, mends_say_what_to_do);
	tcase_add_test(tests, every_field_has_a_cause_of_the_catalogue);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
