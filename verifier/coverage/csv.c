/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/escape.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reading {
	const char *at, *end;
	size_t line; /* of `at` */
	char separator;
	struct buffer row; /* its cells, each with a NUL behind */
	size_t *starts;	   /* of the cells, in `row` */
	size_t count, capacity;
	struct table_cell *cells;
	size_t cell_capacity;
};

static char separator_of(const char *data, const char *end)
{
	static const char separators[] = ",;\t";
	size_t counts[3] = {0}, best = 0;
	bool is_quoted = false;

	for (; data < end && (is_quoted || (*data != '\n' && *data != '\r')); data++) {
		const char *found = *data ? strchr(separators, *data) : NULL;

		is_quoted ^= *data == '"';
		if (found && !is_quoted)
			counts[found - separators]++;
	}
	for (size_t i = 1; i < 3; i++)
		if (counts[i] > counts[best])
			best = i;
	return separators[best];
}

static enum status refuse(size_t line, const char *what, struct error *err)
{
	return error_set(err, STATUS_FORMAT, "line %zu: %s", line, what);
}

/* One cell, without the separator or line end behind it. */
static enum status cell_read(struct reading *reading, struct error *err)
{
	bool is_quoted = reading->at < reading->end && *reading->at == '"';
	size_t begin = reading->line, start = reading->row.len;
	bool is_open = is_quoted;

	reading->at += is_quoted;
	for (; reading->at < reading->end; reading->at++) {
		char c = *reading->at;

		if (is_open && c == '"') {
			if (reading->at + 1 == reading->end || reading->at[1] != '"') {
				is_open = false;
				continue;
			}
			reading->at++;
		} else if (!is_open &&
			(c == reading->separator || c == '\n' ||
				(c == '\r' &&
					(reading->at + 1 == reading->end ||
						reading->at[1] == '\n')))) {
			break;
		} else if (!is_open && is_quoted) {
			return refuse(reading->line, "text stands behind a closing quote", err);
		} else if (c == '"' && !is_open) {
			return refuse(
				reading->line, "a quote stands inside a cell that none opens", err);
		}
		if (reading->row.len - start == TABLE_CELL_MAX)
			return error_set(err, STATUS_LIMIT, "line %zu: a cell is too long", begin);
		reading->line += c == '\n';
		buffer_add_char(&reading->row, c);
	}
	if (is_open)
		return refuse(begin, "a quote is not closed", err);
	return STATUS_OK;
}

static enum status row_read(struct reading *reading, struct error *err)
{
	reading->count = 0;
	buffer_clear(&reading->row);
	while (true) {
		if (reading->count == TABLE_CELLS_MAX)
			return error_set(err, STATUS_LIMIT, "line %zu: it has more than %zu cells",
				reading->line, TABLE_CELLS_MAX);
		ARRAY_GROW(reading->starts, reading->count, reading->capacity);
		reading->starts[reading->count++] = reading->row.len;
		if (cell_read(reading, err) < 0)
			return err->status;
		buffer_add_char(&reading->row, '\0');
		if (reading->at == reading->end || *reading->at != reading->separator)
			break;
		reading->at++;
	}
	if (reading->at < reading->end && *reading->at == '\r')
		reading->at++;
	if (reading->at < reading->end && *reading->at == '\n') {
		reading->at++;
		reading->line++;
	}
	return STATUS_OK;
}

static enum status row_give(struct reading *reading, size_t line, table_visitor *visit,
	void *context, struct error *err)
{
	bool is_empty = true;

	for (size_t i = 0; i < reading->count; i++) {
		size_t next = i + 1 < reading->count ? reading->starts[i + 1] : reading->row.len;

		ARRAY_GROW(reading->cells, i, reading->cell_capacity);
		reading->cells[i].text = reading->row.data + reading->starts[i];
		reading->cells[i].len = next - reading->starts[i] - 1;
		is_empty = is_empty && reading->cells[i].len == 0;
	}
	return is_empty ? STATUS_OK : visit(context, line, reading->cells, reading->count, err);
}

/* Where text stops being UTF-8 without NUL, or `end`; *line is that place's. */
static const char *utf8_end(const char *at, const char *end, size_t *line)
{
	while (at < end && *at) {
		size_t length = escape_utf8_length(at, (size_t)(end - at), NULL);

		if (length == 0)
			break;
		*line += *at == '\n';
		at += length;
	}
	return at;
}

enum status csv_read(
	const char *data, size_t len, table_visitor *visit, void *context, struct error *err)
{
	struct reading reading = {.at = data, .end = data + len, .line = 1};
	enum status status = STATUS_OK;
	size_t rows = 0, bad = 1;

	if (len >= 3 && memcmp(data, BYTE_ORDER_MARK, 3) == 0)
		reading.at += 3;
	const char *text_end = utf8_end(reading.at, reading.end, &bad);
	if (text_end < reading.end)
		return *text_end
			? error_set(err, STATUS_FORMAT,
				  "line %zu: a byte %02x that is not UTF-8: save the table "
				  "with the encoding UTF-8",
				  bad, (unsigned char)*text_end)
			: refuse(bad, "it holds a NUL byte", err);
	reading.separator = separator_of(reading.at, reading.end);
	while (status == STATUS_OK && reading.at < reading.end) {
		size_t line = reading.line;

		if (rows++ == TABLE_ROWS_MAX)
			status = error_set(
				err, STATUS_LIMIT, "it has more than %zu rows", TABLE_ROWS_MAX);
		else if ((status = row_read(&reading, err)) == STATUS_OK)
			status = row_give(&reading, line, visit, context, err);
	}
	buffer_release(&reading.row);
	free(reading.starts);
	free(reading.cells);
	return status;
}
