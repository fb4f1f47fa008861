/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SHEET_H
#define VERIFIER_COVERAGE_SHEET_H

#include <stdio.h>

#include "base/buffer.h"
#include "base/json.h"
#include "verifier/coverage/coverage.h"

/*
 * Coverage as people and programs read it. The same coverage gives the same bytes. Data is escaped
 * for each reader (trust T20).
 *
 * What workbook and page show is a list of tables, each a walk over its rows and a list of columns:
 * CSV, XLSX and HTML only differ in how they write a cell.
 */

/* A row of a table: what `next` is at. */
struct sheet_row {
	const struct coverage *coverage;
	size_t package, item;		   /* from 1; 0 before the first row */
	const struct coverage_package *of; /* `package`; NULL in tables that are not of packages */
};

enum sheet_cell {
	CELL_TEXT,
	CELL_NUMBER,
	CELL_CLASS,  /* begins with the letter of the package's class, and has its colour */
	CELL_DIGEST, /* hex */
};

struct sheet_column {
	const char *title;
	unsigned width; /* in characters, of a spreadsheet */
	enum sheet_cell kind;
	/* Adds the cell's text; nothing where it is not known. */
	void (*value)(const struct sheet_row *row, struct buffer *text);
	const char *about; /* what it says, and where it is read from; of tables of packages */
};

struct sheet_table {
	const char *name; /* of a worksheet: at most 31 characters */
	const struct sheet_column *columns;
	const size_t *column_count;
	/* To the next row; false behind the last. A zeroed row but for `coverage` is before all. */
	bool (*next)(struct sheet_row *row);
	bool is_by_package; /* rows of one package belong together, and its two columns are first */
	bool is_optional;   /* columns without a value need not be shown */
};

extern const struct sheet_table *const sheet_tables[];
extern const size_t sheet_table_count;
/* The first two of them, of which CSV is one table; they begin with the same columns. */
extern const struct sheet_table sheet_review, sheet_risk;
#define SHEET_SAME_COLUMNS ((size_t)4) /* source, version, class, meaning */

/* 0xRRGGBB of a class; a word stands beside each: it is not the only sign. */
unsigned sheet_class_colour(enum evidence_class class);
/* What needs a look comes first; the assessor reads from the top. */
#define SHEET_CLASSES ((size_t)CLASS_F + 1)
extern const enum evidence_class sheet_class_order[SHEET_CLASSES];
size_t sheet_class_count(const struct coverage *coverage, enum evidence_class class);

/* One line a package, worst class first, and what they sum up to. */
void sheet_text(const struct coverage *coverage, FILE *stream);
/* `with_times` false leaves out when a URL was had: two tables of the same bytes are the same. */
void sheet_json(const struct coverage *coverage, bool with_times, struct buffer *out);
/* A package as an object of an array, as sheet_json() has it. */
void sheet_json_package(struct json *json, const struct coverage_package *package);
/* RFC 4180 in UTF-8. A cell that a spreadsheet would take for a formula begins with "'". */
void sheet_csv(const struct coverage *coverage, struct buffer *out);
void sheet_html(const struct coverage *coverage, struct buffer *out);
/* Writes the file whole or not at all. */
enum status sheet_xlsx(const struct coverage *coverage, const char *path, struct error *err);

#endif
