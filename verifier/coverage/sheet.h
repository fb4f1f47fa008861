/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SHEET_H
#define VERIFIER_COVERAGE_SHEET_H

#include <stdio.h>

#include "base/buffer.h"
#include "verifier/coverage/coverage.h"

/*
 * Coverage as people and programs read it. The same coverage gives the same bytes. Data is escaped
 * for each reader (trust T20).
 */

/* Where a column stands: the review itself, or the inputs to a decision about risk. */
enum sheet_part {
	SHEET_REVIEW,
	SHEET_RISK
};

struct sheet_column {
	const char *title;
	enum sheet_part part;
	bool is_number;
	unsigned width; /* in characters, of a spreadsheet */
	/* Adds the cell's text; nothing where it is not known. */
	void (*value)(const struct coverage_package *package, struct buffer *text);
};

extern const struct sheet_column sheet_columns[];
extern const size_t sheet_column_count;

/* A requirement of IEC 62443-4-1, and what of this supports it. */
struct sheet_requirement {
	const char *practice, *columns, *manual;
};

extern const struct sheet_requirement sheet_requirements[];
extern const size_t sheet_requirement_count;

/* One line a package, worst class first, and what they sum up to. */
void sheet_text(const struct coverage *coverage, FILE *stream);
enum status sheet_json(const struct coverage *coverage, FILE *stream, struct error *err);
/* RFC 4180 in UTF-8. A cell that a spreadsheet would take for a formula begins with "'". */
void sheet_csv(const struct coverage *coverage, struct buffer *out);
void sheet_html(const struct coverage *coverage, struct buffer *out);
/* Writes the file whole or not at all. */
enum status sheet_xlsx(const struct coverage *coverage, const char *path, struct error *err);

#endif
