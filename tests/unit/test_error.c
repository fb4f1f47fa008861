/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <check.h>
#include <errno.h>
#include <string.h>

START_TEST(an_error_is_set_and_returned)
{
	struct error err;

	ck_assert_int_eq(error_set(&err, STATUS_TRUST, "%s %d", "a", 1), STATUS_TRUST);
	ck_assert_int_eq(err.status, STATUS_TRUST);
	ck_assert_str_eq(err.text, "a 1");
}
END_TEST

START_TEST(errno_gives_the_reason)
{
	struct error err;

	errno = ENOSPC;
	ck_assert_int_eq(error_set_errno(&err, "writing %s", "x"), STATUS_IO);
	ck_assert_str_eq(err.text, "writing x: No space left on device");
	errno = ENOENT;
	ck_assert_int_eq(error_set_errno(&err, "%s", "x"), STATUS_NOT_FOUND);
	ck_assert_str_eq(err.text, "x: No such file or directory");
}
END_TEST

START_TEST(context_is_put_in_front)
{
	struct error err;

	error_set(&err, STATUS_FORMAT, "short read");
	ck_assert_int_eq(error_context(&err, "inode %d", 312), STATUS_FORMAT);
	ck_assert_int_eq(error_context(&err, "comparing %s", "a.wic"), STATUS_FORMAT);
	ck_assert_str_eq(err.text, "comparing a.wic: inode 312: short read");
}
END_TEST

/* However long the names are, the end of the text says what went wrong. */
START_TEST(the_reason_survives_long_names)
{
	char name[3000];
	struct error err;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	errno = ENOSPC;
	error_set_errno(&err, "%s", name);
	ck_assert_ptr_nonnull(strstr(err.text, ": No space left on device"));
	ck_assert_uint_lt(strlen(err.text), ERROR_TEXT_SIZE);

	error_set(&err, STATUS_FORMAT, "short read");
	error_context(&err, "%s", name);
	error_context(&err, "outside");
	ck_assert_ptr_nonnull(strstr(err.text, "nn: short read"));
	ck_assert_int_eq(strncmp(err.text, "outside: nn", 11), 0);

	error_set(&err, STATUS_FORMAT, "%s", name);
	ck_assert_int_eq(error_context(&err, "%s", name), STATUS_FORMAT);
	ck_assert_uint_lt(strlen(err.text), ERROR_TEXT_SIZE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error");
	TCase *test = tcase_create("error");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, an_error_is_set_and_returned);
	tcase_add_test(test, errno_gives_the_reason);
	tcase_add_test(test, context_is_put_in_front);
	tcase_add_test(test, the_reason_survives_long_names);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
