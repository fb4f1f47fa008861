/* SPDX-License-Identifier: Apache-2.0 */
#include "base/html.h"
#include "verifier/packages/page.h"

static const char head[] =
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">\n<style>\n"
	"body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 "
	"1rem;color:#1b1f24;background:#fff}\n"
	"h1{font-size:1.25rem}h2{font-size:1.05rem;margin-top:1.5rem}\n"
	"ul{padding-left:1.2rem}li.s{margin-left:1.5rem;list-style:circle}\n"
	"code{font-size:.9em;overflow-wrap:anywhere;background:#eef1f4;padding:0 .2rem}\n"
	"table{border-collapse:collapse}.wide{overflow-x:auto}\n"
	"th,td{border:1px solid #c9d1d9;padding:.2rem .5rem;text-align:left;vertical-align:top}\n"
	"td.n{text-align:right}\n"
	"@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}\n"
	"code{background:#21262d}th,td{border-color:#3d444d}}\n"
	"</style></head><body>\n";

static const char *const openings[] = {
	[PAGE_TITLE] = "<h1>",
	[PAGE_SECTION] = "<h2>",
	[PAGE_PARAGRAPH] = "<p>",
	[PAGE_ITEM] = "<li>",
	[PAGE_SUBITEM] = "<li class=\"s\">",
};

static const char *const closings[] = {
	[PAGE_TITLE] = "</h1>\n",
	[PAGE_SECTION] = "</h2>\n",
	[PAGE_PARAGRAPH] = "</p>\n",
	[PAGE_ITEM] = "</li>\n",
	[PAGE_SUBITEM] = "</li>\n",
};

static bool is_in_list(const struct page *page)
{
	return page->is_begun && (page->last == PAGE_ITEM || page->last == PAGE_SUBITEM);
}

static void list_end(struct page *page)
{
	if (is_in_list(page))
		buffer_add_text(page->out, "</ul>\n");
}

static void open(struct page *page, const char *title)
{
	buffer_add_text(page->out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>");
	html_text(page->out, title);
	buffer_add_text(page->out, "</title>\n");
	buffer_add_text(page->out, head);
}

static void close_page(struct page *page)
{
	list_end(page);
	buffer_add_text(page->out, "</body></html>\n");
}

static void begin(struct page *page, enum page_line line)
{
	bool is_item = line == PAGE_ITEM || line == PAGE_SUBITEM;

	if (!is_item)
		list_end(page);
	else if (!is_in_list(page))
		buffer_add_text(page->out, "<ul>\n");
	buffer_add_text(page->out, openings[line]);
}

static void end(struct page *page, enum page_line line)
{
	buffer_add_text(page->out, closings[line]);
}

static void words(struct page *page, struct buffer *out, const char *text)
{
	(void)page;
	html_text(out, text);
}

static void data(struct page *page, struct buffer *out, const char *text)
{
	(void)page;
	buffer_add_text(out, "<code>");
	html_text(out, text);
	buffer_add_text(out, "</code>");
}

static void table(struct page *page, const struct page_table *table)
{
	struct buffer *out = page->out;

	list_end(page);
	buffer_add_text(out, "<div class=\"wide\"><table><thead><tr>");
	for (size_t i = 0; i < table->columns; i++) {
		buffer_add_text(out, "<th scope=\"col\">");
		html_text(out, table->titles[i]);
		buffer_add_text(out, "</th>");
	}
	buffer_add_text(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < table->cells.count; i++) {
		size_t column = i % table->columns;

		buffer_add_format(out, "%s<td%s>%s</td>%s", column ? "" : "<tr>",
			table->numbers >> column & 1 ? " class=\"n\"" : "", table->cells.items[i],
			column + 1 == table->columns ? "</tr>\n" : "");
	}
	buffer_add_text(out, "</tbody></table></div>\n");
}

const struct page_format page_html = {.open = open,
	.close = close_page,
	.begin = begin,
	.end = end,
	.words = words,
	.data = data,
	.table = table};
