/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/architecture.h"

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

START_TEST(a_list_takes_what_it_names_and_does_not_deny)
{
	static const struct {
		const char *list;
		bool is_taken;
	} rows[] = {
		{"", true},
		{"any", true},
		{"amd64", true},
		{"arm64 amd64", true},
		{"[linux-any]", true},
		{"any-amd64", true},
		{"linux-amd64", true},
		{"!s390x", true},
		{"[!s390x !i386]", true},
		{"s390x", false},
		{"arm64\ns390x", false},
		{"!amd64", false},
		{"[!i386 !amd64]", false},
		{"!linux-any", false},
		{"!any-amd64", false},
		{"kfreebsd-any", false},
		{"amd", false},
		{"amd64x", false},
		{"any-i386", false},
		{"x32 !s390x", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(architectures_take(rows[i].list, "amd64") == rows[i].is_taken, "%s",
			rows[i].list);
	ck_assert(architectures_take("s390x", NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("architecture");
	TCase *tcase = tcase_create("architecture");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, a_list_takes_what_it_names_and_does_not_deny);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
