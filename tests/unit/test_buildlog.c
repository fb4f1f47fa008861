/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include "verifier/coverage/buildlog.h"

#define SUM_A "3833e140df6c4c6d1503a79981792d0525a7a510d42d5cd0bf71384f5e994164"
#define SUM_B "4e7826c67719ed5f81b7206bc1bdf505e99509f082d9a22b5d9f9db5e19951ae"

/* Begin and end of dpkg-buildpackage's own log, with a step before the tests and one behind. */
#define BEGIN                                                                                      \
	"dpkg-buildpackage: info: source package hello\n"                                          \
	"dpkg-buildpackage: info: source version 2.10-3\n"                                         \
	"dpkg-buildpackage: info: host architecture amd64\n"                                       \
	" debian/rules binary\ndh binary\n   dh_auto_build\n"                                      \
	"Testsuite summary for trap\n# TOTAL: 9\n# PASS: 9\n9 passed in 1.0s\n"
#define END                                                                                        \
	"   create-stamp debian/debhelper-build-stamp\n"                                           \
	"Testsuite summary for trap\n# TOTAL: 9\n# PASS: 9\n9 passed in 1.0s\n"                    \
	"   dh_builddeb\n dpkg-genbuildinfo --build=binary\n"                                      \
	"dpkg-buildpackage: info: binary-only upload (no source included)\n"

static struct buildlog buildlog;
static struct data_file file;

static void read_text(const char *text)
{
	data_of_text(&file, "hello.log", text);
	ck_assert_msg(buildlog_read(&buildlog, &file, &err) == STATUS_OK, "%s", err.text);
}

static void release(void)
{
	buildlog_release(&buildlog);
	data_file_release(&file);
	coverage_claims_release(&claims);
}

/* Summaries as the frameworks print them, each inside one step. */
static const struct {
	enum buildlog_framework framework;
	const char *text;
	uint64_t passed, failed, skipped, expected;
	enum buildlog_ran ran;
} summaries[] = {
	{BUILDLOG_AUTOMAKE,
		"============\nTestsuite summary for GNU Hello 2.10\n============\n"
		"# TOTAL: 5\n# PASS:  4\n# SKIP:  1\n# XFAIL: 0\n# FAIL:  0\n# XPASS: 0\n# ERROR: "
		"0\n",
		4, 0, 1, 0, BUILDLOG_RAN_SOME},
	{BUILDLOG_AUTOMAKE,
		"Testsuite summary for x\n# TOTAL: 59\n# PASS:  0\n# SKIP:  59\n# XFAIL: 0\n# "
		"FAIL:  0\n"
		"# XPASS: 0\n# ERROR: 0\n",
		0, 0, 59, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_AUTOMAKE,
		"Testsuite summary for x\n# TOTAL: 15\n# PASS:  1\n# SKIP:  2\n# XFAIL: 3\n# FAIL: "
		" 4\n"
		"# XPASS: 2\n# ERROR: 3\n",
		1, 9, 2, 3, BUILDLOG_RAN_FAILED},
	/* Of several directories; and a log of failures repeats its own without the heading. */
	{BUILDLOG_AUTOMAKE,
		"Testsuite summary for x\n# TOTAL: 2\n# PASS:  2\n# SKIP:  0\n# XFAIL: 0\n# FAIL:  "
		"0\n"
		"# XPASS: 0\n# ERROR: 0\nmake[2]: x\nTestsuite summary for x\n# TOTAL: 3\n# PASS:  "
		"3\n",
		5, 0, 0, 0, BUILDLOG_RAN_ALL},
	{BUILDLOG_AUTOMAKE,
		"\x1b[1;32mTestsuite summary for x\x1b[m\n\x1b[m# TOTAL: 1\n\x1b[1;32m# PASS:  1\n",
		1, 0, 0, 0, BUILDLOG_RAN_ALL},
	{BUILDLOG_AUTOMAKE, "===\nAll 7 tests passed\n===\n", 7, 0, 0, 0, BUILDLOG_RAN_ALL},
	{BUILDLOG_AUTOMAKE, "===\n2 of 7 tests failed\n(3 tests were not run)\n===\n", 5, 2, 3, 0,
		BUILDLOG_RAN_FAILED},
	{BUILDLOG_AUTOMAKE, "All 7 tests behaved as expected (2 expected failures)\n", 5, 0, 0, 2,
		BUILDLOG_RAN_ALL},
	{BUILDLOG_AUTOTEST,
		"## ------------- ##\n## Test results. ##\n## ------------- ##\n\n"
		"All 15 tests behaved as expected.\n",
		15, 0, 0, 0, BUILDLOG_RAN_ALL},
	{BUILDLOG_AUTOTEST,
		"## Test results. ##\n\n230 tests were successful.\n12 tests were skipped.\n", 230,
		0, 12, 0, BUILDLOG_RAN_SOME},
	{BUILDLOG_AUTOTEST,
		"## Test results. ##\n\nERROR: 214 tests were run,\n5 failed (3 expected "
		"failures).\n"
		"1 test was skipped.\n",
		209, 2, 1, 3, BUILDLOG_RAN_FAILED},
	{BUILDLOG_AUTOTEST,
		"## Test results. ##\n\nERROR: 10 tests were run,\n2 failed unexpectedly.\n", 8, 2,
		0, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_CTEST,
		"1/3 Test #1: api_test .........   Passed    0.01 sec\n"
		"2/3 Test #2: net ..............***Skipped   0.00 sec\n"
		"3/3 Test #3: other ............***Failed    0.00 sec\n\n"
		"67% tests passed, 1 tests failed out of 3\n",
		1, 1, 1, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_CTEST,
		"    Start 1: a\n1/1 Test #1: a ................***Skipped   0.00 sec\n\n"
		"100% tests passed, 0 tests failed out of 1\n",
		0, 0, 1, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_CTEST, "No tests were found!!!\n", 0, 0, 0, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_MESON,
		"Ok:                 5   \nExpected Fail:      1   \nFail:               0   \n"
		"Unexpected Pass:    0   \nSkipped:            2   \nTimeout:            0   "
		"\n\nFail: 77\n",
		5, 0, 2, 1, BUILDLOG_RAN_SOME},
	{BUILDLOG_MESON,
		"Ok: 1\nFail: 1\nUnexpected Pass: 1\nTimeout: 1\nFull log written to x\nFail: 77\n",
		1, 3, 0, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_MESON, "No tests defined.\n", 0, 0, 0, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_TAP,
		"t/a.t .. \n1..2\nok 1 - x\nok 2 # skip no network\nok\nt/b.t .. skipped: no "
		"display\n"
		"All tests successful.\nFiles=2, Tests=2,  1 wallclock secs ( 0.06 usr)\nResult: "
		"PASS\n",
		1, 0, 2, 0, BUILDLOG_RAN_SOME},
	{BUILDLOG_TAP,
		"t/a.t .. skipped: (no reason given)\nFiles=1, Tests=0,  0 wallclock secs\nResult: "
		"NOTESTS\n",
		0, 0, 1, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_TAP,
		"Failed 1/5 test programs. 2/30 subtests failed.\nFiles=5, Tests=30, 1 wallclock "
		"secs\n"
		"Result: FAIL\n",
		28, 2, 0, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_TAP,
		"Failed 1/5 test programs. 0/30 subtests failed.\nFiles=5, Tests=30, 1 wallclock "
		"secs\n",
		29, 1, 0, 0, BUILDLOG_RAN_FAILED},
	/* As Test::Harness 3 has it: the last line comes behind the total; prove has none. */
	{BUILDLOG_TAP,
		"Test Summary Report\n-------------------\n"
		"t/00_broken.t       (Wstat: 256 (exited 1) Tests: 1 Failed: 1)\n  Failed test:  "
		"1\n"
		"Files=69, Tests=26127, 76 wallclock secs\nResult: FAIL\n"
		"Failed 1/69 test programs. 1/26127 subtests failed.\n",
		26126, 1, 0, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_TAP,
		"t/a.t   (Wstat: 65280 (exited 255) Tests: 3 Failed: 0)\n"
		"  Parse errors: No plan found in TAP output\n"
		"t/b.t   (Wstat: 512 (exited 2) Tests: 4 Failed: 2)\n"
		"t/c.t   (Wstat: 0 Tests: 5 Failed: 0)\n  TODO passed:   3\n"
		"Files=3, Tests=12,  1 wallclock secs\nResult: FAIL\n"
		"t/d.t .. ok\nFiles=1, Tests=5,  1 wallclock secs\nResult: PASS\n",
		14, 3, 0, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_TAP, "Files=3, Tests=12,  1 wallclock secs\nResult: FAIL\n", 11, 1, 0, 0,
		BUILDLOG_RAN_FAILED},
	{BUILDLOG_CHECK,
		"Running suite(s): a\n100%: Checks: 12, Failures: 0, Errors: 0\n"
		"66%: Checks: 3, Failures: 1, Errors: 0\na.c:1:E: x\n",
		14, 1, 0, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_CHECK, "100%: Checks: 0, Failures: 0, Errors: 0\n", 0, 0, 0, 0,
		BUILDLOG_RAN_NOTHING},
	{BUILDLOG_PYTEST,
		"===== test session starts =====\n"
		"=== 3 failed, 25 passed, 2 skipped, 4 deselected, 1 xfailed, 1 warning, 2 errors "
		"in 0.05s (0:01:00) ===\n",
		25, 5, 6, 1, BUILDLOG_RAN_FAILED},
	{BUILDLOG_PYTEST, "5 passed in 0.05s\n== 59 skipped in 1.00s ==\n", 5, 0, 59, 0,
		BUILDLOG_RAN_SOME},
	{BUILDLOG_PYTEST, "=== no tests ran in 0.01s ===\n", 0, 0, 0, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_PYTEST, "=== 59 skipped in 0.01s ===\n", 0, 0, 59, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_UNITTEST, "-----\nRan 12 tests in 0.003s\n\nOK\n", 12, 0, 0, 0, BUILDLOG_RAN_ALL},
	{BUILDLOG_UNITTEST, "Ran 12 tests in 0.003s\n\nOK (skipped=12)\n", 0, 0, 12, 0,
		BUILDLOG_RAN_NOTHING},
	{BUILDLOG_UNITTEST, "Ran 0 tests in 0.000s\n\nOK\n", 0, 0, 0, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_UNITTEST, "Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", 0, 0, 0, 0,
		BUILDLOG_RAN_NOTHING},
	{BUILDLOG_UNITTEST,
		"Ran 12 tests in 0.003s\n\nFAILED (failures=1, errors=2, skipped=3, expected "
		"failures=4,"
		" unexpected successes=1)\n",
		1, 4, 3, 4, BUILDLOG_RAN_FAILED},
	{BUILDLOG_GTEST,
		"[==========] Running 15 tests from 3 test suites.\n[       OK ] A.b (0 ms)\n"
		"[  SKIPPED ] A.c (0 ms)\n[==========] 15 tests from 3 test suites ran. (12 ms "
		"total)\n"
		"[  PASSED  ] 12 tests.\n[  SKIPPED ] 2 tests, listed below:\n[  SKIPPED ] A.c\n"
		"[  FAILED  ] 1 test, listed below:\n[  FAILED  ] A.d\n",
		12, 1, 2, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_CARGO,
		"test a ... ok\ntest result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 "
		"filtered out; finished in 0.00s\n",
		5, 0, 3, 0, BUILDLOG_RAN_SOME},
	{BUILDLOG_CARGO,
		"test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
		5, 1, 0, 0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_CARGO,
		"test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n", 0,
		0, 0, 0, BUILDLOG_RAN_NOTHING},
	{BUILDLOG_GO,
		"=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/sub (0.00s)\n--- "
		"SKIP: TestB (0.00s)\n"
		"PASS\nok  \tgithub.com/pkg/errors\t0.584s\n",
		1, 0, 1, 0, BUILDLOG_RAN_SOME},
	{BUILDLOG_GO, "ok  \ta\t0.1s\nFAIL\tb\t0.1s\n?   \tc\t[no test files]\n", 1, 1, 0, 0,
		BUILDLOG_RAN_FAILED},
	{BUILDLOG_GO, "?   \tc\t[no test files]\nok  \td\t0.1s [no tests to run]\n", 0, 0, 1, 0,
		BUILDLOG_RAN_NOTHING},
	{BUILDLOG_GO, "--- PASS: TestA (0.00s)\nok  \ta\t0.1s\nFAIL\tb [build failed]\n", 1, 1, 0,
		0, BUILDLOG_RAN_FAILED},
	{BUILDLOG_DEJAGNU,
		"\t\t=== libffi Summary ===\n\n# of expected passes\t\t12\n# of unexpected "
		"failures\t282\n"
		"# of unresolved testcases\t2\n# of unsupported tests\t\t209\n# of expected "
		"failures\t1\n"
		"make[3]: x\n# of expected passes\t\t99\n",
		12, 284, 209, 1, BUILDLOG_RAN_FAILED},
};

START_TEST(summaries_of_frameworks)
{
	char *text = xasprintf("%s   dh_auto_test\n%s%s", BEGIN, summaries[_i].text, END);
	const struct buildlog_totals *totals;

	read_text(text);
	for (unsigned i = 0; i < BUILDLOG_FRAMEWORKS; i++) {
		if (i != summaries[_i].framework)
			ck_assert_msg(buildlog.totals[i].summaries == 0, "%s",
				buildlog_framework_name(i));
	}
	totals = &buildlog.totals[summaries[_i].framework];
	ck_assert_uint_gt(totals->summaries, 0);
	ck_assert_uint_gt(totals->line, 11);
	ck_assert_uint_eq(totals->passed, summaries[_i].passed);
	ck_assert_uint_eq(totals->failed, summaries[_i].failed);
	ck_assert_uint_eq(totals->skipped, summaries[_i].skipped);
	ck_assert_uint_eq(totals->expected, summaries[_i].expected);
	ck_assert_str_eq(buildlog_ran_word(buildlog_judge(&buildlog, &claims)),
		buildlog_ran_word(summaries[_i].ran));
	ck_assert(buildlog.is_finished);
	release();
	free(text);
}
END_TEST

/* What looks like a summary and is none. */
static const char *const not_summaries[] = {
	"# PASS: 5\n",
	"Ok 5\n",
	"OK (skipped=1)\n",
	"5 passed\n",
	"9: 16 passed, 0 failed in 1s\n",
	"All five tests passed\n",
	"All 5 tests passed, or not\n",
	"Ran 5 tests in 1s\n",
	"[  PASSED  ] 5 tests.\n",
	"Tests=5\n",
	"tests were successful.\n",
	"5 tests were successful.\n",
	"100%: Checks: x, Failures: 0, Errors: 0\n",
	"99999999999999999999% tests passed, 0 tests failed out of 1\n",
	"7: [==========] 15 tests from 3 test suites ran.\n",
	"5 apples in 1s\n",
};

START_TEST(other_lines_are_no_summary)
{
	char *text = xasprintf("%s   dh_auto_test\n%s%s", BEGIN, not_summaries[_i], END);

	read_text(text);
	for (unsigned i = 0; i < BUILDLOG_FRAMEWORKS; i++)
		ck_assert_uint_eq(buildlog.totals[i].summaries, 0);
	ck_assert_int_eq(buildlog_judge(&buildlog, &claims), BUILDLOG_RAN_UNREAD);
	assert_claimed(&file, "hello.log:11", "no summary of a known test framework");
	release();
	free(text);
}
END_TEST

/* BEGIN and END have summaries outside of a step each: they never count. */
START_TEST(nothing_counts_outside_a_step)
{
	read_text(BEGIN END);
	ck_assert_uint_eq(buildlog.step_count, 0);
	for (unsigned i = 0; i < BUILDLOG_FRAMEWORKS; i++)
		ck_assert_uint_eq(buildlog.totals[i].summaries, 0);
	ck_assert_int_eq(buildlog_judge(&buildlog, &claims), BUILDLOG_RAN_NO_STEP);
	release();
	read_text(BEGIN "dh: command-omitted: The call to \"debian/rules override_dh_auto_test\" "
			"was omitted due to \"DEB_BUILD_OPTIONS=nocheck\"\n" END);
	ck_assert_int_eq(buildlog_judge(&buildlog, &claims), BUILDLOG_RAN_NO_STEP);
	assert_claimed(&file, "hello.log:11", "left the tests out");
	release();
}
END_TEST

static const struct {
	const char *begin;
	bool is_step;
} steps[] = {
	{"   dh_auto_test", true},
	{"   dh_auto_test -O--buildsystem=cmake", true},
	{"   dh_auto_test -a", true},
	{"   debian/rules override_dh_auto_test", true},
	{"   debian/rules override_dh_auto_test-arch", true},
	{"   debian/rules override_dh_auto_test-indep", true},
	{"   debian/rules execute_before_dh_auto_test", true},
	{"   debian/rules execute_after_dh_auto_test", true},
	{"   debian/rules override_dh_auto_build\ndh_auto_test -- VERBOSE=1", true},
	{"   dh_auto_tests", false},
	{"   dh_auto_build", false},
	{"   debian/rules override_dh_auto_testing", false},
	{"   debian/rules override_dh_auto_build", false},
	{"    dh_auto_test", false},
	{"  dh_auto_test", false},
	{"   debian/rules override_dh_auto_test\n   dh_install", false},
	{"   debian/rules override_dh_auto_build\ndh_auto_test\ndh_install", false},
};

START_TEST(steps_of_debhelper)
{
	char *text = xasprintf("%s%s\n5 passed in 0.05s\n%s", BEGIN, steps[_i].begin, END);

	read_text(text);
	ck_assert_uint_eq(buildlog.totals[BUILDLOG_PYTEST].passed, steps[_i].is_step ? 5 : 0);
	release();
	free(text);
}
END_TEST

#define RULER	    "+------------------------------------------------------------------------------+\n"
#define TITLE(text) RULER "| " text "|\n" RULER
#define SBUILD_BEGIN                                                                               \
	"sbuild (Debian sbuild) 0.85.0 (04 January 2023) on builder\n\n"                           \
	"+==============================================================================+\n"       \
	"| hello 2.10-3 (amd64)                         Mon, 30 Nov 2026 15:00:00 +0000 |\n"       \
	"+==============================================================================+\n\n"     \
	"Package: hello\nVersion: 2.10-3+b1\nSource Version: 2.10-3\nDistribution: bookworm\n"     \
	"Machine Architecture: amd64\nHost Architecture: amd64\nBuild Architecture: "              \
	"amd64\n\n" TITLE("Build                                                                 " \
			  "       ") "dpkg-buildpackage: info: source package hello\n "            \
				     "debian/rules binary\n"                                       \
				     "   dh_auto_test\n5 passed in 0.05s\n"
#define SBUILD_SUMS                                                                                \
	TITLE("Buildinfo                                                                    ")     \
	"Format: 1.0\nSource: hello\nChecksums-Sha1:\n " SUM_B                                     \
	" 1 b.deb\nChecksums-Sha256:\n " SUM_A                                                     \
	" 53076 hello_2.10-3_amd64.deb\nBuild-Origin: Debian\n"
#define SBUILD_END                                                                                 \
	TITLE("Summary                                                                      ")     \
	"Build Architecture: amd64\nStatus: successful\nVersion: 2.10-3\n"

static bool belongs(
	const char *source, const char *version, const char *architecture, const char *sum)
{
	struct shipped_deb deb = {.name = (char[]){"hello"}, .version = (char[]){"1:2.10-3"}};
	bool is_one;

	ck_assert(digest_parse(sum, strlen(sum), &deb.sha256));
	return buildlogs_belong(
		&buildlog, 1, source, version, architecture, &deb, 1, &is_one, &claims);
}

START_TEST(a_log_of_sbuild)
{
	read_text(SBUILD_BEGIN SBUILD_SUMS SBUILD_END);
	ck_assert(buildlog.is_sbuild);
	ck_assert(buildlog.is_finished);
	ck_assert_str_eq(buildlog.source, "hello");
	ck_assert_str_eq(buildlog.source_version, "2.10-3");
	ck_assert_str_eq(buildlog.architecture, "amd64");
	ck_assert_uint_eq(buildlog.totals[BUILDLOG_PYTEST].passed, 5);
	ck_assert_uint_eq(buildlog.deb_count, 1);
	ck_assert(belongs("hello", "2.10-3", "amd64", SUM_A));
	assert_claimed(&file, "hello.log:23", "a build that made what ships");
	/* T19, each of them. */
	ck_assert(!belongs("hallo", "2.10-3", "amd64", SUM_A));
	ck_assert(!belongs("hello", "2.10-3+b1", "amd64", SUM_A));
	ck_assert(!belongs("hello", "2.10-4", "amd64", SUM_A));
	ck_assert(!belongs("hello", "2.10-3", "arm64", SUM_A));
	ck_assert(!belongs("hello", "2.10-3", "amd64", SUM_B));
	assert_claimed(&file, "hello.log:23", "does not have the SHA-256 of hello");
	ck_assert(!buildlogs_belong(
		&buildlog, 1, "hello", "2.10-3", "amd64", NULL, 0, (bool[1]){false}, &claims));
	release();
}
END_TEST

/* The package writes the log while it is built, and can write what sbuild writes. */
START_TEST(what_a_build_prints_is_not_sbuilds)
{
	read_text(SBUILD_BEGIN "Status: successful\n Checksums-Sha256:\n " SUM_B " 1 x.deb\n"
			       "dpkg-buildpackage: info: source package other\n");
	ck_assert(!buildlog.is_finished);
	ck_assert_uint_eq(buildlog.deb_count, 0);
	ck_assert_str_eq(buildlog.source, "hello");
	release();
	/* A section that it fakes is replaced by sbuild's own, which comes last. */
	read_text(SBUILD_BEGIN TITLE("Buildinfo                                                    "
				     "                ") "Checksums-Sha256:\n " SUM_B
							 " 1 x.deb\n" SBUILD_SUMS SBUILD_END);
	ck_assert(!belongs("hello", "2.10-3", "amd64", SUM_B));
	ck_assert(belongs("hello", "2.10-3", "amd64", SUM_A));
	release();
	read_text(
		SBUILD_BEGIN TITLE("Summary                                                        "
				   "              ") "Status: successful\n" SBUILD_SUMS
			TITLE("Summary                                                             "
			      "      "
			      "   ") "Status: attempted\n");
	ck_assert(!buildlog.is_finished);
	ck_assert(!belongs("hello", "2.10-3", "amd64", SUM_A));
	release();
	/* Totals behind the build are no totals of it. */
	read_text(SBUILD_BEGIN SBUILD_SUMS TITLE(
		"Post Build                                                                "
		"   ") "   dh_auto_test\n70 passed in 0.05s\n" SBUILD_END);
	ck_assert_uint_eq(buildlog.totals[BUILDLOG_PYTEST].passed, 5);
	release();
}
END_TEST

static const char buildinfo[] =
	"Format: 1.0\nSource: hello\nBinary: hello hello-dbgsym\nArchitecture: amd64\nVersion: "
	"2.10-3\n"
	"Checksums-Md5:\n 12b03c0b3120cb091304879b51a0394b 35096 hello-dbgsym_2.10-3_amd64.deb\n"
	"Checksums-Sha256:\n " SUM_B " 35096 hello-dbgsym_2.10-3_amd64.deb\n " SUM_A
	" 53076 hello_2.10-3_amd64.deb\nBuild-Origin: Debian\n";

START_TEST(a_buildinfo_beside_the_log)
{
	struct data_file info;

	read_text(BEGIN "   dh_auto_test\n5 passed in 0.05s\n" END);
	ck_assert(!belongs("hello", "2.10-3", "amd64", SUM_A));
	assert_claimed(&file, "hello.log", "no .buildinfo says which packages");
	data_of_text(&info, "hello.buildinfo", buildinfo);
	ck_assert_msg(buildlog_add_buildinfo(&buildlog, &info, &err) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(buildlog.deb_count, 2);
	ck_assert(belongs("hello", "2.10-3", "amd64", SUM_A));
	data_file_release(&info);
	release();
}
END_TEST

static const struct {
	enum status status;
	const char *text, *words;
} bad_infos[] = {
	{STATUS_CONFLICT,
		"Source: hallo\nArchitecture: amd64\nVersion: 2.10-3\nChecksums-Sha256:\n " SUM_A
		" 1 a.deb\n",
		"is of hallo 2.10-3"},
	{STATUS_CONFLICT,
		"Source: hello\nArchitecture: amd64\nVersion: 2.10-4\nChecksums-Sha256:\n " SUM_A
		" 1 a.deb\n",
		"is of hello 2.10-4"},
	{STATUS_CONFLICT,
		"Source: hello\nArchitecture: arm64\nVersion: 2.10-3\nChecksums-Sha256:\n " SUM_A
		" 1 a.deb\n",
		"on amd64"},
	{STATUS_FORMAT, "Source: hello\nArchitecture: amd64\nVersion: 2.10-3\n", "no .buildinfo"},
	{STATUS_FORMAT, "Source: hello\nSource: hello\n", "b.buildinfo: "},
	{STATUS_FORMAT, "-----BEGIN PGP SIGNED MESSAGE-----\n", "signature is cut"},
	{STATUS_FORMAT,
		"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nSource: hello\n"
		"Architecture: amd64\nVersion: 2.10-3\nChecksums-Sha256:\n " SUM_A " 1 a.deb\n",
		"signature is cut"},
};

START_TEST(other_buildinfos_are_refused)
{
	struct data_file info;

	read_text(BEGIN "   dh_auto_test\n" END);
	data_of_text(&info, "b.buildinfo", bad_infos[_i].text);
	assert_refused(buildlog_add_buildinfo(&buildlog, &info, &err), bad_infos[_i].status,
		bad_infos[_i].words);
	ck_assert_uint_eq(buildlog.deb_count, 0);
	data_file_release(&info);
	release();
}
END_TEST

/* As Debian's autobuilders sign theirs: what is in front of it and behind it is none of it. */
START_TEST(what_is_signed_in_a_buildinfo)
{
	struct data_file info;

	read_text(BEGIN "   dh_auto_test\n5 passed in 0.05s\n" END);
	data_of_text(&info, "hello.buildinfo",
		"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
		"Source: hello\nArchitecture: amd64\nVersion: 2.10-3\nChecksums-Sha256:\n " SUM_A
		" 1 hello_2.10-3_amd64.deb\n\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n"
		"-----END PGP SIGNATURE-----\nChecksums-Sha256:\n " SUM_B
		" 1 hello-doc_2.10-3_all.deb\n");
	ck_assert_msg(buildlog_add_buildinfo(&buildlog, &info, &err) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(buildlog.deb_count, 1);
	ck_assert(belongs("hello", "2.10-3", "amd64", SUM_A));
	ck_assert(!belongs("hello", "2.10-3", "amd64", SUM_B));
	data_file_release(&info);
	release();
}
END_TEST

/* Two logs of one source: what one of them lacks, the other has to have. */
START_TEST(architecture_independent_packages_have_a_log_of_their_own)
{
	struct buildlog_deb amd64[] = {{.name = (char[]){"hello_2.10-3_amd64.deb"}}};
	struct buildlog_deb all[] = {{.name = (char[]){"hello-doc_2.10-3_all.deb"}}};
	struct buildlog logs[] = {
		{.name = (char[]){"a.log"},
			.source = (char[]){"hello"},
			.source_version = (char[]){"2.10-3"},
			.architecture = (char[]){"amd64"},
			.is_finished = true,
			.debs = amd64,
			.deb_count = 1},
		{.name = (char[]){"b.log"},
			.source = (char[]){"hello"},
			.source_version = (char[]){"2.10-3"},
			.architecture = (char[]){"all"},
			.is_finished = true,
			.debs = all,
			.deb_count = 1},
	};
	struct shipped_deb debs[] = {
		{.name = (char[]){"hello"}, .version = (char[]){"2.10-3"}},
		{.name = (char[]){"hello-doc"}, .version = (char[]){"2.10-3"}},
	};
	bool belong[2];

	ck_assert(digest_parse(SUM_A, strlen(SUM_A), &debs[0].sha256));
	ck_assert(digest_parse(SUM_B, strlen(SUM_B), &debs[1].sha256));
	amd64[0].sha256 = debs[0].sha256;
	all[0].sha256 = debs[1].sha256;
	ck_assert(buildlogs_belong(logs, 2, "hello", "2.10-3", "amd64", debs, 2, belong, &claims));
	ck_assert(belong[0] && belong[1]);
	ck_assert(!buildlogs_belong(logs, 1, "hello", "2.10-3", "amd64", debs, 2, belong, &claims));
	ck_assert(!belong[0]);
	/* A build that made another hello-doc did not make what ships, whatever else it made. */
	all[0].sha256 = debs[0].sha256;
	ck_assert(!buildlogs_belong(logs, 2, "hello", "2.10-3", "amd64", debs, 2, belong, &claims));
	ck_assert(!belong[0] && !belong[1]);
	coverage_claims_release(&claims);
}
END_TEST

START_TEST(a_rebuild_without_changes_is_of_its_source)
{
	struct data_file info;

	read_text("dpkg-buildpackage: info: source package hello\n"
		  "dpkg-buildpackage: info: source version 2.10-3+b12\n"
		  "dpkg-buildpackage: info: host architecture amd64\n" END);
	ck_assert_str_eq(buildlog.source_version, "2.10-3");
	data_of_text(&info, "b",
		"Source: hello (2.10-3)\nArchitecture: amd64\nVersion: 2.10-3+b12\n"
		"Checksums-Sha256:\n " SUM_A " 1 a.deb\n");
	ck_assert_msg(buildlog_add_buildinfo(&buildlog, &info, &err) == STATUS_OK, "%s", err.text);
	data_file_release(&info);
	release();
}
END_TEST

#define SAYS(word, value) "dpkg-buildpackage: info: " word " " value "\n"

/* The last two: what is said behind the first step, and what is left unsaid. */
static const char *const no_logs[] = {
	"x\n",
	"5 passed in 0.05s\n",
	("   dh_auto_test\n" SAYS("source package", "hello") SAYS("source version", "2.10-3")
			SAYS("host architecture", "amd64")),
	(SAYS("source package", "hello") SAYS("source version", "2.10-3")),
};

START_TEST(what_is_no_build_log)
{
	data_of_text(&file, "x", no_logs[_i]);
	assert_refused(buildlog_read(&buildlog, &file, &err), STATUS_FORMAT, "this is no log");
	ck_assert_ptr_null(buildlog.name);
	data_file_release(&file);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, summaries_of_frameworks, 0, ARRAY_SIZE(summaries));
	tcase_add_loop_test(tcase, other_lines_are_no_summary, 0, ARRAY_SIZE(not_summaries));
	tcase_add_test(tcase, nothing_counts_outside_a_step);
	tcase_add_loop_test(tcase, steps_of_debhelper, 0, ARRAY_SIZE(steps));
	tcase_add_test(tcase, a_log_of_sbuild);
	tcase_add_test(tcase, what_a_build_prints_is_not_sbuilds);
	tcase_add_test(tcase, a_buildinfo_beside_the_log);
	tcase_add_loop_test(tcase, other_buildinfos_are_refused, 0, ARRAY_SIZE(bad_infos));
	tcase_add_test(tcase, what_is_signed_in_a_buildinfo);
	tcase_add_test(tcase, architecture_independent_packages_have_a_log_of_their_own);
	tcase_add_test(tcase, a_rebuild_without_changes_is_of_its_source);
	tcase_add_loop_test(tcase, what_is_no_build_log, 0, 4);
}

int main(void)
{
	return run_data_suite("buildlog", add_tests);
}
