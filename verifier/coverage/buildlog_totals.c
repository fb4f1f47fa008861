/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/buildlog_totals.h"

#include <string.h>

#include "base/number.h"

#define NONE BUILDLOG_FRAMEWORKS

const char *totals_match(const char *line, const char *pattern, uint64_t *numbers)
{
	const char *begin = line;

	for (; *pattern; pattern++) {
		size_t len = 1;

		if (*pattern == ' ') {
			len = strspn(line, " \t");
			if (len == 0 && line != begin)
				return NULL;
		} else if (*pattern == '@') {
			len = strspn(line, "0123456789");
			if (!number_parse(line, len, numbers++))
				return NULL;
		} else if (*line != *pattern) {
			return NULL;
		}
		line += len;
	}
	return line;
}

void totals_add(uint64_t *sum, uint64_t number)
{
	*sum = number > UINT64_MAX - *sum ? UINT64_MAX : *sum + number;
}

uint64_t totals_minus(uint64_t from, uint64_t number)
{
	return number > from ? 0 : from - number;
}

struct buildlog_totals *totals_begin(
	struct totals_reader *reader, enum buildlog_framework framework)
{
	struct buildlog_totals *totals = &reader->totals[framework];

	if (totals->summaries++ == 0)
		totals->line = reader->line;
	return totals;
}

void totals_add_field(struct buildlog_totals *totals, enum totals_field field, uint64_t number)
{
	uint64_t *const sums[] = {[TOTALS_PASSED] = &totals->passed,
		[TOTALS_FAILED] = &totals->failed,
		[TOTALS_SKIPPED] = &totals->skipped,
		[TOTALS_EXPECTED] = &totals->expected};

	if (field != TOTALS_IGNORED)
		totals_add(sums[field], number);
}

/* Lines of a summary that is open, each with one number. */
static const struct {
	enum buildlog_framework framework;
	const char *pattern;
	enum totals_field field;
} rows[] = {
	{BUILDLOG_AUTOMAKE, "# TOTAL: @", TOTALS_IGNORED},
	{BUILDLOG_AUTOMAKE, "# PASS: @", TOTALS_PASSED},
	{BUILDLOG_AUTOMAKE, "# SKIP: @", TOTALS_SKIPPED},
	{BUILDLOG_AUTOMAKE, "# XFAIL: @", TOTALS_EXPECTED},
	{BUILDLOG_AUTOMAKE, "# FAIL: @", TOTALS_FAILED},
	{BUILDLOG_AUTOMAKE, "# XPASS: @", TOTALS_FAILED},
	{BUILDLOG_AUTOMAKE, "# ERROR: @", TOTALS_FAILED},
	{BUILDLOG_AUTOMAKE, "(@ tests were not run)", TOTALS_SKIPPED},
	{BUILDLOG_AUTOMAKE, "(1 test was not run)", TOTALS_SKIPPED},
	{BUILDLOG_MESON, "Ok: @", TOTALS_PASSED},
	{BUILDLOG_MESON, "Expected Fail: @", TOTALS_EXPECTED},
	{BUILDLOG_MESON, "Fail: @", TOTALS_FAILED},
	{BUILDLOG_MESON, "Unexpected Pass: @", TOTALS_FAILED},
	{BUILDLOG_MESON, "Skipped: @", TOTALS_SKIPPED},
	{BUILDLOG_MESON, "Timeout: @", TOTALS_FAILED},
	{BUILDLOG_DEJAGNU, "# of expected passes @", TOTALS_PASSED},
	{BUILDLOG_DEJAGNU, "# of unexpected failures @", TOTALS_FAILED},
	{BUILDLOG_DEJAGNU, "# of unexpected successes @", TOTALS_FAILED},
	{BUILDLOG_DEJAGNU, "# of expected failures @", TOTALS_EXPECTED},
	{BUILDLOG_DEJAGNU, "# of known failures @", TOTALS_EXPECTED},
	{BUILDLOG_DEJAGNU, "# of unresolved testcases @", TOTALS_FAILED},
	{BUILDLOG_DEJAGNU, "# of untested testcases @", TOTALS_SKIPPED},
	{BUILDLOG_DEJAGNU, "# of unsupported tests @", TOTALS_SKIPPED},
	{BUILDLOG_GTEST, "[ PASSED ] @ test", TOTALS_PASSED},
	{BUILDLOG_GTEST, "[ SKIPPED ] @ test", TOTALS_SKIPPED},
	{BUILDLOG_GTEST, "[ FAILED ] @ test", TOTALS_FAILED},
	{BUILDLOG_AUTOTEST, "All @ tests were successful.", TOTALS_PASSED},
	{BUILDLOG_AUTOTEST, "All @ tests behaved as expected.", TOTALS_PASSED},
	{BUILDLOG_AUTOTEST, "@ tests behaved as expected.", TOTALS_PASSED},
	{BUILDLOG_AUTOTEST, "@ tests were successful.", TOTALS_PASSED},
	{BUILDLOG_AUTOTEST, "@ test was successful.", TOTALS_PASSED},
	{BUILDLOG_AUTOTEST, "@ tests were skipped.", TOTALS_SKIPPED},
	{BUILDLOG_AUTOTEST, "@ test was skipped.", TOTALS_SKIPPED},
};

/* Some end at the first line that is none of theirs; DejaGnu has a blank one below its heading. */
static bool is_over(enum buildlog_framework framework, const char *line)
{
	return framework == BUILDLOG_MESON ||
		(framework == BUILDLOG_DEJAGNU && line[strspn(line, " \t")] != '\0');
}

static bool take_row(struct totals_reader *reader, const char *line)
{
	uint64_t number[TOTALS_NUMBERS];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].framework != reader->open)
			continue;
		number[0] = 1; /* what says "1 test" as a word */
		if (totals_match(line, rows[i].pattern, number)) {
			totals_add_field(&reader->totals[reader->open], rows[i].field, number[0]);
			return true;
		}
	}
	if (is_over(reader->open, line))
		reader->open = NONE;
	return false;
}

/* Automake's parallel driver says this before its numbers; test-suite.log repeats them without. */
static bool automake_line(struct totals_reader *reader, const char *line)
{
	static const struct {
		const char *pattern;
		bool is_failure; /* "@ of @": failed, all */
	} serial[] = {
		{"All @ tests passed", false},
		{"@ test passed", false},
		{"@ of @ tests failed", true},
		{"@ of @ test failed", true},
		{"@ of @ tests did not behave as expected", true},
	};
	struct buildlog_totals *totals;
	uint64_t numbers[TOTALS_NUMBERS];
	const char *rest;

	if (strncmp(line, "Testsuite summary for ", strlen("Testsuite summary for ")) == 0) {
		totals_begin(reader, BUILDLOG_AUTOMAKE);
		reader->open = BUILDLOG_AUTOMAKE;
		return true;
	}
	if (totals_match(line, "All @ tests behaved as expected (@ expected failure", numbers)) {
		totals = totals_begin(reader, BUILDLOG_AUTOMAKE);
		totals_add(&totals->passed, totals_minus(numbers[0], numbers[1]));
		totals_add(&totals->expected, numbers[1]);
		reader->open = BUILDLOG_AUTOMAKE;
		return true;
	}
	for (size_t i = 0; i < sizeof(serial) / sizeof(serial[0]); i++) {
		rest = totals_match(line, serial[i].pattern, numbers);
		if (!rest || *rest != '\0')
			continue;
		totals = totals_begin(reader, BUILDLOG_AUTOMAKE);
		totals_add(&totals->failed, serial[i].is_failure ? numbers[0] : 0);
		totals_add(&totals->passed,
			serial[i].is_failure ? totals_minus(numbers[1], numbers[0]) : numbers[0]);
		reader->open = BUILDLOG_AUTOMAKE;
		return true;
	}
	return false;
}

/* "ERROR: 214 tests were run," and on the next line "2 failed (1 expected failure)." */
static bool autotest_line(struct totals_reader *reader, const char *line)
{
	struct buildlog_totals *totals = &reader->totals[BUILDLOG_AUTOTEST];
	uint64_t numbers[TOTALS_NUMBERS];

	if (strcmp(line, "## Test results. ##") == 0) {
		totals_begin(reader, BUILDLOG_AUTOTEST);
		reader->open = BUILDLOG_AUTOTEST;
		return true;
	}
	if (reader->open != BUILDLOG_AUTOTEST)
		return false;
	if (totals_match(line, "@ tests behaved as expected (@ expected failure", numbers) ||
		totals_match(
			line, "All @ tests behaved as expected (@ expected failure", numbers)) {
		totals_add(&totals->passed, totals_minus(numbers[0], numbers[1]));
		totals_add(&totals->expected, numbers[1]);
		return true;
	}
	if (totals_match(line, "ERROR: @ tests were run,", numbers) ||
		totals_match(line, "ERROR: @ test was run,", numbers)) {
		totals_add(&totals->passed, numbers[0]);
		return true;
	}
	if (totals_match(line, "@ failed (@ expected failure", numbers)) {
		totals_add(&totals->failed, totals_minus(numbers[0], numbers[1]));
		totals_add(&totals->expected, numbers[1]);
		totals->passed = totals_minus(totals->passed, numbers[0]);
		return true;
	}
	if (totals_match(line, "@ failed unexpectedly.", numbers) ||
		totals_match(line, "@ failed.", numbers)) {
		totals_add(&totals->failed, numbers[0]);
		totals->passed = totals_minus(totals->passed, numbers[0]);
		return true;
	}
	return false;
}

/* CTest counts what skipped itself among those that passed. */
static bool ctest_line(struct totals_reader *reader, const char *line)
{
	struct buildlog_totals *totals;
	uint64_t numbers[TOTALS_NUMBERS];

	if (totals_match(line, " @/@ Test #@: ", numbers)) {
		reader->ctest_skipped += strstr(line, "***Skipped") != NULL;
		return true;
	}
	if (strcmp(line, "No tests were found!!!") == 0) {
		totals_begin(reader, BUILDLOG_CTEST);
		return true;
	}
	if (!totals_match(line, "@% tests passed, @ tests failed out of @", numbers))
		return false;
	totals = totals_begin(reader, BUILDLOG_CTEST);
	totals_add(&totals->failed, numbers[1]);
	totals_add(&totals->skipped, reader->ctest_skipped);
	totals_add(&totals->passed,
		totals_minus(totals_minus(numbers[2], numbers[1]), reader->ctest_skipped));
	reader->ctest_skipped = 0;
	return true;
}

static bool meson_line(struct totals_reader *reader, const char *line)
{
	uint64_t numbers[TOTALS_NUMBERS];

	if (strcmp(line, "No tests defined.") == 0) {
		totals_begin(reader, BUILDLOG_MESON);
		return true;
	}
	if (reader->open == BUILDLOG_MESON || !totals_match(line, "Ok: @", numbers))
		return false;
	totals_begin(reader, BUILDLOG_MESON);
	reader->open = BUILDLOG_MESON;
	return false; /* the row itself is yet to be taken */
}

static bool dejagnu_line(struct totals_reader *reader, const char *line)
{
	static const char end[] = " Summary ===";
	size_t len = strlen(line);

	if (!totals_match(line, " === ", NULL) || len < strlen(end) ||
		strcmp(line + len - strlen(end), end) != 0)
		return false;
	totals_begin(reader, BUILDLOG_DEJAGNU);
	reader->open = BUILDLOG_DEJAGNU;
	return true;
}

static bool check_line(struct totals_reader *reader, const char *line)
{
	struct buildlog_totals *totals;
	uint64_t numbers[TOTALS_NUMBERS];
	const char *rest = totals_match(line, "@%: Checks: @, Failures: @, Errors: @", numbers);

	if (!rest || *rest != '\0')
		return false;
	totals = totals_begin(reader, BUILDLOG_CHECK);
	totals_add(&totals->failed, numbers[2]);
	totals_add(&totals->failed, numbers[3]);
	totals_add(&totals->passed, totals_minus(totals_minus(numbers[1], numbers[2]), numbers[3]));
	return true;
}

static bool gtest_line(struct totals_reader *reader, const char *line)
{
	uint64_t numbers[TOTALS_NUMBERS];
	const char *rest = totals_match(line, "[==========] @ test", numbers);

	if (!rest || !strstr(rest, " ran."))
		return false;
	totals_begin(reader, BUILDLOG_GTEST);
	reader->open = BUILDLOG_GTEST;
	return true;
}

static bool (*const frameworks[])(struct totals_reader *reader, const char *line) = {automake_line,
	autotest_line, ctest_line, meson_line, dejagnu_line, totals_tap_line, check_line,
	totals_pytest_line, totals_unittest_line, gtest_line, totals_cargo_line, totals_go_line};

void totals_reader_init(struct totals_reader *reader, struct buildlog_totals *totals)
{
	*reader = (struct totals_reader){.totals = totals, .open = NONE};
}

void totals_reader_line(struct totals_reader *reader, const char *line, size_t number)
{
	reader->line = number;
	for (size_t i = 0; i < sizeof(frameworks) / sizeof(frameworks[0]); i++) {
		if (frameworks[i](reader, line))
			return;
	}
	if (reader->open != NONE)
		take_row(reader, line);
}

void totals_reader_step_end(struct totals_reader *reader)
{
	reader->open = NONE;
	reader->is_unittest_open = false;
	reader->ctest_skipped = reader->tap_skipped = reader->tap_skipped_files = 0;
	reader->tap_failed = 0;
	reader->is_tap_summed = false;
}

void totals_reader_finish(struct totals_reader *reader)
{
	struct buildlog_totals *go = &reader->totals[BUILDLOG_GO];

	totals_reader_step_end(reader);
	if (go->summaries == 0)
		*go = reader->go_packages;
	else if (reader->go_packages.failed > 0 && go->failed == 0)
		go->failed = reader->go_packages.failed; /* it did not compile, or died */
}
