/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/path.h"
#include "base/tempfile.h"

#define CELL_MAX ((size_t)32000) /* Excel's own bound is 32,767 characters */

struct book {
	lxw_workbook *workbook;
	lxw_format *head, *wrapped;
	lxw_format *classes[CLASS_F + 1];
	lxw_error failed; /* the first */
};

/* A word stands beside each colour: it is not the only sign. */
static const lxw_color_t colours[] = {
	[CLASS_SELF_BUILT] = 0xD9D9D9,
	[CLASS_UNKNOWN] = 0xFFD9E6,
	[CLASS_A] = 0xC6EFCE,
	[CLASS_B] = 0xDDF3D0,
	[CLASS_C] = 0xE9F5DB,
	[CLASS_D] = 0xFFF2CC,
	[CLASS_E] = 0xFCE4D6,
	[CLASS_F] = 0xF8CBAD,
};

static void note(struct book *book, lxw_error error)
{
	if (book->failed == LXW_NO_ERROR)
		book->failed = error;
}

/* Always as text (trust T20): nothing becomes a formula or a link. */
static void put_text(struct book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column,
	const char *text, lxw_format *format)
{
	struct buffer line = {0};

	escape_line(&line, text, strlen(text));
	if (line.len > CELL_MAX) {
		size_t cut = CELL_MAX;

		while (cut && ((unsigned char)line.data[cut] & 0xC0) == 0x80)
			cut--;
		buffer_truncate(&line, cut);
		buffer_add_text(&line, "…");
	}
	if (line.len)
		note(book, worksheet_write_string(sheet, row, column, line.data, format));
	buffer_release(&line);
}

static void put_number(
	struct book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const char *text)
{
	note(book, worksheet_write_number(sheet, row, column, strtod(text, NULL), NULL));
}

/* A sheet with a frozen head and filters over `columns` columns and `rows` rows. */
static lxw_worksheet *sheet_begin(struct book *book, const char *name, const char *const *titles,
	const unsigned *widths, size_t columns, size_t rows)
{
	lxw_worksheet *sheet = workbook_add_worksheet(book->workbook, name);

	if (!sheet) {
		note(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
		return NULL;
	}
	for (size_t c = 0; c < columns; c++) {
		worksheet_set_column(sheet, (lxw_col_t)c, (lxw_col_t)c, widths[c], NULL);
		put_text(book, sheet, 0, (lxw_col_t)c, titles[c], book->head);
	}
	worksheet_freeze_panes(sheet, 1, 1);
	worksheet_autofilter(sheet, 0, 0, (lxw_row_t)rows, (lxw_col_t)(columns - 1));
	return sheet;
}

/* The columns of one part, behind the source's name. */
static void put_part(
	struct book *book, const struct coverage *coverage, const char *name, enum sheet_part part)
{
	const struct sheet_column *columns[64];
	const char *titles[64];
	unsigned widths[64];
	size_t count = 0;
	struct buffer cell = {0};

	for (size_t c = 0; c < sheet_column_count && count < ARRAY_SIZE(columns); c++) {
		/* Which package, and its class, begin each sheet. */
		if (sheet_columns[c].part != part && c > 2)
			continue;
		columns[count] = &sheet_columns[c];
		titles[count] = sheet_columns[c].title;
		widths[count++] = sheet_columns[c].width;
	}
	lxw_worksheet *sheet = sheet_begin(book, name, titles, widths, count, coverage->count);

	for (size_t i = 0; sheet && i < coverage->count; i++) {
		const struct coverage_package *package = &coverage->packages[i];

		for (size_t c = 0; c < count; c++) {
			bool is_class = strcmp(columns[c]->title, "class") == 0;

			buffer_clear(&cell);
			columns[c]->value(package, &cell);
			if (columns[c]->is_number && cell.len)
				put_number(book, sheet, (lxw_row_t)i + 1, (lxw_col_t)c,
					buffer_text(&cell));
			else
				put_text(book, sheet, (lxw_row_t)i + 1, (lxw_col_t)c,
					buffer_text(&cell),
					is_class ? book->classes[package->class] : NULL);
		}
	}
	buffer_release(&cell);
}

static void put_evidence(struct book *book, const struct coverage *coverage)
{
	static const char *const titles[] = {"source", "version", "claim", "where", "sha256"};
	static const unsigned widths[] = {22, 20, 70, 60, 66};
	size_t rows = 0, row = 1;

	for (size_t i = 0; i < coverage->count; i++)
		rows += coverage->packages[i].claims.count;
	lxw_worksheet *sheet =
		sheet_begin(book, "Evidence", titles, widths, ARRAY_SIZE(titles), rows);

	for (size_t i = 0; sheet && i < coverage->count; i++) {
		const struct coverage_package *package = &coverage->packages[i];

		for (size_t c = 0; c < package->claims.count; c++, row++) {
			const struct claim *claim = &package->claims.items[c];
			char hex[SHA256_HEX_SIZE] = "";

			if (claim->has_sha256)
				digest_hex(&claim->sha256, hex);
			const char *cells[] = {package->source,
				package->version ? package->version : "", claim->text, claim->where,
				hex};
			for (size_t k = 0; k < ARRAY_SIZE(cells); k++)
				put_text(book, sheet, (lxw_row_t)row, (lxw_col_t)k, cells[k], NULL);
		}
	}
}

static void put_method(struct book *book, const struct coverage *coverage)
{
	static const char *const titles[] = {"what", "name", "sha256", "time"};
	static const unsigned widths[] = {14, 70, 66, 22};
	lxw_worksheet *sheet = sheet_begin(book, "Method and sources", titles, widths,
		ARRAY_SIZE(titles), coverage->input_count + 1);

	if (!sheet)
		return;
	put_text(book, sheet, 1, 0, "rules", NULL);
	put_text(book, sheet, 1, 1, "docs/coverage.md of reproof, rules " COVERAGE_RULES, NULL);
	for (size_t i = 0; i < coverage->input_count; i++) {
		const struct coverage_input *input = &coverage->inputs[i];
		char hex[SHA256_HEX_SIZE], time[CLOCK_TEXT_SIZE] = "";

		digest_hex(&input->sha256, hex);
		if (input->time)
			clock_format(input->time, time);
		const char *cells[] = {input->role, input->name, hex, time};
		for (size_t k = 0; k < ARRAY_SIZE(cells); k++)
			put_text(book, sheet, (lxw_row_t)i + 2, (lxw_col_t)k, cells[k], NULL);
	}
}

static void put_requirements(struct book *book)
{
	static const char *const titles[] = {
		"IEC 62443-4-1 practice", "supported by", "what stays manual"};
	static const unsigned widths[] = {46, 70, 70};
	lxw_worksheet *sheet = sheet_begin(
		book, "IEC 62443-4-1", titles, widths, ARRAY_SIZE(titles), sheet_requirement_count);

	for (size_t i = 0; sheet && i < sheet_requirement_count; i++) {
		const char *cells[] = {sheet_requirements[i].practice,
			sheet_requirements[i].columns, sheet_requirements[i].manual};

		for (size_t k = 0; k < ARRAY_SIZE(cells); k++)
			put_text(book, sheet, (lxw_row_t)i + 1, (lxw_col_t)k, cells[k],
				book->wrapped);
	}
}

static void formats_make(struct book *book)
{
	book->head = workbook_add_format(book->workbook);
	format_set_bold(book->head);
	format_set_bg_color(book->head, 0xDDE6F0);
	book->wrapped = workbook_add_format(book->workbook);
	format_set_text_wrap(book->wrapped);
	format_set_align(book->wrapped, LXW_ALIGN_VERTICAL_TOP);
	for (size_t i = 0; i < ARRAY_SIZE(colours); i++) {
		book->classes[i] = workbook_add_format(book->workbook);
		format_set_bg_color(book->classes[i], colours[i]);
		format_set_align(book->classes[i], LXW_ALIGN_CENTER);
	}
}

/* The file at a path of its own; it has no times of now in it. */
static enum status write_book(const struct coverage *coverage, const char *path, struct error *err)
{
	lxw_workbook_options options = {.constant_memory = LXW_FALSE};
	lxw_doc_properties properties = {.title = (char[]){"Test coverage"}, .created = 1};
	struct book book = {.workbook = workbook_new_opt(path, &options)};

	if (!book.workbook)
		return error_set(err, STATUS_IO, "%s: the workbook cannot be made", path);
	workbook_set_properties(book.workbook, &properties);
	formats_make(&book);
	put_part(&book, coverage, "Coverage", SHEET_REVIEW);
	put_evidence(&book, coverage);
	put_part(&book, coverage, "Risk", SHEET_RISK);
	put_method(&book, coverage);
	put_requirements(&book);
	note(&book, workbook_close(book.workbook));
	if (book.failed != LXW_NO_ERROR)
		return error_set(err, STATUS_IO, "%s: %s", path, lxw_strerror(book.failed));
	return STATUS_OK;
}

enum status sheet_xlsx(const struct coverage *coverage, const char *path, struct error *err)
{
	char *directory = NULL, *made = NULL, *data = NULL;
	struct error ignored;
	size_t len;
	enum status status = tempfile_directory(&directory, err);

	if (status < 0)
		return status;
	made = path_join(directory, "coverage.xlsx");
	status = write_book(coverage, made, err);
	if (status == STATUS_OK)
		status = path_read_file(made, (size_t)1 << 30, &data, &len, err);
	if (status == STATUS_OK)
		status = tempfile_write_all(path, data, len, 0644, err);
	path_remove_tree(directory, &ignored);
	free(directory);
	free(made);
	free(data);
	return status;
}
