/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/sheet.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/alloc.h"
#include "base/escape.h"
#include "base/path.h"
#include "base/tempfile.h"

#define CELL_MAX ((size_t)32000)      /* bytes; Excel's own bound is 32,767 characters */
#define ROWS_MAX ((lxw_row_t)1000000) /* Excel's own bound is 1,048,576 */
#define WRAPPED	 60		      /* characters; a wider column holds sentences */

struct book {
	lxw_workbook *workbook;
	lxw_format *head, *wrapped, *plain;
	lxw_format *classes[SHEET_CLASSES];
	lxw_error failed; /* the first */
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

/* A sheet with a frozen head and filters over its columns. */
static lxw_worksheet *sheet_begin(struct book *book, const struct sheet_table *table)
{
	lxw_worksheet *sheet = workbook_add_worksheet(book->workbook, table->name);

	if (!sheet) {
		note(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
		return NULL;
	}
	for (size_t c = 0; c < *table->column_count; c++) {
		lxw_col_t at = (lxw_col_t)c;

		worksheet_set_column(sheet, at, at, table->columns[c].width, NULL);
		put_text(book, sheet, 0, at, table->columns[c].title, book->head);
	}
	worksheet_freeze_panes(sheet, 1, 1);
	return sheet;
}

static void put_cell(struct book *book, lxw_worksheet *sheet, lxw_row_t row, lxw_col_t at,
	const struct sheet_column *column, const struct buffer *cell)
{
	enum evidence_class class;

	if (cell->len == 0)
		return;
	if (column->kind == CELL_NUMBER)
		note(book, worksheet_write_number(sheet, row, at, strtod(cell->data, NULL), NULL));
	else
		put_text(book, sheet, row, at, cell->data,
			column->kind == CELL_CLASS && evidence_class_parse(cell->data, &class)
				? book->classes[class]
				: column->width >= WRAPPED ? book->wrapped
							   : book->plain);
}

static void put_table(
	struct book *book, const struct coverage *coverage, const struct sheet_table *table)
{
	lxw_worksheet *sheet = sheet_begin(book, table);
	struct sheet_row row = {.coverage = coverage};
	struct buffer cell = {0};
	lxw_row_t at = 0;

	while (sheet && table->next(&row)) {
		if (++at > ROWS_MAX) {
			put_text(book, sheet, at, 0, "… there is more; the JSON has all of it",
				book->head);
			break;
		}
		for (size_t c = 0; c < *table->column_count; c++) {
			buffer_clear(&cell);
			table->columns[c].value(&row, &cell);
			put_cell(book, sheet, at, (lxw_col_t)c, &table->columns[c], &cell);
		}
	}
	if (sheet)
		worksheet_autofilter(sheet, 0, 0, at, (lxw_col_t)(*table->column_count - 1));
	buffer_release(&cell);
}

static void formats_make(struct book *book)
{
	book->head = workbook_add_format(book->workbook);
	format_set_bold(book->head);
	format_set_bg_color(book->head, 0xDDE6F0);
	book->wrapped = workbook_add_format(book->workbook);
	format_set_text_wrap(book->wrapped);
	format_set_align(book->wrapped, LXW_ALIGN_VERTICAL_TOP);
	book->plain = workbook_add_format(book->workbook);
	format_set_align(book->plain, LXW_ALIGN_VERTICAL_TOP);
	for (size_t i = 0; i < SHEET_CLASSES; i++) {
		book->classes[i] = workbook_add_format(book->workbook);
		format_set_bg_color(book->classes[i], sheet_class_colour((enum evidence_class)i));
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
	for (size_t i = 0; i < sheet_table_count; i++)
		put_table(&book, coverage, sheet_tables[i]);
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
