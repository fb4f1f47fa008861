/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/page.h"

#include <stdarg.h>

void page_open(
	struct page *page, const struct page_format *format, struct buffer *out, const char *title)
{
	*page = (struct page){.format = format, .out = out};
	if (format->open)
		format->open(page, title);
}

void page_close(struct page *page)
{
	if (page->format->close)
		page->format->close(page);
	buffer_release(&page->cell);
	text_list_release(&page->table.cells);
}

void page_begin(struct page *page, enum page_line line)
{
	page->format->begin(page, line);
	page->last = line;
	page->is_begun = true;
}

void page_words(struct page *page, const char *format, ...)
{
	struct buffer text = {0};
	va_list arguments;

	va_start(arguments, format);
	buffer_add_vformat(&text, format, arguments);
	va_end(arguments);
	page->format->words(page, page->is_in_cell ? &page->cell : page->out, buffer_text(&text));
	buffer_release(&text);
}

void page_data(struct page *page, const char *text)
{
	page->format->data(page, page->is_in_cell ? &page->cell : page->out, text);
}

void page_end(struct page *page)
{
	page->format->end(page, page->last);
}

void page_table_begin(struct page *page, const char *const *titles, size_t columns, size_t numbers)
{
	text_list_release(&page->table.cells);
	page->table = (struct page_table){.titles = titles, .columns = columns, .numbers = numbers};
}

void page_cell_begin(struct page *page)
{
	buffer_clear(&page->cell);
	page->is_in_cell = true;
}

void page_cell_end(struct page *page)
{
	text_list_add(&page->table.cells, buffer_text(&page->cell));
	page->is_in_cell = false;
}

void page_table_end(struct page *page)
{
	page->format->table(page, &page->table);
	page->last = PAGE_PARAGRAPH;
	page->is_begun = true;
}
