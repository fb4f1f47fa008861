/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "dbdiff/textdiff.h"

#define ROW	   16
#define ROWS	   6 /* from the row of the first difference on */
#define ROWS_ABOVE 2

static size_t first_difference(const struct stretch *a, const struct stretch *b)
{
	size_t least = a->len < b->len ? a->len : b->len;
	size_t at = 0;

	while (at < least && a->data[at] == b->data[at])
		at++;
	return at;
}

static void add_row(struct buffer *out, char sign, const struct stretch *stretch, size_t at)
{
	size_t count = stretch->len - at < ROW ? stretch->len - at : ROW;

	buffer_add_format(out, "%c%08" PRIx64 " ", sign, stretch->offset + at);
	for (size_t i = 0; i < ROW; i++) {
		if (i == ROW / 2)
			buffer_add_char(out, ' ');
		if (i < count)
			buffer_add_format(out, " %02x", (unsigned char)stretch->data[at + i]);
		else
			buffer_add_text(out, "   ");
	}
	buffer_add_text(out, "  |");
	for (size_t i = 0; i < count; i++) {
		char c = stretch->data[at + i];

		buffer_add_char(out, c >= ' ' && c <= '~' ? c : '.');
	}
	buffer_add_text(out, "|\n");
}

static bool row_equal(const struct stretch *a, const struct stretch *b, size_t at)
{
	size_t len_a = at < a->len ? a->len - at : 0;
	size_t len_b = at < b->len ? b->len - at : 0;

	len_a = len_a < ROW ? len_a : ROW;
	len_b = len_b < ROW ? len_b : ROW;
	return len_a == len_b && (len_a == 0 || memcmp(a->data + at, b->data + at, len_a) == 0);
}

/* A run of rows that differ: first as published, then as rebuilt. */
static size_t add_run(struct buffer *out, const struct stretch *a, const struct stretch *b,
	size_t start, size_t end)
{
	size_t stop = start;

	while (stop < end && !row_equal(a, b, stop))
		stop += ROW;
	for (size_t at = start; at < stop && at < a->len; at += ROW)
		add_row(out, '-', a, at);
	for (size_t at = start; at < stop && at < b->len; at += ROW)
		add_row(out, '+', b, at);
	return stop;
}

void textdiff_hexdump(
	const struct stretch *published, const struct stretch *rebuilt, struct buffer *out)
{
	size_t most = published->len > rebuilt->len ? published->len : rebuilt->len;
	size_t first = first_difference(published, rebuilt);
	size_t row, start, end;

	if (first == most)
		return;
	row = first / ROW * ROW;
	start = row > ROWS_ABOVE * ROW ? row - ROWS_ABOVE * ROW : 0;
	end = most - row > ROWS * ROW ? row + ROWS * ROW : most;
	buffer_add_format(out, "first difference at byte %" PRIu64 "\n", published->offset + first);
	for (size_t at = start; at < end;) {
		if (row_equal(published, rebuilt, at)) {
			add_row(out, ' ', published, at);
			at += ROW;
		} else {
			at = add_run(out, published, rebuilt, at, end);
		}
	}
}
