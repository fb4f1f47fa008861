/* SPDX-License-Identifier: Apache-2.0 */
#include "base/markdown.h"
#include "verifier/packages/page.h"

/* What a line begins with is ours: data comes behind it. */
static const char *const beginnings[] = {
	[PAGE_TITLE] = "## ",
	[PAGE_SECTION] = "### ",
	[PAGE_PARAGRAPH] = "",
	[PAGE_ITEM] = "- ",
	[PAGE_SUBITEM] = "  - ",
};

static bool is_item(enum page_line line)
{
	return line == PAGE_ITEM || line == PAGE_SUBITEM;
}

static void begin(struct page *page, enum page_line line)
{
	if (page->is_begun && !(is_item(line) && is_item(page->last)))
		buffer_add_char(page->out, '\n');
	buffer_add_text(page->out, beginnings[line]);
}

static void end(struct page *page, enum page_line line)
{
	(void)line;
	buffer_add_char(page->out, '\n');
}

static void words(struct page *page, struct buffer *out, const char *text)
{
	(void)page;
	markdown_words(out, text);
}

static void data(struct page *page, struct buffer *out, const char *text)
{
	if (page->is_in_cell)
		markdown_cell_code(out, text);
	else
		markdown_code(out, text);
}

static void table(struct page *page, const struct page_table *table)
{
	struct buffer *out = page->out;

	if (page->is_begun)
		buffer_add_char(out, '\n');
	for (size_t i = 0; i < table->columns; i++)
		buffer_add_format(out, "| %s ", table->titles[i]);
	buffer_add_text(out, "|\n");
	for (size_t i = 0; i < table->columns; i++)
		buffer_add_text(out, table->numbers >> i & 1 ? "| ---: " : "| --- ");
	buffer_add_text(out, "|\n");
	for (size_t i = 0; i < table->cells.count; i++)
		buffer_add_format(out, "| %s %s", table->cells.items[i],
			(i + 1) % table->columns ? "" : "|\n");
}

const struct page_format page_markdown = {
	.begin = begin, .end = end, .words = words, .data = data, .table = table};
