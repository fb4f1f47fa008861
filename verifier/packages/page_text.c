/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "verifier/packages/page.h"

#define COLUMN_MAX ((size_t)60) /* wider cells are not lined up */

static void begin(struct page *page, enum page_line line)
{
	if (page->is_begun && line == PAGE_SECTION)
		buffer_add_char(page->out, '\n');
	if (line == PAGE_SUBITEM)
		buffer_add_text(page->out, "    ");
}

static void end(struct page *page, enum page_line line)
{
	(void)line;
	buffer_add_char(page->out, '\n');
}

/* Titles of sections stand out by their capitals. */
static void words(struct page *page, struct buffer *out, const char *text)
{
	bool is_loud = !page->is_in_cell && page->last == PAGE_SECTION;

	for (const char *at = text; *at; at++)
		buffer_add_char(out, is_loud ? (char)toupper((unsigned char)*at) : *at);
}

static void data(struct page *page, struct buffer *out, const char *text)
{
	(void)page;
	escape_line(out, text, strlen(text));
}

/* Characters, as far as they take one place each. */
static size_t width(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void blanks(struct buffer *out, size_t count)
{
	while (count-- > 0)
		buffer_add_char(out, ' ');
}

/* Lined up, the last column as it is; one row a line. */
static void table(struct page *page, const struct page_table *table)
{
	size_t *widths = xcalloc(table->columns, sizeof(widths[0]));

	for (size_t i = 0; i < table->cells.count; i++) {
		size_t cell = width(table->cells.items[i]);

		if (cell > widths[i % table->columns])
			widths[i % table->columns] = cell < COLUMN_MAX ? cell : COLUMN_MAX;
	}
	for (size_t i = 0; i < table->cells.count; i++) {
		size_t column = i % table->columns, cell = width(table->cells.items[i]);
		size_t pad = cell < widths[column] ? widths[column] - cell : 0;
		bool is_number = table->numbers >> column & 1;

		if (is_number)
			blanks(page->out, pad);
		buffer_add_text(page->out, table->cells.items[i]);
		if (column + 1 == table->columns) {
			buffer_add_char(page->out, '\n');
			continue;
		}
		if (!is_number)
			blanks(page->out, pad);
		buffer_add_text(page->out, "  ");
	}
	free(widths);
}

const struct page_format page_text = {
	.begin = begin, .end = end, .words = words, .data = data, .table = table};
