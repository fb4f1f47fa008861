/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "dbdiff/textdiff.h"

#define ROW	    16
#define ROWS_AROUND 2 /* that are alike, before and behind what differs */
#define ROWS_MOST   8 /* of one run that differs; what is more is counted */
#define ROW_TEXT    90

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
static void add_run(struct buffer *out, const struct stretch *a, const struct stretch *b,
	size_t start, size_t stop)
{
	size_t end = stop - start > ROWS_MOST * ROW ? start + ROWS_MOST * ROW : stop;

	for (size_t at = start; at < end && at < a->len; at += ROW)
		add_row(out, '-', a, at);
	for (size_t at = start; at < end && at < b->len; at += ROW)
		add_row(out, '+', b, at);
	if (end < stop)
		buffer_add_format(out, " (%zu more rows differ)\n", (stop - end + ROW - 1) / ROW);
}

bool textdiff_hexdump(const struct stretch *published, const struct stretch *rebuilt, size_t limit,
	struct buffer *out)
{
	size_t most = published->len > rebuilt->len ? published->len : rebuilt->len;
	size_t shown = 0; /* up to here */

	for (size_t at = 0; at < most;) {
		size_t start = at, stop;

		if (row_equal(published, rebuilt, at)) {
			at += ROW;
			continue;
		}
		for (stop = at; stop < most && !row_equal(published, rebuilt, stop); stop += ROW)
			;
		if (out->len + (2 * ROWS_MOST + 2 * ROWS_AROUND + 1) * ROW_TEXT > limit) {
			buffer_add_text(out, "[cut: more differs]\n");
			return false;
		}
		start = start - shown > ROWS_AROUND * ROW ? start - ROWS_AROUND * ROW : shown;
		if (start > shown && shown > 0)
			buffer_add_text(out, " ...\n");
		for (; start < at; start += ROW)
			add_row(out, ' ', published, start);
		add_run(out, published, rebuilt, at, stop);
		for (at = stop; at < most && at < stop + ROWS_AROUND * ROW &&
			row_equal(published, rebuilt, at);
			at += ROW)
			add_row(out, ' ', published, at);
		shown = at;
	}
	return true;
}
