/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/html.h"

#define WIDE 30 /* characters, of a column of sentences */

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">\n<title>Test coverage</title>\n<style>\n"
	"body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem;color:#1b1f24;background:#fff}\n"
	"table{border-collapse:collapse;margin:1rem 0}\n"
	"th,td{border:1px solid #c9d1d9;padding:.25rem .5rem;text-align:left;vertical-align:top}\n"
	"thead th{position:sticky;top:0;background:#dde6f0}\n"
	"th.w{min-width:22em}td.n{text-align:right}\n.wide{overflow-x:auto}\n"
	"span{padding:.1rem .4rem;border-radius:.3rem}\n"
	"code{font-size:.85em;overflow-wrap:anywhere}\n"
	"@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}\n"
	"thead th{background:#243b53}.A,.B,.C,.D,.E,.F,.S,.U{color:#1b1f24}\n"
	"a{color:#79b8ff}th,td{border-color:#3d444d}}\n"
	"details{margin:.3rem 0}summary{cursor:pointer}.nav a{margin-right:1em}\n";

/* A URL becomes a link; a page of the sheet itself is not made of data. */
static void put_value(struct buffer *out, const char *text)
{
	if (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0) {
		size_t before = out->len;

		buffer_add_text(out, "<a href=");
		if (html_url(out, text)) {
			buffer_add_text(out, " rel=\"noreferrer\">");
			html_text(out, text);
			buffer_add_text(out, "</a>");
			return;
		}
		buffer_truncate(out, before);
	}
	html_text(out, text);
}

/* Whether a column has a value in any row: one that has none takes room and says nothing. */
static bool has_values(const struct coverage *coverage, const struct sheet_table *table, size_t at)
{
	struct sheet_row row = {.coverage = coverage};
	struct buffer cell = {0};

	while (cell.len == 0 && table->next(&row))
		table->columns[at].value(&row, &cell);
	bool has_some = cell.len > 0;
	buffer_release(&cell);
	return has_some;
}

static void put_head(
	struct buffer *out, const struct sheet_table *table, const bool *is_shown, size_t first)
{
	buffer_add_text(out, "<div class=\"wide\"><table><thead><tr>");
	for (size_t c = first; c < *table->column_count; c++)
		if (is_shown[c])
			buffer_add_format(out, "<th scope=\"col\"%s>%s</th>",
				table->columns[c].width >= WIDE ? " class=\"w\"" : "",
				table->columns[c].title);
	buffer_add_text(out, "</tr></thead><tbody>\n");
}

static void put_foot(struct buffer *out)
{
	buffer_add_text(out, "</tbody></table></div>\n");
}

static void put_cell(struct buffer *out, const struct sheet_column *column,
	const struct buffer *cell, bool is_first)
{
	if (is_first)
		buffer_add_text(out, "<th scope=\"row\">");
	else if (column->kind == CELL_CLASS && cell->len)
		buffer_add_format(out, "<td class=\"%c\">", cell->data[0]);
	else
		buffer_add_text(out, column->kind == CELL_NUMBER ? "<td class=\"n\">" : "<td>");
	if (column->kind == CELL_DIGEST && cell->len)
		buffer_add_format(out, "<code>%s</code>", cell->data);
	else
		put_value(out, cell->len ? cell->data : "");
	buffer_add_text(out, is_first ? "</th>" : "</td>");
}

static void put_row(struct buffer *out, const struct sheet_table *table,
	const struct sheet_row *row, const bool *is_shown, size_t first)
{
	struct buffer cell = {0};

	buffer_add_text(out, "<tr>");
	for (size_t c = first; c < *table->column_count; c++) {
		if (!is_shown[c])
			continue;
		buffer_clear(&cell);
		table->columns[c].value(row, &cell);
		put_cell(out, &table->columns[c], &cell, c == first);
	}
	buffer_add_text(out, "</tr>\n");
	buffer_release(&cell);
}

/* Of a table by packages each one's rows fold under its name and version. */
static void put_folded(struct buffer *out, const struct coverage *coverage,
	const struct sheet_table *table, const bool *is_shown)
{
	const struct coverage_package *package = NULL;
	struct sheet_row row = {.coverage = coverage};

	while (table->next(&row)) {
		if (row.of != package) {
			if (package) {
				put_foot(out);
				buffer_add_text(out, "</details>\n");
			}
			package = row.of;
			buffer_add_text(out, "<details><summary>");
			html_text(out, package->source);
			buffer_add_char(out, ' ');
			html_text(out, package->version ? package->version : "");
			buffer_add_text(out, "</summary>\n");
			put_head(out, table, is_shown, 2);
		}
		put_row(out, table, &row, is_shown, 2);
	}
	if (package) {
		put_foot(out);
		buffer_add_text(out, "</details>\n");
	}
}

static void put_table(struct buffer *out, const struct coverage *coverage,
	const struct sheet_table *table, size_t number)
{
	bool *is_shown = xcalloc(*table->column_count, sizeof(*is_shown));
	struct sheet_row row = {.coverage = coverage};

	for (size_t c = 0; c < *table->column_count; c++)
		is_shown[c] = !table->is_optional || c < SHEET_SAME_COLUMNS ||
			has_values(coverage, table, c);
	buffer_add_format(out, "<h2 id=\"t%zu\">%s</h2>\n", number, table->name);
	if (table->is_by_package) {
		put_folded(out, coverage, table, is_shown);
	} else {
		put_head(out, table, is_shown, 0);
		while (table->next(&row))
			put_row(out, table, &row, is_shown, 0);
		put_foot(out);
	}
	free(is_shown);
}

static void put_answer(struct buffer *out, const struct coverage *coverage)
{
	buffer_add_text(out, "<p>Pins: ");
	html_text(out, coverage->pins ? coverage->pins : "none");
	buffer_add_format(out, ". %zu source packages:", coverage->count);
	for (size_t i = 0; i < SHEET_CLASSES; i++) {
		enum evidence_class class = sheet_class_order[i];
		size_t count = sheet_class_count(coverage, class);

		if (count)
			buffer_add_format(out, " <span class=\"%s\">%zu %s %s</span>",
				evidence_class_word(class), count, evidence_class_word(class),
				evidence_class_name(class));
	}
	buffer_add_text(out,
		"</p>\n<p>Columns of which nothing is known are left out.</p>\n<p class=\"nav\">");
	for (size_t i = 0; i < sheet_table_count; i++)
		buffer_add_format(out, "<a href=\"#t%zu\">%s</a>", i, sheet_tables[i]->name);
	buffer_add_text(out, "</p>\n");
}

static void put_sentences(struct buffer *out, const char *what, const struct text_list *sentences)
{
	for (size_t i = 0; i < sentences->count; i++) {
		buffer_add_format(out, "<p><strong>%s:</strong> ", what);
		html_text(out, sentences->items[i]);
		buffer_add_text(out, "</p>\n");
	}
}

void sheet_html(const struct coverage *coverage, struct buffer *out)
{
	buffer_add_text(out, head);
	for (size_t i = 0; i < SHEET_CLASSES; i++)
		buffer_add_format(out, ".%s{background:#%06x}",
			evidence_class_word(sheet_class_order[i]),
			sheet_class_colour(sheet_class_order[i]));
	buffer_add_text(out, "\n</style></head><body>\n<h1>Test coverage</h1>\n");
	put_answer(out, coverage);
	put_sentences(out, "Note", &coverage->notes);
	put_sentences(out, "Stale", &coverage->stale);
	for (size_t i = 0; i < sheet_table_count; i++)
		put_table(out, coverage, sheet_tables[i], i);
	buffer_add_text(out, "</body></html>\n");
}
