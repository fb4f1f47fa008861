/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "verifier/coverage/coverage_suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct pin_suite suites[] = {
	{.suite = (char[]){"bookworm"}, .codename = (char[]){"bookworm"}},
	{.suite = (char[]){"bookworm-security"}, .codename = (char[]){"bookworm-security"}},
	{.suite = (char[]){"bookworm-updates"}, .codename = (char[]){"bookworm-updates"}},
	{.suite = (char[]){"unstable"}, .codename = (char[]){"sid"}},
	{.suite = (char[]){"odd"}},
};

static struct pin pin = {.suites = suites};
static const struct pin_list pins = {.items = &pin, .count = 1};

/* With the first `count` of them behind the first. */
static void expect(size_t first, size_t count, const char *option, const char *codename,
	const char *ci_name, const char *reason)
{
	struct coverage_suite suite;
	struct error err = {0};

	pin.suites = suites + first;
	pin.suite_count = count;
	enum status status = coverage_suite_choose(&pins, option, &suite, &err);
	if (reason) {
		ck_assert_int_eq(status, STATUS_USAGE);
		ck_assert_msg(strstr(err.text, reason), "%s", err.text);
		ck_assert_ptr_null(suite.codename);
		return;
	}
	ck_assert_msg(status == STATUS_OK, "%s", err.text);
	ck_assert_pstr_eq(suite.codename, codename);
	ck_assert_pstr_eq(suite.ci_name, ci_name);
	coverage_suite_release(&suite);
}

START_TEST(a_result_is_of_the_release_that_ships)
{
	expect(0, 3, NULL, "bookworm", "bookworm", NULL);
	expect(1, 1, NULL, "bookworm", "bookworm", NULL);
	expect(0, 3, "bookworm", "bookworm", "bookworm", NULL);
	expect(0, 3, "bookworm=oldstable", "bookworm", "oldstable", NULL);
	expect(0, 4, "unstable", "sid", "unstable", NULL);
	expect(0, 4, "sid", "sid", "sid", NULL);
	/* Another release's results would be taken for those of what ships. */
	expect(0, 3, "trixie", NULL, NULL, "trixie is no release of the pins (bookworm)");
	expect(0, 3, "oldstable", NULL, NULL, "CODENAME=NAME");
	expect(0, 3, "trixie=bookworm", NULL, NULL, "no release of the pins");
	expect(0, 3, "bookworm=", NULL, NULL, "CODENAME=NAME");
	expect(0, 4, NULL, NULL, NULL, "bookworm, sid: say with --suite");
	expect(4, 1, NULL, NULL, NULL, NULL);
	expect(4, 1, "bookworm", NULL, NULL, "they say none");
}
END_TEST

START_TEST(a_suite_belongs_to_its_release)
{
	pin.suites = suites;
	pin.suite_count = ARRAY_SIZE(suites);
	ck_assert(coverage_suite_is(&pins, "bookworm-security", "bookworm"));
	ck_assert(coverage_suite_is(&pins, "unstable", "sid"));
	ck_assert(!coverage_suite_is(&pins, "unstable", "bookworm"));
	ck_assert(!coverage_suite_is(&pins, "odd", "bookworm"));
	ck_assert(!coverage_suite_is(&pins, "gone", "bookworm"));
	ck_assert(!coverage_suite_is(&pins, "bookworm", NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("coverage_suite");
	TCase *tests = tcase_create("coverage_suite");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, a_result_is_of_the_release_that_ships);
	tcase_add_test(tests, a_suite_belongs_to_its_release);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
