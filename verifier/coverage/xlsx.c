/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/number.h"
#include "base/xml.h"
#include "dbdiff/read_named.h"

#define PART_MAX ((size_t)64 << 20) /* of one XML file of the workbook */

/* Texts one behind the other, each with a NUL. */
struct texts {
	struct buffer bytes;
	size_t *starts;
	size_t count, capacity;
};

static void texts_release(struct texts *texts)
{
	buffer_release(&texts->bytes);
	free(texts->starts);
}

/* ---- the files of the workbook ---- */

struct workbook {
	const char *name;
	int fd;
	const char *sheet;	/* that is wanted, or NULL */
	char *relation;		/* by which the sheet is known */
	char *target;		/* the sheet's file: the last parts of its path */
	struct text_list names; /* of the sheets */
	struct texts shared;	/* sharedStrings.xml */
	struct buffer part;
	bool is_found;
};

static enum status take_part(void *context, const void *data, size_t len, struct error *err)
{
	struct workbook *book = context;

	(void)err;
	book->is_found = true;
	buffer_add(&book->part, data, len);
	return STATUS_OK;
}

/* Its text comes into `part`; is_found tells whether there is one. */
static enum status part_read(struct workbook *book, const char *path, struct error *err)
{
	struct named_request request = {.basename = path,
		.size_most = PART_MAX,
		.count_most = 1,
		.take = take_part,
		.context = book};
	struct digest digest;
	bool is_whole; /* of pictures and the like too: a part that cannot be read is not found */

	book->is_found = false;
	buffer_clear(&book->part);
	return dbdiff_read_named(
		book->name, book->fd, &limits_default, &request, &digest, &is_whole, err);
}

static enum status part_parse(struct workbook *book, const char *path,
	const struct xml_handler *handler, void *context, struct error *err)
{
	enum status status = part_read(book, path, err);

	if (status == STATUS_OK && !book->is_found)
		return error_set(
			err, STATUS_FORMAT, "it is no workbook: there is no %s in it", path);
	if (status == STATUS_OK &&
		(status = xml_parse(
			 buffer_text(&book->part), book->part.len, handler, context, err)) < 0)
		error_context(err, "%s", path);
	return status;
}

/* ---- which sheet ---- */

static enum status sheet_begin(
	void *context, const char *name, const char **attributes, struct error *err)
{
	struct workbook *book = context;
	const char *sheet, *relation;

	(void)err;
	if (strcmp(name, "sheet") != 0)
		return STATUS_OK;
	sheet = xml_attribute(attributes, "name");
	relation = xml_attribute(attributes, "id");
	if (!sheet || !relation)
		return STATUS_OK;
	text_list_add(&book->names, sheet);
	if (!book->relation && (!book->sheet || strcmp(book->sheet, sheet) == 0))
		book->relation = xstrdup(relation);
	return STATUS_OK;
}

static enum status relation_begin(
	void *context, const char *name, const char **attributes, struct error *err)
{
	struct workbook *book = context;
	const char *id = xml_attribute(attributes, "Id");
	const char *target = xml_attribute(attributes, "Target");

	(void)err;
	if (strcmp(name, "Relationship") == 0 && id && target && !book->target &&
		strcmp(id, book->relation) == 0)
		book->target = xstrdup(strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	return STATUS_OK;
}

static enum status sheet_find(struct workbook *book, struct error *err)
{
	static const struct xml_handler sheets = {.begin = sheet_begin};
	static const struct xml_handler relations = {.begin = relation_begin};
	struct buffer names = {0};

	if (part_parse(book, "xl/workbook.xml", &sheets, book, err) < 0)
		return err->status;
	if (!book->relation) {
		for (size_t i = 0; i < book->names.count; i++)
			buffer_add_format(&names, "%s%s", i ? ", " : "", book->names.items[i]);
		error_set(err, book->sheet ? STATUS_NOT_FOUND : STATUS_FORMAT,
			"it has no sheet%s%s; it has: %.200s", book->sheet ? " " : "",
			book->sheet ? book->sheet : "", names.len ? buffer_text(&names) : "none");
		buffer_release(&names);
		return err->status;
	}
	if (part_parse(book, "xl/_rels/workbook.xml.rels", &relations, book, err) < 0)
		return err->status;
	return book->target ? STATUS_OK
			    : error_set(err, STATUS_FORMAT, "it does not say where its sheet is");
}

/* ---- texts that cells share ---- */

struct sharing {
	struct texts *texts;
	bool is_text, is_phonetic;
};

static enum status shared_begin(
	void *context, const char *name, const char **attributes, struct error *err)
{
	struct sharing *sharing = context;

	(void)attributes;
	if (strcmp(name, "si") == 0) {
		struct texts *texts = sharing->texts;

		if (texts->count == TABLE_ROWS_MAX)
			return error_set(err, STATUS_LIMIT, "it has too many texts");
		ARRAY_GROW(texts->starts, texts->count, texts->capacity);
		texts->starts[texts->count++] = texts->bytes.len;
	} else if (strcmp(name, "rPh") == 0) {
		sharing->is_phonetic = true;
	}
	sharing->is_text = strcmp(name, "t") == 0;
	return STATUS_OK;
}

static enum status shared_end(void *context, const char *name, struct error *err)
{
	struct sharing *sharing = context;

	(void)err;
	if (strcmp(name, "si") == 0)
		buffer_add_char(&sharing->texts->bytes, '\0');
	else if (strcmp(name, "rPh") == 0)
		sharing->is_phonetic = false;
	sharing->is_text = false;
	return STATUS_OK;
}

static enum status shared_text(void *context, const char *text, size_t len, struct error *err)
{
	struct sharing *sharing = context;

	(void)err;
	if (sharing->is_text && !sharing->is_phonetic && sharing->texts->count)
		buffer_add(&sharing->texts->bytes, text, len);
	return STATUS_OK;
}

static enum status shared_read(struct workbook *book, struct error *err)
{
	static const struct xml_handler handler = {shared_begin, shared_end, shared_text};
	struct sharing sharing = {.texts = &book->shared};

	/* A workbook without a text has no such file. */
	if (part_read(book, "xl/sharedStrings.xml", err) < 0)
		return err->status;
	if (!book->is_found)
		return STATUS_OK;
	if (xml_parse(buffer_text(&book->part), book->part.len, &handler, &sharing, err) < 0)
		return error_context(err, "xl/sharedStrings.xml");
	return STATUS_OK;
}

/* ---- rows ---- */

struct rows {
	const struct workbook *book;
	table_visitor *visit;
	void *context;
	size_t line, count; /* of the row; rows so far */
	struct texts cells;
	size_t column; /* of the cell, from 0 */
	bool is_shared, is_value;
	struct buffer value;
};

/* "BC12" is column 54. */
static size_t column_of(const char *reference)
{
	size_t column = 0;

	for (; *reference >= 'A' && *reference <= 'Z' && column <= TABLE_CELLS_MAX; reference++)
		column = column * 26 + (size_t)(*reference - 'A') + 1;
	return column;
}

static void cell_add(struct rows *rows, const char *text, size_t len)
{
	ARRAY_GROW(rows->cells.starts, rows->cells.count, rows->cells.capacity);
	rows->cells.starts[rows->cells.count++] = rows->cells.bytes.len;
	buffer_add(&rows->cells.bytes, text, len);
	buffer_add_char(&rows->cells.bytes, '\0');
}

static enum status cell_begin(struct rows *rows, const char **attributes, struct error *err)
{
	const char *reference = xml_attribute(attributes, "r");
	const char *type = xml_attribute(attributes, "t");
	size_t column = reference ? column_of(reference) : rows->cells.count + 1;

	if (column <= rows->cells.count || column > TABLE_CELLS_MAX)
		return error_set(err, STATUS_FORMAT, "row %zu: a cell \"%.20s\" out of its place",
			rows->line, reference ? reference : "");
	rows->column = column - 1;
	rows->is_shared = type && strcmp(type, "s") == 0;
	buffer_clear(&rows->value);
	return STATUS_OK;
}

static enum status cell_end(struct rows *rows, struct error *err)
{
	const struct texts *shared = &rows->book->shared;
	const char *text = buffer_text(&rows->value);
	size_t len = rows->value.len;
	uint64_t index;

	if (rows->is_shared && len) {
		if (!number_parse(text, len, &index) || index >= shared->count)
			return error_set(err, STATUS_FORMAT,
				"row %zu: a cell names a text that is not there", rows->line);
		text = shared->bytes.data + shared->starts[index];
		len = strlen(text);
	}
	while (rows->cells.count < rows->column)
		cell_add(rows, "", 0);
	cell_add(rows, text, len);
	return STATUS_OK;
}

static enum status row_begin(struct rows *rows, const char **attributes, struct error *err)
{
	const char *number = xml_attribute(attributes, "r");
	uint64_t line = rows->line + 1;

	if (rows->count++ == TABLE_ROWS_MAX)
		return error_set(err, STATUS_LIMIT, "it has more than %zu rows", TABLE_ROWS_MAX);
	if (number && (!number_parse(number, strlen(number), &line) || line <= rows->line))
		return error_set(err, STATUS_FORMAT, "a row \"%.20s\" out of its place", number);
	rows->line = (size_t)line;
	rows->cells.count = 0;
	buffer_clear(&rows->cells.bytes);
	return STATUS_OK;
}

static enum status row_end(struct rows *rows, struct error *err)
{
	struct table_cell *cells;
	enum status status = STATUS_OK;
	bool is_empty = true;

	if (rows->cells.count == 0)
		return STATUS_OK;
	cells = xcalloc(rows->cells.count, sizeof(cells[0]));
	for (size_t i = 0; i < rows->cells.count; i++) {
		cells[i].text = rows->cells.bytes.data + rows->cells.starts[i];
		cells[i].len = strlen(cells[i].text);
		is_empty = is_empty && cells[i].len == 0;
	}
	if (!is_empty)
		status = rows->visit(rows->context, rows->line, cells, rows->cells.count, err);
	free(cells);
	return status;
}

static enum status rows_begin(
	void *context, const char *name, const char **attributes, struct error *err)
{
	struct rows *rows = context;

	rows->is_value = strcmp(name, "v") == 0 || strcmp(name, "t") == 0;
	if (strcmp(name, "row") == 0)
		return row_begin(rows, attributes, err);
	return strcmp(name, "c") == 0 ? cell_begin(rows, attributes, err) : STATUS_OK;
}

static enum status rows_end(void *context, const char *name, struct error *err)
{
	struct rows *rows = context;

	rows->is_value = false;
	if (strcmp(name, "c") == 0)
		return cell_end(rows, err);
	return strcmp(name, "row") == 0 ? row_end(rows, err) : STATUS_OK;
}

static enum status rows_text(void *context, const char *text, size_t len, struct error *err)
{
	struct rows *rows = context;

	if (!rows->is_value)
		return STATUS_OK;
	if (len > TABLE_CELL_MAX - rows->value.len)
		return error_set(err, STATUS_LIMIT, "row %zu: a cell is too long", rows->line);
	buffer_add(&rows->value, text, len);
	return STATUS_OK;
}

static enum status rows_read(
	struct workbook *book, table_visitor *visit, void *context, struct error *err)
{
	static const struct xml_handler handler = {rows_begin, rows_end, rows_text};
	struct rows rows = {.book = book, .visit = visit, .context = context};
	char *path = xasprintf("worksheets/%s", book->target);
	enum status status = part_read(book, path, err);

	if (status == STATUS_OK && !book->is_found)
		status = error_set(err, STATUS_FORMAT, "its sheet %s is not there", path);
	else if (status == STATUS_OK)
		status = xml_parse(buffer_text(&book->part), book->part.len, &handler, &rows, err);
	texts_release(&rows.cells);
	buffer_release(&rows.value);
	free(path);
	return status;
}

enum status xlsx_read(const char *name, int fd, const char *sheet, table_visitor *visit,
	void *context, struct error *err)
{
	struct workbook book = {.name = name, .fd = fd, .sheet = sheet};
	enum status status = sheet_find(&book, err);

	if (status == STATUS_OK)
		status = shared_read(&book, err);
	if (status == STATUS_OK)
		status = rows_read(&book, visit, context, err);
	texts_release(&book.shared);
	text_list_release(&book.names);
	buffer_release(&book.part);
	free(book.relation);
	free(book.target);
	return status;
}
