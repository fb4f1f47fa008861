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
		}
		buffer_add_char(out, '"');
	}
	buffer_release(&line);
}

void sheet_csv(const struct coverage *coverage, struct buffer *out)
{
	struct buffer cell = {0};

	for (size_t c = 0; c < sheet_column_count; c++) {
		buffer_add_text(out, c ? "," : "");
		put_cell(out, sheet_columns[c].title, false);
	}
	buffer_add_text(out, "\r\n");
	for (size_t i = 0; i < coverage->count; i++) {
		for (size_t c = 0; c < sheet_column_count; c++) {
			buffer_clear(&cell);
			sheet_columns[c].value(&coverage->packages[i], &cell);
			buffer_add_text(out, c ? "," : "");
			if (cell.len)
				put_cell(out, buffer_text(&cell), sheet_columns[c].is_number);
		}
		buffer_add_text(out, "\r\n");
	}
	buffer_release(&cell);
}
