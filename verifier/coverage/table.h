/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_TABLE_H
#define VERIFIER_COVERAGE_TABLE_H

#include <stddef.h>

#include "base/error.h"

/* Tables that people keep lists in: rows of cells, each a text in UTF-8. */

#define TABLE_ROWS_MAX	((size_t)1000000)
#define TABLE_CELLS_MAX ((size_t)16384) /* of a row; what spreadsheets have */
#define TABLE_CELL_MAX	((size_t)1 << 20)

struct table_cell {
	char *text; /* NUL-terminated; "" for an empty cell */
	size_t len;
};

/* Called for each row that is not empty; the cells are valid during the call. */
typedef enum status table_visitor(void *context, size_t line, const struct table_cell *cells,
	size_t count, struct error *err);

/*
 * Comma-separated values (RFC 4180) in UTF-8, with or without a byte order mark; the separator is
 * whichever of comma, semicolon and tab stands most often in the first line. `line` is where a row
 * begins, from 1. STATUS_FORMAT, "line N: …", for a quote that is not closed, text behind a
 * closing quote, NUL bytes, and what is not UTF-8.
 */
enum status csv_read(
	const char *data, size_t len, table_visitor *visit, void *context, struct error *err);

/*
 * A sheet of an Office Open XML workbook (ECMA-376, SpreadsheetML): the one of that name, or the
 * first when `sheet` is NULL. Texts and numbers are taken as they stand, formulas by their last
 * value. `line` is the row's number. The file is read in worker processes (dbdiff/read_named.h).
 * STATUS_NOT_FOUND when there is no such sheet; STATUS_FORMAT when it is no such file.
 */
enum status xlsx_read(const char *name, int fd, const char *sheet, table_visitor *visit,
	void *context, struct error *err);

#endif
