/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs of what ran while the image was made. From one run to the next times, process ids,
 * durations, random names below /tmp and the order of lines are others; each is claimed, and no
 * other word is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "dbdiff/matcher.h"

#define DIGITS_MOST 20
#define RANDOM_MOST 10 /* letters and digits that stand for the X of mktemp */

/* What a value must have in common with that of the other side; of a time, that time's and this. */
enum log_form {
	LOG_PID = 1,
	LOG_DURATION,
	LOG_RATE,
	LOG_UPTIME,
	LOG_DATE_AND_CLOCK,
	LOG_SYSLOG,
	LOG_CLOCK,
	LOG_TEMPORARY = 64, /* and how long it is */
	LOG_TIME = 65536,
};

static char char_at(const struct stretch *text, size_t at)
{
	if (at >= text->len)
		return '\0';
	return text->data[at];
}

static bool begins_line(const struct stretch *text, size_t at)
{
	return at == 0 ? text->offset == 0 : text->data[at - 1] == '\n';
}

static bool stands_behind(const struct stretch *text, size_t at, const char *before)
{
	size_t len = strlen(before);

	return at >= len && memcmp(text->data + at - len, before, len) == 0;
}

static bool word_before(const struct stretch *text, size_t at, const char *word)
{
	return stands_behind(text, at, word) && at_word_start(text, at - strlen(word));
}

/* Behind the digits, or behind more than any value has. */
static size_t digits_end(const struct stretch *text, size_t at)
{
	size_t end = at;

	while (end < text->len && end - at < DIGITS_MOST && is_digit(text->data[end]))
		end++;
	return end;
}

/* ---- times ---- */

/* "08:30:12", perhaps with a fraction; its length. */
static size_t clock_len(const struct stretch *text, size_t at)
{
	size_t end = at + 8;

	if (end > text->len)
		return 0;
	for (size_t i = 0; i < 8; i++) {
		if (i % 3 == 2 ? text->data[at + i] != ':' : !is_digit(text->data[at + i]))
			return 0;
	}
	if ((char_at(text, end) == '.' || char_at(text, end) == ',') &&
		is_digit(char_at(text, end + 1)))
		end = digits_end(text, end + 1);
	return at_word_end(text, end) ? end - at : 0;
}

/* "Jul 29 08:30:12", as syslog writes it, without a year. */
static size_t syslog_len(const struct stretch *text, size_t at)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	size_t month = 0, clock;

	if (text->len - at < 7)
		return 0;
	while (month < 36 && memcmp(text->data + at, months + month, 3) != 0)
		month += 3;
	if (month == 36 || text->data[at + 3] != ' ' ||
		(text->data[at + 4] != ' ' && !is_digit(text->data[at + 4])) ||
		!is_digit(text->data[at + 5]) || text->data[at + 6] != ' ')
		return 0;
	clock = clock_len(text, at + 7);
	return clock > 0 ? 7 + clock : 0;
}

/* A time of a clock wherever it stands; without the hour, and without the date, a line's first. */
static size_t parse_log_time(const struct stretch *text, size_t at, unsigned *form)
{
	bool is_first = begins_line(text, at) ||
		(stands_behind(text, at, "[") && begins_line(text, at - 1));
	size_t len, clock;

	if (!at_word_start(text, at) || (at > 0 && strchr("/+~.-_%", text->data[at - 1]) != NULL))
		return 0;
	len = parse_time(text, at, form);
	*form += LOG_TIME;
	if (len == 10 && text->len - at > 12 && stands_behind(text, at + 12, "  ") &&
		(clock = clock_len(text, at + 12)) > 0) {
		*form = LOG_DATE_AND_CLOCK;
		return 12 + clock;
	}
	if (len > 0 && (is_first || memchr(text->data + at, ':', len) != NULL))
		return len;
	*form = LOG_SYSLOG;
	if (is_first && (len = syslog_len(text, at)) > 0)
		return len;
	*form = LOG_CLOCK;
	return is_first ? clock_len(text, at) : 0;
}

/* ---- others ---- */

/* The number in "sshd[123]: " and "pid 123". */
static size_t parse_pid(const struct stretch *text, size_t at, unsigned *form)
{
	size_t end = digits_end(text, at);

	*form = LOG_PID;
	if (end == at || end - at > 7)
		return 0;
	if (stands_behind(text, at, "[") && at > 1 && is_alnum(text->data[at - 2]))
		return char_at(text, end) == ']' && char_at(text, end + 1) == ':' ? end - at : 0;
	if (!at_word_end(text, end) ||
		!(word_before(text, at, "pid ") || word_before(text, at, "pid=") ||
			word_before(text, at, "PID ")))
		return 0;
	return end - at;
}

static size_t unit_len(const struct stretch *text, size_t at, const char *const *units)
{
	for (; *units != NULL; units++) {
		size_t len = strlen(*units);

		if (text->len - at >= len && memcmp(text->data + at, *units, len) == 0 &&
			at_word_end(text, at + len))
			return len;
	}
	return 0;
}

/* "in 4s", "took 1.5 ms", "(2,345 kB/s)" */
static size_t parse_duration(const struct stretch *text, size_t at, unsigned *form)
{
	static const char *const times[] = {
		"ns", "us", "ms", "s", "sec", "secs", "second", "seconds", NULL};
	static const char *const rates[] = {"B/s)", "kB/s)", "MB/s)", NULL};
	bool is_rate = stands_behind(text, at, "(");
	size_t end = digits_end(text, at), unit;

	*form = is_rate ? LOG_RATE : LOG_DURATION;
	if (end == at ||
		!(is_rate || word_before(text, at, "in ") || word_before(text, at, "took ")))
		return 0;
	while ((char_at(text, end) == '.' || char_at(text, end) == ',') &&
		is_digit(char_at(text, end + 1)))
		end = digits_end(text, end + 1);
	end += char_at(text, end) == ' ';
	unit = end < text->len ? unit_len(text, end, is_rate ? rates : times) : 0;
	return unit > 0 ? end + unit - at : 0;
}

/* "[    1.234567]", since the kernel began, where a line begins. */
static size_t parse_uptime(const struct stretch *text, size_t at, unsigned *form)
{
	size_t whole = at + 1, point;

	*form = LOG_UPTIME;
	if (char_at(text, at) != '[' || !begins_line(text, at))
		return 0;
	while (char_at(text, whole) == ' ')
		whole++;
	point = digits_end(text, whole);
	if (point == whole || char_at(text, point) != '.')
		return 0;
	whole = digits_end(text, point + 1);
	return whole > point + 1 && char_at(text, whole) == ']' ? whole + 1 - at : 0;
}

/* What mktemp(3) put for the X of "/tmp/name.XXXXXX": so many on both sides, not all of a word. */
static size_t parse_temporary(const struct stretch *text, size_t at, unsigned *form)
{
	size_t end = at, name = at;
	bool is_word = true;

	for (; end < text->len && end - at <= RANDOM_MOST && is_alnum(text->data[end]); end++)
		is_word = is_word && text->data[end] >= 'a' && text->data[end] <= 'z';
	*form = LOG_TEMPORARY + (unsigned)(end - at);
	if ((end - at != 6 && end - at != 8 && end - at != RANDOM_MOST) || is_word || at == 0 ||
		(strchr(".-_", text->data[at - 1]) == NULL && !stands_behind(text, at, "/tmp")))
		return 0;
	while (name > 0 && at - name < 40 && text->data[name - 1] != '/' &&
		text->data[name - 1] > ' ')
		name--;
	return stands_behind(text, name, "/tmp/") ? end - at : 0;
}

size_t parse_log_value(const struct stretch *text, size_t at, unsigned *form)
{
	static size_t (*const values[])(const struct stretch *, size_t, unsigned *) = {
		parse_log_time, parse_pid, parse_duration, parse_uptime, parse_temporary};

	if (at >= text->len || (!is_alnum(text->data[at]) && text->data[at] != '['))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		size_t len = values[i](text, at, form);

		if (len > 0)
			return len;
	}
	return 0;
}

bool accept_log_value(const struct matching *matching, struct claim *claim)
{
	claim->cause = "log-file";
	claim_set_values(matching, claim, "in a log");
	return is_log(matching);
}

/* ---- the order of lines ---- */

struct line {
	size_t begin, end; /* in the log, with its end of line */
	char *rest;	   /* with NUL and its form for each value that is claimed of it */
	size_t rest_len;
};

struct lines {
	struct line *items;
	size_t count, capacity;
};

static void add_line(struct lines *lines, const struct stretch *text, size_t begin, size_t end)
{
	struct line line = {.begin = begin, .end = end};
	struct buffer rest = {0};
	unsigned form;

	for (size_t at = begin; at < end;) {
		size_t len = parse_log_value(text, at, &form);

		if (len > 0 || text->data[at] == '\0') {
			form = len > 0 ? form : 0;
			buffer_add_char(&rest, '\0');
			buffer_add(&rest, &form, sizeof(form));
		} else {
			buffer_add_char(&rest, text->data[at]);
		}
		at += len > 0 ? len : 1;
	}
	line.rest_len = rest.len;
	line.rest = buffer_detach(&rest);
	ARRAY_GROW(lines->items, lines->count, lines->capacity);
	lines->items[lines->count++] = line;
}

static void lines_read(struct lines *lines, const struct stretch *text)
{
	for (size_t at = 0, end; at < text->len; at = end) {
		const char *newline = memchr(text->data + at, '\n', text->len - at);

		end = newline != NULL ? (size_t)(newline - text->data) + 1 : text->len;
		add_line(lines, text, at, end);
	}
}

static void lines_release(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i].rest);
	free(lines->items);
}

static int by_rest(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	size_t len = left->rest_len < right->rest_len ? left->rest_len : right->rest_len;
	int order = memcmp(left->rest, right->rest, len);

	if (order != 0)
		return order;
	return (left->rest_len > right->rest_len) - (left->rest_len < right->rest_len);
}

static bool are_same(const struct stretch sides[SIDES], const struct lines lines[SIDES], size_t i)
{
	const struct line *a = &lines[PUBLISHED].items[i], *b = &lines[REBUILT].items[i];

	return a->end - a->begin == b->end - b->begin &&
		memcmp(sides[PUBLISHED].data + a->begin, sides[REBUILT].data + b->begin,
			a->end - a->begin) == 0;
}

/* From the first line that is another to the last. */
static void cut_to_others(
	const struct stretch sides[SIDES], const struct lines lines[SIDES], struct claim *claim)
{
	size_t first = 0, last = lines[PUBLISHED].count;

	while (first < last && are_same(sides, lines, first))
		first++;
	while (last > first + 1 && are_same(sides, lines, last - 1))
		last--;
	for (int side = 0; side < SIDES && first < last; side++) {
		claim->start[side] = lines[side].items[first].begin;
		claim->len[side] = lines[side].items[last - 1].end - claim->start[side];
	}
}

static bool have_same_rests(const struct lines lines[SIDES])
{
	for (size_t i = 0; i < lines[PUBLISHED].count; i++) {
		if (by_rest(&lines[PUBLISHED].items[i], &lines[REBUILT].items[i]) != 0)
			return false;
	}
	return true;
}

bool match_log_order(const struct matching *matching, struct claim *claim)
{
	struct lines lines[SIDES] = {0};
	bool is_moved = false;

	if (!is_log(matching))
		return false;
	for (int side = 0; side < SIDES; side++)
		lines_read(&lines[side], &matching->sides[side]);
	if (lines[PUBLISHED].count == lines[REBUILT].count && !have_same_rests(lines)) {
		cut_to_others(matching->sides, lines, claim);
		for (int side = 0; side < SIDES; side++)
			qsort(lines[side].items, lines[side].count, sizeof(struct line), by_rest);
		is_moved = have_same_rests(lines);
	}
	for (int side = 0; side < SIDES; side++)
		lines_release(&lines[side]);
	claim_set_evidence(claim, "a log of the same lines in another order, but for times");
	return is_moved;
}

/* ---- that it is one ---- */

/* What each file has of its own: its id, the machine's, the boot's (systemd: journal-def.h). */
#define JOURNAL_IDS	24
#define JOURNAL_IDS_LEN 64

static bool is_journal(const struct stretch *file)
{
	return file->len >= JOURNAL_IDS + JOURNAL_IDS_LEN && memcmp(file->data, "LPKSHHRH", 8) == 0;
}

/* The first time of a log, which is the same on both sides. */
static size_t same_time(const struct stretch sides[SIDES], size_t *at)
{
	unsigned form;

	for (*at = 0; *at < sides[PUBLISHED].len && *at < 40; ++*at) {
		size_t len = parse_log_time(&sides[PUBLISHED], *at, &form);

		if (len > 0)
			return *at + len <= sides[REBUILT].len &&
					memcmp(sides[PUBLISHED].data, sides[REBUILT].data,
						*at + len) == 0
				? len
				: 0;
	}
	return 0;
}

bool name_log(const struct matching *matching, struct claim *claim)
{
	const struct stretch *sides = matching->sides;
	size_t start = 0, len = 0;

	if (path_below(matching->path, "var/log") == NULL)
		return false;
	if (is_journal(&sides[PUBLISHED]) && is_journal(&sides[REBUILT])) {
		start = JOURNAL_IDS;
		len = JOURNAL_IDS_LEN;
		claim_set_evidence(claim, "both sides are a journal of systemd, not read further");
	} else if (is_log(matching)) {
		len = same_time(sides, &start);
		claim_set_evidence(claim, "both sides are a log that begins with one time");
	}
	for (int side = 0; side < SIDES; side++) {
		claim->start[side] = start;
		claim->len[side] = len;
	}
	return len > 0;
}
