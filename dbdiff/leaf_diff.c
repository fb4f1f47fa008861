/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/leaf_diff.h"

#include <inttypes.h>

#include "dbdiff/stringdiff.h"
#include "dbdiff/windows.h"

/* A stretch out of the middle of a text begins and ends with parts of lines. */
static void trim_to_lines(struct stretch *stretch, bool is_cut)
{
	const char *newline;

	if (stretch->offset > 0 && stretch->len > 0) {
		newline = memchr(stretch->data, '\n', stretch->len);
		if (newline != NULL) {
			size_t len = (size_t)(newline + 1 - stretch->data);

			stretch->data += len;
			stretch->len -= len;
			stretch->offset += len;
		}
	}
	if (is_cut && stretch->len > 0) {
		newline = memrchr(stretch->data, '\n', stretch->len);
		if (newline != NULL)
			stretch->len = (size_t)(newline + 1 - stretch->data);
	}
}

static bool is_text(const struct leaf_request *leaf, const struct leaf_bytes *bytes)
{
	for (size_t i = 0; i < leaf->stretch_count; i++) {
		for (int side = 0; side < SIDES; side++) {
			const struct stretch *stretch = &bytes->stretches[i][side];

			if (!textdiff_is_text(stretch->data, stretch->len))
				return false;
		}
	}
	return true;
}

/* False when a line is too long to be shown. */
static bool add_text(const struct leaf_request *leaf, const struct leaf_bytes *bytes, size_t limit,
	struct buffer *out)
{
	for (size_t i = 0; i < leaf->stretch_count && out->len < limit; i++) {
		struct stretch lines[SIDES];

		for (int side = 0; side < SIDES; side++) {
			lines[side] = bytes->stretches[i][side];
			trim_to_lines(&lines[side],
				lines[side].offset + lines[side].len < leaf->sizes[side]);
		}
		if (!textdiff_unified(&lines[PUBLISHED], &lines[REBUILT], limit - out->len, out)) {
			buffer_clear(out);
			return false;
		}
	}
	return out->len > 0;
}

/* False when no string differs. */
static bool add_strings(const struct leaf_request *leaf, const struct leaf_bytes *bytes,
	size_t limit, struct buffer *out)
{
	for (size_t i = 0; i < leaf->stretch_count && out->len < limit; i++)
		stringdiff_unified(&bytes->stretches[i][PUBLISHED], &bytes->stretches[i][REBUILT],
			limit - out->len, out);
	return out->len > 0;
}

/* ---- what kind of change it is ---- */

static uint64_t larger(const uint64_t sizes[SIDES])
{
	return sizes[PUBLISHED] > sizes[REBUILT] ? sizes[PUBLISHED] : sizes[REBUILT];
}

/*
 * Bytes that one side has more at one place: what stands before it is alike, and what stands behind
 * it too, as far as it was read.
 */
static bool is_shift(const struct leaf_request *leaf, const struct stretch first[SIDES], size_t at)
{
	int longer = leaf->sizes[PUBLISHED] > leaf->sizes[REBUILT] ? PUBLISHED : REBUILT;
	uint64_t more = leaf->sizes[longer] - leaf->sizes[!longer];
	const struct stretch *a = &first[longer], *b = &first[!longer];
	size_t len;

	if (more == 0 || a->len - at < more)
		return false;
	len = a->len - at - (size_t)more;
	if (b->len - at < len)
		len = b->len - at;
	/* Where nothing is behind it, bytes were put to the end. */
	return (len > 0 || leaf->sizes[!longer] == b->offset + at) &&
		memcmp(a->data + at + more, b->data + at, len) == 0;
}

static size_t first_unlike(const struct stretch sides[SIDES])
{
	const struct stretch *a = &sides[PUBLISHED], *b = &sides[REBUILT];
	size_t at = 0;

	while (at < a->len && at < b->len && a->data[at] == b->data[at])
		at++;
	return at;
}

struct counted {
	uint64_t bytes, ranges;
};

/* Bytes that are unlike at one place; the rest of the longer side is a range of its own. */
static void count(const struct stretch sides[SIDES], struct counted *counted)
{
	size_t len[SIDES] = {sides[PUBLISHED].len, sides[REBUILT].len};
	size_t least = len[PUBLISHED] < len[REBUILT] ? len[PUBLISHED] : len[REBUILT];
	bool was_unlike = false;

	for (size_t i = 0; i < least; i++) {
		bool is_unlike = sides[PUBLISHED].data[i] != sides[REBUILT].data[i];

		counted->bytes += is_unlike;
		counted->ranges += is_unlike && !was_unlike;
		was_unlike = is_unlike;
	}
	counted->bytes += len[PUBLISHED] + len[REBUILT] - 2 * least;
	counted->ranges += len[PUBLISHED] != len[REBUILT] && !was_unlike;
}

static void add_summary(
	const struct leaf_request *leaf, const struct leaf_bytes *bytes, struct buffer *out)
{
	const struct stretch *first = bytes->stretches[0];
	size_t at = first_unlike(first);
	uint64_t size = larger(leaf->sizes);
	struct counted counted = {0};

	if (is_shift(leaf, first, at)) {
		int longer = leaf->sizes[PUBLISHED] > leaf->sizes[REBUILT] ? PUBLISHED : REBUILT;
		uint64_t more = leaf->sizes[longer] - leaf->sizes[!longer];

		buffer_add_format(out, "shift: %" PRIu64 " byte%s %s at byte %" PRIu64 "\n", more,
			more == 1 ? "" : "s", longer == REBUILT ? "put in" : "taken out",
			first->offset + at);
		return;
	}
	for (size_t i = 0; i < leaf->stretch_count; i++)
		count(bytes->stretches[i], &counted);
	if (counted.bytes >= 64 && counted.bytes >= size - size / 8) {
		buffer_add_format(out,
			"nearly everything differs: %" PRIu64 " of %" PRIu64 " bytes\n",
			counted.bytes, size);
		return;
	}
	buffer_add_format(out,
		"%s%" PRIu64 " of %" PRIu64 " byte%s differ%s in %" PRIu64
		" range%s, the first at byte %" PRIu64 "\n",
		leaf->is_covered ? "" : "at least ", counted.bytes, size, size == 1 ? "" : "s",
		counted.bytes == 1 ? "s" : "", counted.ranges, counted.ranges == 1 ? "" : "s",
		first->offset + at);
}

void leaf_diff(const struct leaf_request *leaf, const struct leaf_bytes *bytes, size_t limit,
	struct buffer *out)
{
	if (leaf->stretch_count == 0)
		return;
	if (is_text(leaf, bytes) && add_text(leaf, bytes, limit, out))
		return;
	if (leaf->has_strings && add_strings(leaf, bytes, limit, out))
		return;
	add_summary(leaf, bytes, out);
	for (size_t i = 0; i < leaf->stretch_count; i++) {
		if (!textdiff_hexdump(&bytes->stretches[i][PUBLISHED],
			    &bytes->stretches[i][REBUILT], limit, out))
			return;
	}
}
