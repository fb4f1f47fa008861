/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <string.h>

#include "base/escape.h"

/* What a spreadsheet would take for a formula is made a text (trust T20). */
static void put_cell(struct buffer *out, const char *text, bool is_number)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	if (is_number) {
		buffer_add(out, line.data, line.len);
	} else {
		buffer_add_char(out, '"');
		if (*text && strchr("=+-@\t\r", *text))
			buffer_add_char(out, '\'');
		for (size_t i = 0; i < line.len; i++) {
			if (line.data[i] == '"')
				buffer_add_char(out, '"');
			buffer_add_char(out, line.data[i]);
			/* Where lists are separated by ";", a cell begins anew behind it. */
			if (line.data[i] == ';' && i + 1 < line.len &&
				strchr("=+-@", line.data[i + 1]))
				buffer_add_char(out, '\'');
		}
		buffer_add_char(out, '"');
	}
	buffer_release(&line);
}

/* The columns of both tables of packages, those that both have once. */
static const struct sheet_column *column_at(size_t at)
{
	size_t reviewed = *sheet_review.column_count;

	return at < reviewed ? &sheet_review.columns[at]
			     : &sheet_risk.columns[at - reviewed + SHEET_SAME_COLUMNS];
}

void sheet_csv(const struct coverage *coverage, struct buffer *out)
{
	size_t count = *sheet_review.column_count + *sheet_risk.column_count - SHEET_SAME_COLUMNS;
	struct sheet_row row = {.coverage = coverage};
	struct buffer cell = {0};

	for (size_t c = 0; c < count; c++) {
		buffer_add_text(out, c ? "," : "");
		put_cell(out, column_at(c)->title, false);
	}
	buffer_add_text(out, "\r\n");
	while (sheet_review.next(&row)) {
		for (size_t c = 0; c < count; c++) {
			const struct sheet_column *column = column_at(c);

			buffer_clear(&cell);
			column->value(&row, &cell);
			buffer_add_text(out, c ? "," : "");
			if (cell.len)
				put_cell(out, buffer_text(&cell), column->kind == CELL_NUMBER);
		}
		buffer_add_text(out, "\r\n");
	}
	buffer_release(&cell);
}
