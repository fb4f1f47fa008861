/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_BUILDLOG_TOTALS_H
#define VERIFIER_COVERAGE_BUILDLOG_TOTALS_H

#include "verifier/coverage/buildlog.h"

/* Inside buildlog*.c only: finds the summaries of test frameworks in the lines of a test step. */
struct totals_reader {
	struct buildlog_totals *totals; /* BUILDLOG_FRAMEWORKS of them */
	size_t line;			/* the number of the line at hand */
	/* The framework whose summary goes over several lines, and is open; or none. */
	enum buildlog_framework open;
	/* What stands before the summary that it belongs to. */
	uint64_t ctest_skipped, tap_skipped_files, tap_skipped, tap_failed;
	bool is_tap_summed; /* its total was seen: what failed is of the run before */
	uint64_t unittest_ran;
	bool is_unittest_open;
	/* Of go test both; at the end of the log the tests count when there are any. */
	struct buildlog_totals go_packages;
};

void totals_reader_init(struct totals_reader *reader, struct buildlog_totals *totals);
/* A line inside a step, without its newline. */
void totals_reader_line(struct totals_reader *reader, const char *line, size_t number);
/* A step is over: what was open is closed. */
void totals_reader_step_end(struct totals_reader *reader);
/* All steps are over. */
void totals_reader_finish(struct totals_reader *reader);

/* The rest is for the readers of one framework each. */

enum totals_field {
	TOTALS_PASSED,
	TOTALS_FAILED,
	TOTALS_SKIPPED,
	TOTALS_EXPECTED,
	TOTALS_IGNORED,
};

#define TOTALS_NUMBERS 5

/*
 * What follows the beginning of `line` that fits the pattern, or NULL. In it "@" stands for a
 * number, which is put into `numbers` (TOTALS_NUMBERS at most), a blank for a run of blanks and
 * tabs, at its begin also for none; the rest for itself.
 */
const char *totals_match(const char *line, const char *pattern, uint64_t *numbers);
/* Sums and differences that do not fit are cut, not wrapped: a log may hold any number. */
void totals_add(uint64_t *sum, uint64_t number);
uint64_t totals_minus(uint64_t from, uint64_t number);
/* Another summary of a framework, at the line at hand. */
struct buildlog_totals *totals_begin(
	struct totals_reader *reader, enum buildlog_framework framework);
void totals_add_field(struct buildlog_totals *totals, enum totals_field field, uint64_t number);

/* Each takes a line that is of its framework, and then gives true. */
bool totals_tap_line(struct totals_reader *reader, const char *line);
bool totals_pytest_line(struct totals_reader *reader, const char *line);
bool totals_unittest_line(struct totals_reader *reader, const char *line);
bool totals_cargo_line(struct totals_reader *reader, const char *line);
bool totals_go_line(struct totals_reader *reader, const char *line);

#endif
