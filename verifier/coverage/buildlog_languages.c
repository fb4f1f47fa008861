/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/number.h"
#include "verifier/coverage/buildlog_totals.h"

/* Frameworks that come with a language: Perl, Python, Rust, Go. */

/*
 * So many tests have failed, at least, of the run at hand. Its total may be there already: the line
 * with which make's test target dies comes behind it, on another stream.
 */
static void tap_fail(struct totals_reader *reader, uint64_t number)
{
	struct buildlog_totals *totals = &reader->totals[BUILDLOG_TAP];
	uint64_t more = totals_minus(number, reader->tap_failed);

	reader->tap_failed += more;
	if (!reader->is_tap_summed)
		return;
	totals_add(&totals->failed, more);
	totals->passed = totals_minus(totals->passed, more);
}

/*
 * "t/a.t   (Wstat: 256 (exited 1) Tests: 1 Failed: 1)" of the Test Summary Report. A program that
 * died has failed, though none of its tests said so; one that is listed for a TODO that passed has
 * not.
 */
static bool tap_report_line(struct totals_reader *reader, const char *line)
{
	const char *wait = strstr(line, " (Wstat: "), *tests = strstr(line, " Tests: ");
	uint64_t numbers[TOTALS_NUMBERS] = {0};

	if (!wait || !tests || tests < wait || !totals_match(wait, " (Wstat: @", numbers) ||
		!totals_match(tests, " Tests: @ Failed: @)", numbers + 1))
		return false;
	if (reader->is_tap_summed)
		reader->tap_failed = 0;
	reader->is_tap_summed = false;
	if (numbers[2] == 0 && numbers[0] != 0)
		numbers[2] = 1;
	totals_add(&reader->tap_failed, numbers[2]);
	return true;
}

static void tap_sum(struct totals_reader *reader, uint64_t tests)
{
	struct buildlog_totals *totals = totals_begin(reader, BUILDLOG_TAP);
	uint64_t skipped = reader->tap_skipped < tests ? reader->tap_skipped : tests;

	if (reader->is_tap_summed)
		reader->tap_failed = 0;
	reader->is_tap_summed = true;
	totals_add(&totals->failed, reader->tap_failed);
	totals_add(&totals->skipped, skipped);
	totals_add(&totals->skipped, reader->tap_skipped_files);
	totals_add(&totals->passed, totals_minus(totals_minus(tests, skipped), reader->tap_failed));
	reader->tap_skipped = reader->tap_skipped_files = 0;
}

/* Test::Harness counts tests; skipped files and what failed stand on lines of their own. */
bool totals_tap_line(struct totals_reader *reader, const char *line)
{
	uint64_t numbers[TOTALS_NUMBERS];
	const char *rest;

	if (totals_match(line, "Files=@, Tests=@,", numbers)) {
		tap_sum(reader, numbers[1]);
		return true;
	}
	if (totals_match(line, "Failed @/@ test programs. @/@ subtests failed.", numbers)) {
		tap_fail(reader, numbers[2] > numbers[0] ? numbers[2] : numbers[0]);
		return true;
	}
	if (strcmp(line, "Result: FAIL") == 0) {
		tap_fail(reader, 1);
		return true;
	}
	if (tap_report_line(reader, line))
		return true;
	if (strcmp(line, "Result: NOTESTS") == 0 && reader->totals[BUILDLOG_TAP].summaries == 0) {
		totals_begin(reader, BUILDLOG_TAP);
		return true;
	}
	if (strstr(line, ".. skipped") && !strstr(line, "# ")) {
		reader->tap_skipped_files++;
		return true;
	}
	rest = totals_match(line, "ok @", numbers);
	if (!rest)
		return false;
	reader->tap_skipped += strcasestr(rest, "# skip") != NULL;
	return true;
}

struct counted {
	const char *word;
	size_t len;
	uint64_t number;
};

static void add_word(struct buildlog_totals *totals, const struct counted *counted, bool *is_known)
{
	static const struct {
		const char *word;
		enum totals_field field;
	} words[] = {
		{"passed", TOTALS_PASSED},
		{"failed", TOTALS_FAILED},
		{"error", TOTALS_FAILED},
		{"errors", TOTALS_FAILED},
		{"failures", TOTALS_FAILED},
		{"skipped", TOTALS_SKIPPED},
		{"xfailed", TOTALS_EXPECTED},
		{"xpassed", TOTALS_PASSED},
		{"expected failures", TOTALS_EXPECTED},
		{"unexpected successes", TOTALS_FAILED},
		{"deselected", TOTALS_SKIPPED},
		{"warning", TOTALS_IGNORED},
		{"warnings", TOTALS_IGNORED},
		{"rerun", TOTALS_IGNORED},
	};

	*is_known = false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) == counted->len &&
			memcmp(words[i].word, counted->word, counted->len) == 0) {
			totals_add_field(totals, words[i].field, counted->number);
			*is_known = true;
		}
	}
}

/* "== 3 passed, 2 skipped in 0.05s ==", and the same without the rulers of `pytest -q`. */
bool totals_pytest_line(struct totals_reader *reader, const char *line)
{
	struct buildlog_totals sums = {0}, *totals;
	const char *at = line + strspn(line, "=");
	bool is_known = true;

	at += strspn(at, " ");
	if (strncmp(at, "no tests ran in ", strlen("no tests ran in ")) == 0) {
		totals_begin(reader, BUILDLOG_PYTEST);
		return true;
	}
	for (;;) {
		struct counted counted = {0};
		size_t digits = strspn(at, "0123456789");

		if (!number_parse(at, digits, &counted.number) || at[digits] != ' ')
			return false;
		counted.word = at + digits + 1;
		counted.len = strspn(counted.word, "abcdefghijklmnopqrstuvwxyz");
		add_word(&sums, &counted, &is_known);
		at = counted.word + counted.len;
		if (!is_known)
			return false;
		if (strncmp(at, ", ", 2) != 0)
			break;
		at += 2;
	}
	if (strncmp(at, " in ", 4) != 0 || at[4] < '0' || at[4] > '9' || !strchr(at, 's'))
		return false;
	totals = totals_begin(reader, BUILDLOG_PYTEST);
	totals_add(&totals->passed, sums.passed);
	totals_add(&totals->failed, sums.failed);
	totals_add(&totals->skipped, sums.skipped);
	totals_add(&totals->expected, sums.expected);
	return true;
}

/* "OK (skipped=3, expected failures=1)" */
static void unittest_counts(struct totals_reader *reader, const char *at)
{
	struct buildlog_totals *totals = totals_begin(reader, BUILDLOG_UNITTEST), sums = {0};
	bool is_known;

	while (*at && *at != ')') {
		struct counted counted = {.word = at, .len = strcspn(at, "=),")};
		const char *number = at + counted.len + 1;

		if (at[counted.len] != '=' ||
			!number_parse(number, strspn(number, "0123456789"), &counted.number))
			break;
		add_word(&sums, &counted, &is_known);
		at = number + strspn(number, "0123456789");
		at += strspn(at, ", ");
	}
	totals_add(&totals->failed, sums.failed);
	totals_add(&totals->skipped, sums.skipped);
	totals_add(&totals->expected, sums.expected);
	totals_add(&totals->passed,
		totals_minus(
			totals_minus(totals_minus(reader->unittest_ran, sums.failed), sums.skipped),
			sums.expected));
	reader->is_unittest_open = false;
}

bool totals_unittest_line(struct totals_reader *reader, const char *line)
{
	uint64_t numbers[TOTALS_NUMBERS];

	if (totals_match(line, "Ran @ tests in ", numbers) ||
		totals_match(line, "Ran @ test in ", numbers)) {
		reader->unittest_ran = numbers[0];
		reader->is_unittest_open = true;
		return true;
	}
	if (!reader->is_unittest_open)
		return false;
	if (strcmp(line, "OK") == 0 || strncmp(line, "NO TESTS RAN", 12) == 0)
		unittest_counts(reader, "");
	else if (strncmp(line, "OK (", 4) == 0)
		unittest_counts(reader, line + 4);
	else if (strncmp(line, "FAILED (", 8) == 0)
		unittest_counts(reader, line + 8);
	else
		return false;
	return true;
}

bool totals_cargo_line(struct totals_reader *reader, const char *line)
{
	static const char pattern[] = " @ passed; @ failed; @ ignored; @ measured; @ filtered out";
	struct buildlog_totals *totals;
	uint64_t numbers[TOTALS_NUMBERS];
	const char *rest = totals_match(line, "test result: ", NULL);

	if (!rest || !(rest = strchr(rest, '.')) || !totals_match(rest + 1, pattern, numbers))
		return false;
	totals = totals_begin(reader, BUILDLOG_CARGO);
	totals_add(&totals->passed, numbers[0]);
	totals_add(&totals->failed, numbers[1]);
	totals_add(&totals->skipped, numbers[2]);
	totals_add(&totals->skipped, numbers[4]);
	return true;
}

/* "--- PASS: TestX (0.00s)" with -v, and "ok \tPACKAGE\t0.003s" with or without. */
bool totals_go_line(struct totals_reader *reader, const char *line)
{
	static const struct {
		const char *begin;
		enum totals_field field;
	} tests[] = {{"--- PASS: ", TOTALS_PASSED}, {"--- FAIL: ", TOTALS_FAILED},
		{"--- SKIP: ", TOTALS_SKIPPED}};
	struct buildlog_totals *packages = &reader->go_packages;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strncmp(line, tests[i].begin, strlen(tests[i].begin)) != 0)
			continue;
		totals_add_field(totals_begin(reader, BUILDLOG_GO), tests[i].field, 1);
		return true;
	}
	if (strncmp(line, "ok  \t", 5) == 0)
		totals_add_field(packages,
			strstr(line, "[no tests to run]") ? TOTALS_SKIPPED : TOTALS_PASSED, 1);
	else if (strncmp(line, "FAIL\t", 5) == 0)
		packages->failed++;
	else if (strncmp(line, "?   \t", 5) != 0 || !strstr(line, "[no test files]"))
		return false;
	if (packages->summaries++ == 0)
		packages->line = reader->line;
	return true;
}
