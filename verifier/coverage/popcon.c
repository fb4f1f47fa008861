/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/popcon.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "verifier/coverage/line_reader.h"

struct word {
	const char *text;
	size_t len;
};

static bool next_word(const char **at, struct word *word)
{
	word->text = *at + strspn(*at, " \t");
	word->len = strcspn(word->text, " \t");
	*at = word->text + word->len;
	return word->len > 0;
}

static bool read_numbers(const char *at, struct popcon_row *row)
{
	uint64_t *const numbers[] = {
		&row->installed, &row->voted, &row->old, &row->recent, &row->no_files};
	struct word word;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!next_word(&at, &word) || !number_parse(word.text, word.len, numbers[i]))
			return false;
	}
	return true;
}

struct reading {
	struct popcon *popcon;
	const struct text_list *names;
	struct line_reader reader;
	bool has_total;
};

static enum status refuse(const struct reading *reading, const char *what, struct error *err)
{
	return error_set(err, STATUS_FORMAT, "%s:%zu: %s; nothing of the file is used",
		reading->popcon->file, reading->reader.number, what);
}

static enum status take_row(struct reading *reading, struct popcon_row *row, const char *rest,
	const char *name, struct error *err)
{
	struct popcon *popcon = reading->popcon;

	if (!read_numbers(rest, row))
		return refuse(reading, "this is no row of by_inst", err);
	for (size_t i = 0; i < popcon->row_count; i++) {
		if (strcmp(popcon->rows[i].name, name) == 0)
			return refuse(reading, "this package stands twice", err);
	}
	row->name = xstrdup(name);
	row->line = reading->reader.number;
	ARRAY_GROW(popcon->rows, popcon->row_count, popcon->row_capacity);
	popcon->rows[popcon->row_count++] = *row;
	return STATUS_OK;
}

static enum status take_line(struct reading *reading, const char *line, struct error *err)
{
	struct popcon *popcon = reading->popcon;
	struct popcon_row row = {0};
	struct word rank, word;
	char *name;
	enum status status = STATUS_OK;

	if (*line == '#' || line[strspn(line, "- \t")] == '\0')
		return STATUS_OK;
	if (reading->has_total)
		return refuse(reading, "something stands behind the total", err);
	if (!next_word(&line, &rank) || !number_parse(rank.text, rank.len, &row.rank) ||
		!next_word(&line, &word))
		return refuse(reading, "this is no row of by_inst", err);
	if (word.len == strlen("Total") && memcmp(word.text, "Total", word.len) == 0) {
		if (!read_numbers(line, &row))
			return refuse(reading, "the total cannot be read", err);
		reading->has_total = true;
		popcon->total = row.installed;
		return STATUS_OK;
	}
	popcon->packages++;
	name = xstrndup(word.text, word.len);
	if (text_list_find(reading->names, name, NULL))
		status = take_row(reading, &row, line, name, err);
	free(name);
	return status;
}

static int row_order(const void *a, const void *b)
{
	const struct popcon_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

enum status popcon_read(struct popcon *popcon, const struct data_file *file,
	const struct text_list *names, struct error *err)
{
	struct reading reading = {.popcon = popcon, .names = names};
	enum status status = line_reader_open(&reading.reader, file, err);
	const char *line;

	*popcon = (struct popcon){.file = xstrdup(file->name), .sha256 = file->sha256};
	while (status == STATUS_OK) {
		status = line_reader_next(&reading.reader, &line, err);
		if (status == STATUS_OK)
			status = take_line(&reading, line, err);
	}
	if (status == STATUS_END && !reading.has_total)
		status = refuse(&reading,
			"the file ends without its total: it was cut, or is no by_inst of popcon",
			err);
	line_reader_release(&reading.reader);
	if (status < 0) {
		popcon_release(popcon);
		return status;
	}
	if (popcon->row_count > 1)
		qsort(popcon->rows, popcon->row_count, sizeof(*popcon->rows), row_order);
	return STATUS_OK;
}

const struct popcon_row *popcon_find(
	const struct popcon *popcon, const char *name, struct claim_list *claims)
{
	size_t low = 0, high = popcon->row_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct popcon_row *row = &popcon->rows[middle];
		int order = strcmp(name, row->name);

		if (order == 0) {
			claim_add(claims, &popcon->sha256, popcon->file, row->line,
				"popularity of %s: rank %ju of %ju, installed %ju times, used %ju "
				"times",
				name, (uintmax_t)row->rank, (uintmax_t)popcon->packages,
				(uintmax_t)row->installed, (uintmax_t)row->voted);
			return row;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	claim_add(claims, &popcon->sha256, popcon->file, 0,
		"popularity of %s: not among the %ju packages that are listed", name,
		(uintmax_t)popcon->packages);
	return NULL;
}

void popcon_release(struct popcon *popcon)
{
	for (size_t i = 0; i < popcon->row_count; i++)
		free(popcon->rows[i].name);
	free(popcon->rows);
	free(popcon->file);
	*popcon = (struct popcon){0};
}
