/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/textdiff.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "dbdiff/linediff.h"

#define CONTEXT	  3
#define LINE_MOST 2000 /* bytes of a changed line that is still shown as a line */

bool textdiff_is_text(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		/* \a to \r, and the escape of terminals, are in real logs. */
		if (c < 7 || (c > 13 && c < 32 && c != 27) || c == 127)
			return false;
	}
	return true;
}

struct lines {
	const char **starts; /* count + 1: the last is the end */
	size_t count;
	uint32_t *numbers;
	bool *is_changed;
};

static void split(struct lines *lines, const struct stretch *stretch)
{
	const char *end = stretch->data + stretch->len;
	size_t count = 0;

	for (const char *at = stretch->data; at < end; count++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		at = newline != NULL ? newline + 1 : end;
	}
	lines->starts = xcalloc(count + 1, sizeof(lines->starts[0]));
	lines->numbers = xcalloc(count + 1, sizeof(lines->numbers[0]));
	lines->is_changed = xcalloc(count + 1, sizeof(lines->is_changed[0]));
	for (const char *at = stretch->data; at < end; lines->count++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		lines->starts[lines->count] = at;
		at = newline != NULL ? newline + 1 : end;
	}
	lines->starts[count] = end;
}

static void lines_release(struct lines *lines)
{
	free(lines->starts);
	free(lines->numbers);
	free(lines->is_changed);
}

static size_t line_len(const struct lines *lines, size_t i)
{
	return (size_t)(lines->starts[i + 1] - lines->starts[i]);
}

/* Numbers every different line of both sides, in an open hash table. */
struct numbering {
	struct slot {
		const char *text;
		size_t len;
		uint32_t number;
	} * slots;
	size_t mask;
	uint32_t last;
};

static void number_lines(struct numbering *numbering, struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		const char *text = lines->starts[i];
		size_t len = line_len(lines, i);
		size_t at = (size_t)hash_xxh3(text, len) & numbering->mask;
		struct slot *slot;

		while ((slot = &numbering->slots[at])->text != NULL &&
			(slot->len != len || memcmp(slot->text, text, len) != 0))
			at = (at + 1) & numbering->mask;
		if (slot->text == NULL)
			*slot = (struct slot){text, len, ++numbering->last};
		lines->numbers[i] = slot->number;
	}
}

static void mark_changes(struct lines *a, struct lines *b)
{
	struct numbering numbering = {0};
	struct sequence sequence_a = {a->numbers, a->count, a->is_changed};
	struct sequence sequence_b = {b->numbers, b->count, b->is_changed};
	size_t size = 16;

	while (size < (a->count + b->count) * 2)
		size *= 2;
	numbering.slots = xcalloc(size, sizeof(numbering.slots[0]));
	numbering.mask = size - 1;
	number_lines(&numbering, a);
	number_lines(&numbering, b);
	free(numbering.slots);
	linediff(&sequence_a, &sequence_b);
}

static bool has_long_change(const struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (lines->is_changed[i] && line_len(lines, i) > LINE_MOST)
			return true;
	}
	return false;
}

static void add_line(struct buffer *out, char sign, const struct lines *lines, size_t i)
{
	size_t len = line_len(lines, i);

	buffer_add_char(out, sign);
	if (sign == ' ' && len > LINE_MOST) {
		buffer_add(out, lines->starts[i], LINE_MOST);
		buffer_add_text(out, "...\n");
		return;
	}
	buffer_add(out, lines->starts[i], len);
	if (lines->starts[i][len - 1] != '\n')
		buffer_add_text(out, "\n\\ No newline at end of file\n");
}

/* Where the two sides stand; lines that are the same are passed on both at once. */
struct place {
	size_t a, b;
};

static bool at_change(const struct lines *a, const struct lines *b, struct place place)
{
	return (place.a < a->count && a->is_changed[place.a]) ||
		(place.b < b->count && b->is_changed[place.b]);
}

static bool at_end(const struct lines *a, const struct lines *b, struct place place)
{
	return place.a >= a->count && place.b >= b->count;
}

static struct place skip_changes(const struct lines *a, const struct lines *b, struct place place)
{
	while (place.a < a->count && a->is_changed[place.a])
		place.a++;
	while (place.b < b->count && b->is_changed[place.b])
		place.b++;
	return place;
}

/* The end of the hunk whose first change is at `place`: changes closer than two contexts are one.
 */
static struct place hunk_end(const struct lines *a, const struct lines *b, struct place place)
{
	for (;;) {
		size_t same = 0;

		place = skip_changes(a, b, place);
		while (same <= 2 * CONTEXT &&
			!at_end(a, b, (struct place){place.a + same, place.b + same}) &&
			!at_change(a, b, (struct place){place.a + same, place.b + same}))
			same++;
		if (same > 2 * CONTEXT ||
			at_end(a, b, (struct place){place.a + same, place.b + same})) {
			same = same < CONTEXT ? same : CONTEXT;
			return (struct place){place.a + same, place.b + same};
		}
		place.a += same;
		place.b += same;
	}
}

static void add_range(struct buffer *out, char sign, size_t start, size_t count)
{
	buffer_add_format(out, "%c%zu", sign, count > 0 ? start + 1 : start);
	if (count != 1)
		buffer_add_format(out, ",%zu", count);
}

static void add_hunk(struct buffer *out, const struct lines *a, const struct lines *b,
	struct place start, struct place end)
{
	buffer_add_text(out, "@@ ");
	add_range(out, '-', start.a, end.a - start.a);
	buffer_add_char(out, ' ');
	add_range(out, '+', start.b, end.b - start.b);
	buffer_add_text(out, " @@\n");
	while (start.a < end.a || start.b < end.b) {
		if (start.a < end.a && a->is_changed[start.a]) {
			add_line(out, '-', a, start.a++);
		} else if (start.b < end.b && b->is_changed[start.b]) {
			add_line(out, '+', b, start.b++);
		} else {
			add_line(out, ' ', a, start.a++);
			start.b++;
		}
	}
}

static void add_hunks(
	const struct lines *a, const struct lines *b, size_t limit, struct buffer *out)
{
	struct place place = {0, 0};

	while (!at_end(a, b, place) && out->len <= limit) {
		struct place start = place, end;
		size_t context;

		if (!at_change(a, b, place)) {
			place.a++;
			place.b++;
			continue;
		}
		end = hunk_end(a, b, place);
		context = start.a < CONTEXT ? start.a : CONTEXT;
		context = start.b < context ? start.b : context;
		start.a -= context;
		start.b -= context;
		add_hunk(out, a, b, start, end);
		place = end;
	}
}

/* Cuts at the end of a line, and says so. */
static void cut(struct buffer *out, size_t start, size_t limit)
{
	static const char note[] = "[cut: more differs]\n";
	size_t len;

	if (out->len - start <= limit)
		return;
	len = start + (limit > sizeof(note) ? limit - sizeof(note) : 0);
	while (len > start && out->data[len - 1] != '\n')
		len--;
	buffer_truncate(out, len);
	buffer_add_text(out, note);
}

bool textdiff_unified(const struct stretch *published, const struct stretch *rebuilt, size_t limit,
	struct buffer *out)
{
	struct lines a = {0}, b = {0};
	size_t start = out->len;
	bool is_shown;

	split(&a, published);
	split(&b, rebuilt);
	mark_changes(&a, &b);
	is_shown = !has_long_change(&a) && !has_long_change(&b);
	if (is_shown) {
		if (published->offset > 0 || rebuilt->offset > 0)
			buffer_add_format(out, "lines counted from byte %llu\n",
				(unsigned long long)published->offset);
		size_t before = out->len;

		add_hunks(&a, &b, start + limit, out);
		if (out->len == before)
			buffer_truncate(out, start);
		cut(out, start, limit);
	}
	lines_release(&a);
	lines_release(&b);
	return is_shown;
}
