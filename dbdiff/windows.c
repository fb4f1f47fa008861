/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/windows.h"

#include "base/alloc.h"
#include "base/array.h"
#include "base/hash.h"
#include "dbdiff/linediff.h"

#define WORDS_MOST 65536

static bool add(struct window_list *windows, const struct window *window)
{
	if (windows->count == WINDOWS_MOST) {
		windows->count = 0;
		return false;
	}
	ARRAY_GROW(windows->items, windows->count, windows->capacity);
	windows->items[windows->count++] = *window;
	return true;
}

bool windows_by_place(const struct stretch sides[SIDES], struct window_list *windows)
{
	const char *a = sides[PUBLISHED].data, *b = sides[REBUILT].data;
	size_t len = sides[PUBLISHED].len;

	windows->count = 0;
	for (size_t at = 0; at < len;) {
		size_t end = at;

		while (end < len && a[end] != b[end])
			end++;
		if (end > at && !add(windows, &(struct window){{at, at}, {end, end}}))
			return false;
		at = end + 1;
	}
	return true;
}

/* ---- by words ---- */

struct words {
	size_t *starts; /* count + 1: the last is the end */
	size_t count, capacity;
	uint32_t *numbers;
	bool *is_changed;
};

static bool is_of_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		c == '_' || (unsigned char)c >= 0x80;
}

static bool split(struct words *words, const struct stretch *stretch)
{
	size_t at = 0;

	while (at < stretch->len && words->count < WORDS_MOST) {
		ARRAY_GROW(words->starts, words->count, words->capacity);
		words->starts[words->count++] = at;
		if (!is_of_word(stretch->data[at++]))
			continue;
		while (at < stretch->len && is_of_word(stretch->data[at]))
			at++;
	}
	ARRAY_GROW(words->starts, words->count, words->capacity);
	words->starts[words->count] = at;
	words->numbers = xcalloc(words->count + 1, sizeof(words->numbers[0]));
	words->is_changed = xcalloc(words->count + 1, sizeof(words->is_changed[0]));
	return at == stretch->len;
}

static void words_release(struct words *words)
{
	free(words->starts);
	free(words->numbers);
	free(words->is_changed);
}

/*
 * Words as numbers. Two that share a number without being alike make a worse cut, and what is
 * wrongly taken for alike between windows is seen when claims are checked.
 */
static void number_words(struct words *words, const struct stretch *stretch)
{
	for (size_t i = 0; i < words->count; i++)
		words->numbers[i] = (uint32_t)hash_xxh3(
			stretch->data + words->starts[i], words->starts[i + 1] - words->starts[i]);
}

/* Takes off what both sides begin and end with. */
static void trim(const struct stretch sides[SIDES], struct window *window)
{
	size_t *a = &window->start[PUBLISHED], *b = &window->start[REBUILT];
	size_t *a_end = &window->end[PUBLISHED], *b_end = &window->end[REBUILT];

	while (*a < *a_end && *b < *b_end && sides[PUBLISHED].data[*a] == sides[REBUILT].data[*b])
		++*a, ++*b;
	while (*a < *a_end && *b < *b_end &&
		sides[PUBLISHED].data[*a_end - 1] == sides[REBUILT].data[*b_end - 1])
		--*a_end, --*b_end;
}

/*
 * What stands between two words may be alike with another of its kind: then a change of both is cut
 * in two, as "Jul 29" into "Aug  1". They are put together again.
 */
#define BETWEEN_MOST 2

static bool is_between_words(
	const struct stretch sides[SIDES], const struct window *before, const struct window *window)
{
	size_t from = before->end[PUBLISHED], to = window->start[PUBLISHED];

	if (to - from > BETWEEN_MOST)
		return false;
	while (from < to && !is_of_word(sides[PUBLISHED].data[from]))
		from++;
	return from == to;
}

static bool add_change(
	const struct stretch sides[SIDES], struct window_list *windows, struct window *window)
{
	struct window *last = windows->count > 0 ? &windows->items[windows->count - 1] : NULL;

	if (last != NULL && is_between_words(sides, last, window)) {
		memcpy(last->end, window->end, sizeof(last->end));
		trim(sides, last);
		return true;
	}
	return add(windows, window);
}

static bool add_changes(const struct stretch sides[SIDES], const struct words words[SIDES],
	struct window_list *windows)
{
	const struct words *a = &words[PUBLISHED], *b = &words[REBUILT];
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		struct window window = {{a->starts[i], b->starts[j]}, {0, 0}};
		size_t from_i = i, from_j = j;

		while (i < a->count && a->is_changed[i])
			i++;
		while (j < b->count && b->is_changed[j])
			j++;
		if (i == from_i && j == from_j) {
			i += i < a->count;
			j += j < b->count;
			continue;
		}
		window.end[PUBLISHED] = a->starts[i];
		window.end[REBUILT] = b->starts[j];
		trim(sides, &window);
		if ((window.end[PUBLISHED] > window.start[PUBLISHED] ||
			    window.end[REBUILT] > window.start[REBUILT]) &&
			!add_change(sides, windows, &window))
			return false;
	}
	return true;
}

bool windows_by_word(const struct stretch sides[SIDES], struct window_list *windows)
{
	struct words words[SIDES] = {0};
	bool is_good = true;

	windows->count = 0;
	for (int side = 0; side < SIDES; side++)
		is_good = split(&words[side], &sides[side]) && is_good;
	if (is_good) {
		struct sequence a, b;

		for (int side = 0; side < SIDES; side++)
			number_words(&words[side], &sides[side]);
		a = (struct sequence){words[PUBLISHED].numbers, words[PUBLISHED].count,
			words[PUBLISHED].is_changed};
		b = (struct sequence){
			words[REBUILT].numbers, words[REBUILT].count, words[REBUILT].is_changed};
		linediff(&a, &b);
		is_good = add_changes(sides, words, windows);
	}
	for (int side = 0; side < SIDES; side++)
		words_release(&words[side]);
	return is_good;
}

void windows_release(struct window_list *windows)
{
	free(windows->items);
	*windows = (struct window_list){0};
}
