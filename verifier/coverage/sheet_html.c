/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
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
	".A{background:#c6efce}.B{background:#ddf3d0}.C{background:#e9f5db}.D{background:#fff2cc}\n"
	".E{background:#fce4d6}.F{background:#f8cbad}.S{background:#d9d9d9}.U{background:#ffd9e6}\n"
	"@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}\n"
	"thead th{background:#243b53}.A,.B,.C,.D,.E,.F,.S,.U{color:#1b1f24}\n"
	"a{color:#79b8ff}th,td{border-color:#3d444d}}\n"
	"</style></head><body>\n<h1>Test coverage</h1>\n";

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

/* A column of which nothing is known takes room and says nothing. */
static bool has_values(const struct coverage *coverage, const struct sheet_column *column)
{
	struct buffer cell = {0};

	for (size_t i = 0; i < coverage->count && cell.len == 0; i++)
		column->value(&coverage->packages[i], &cell);
	bool has_some = cell.len > 0;
	buffer_release(&cell);
	return has_some;
}

static void put_table(struct buffer *out, const struct coverage *coverage, enum sheet_part part,
	const char *title)
{
	struct buffer cell = {0};

	buffer_add_format(out, "<h2>%s</h2>\n<div class=\"wide\"><table><thead><tr>", title);
	bool *is_shown = xcalloc(sheet_column_count, sizeof(*is_shown));

	for (size_t c = 0; c < sheet_column_count; c++) {
		is_shown[c] = c <= 2 ||
			(sheet_columns[c].part == part && has_values(coverage, &sheet_columns[c]));
		if (is_shown[c])
			buffer_add_format(out, "<th scope=\"col\"%s>%s</th>",
				sheet_columns[c].width >= WIDE ? " class=\"w\"" : "",
				sheet_columns[c].title);
	}
	buffer_add_text(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < coverage->count; i++) {
		const struct coverage_package *package = &coverage->packages[i];

		buffer_add_text(out, "<tr>");
		for (size_t c = 0; c < sheet_column_count; c++) {
			const struct sheet_column *column = &sheet_columns[c];

			if (!is_shown[c])
				continue;
			buffer_clear(&cell);
			column->value(package, &cell);
			if (c == 0)
				buffer_add_text(out, "<th scope=\"row\">");
			else if (strcmp(column->title, "class") == 0)
				buffer_add_format(out, "<td class=\"%s\">",
					evidence_class_word(package->class));
			else
				buffer_add_text(
					out, column->is_number ? "<td class=\"n\">" : "<td>");
			put_value(out, buffer_text(&cell));
			buffer_add_text(out, c == 0 ? "</th>" : "</td>");
		}
		buffer_add_text(out, "</tr>\n");
	}
	buffer_add_text(out, "</tbody></table></div>\n");
	buffer_release(&cell);
	free(is_shown);
}

static void put_evidence(struct buffer *out, const struct coverage *coverage)
{
	buffer_add_text(out, "<h2>Evidence</h2>\n");
	for (size_t i = 0; i < coverage->count; i++) {
		const struct coverage_package *package = &coverage->packages[i];

		buffer_add_text(out, "<details><summary>");
		html_text(out, package->source);
		buffer_add_char(out, ' ');
		html_text(out, package->version ? package->version : "");
		buffer_add_format(out, ": %zu claims</summary>\n<ul>\n", package->claims.count);
		for (size_t c = 0; c < package->claims.count; c++) {
			const struct claim *claim = &package->claims.items[c];
			char hex[SHA256_HEX_SIZE];

			buffer_add_text(out, "<li>");
			html_text(out, claim->text);
			buffer_add_text(out, " — ");
			put_value(out, claim->where);
			if (claim->has_sha256) {
				digest_hex(&claim->sha256, hex);
				buffer_add_format(out, " <code>%s</code>", hex);
			}
			buffer_add_text(out, "</li>\n");
		}
		buffer_add_text(out, "</ul></details>\n");
	}
}

static void put_inputs(struct buffer *out, const struct coverage *coverage)
{
	buffer_add_text(out,
		"<h2>Method and sources</h2>\n<p>Rules " COVERAGE_RULES
		" of docs/coverage.md.</p>\n<div class=\"wide\"><table><thead><tr>"
		"<th scope=\"col\">what</th><th scope=\"col\">name</th><th "
		"scope=\"col\">sha256</th>"
		"<th scope=\"col\">time</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < coverage->input_count; i++) {
		const struct coverage_input *input = &coverage->inputs[i];
		char hex[SHA256_HEX_SIZE], time[CLOCK_TEXT_SIZE] = "";

		digest_hex(&input->sha256, hex);
		if (input->time)
			clock_format(input->time, time);
		buffer_add_text(out, "<tr><td>");
		html_text(out, input->role);
		buffer_add_text(out, "</td><td>");
		put_value(out, input->name);
		buffer_add_format(
			out, "</td><td><code>%s</code></td><td>%s</td></tr>\n", hex, time);
	}
	buffer_add_text(out, "</tbody></table></div>\n");
}

static void put_requirements(struct buffer *out)
{
	buffer_add_text(out,
		"<h2>IEC 62443-4-1</h2>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">"
		"practice</th><th scope=\"col\">supported by</th><th scope=\"col\">what stays "
		"manual</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < sheet_requirement_count; i++) {
		buffer_add_text(out, "<tr><th scope=\"row\">");
		html_text(out, sheet_requirements[i].practice);
		buffer_add_text(out, "</th><td>");
		html_text(out, sheet_requirements[i].columns);
		buffer_add_text(out, "</td><td>");
		html_text(out, sheet_requirements[i].manual);
		buffer_add_text(out, "</td></tr>\n");
	}
	buffer_add_text(out, "</tbody></table></div>\n");
}

void sheet_html(const struct coverage *coverage, struct buffer *out)
{
	buffer_add_text(out, head);
	buffer_add_text(out, "<p>Pins: ");
	html_text(out, coverage->pins ? coverage->pins : "none");
	buffer_add_format(out, ". %zu source packages:", coverage->count);
	for (int class = CLASS_SELF_BUILT; class <= CLASS_F; class ++) {
		size_t count = 0;

		for (size_t i = 0; i < coverage->count; i++)
			count += coverage->packages[i].class == (enum evidence_class) class;
		if (count)
			buffer_add_format(out, " <span class=\"%s\">%zu %s</span>",
				evidence_class_word((enum evidence_class) class), count,
				evidence_class_word((enum evidence_class) class));
	}
	buffer_add_text(out, "</p>\n<p>Columns of which nothing is known are left out.</p>\n");
	for (size_t i = 0; i < coverage->stale.count; i++) {
		buffer_add_text(out, "<p><strong>Stale:</strong> ");
		html_text(out, coverage->stale.items[i]);
		buffer_add_text(out, "</p>\n");
	}
	put_table(out, coverage, SHEET_REVIEW, "Review");
	put_table(out, coverage, SHEET_RISK, "Risk");
	put_evidence(out, coverage);
	put_inputs(out, coverage);
	put_requirements(out);
	buffer_add_text(out, "</body></html>\n");
}
