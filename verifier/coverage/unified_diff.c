/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/unified_diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

/* A line with its newline, if it has one. */
struct text_line {
	const char *text;
	size_t len;
	char kind; /* of a hunk's: ' ', '-' or '+' */
};

struct text_lines {
	struct text_line *items;
	size_t count, capacity;
};

/* The number at `*at`, which goes behind it. */
static unsigned long number_read(const char **at, const char *end)
{
	unsigned long number = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		number = number < 100000000 ? number * 10 + (unsigned long)(**at - '0') : number;
	return number;
}

/* A range of "@@ -1,2 +3,4 @@"; its count is 1 when it has none. */
static unsigned long range_read(const char **at, const char *end, unsigned long *count)
{
	unsigned long first = number_read(at, end);

	*count = 1;
	if (*at < end && **at == ',') {
		(*at)++;
		*count = number_read(at, end);
	}
	return first;
}

bool hunk_read(const char *line, const char *end, struct hunk *hunk)
{
	const char *at = line + 4;

	*hunk = (struct hunk){0};
	if (end - line < 8 || memcmp(line, "@@ -", 4) != 0)
		return false;
	hunk->first = range_read(&at, end, &hunk->old);
	hunk->is_new = hunk->first == 0;
	if (end - at < 2 || at[0] != ' ' || at[1] != '+') {
		*hunk = (struct hunk){0};
		return false;
	}
	at += 2;
	hunk->is_removed = range_read(&at, end, &hunk->new) == 0;
	return true;
}

bool hunk_line(struct hunk *hunk, char first)
{
	if (hunk->old == 0 && hunk->new == 0)
		return false;
	if (first == '-' || first == ' ' || first == '\n' || first == '\0')
		hunk->old -= hunk->old > 0;
	if (first == '+' || first == ' ' || first == '\n' || first == '\0')
		hunk->new -= hunk->new > 0;
	return true;
}

static void line_add(struct text_lines *lines, const char *text, size_t len, char kind)
{
	ARRAY_GROW(lines->items, lines->count, lines->capacity);
	lines->items[lines->count++] = (struct text_line){.text = text, .len = len, .kind = kind};
}

/* The line at `text` with its newline. */
static size_t line_length(const char *text, const char *end)
{
	const char *newline = memchr(text, '\n', (size_t)(end - text));

	return (size_t)((newline ? newline + 1 : end) - text);
}

/* One hunk and the text that it is to change. */
struct application {
	struct text_lines input, hunk;
	struct text_lines pattern; /* what of the hunk must be there */
	size_t leading, trailing;  /* its lines of context before and behind what changes */
	size_t done;		   /* lines of the input that are settled */
	long long offset;	   /* by which the last hunk stood elsewhere */
	uint64_t *steps;
};

/* The lines of a hunk, whose header was read; false when it is damaged. */
static bool lines_read(
	struct application *application, struct hunk left, const char **at, const char *end)
{
	struct text_lines *hunk = &application->hunk;

	hunk->count = application->pattern.count = 0;
	while (*at < end && (left.old || left.new || **at == '\\')) {
		size_t len = line_length(*at, end);
		char kind = **at == '\n' ? ' ' : **at;

		if (kind == '\\') {
			/* "\ No newline at end of file" */
			if (hunk->count == 0 || hunk->items[hunk->count - 1].len == 0)
				return false;
			hunk->items[hunk->count - 1].len--;
		} else if ((kind == ' ' && left.old && left.new) || (kind == '-' && left.old) ||
			(kind == '+' && left.new)) {
			/* An editor took the blank off an empty line of context. */
			bool is_bare = **at == '\n';

			/* Without a newline the patch itself is cut. */
			if ((*at)[len - 1] != '\n')
				return false;
			line_add(hunk, *at + !is_bare, len - !is_bare, kind);
			hunk_line(&left, kind);
		} else {
			return false;
		}
		*at += len;
	}
	/* Blank lines at the end of a patch get lost, which patch(1) knows. */
	while (*at == end && left.old == left.new &&left.old > 0 && left.old < 3) {
		line_add(hunk, "\n", 1, ' ');
		hunk_line(&left, ' ');
	}
	return left.old == 0 && left.new == 0 && hunk->count > 0;
}

static void pattern_make(struct application *application)
{
	const struct text_lines *hunk = &application->hunk;
	size_t at = 0;

	for (size_t i = 0; i < hunk->count; i++)
		if (hunk->items[i].kind != '+')
			line_add(&application->pattern, hunk->items[i].text, hunk->items[i].len,
				' ');
	while (at < hunk->count && hunk->items[at].kind == ' ')
		at++;
	application->leading = at;
	at = hunk->count;
	while (at > application->leading && hunk->items[at - 1].kind == ' ')
		at--;
	application->trailing = hunk->count - at;
}

/* Whether the pattern stands at that line, from 0. */
static bool fits(struct application *application, long long where)
{
	const struct text_lines *pattern = &application->pattern, *input = &application->input;

	if (where < (long long)application->done ||
		where + (long long)pattern->count > (long long)input->count)
		return false;
	for (size_t i = 0; i < pattern->count; i++) {
		const struct text_line *wanted = &pattern->items[i],
				       *there = &input->items[(size_t)where + i];

		uint64_t cost = 1 + wanted->len / 64;

		if (*application->steps == 0)
			return false;
		*application->steps -= cost < *application->steps ? cost : *application->steps;
		if (wanted->len != there->len ||
			memcmp(wanted->text, there->text, wanted->len) != 0)
			return false;
	}
	return true;
}

/*
 * Where the hunk stands, from 0, as patch(1) looks for it; -1 for nowhere. Without a fuzz, less
 * context before than behind means the begin of the file, and the other way round its end.
 */
static long long locate(struct application *application, const struct hunk *hunk)
{
	long long count = (long long)application->pattern.count,
		  total = (long long)application->input.count;
	/* Lines that are only added go behind the one that is named. */
	long long guess = (long long)hunk->first - (count > 0) + application->offset, last;

	if (count == 0)
		return guess >= (long long)application->done && guess <= total ? guess : -1;
	if (application->leading < application->trailing && hunk->first <= 1)
		return fits(application, 0) ? 0 : -1;
	if (application->trailing < application->leading)
		return fits(application, total - count) ? total - count : -1;
	last = total > guess ? total - guess : 0;
	last = guess > last ? guess : last;
	for (long long away = 0; away <= last && *application->steps; away++) {
		if (fits(application, guess + away))
			return guess + away;
		if (away && fits(application, guess - away))
			return guess - away;
		/* Far from the text nothing is compared, and time goes by. */
		*application->steps -= *application->steps > 0;
	}
	return -1;
}

static bool hunk_apply(
	struct application *application, const struct hunk *hunk, struct buffer *out, size_t max)
{
	const struct text_lines *lines = &application->hunk, *input = &application->input;
	long long where;

	pattern_make(application);
	where = locate(application, hunk);
	if (where < 0)
		return false;
	application->offset = where - ((long long)hunk->first - (application->pattern.count > 0));
	for (; application->done < (size_t)where; application->done++)
		buffer_add(out, input->items[application->done].text,
			input->items[application->done].len);
	for (size_t i = 0; i < lines->count; i++)
		if (lines->items[i].kind != '-')
			buffer_add(out, lines->items[i].text, lines->items[i].len);
	application->done += application->pattern.count;
	return out->len <= max;
}

static bool hunks_apply(struct application *application, const char *hunks, const char *end,
	size_t max, struct buffer *out)
{
	const char *at = hunks;

	while (at < end) {
		size_t len = line_length(at, end);
		struct hunk hunk;

		if (!hunk_read(at, at + len, &hunk)) {
			at += len;
			continue;
		}
		at += len;
		if (!lines_read(application, hunk, &at, end) ||
			!hunk_apply(application, &hunk, out, max))
			return false;
	}
	return true;
}

bool unified_diff_apply(const char *text, size_t len, const char *hunks, size_t hunks_len,
	size_t max, uint64_t *steps, struct buffer *out)
{
	struct application application = {.steps = steps};
	bool is_applied;

	for (const char *at = text; at < text + len;) {
		size_t line = line_length(at, text + len);

		line_add(&application.input, at, line, ' ');
		at += line;
	}
	is_applied = hunks_apply(&application, hunks, hunks + hunks_len, max, out);
	for (size_t i = application.done; is_applied && i < application.input.count; i++)
		buffer_add(out, application.input.items[i].text, application.input.items[i].len);
	free(application.input.items);
	free(application.hunk.items);
	free(application.pattern.items);
	return is_applied && out->len <= max;
}
