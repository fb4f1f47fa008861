/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust T9: a cause claims a byte range, not a file, and putting one side's claimed values into the
 * other must make them byte for byte the same. Here ranges are only proposed, by a process that
 * reads hostile bytes; dbdiff/claims.c checks them.
 */
#include "dbdiff/matcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "dbdiff/windows.h"

/* A leaf of which so many windows have no cause is not gone on with. */
#define UNMATCHED_MOST 16

/* ---- the claims of one stretch ---- */

static void add(struct claim_list *claims, const struct claim *claim)
{
	ARRAY_GROW(claims->items, claims->count, claims->capacity);
	claims->items[claims->count++] = *claim;
}

void claim_list_release(struct claim_list *claims)
{
	free(claims->items);
	*claims = (struct claim_list){0};
}

/* Where the bytes begin that no claim has yet. */
static size_t free_from(const struct claim_list *claims, int side)
{
	const struct claim *last = claims->count > 0 ? &claims->items[claims->count - 1] : NULL;

	return last != NULL ? last->start[side] + last->len[side] : 0;
}

/* How far the bytes before a window are alike and free. */
static size_t alike_before(const struct matching *matching, const struct claim_list *claims,
	const struct window *window)
{
	const struct stretch *sides = matching->sides;
	size_t back = 0;

	while (window->start[PUBLISHED] - back > free_from(claims, PUBLISHED) &&
		window->start[REBUILT] - back > free_from(claims, REBUILT) &&
		sides[PUBLISHED].data[window->start[PUBLISHED] - back - 1] ==
			sides[REBUILT].data[window->start[REBUILT] - back - 1])
		back++;
	return back;
}

static bool same_values(const struct matching *matching, const struct claim *claim)
{
	return claim->len[PUBLISHED] == claim->len[REBUILT] &&
		memcmp(matching->sides[PUBLISHED].data + claim->start[PUBLISHED],
			matching->sides[REBUILT].data + claim->start[REBUILT],
			claim->len[PUBLISHED]) == 0;
}

/* A value on both sides that begins `back` bytes before the window and reaches into it. */
static bool try_at(const struct matching *matching, const struct value_matcher *matcher,
	const struct window *window, size_t back, struct claim *claim)
{
	unsigned forms[SIDES] = {0, 0};

	*claim = (struct claim){0};
	for (int side = 0; side < SIDES; side++) {
		claim->start[side] = window->start[side] - back;
		claim->len[side] =
			matcher->parse(&matching->sides[side], claim->start[side], &forms[side]);
		if (claim->len[side] == 0 || claim->len[side] < back)
			return false;
	}
	return forms[PUBLISHED] == forms[REBUILT] && !same_values(matching, claim) &&
		matcher->accept(matching, claim);
}

static bool match_value(const struct matching *matching, const struct claim_list *claims,
	const struct window *window, struct claim *claim)
{
	size_t alike = alike_before(matching, claims, window);

	for (const struct value_matcher *matcher = value_matchers; matcher->parse != NULL;
		matcher++) {
		size_t back = alike < matcher->back ? alike : matcher->back;

		for (size_t left = back + 1; left > 0; left--) {
			if (try_at(matching, matcher, window, left - 1, claim))
				return true;
		}
	}
	return false;
}

static bool begins_with(const struct stretch *text, size_t at, const char *value)
{
	size_t len = strlen(value);

	return at <= text->len && len <= text->len - at &&
		strncasecmp(text->data + at, value, len) == 0 && at_word_start(text, at) &&
		at_word_end(text, at + len);
}

/* A pair of values that a field of this artifact has: the same cause brought it here. */
static bool match_known(const struct matching *matching, const struct claim_list *claims,
	const struct window *window, struct claim *claim)
{
	size_t alike = alike_before(matching, claims, window);

	for (size_t i = 0; i < matching->known_count; i++) {
		const struct known_pair *known = &matching->known[i];
		size_t back = 0;

		while (known->values[PUBLISHED][back] != '\0' &&
			known->values[PUBLISHED][back] == known->values[REBUILT][back])
			back++;
		if (back > alike)
			continue;
		*claim = (struct claim){.cause = known->cause};
		for (int side = 0; side < SIDES; side++) {
			claim->start[side] = window->start[side] - back;
			claim->len[side] = strlen(known->values[side]);
		}
		if (begins_with(&matching->sides[PUBLISHED], claim->start[PUBLISHED],
			    known->values[PUBLISHED]) &&
			begins_with(&matching->sides[REBUILT], claim->start[REBUILT],
				known->values[REBUILT])) {
			claim_set_values(matching, claim, known->field);
			return true;
		}
	}
	return false;
}

/* Leaves off what is claimed already, and what is alike behind it; false when that is all. */
static bool cut_claimed(
	const struct matching *matching, const struct claim_list *claims, struct window *window)
{
	const struct stretch *sides = matching->sides;
	bool has_left = false;

	for (int side = 0; side < SIDES; side++) {
		size_t from = free_from(claims, side);

		if (window->start[side] < from)
			window->start[side] = from;
		if (window->end[side] < window->start[side])
			window->end[side] = window->start[side];
	}
	while (window->start[PUBLISHED] < window->end[PUBLISHED] &&
		window->start[REBUILT] < window->end[REBUILT] &&
		sides[PUBLISHED].data[window->start[PUBLISHED]] ==
			sides[REBUILT].data[window->start[REBUILT]]) {
		window->start[PUBLISHED]++;
		window->start[REBUILT]++;
	}
	for (int side = 0; side < SIDES; side++)
		has_left = has_left || window->end[side] > window->start[side];
	return has_left;
}

/* What its key calls the image's own is that, whatever else has the same value. */
static bool match_any(const struct matching *matching, const struct claim_list *claims,
	const struct window *window, struct claim *claim)
{
	struct claim own;
	bool is_known = match_known(matching, claims, window, claim);

	if (!match_value(matching, claims, window, &own))
		return is_known;
	if (!is_known || strcmp(own.cause, "image-uuid") == 0)
		*claim = own;
	return true;
}

static bool match_windows(
	const struct matching *matching, struct window_list *windows, struct claim_list *claims)
{
	size_t unmatched = 0;

	for (size_t i = 0; i < windows->count && unmatched < UNMATCHED_MOST; i++) {
		struct window *window = &windows->items[i];

		while (cut_claimed(matching, claims, window)) {
			struct claim claim;

			if (matching->places_left != NULL && (*matching->places_left)-- == 0) {
				*matching->places_left = 0;
				return false;
			}

			if (!match_any(matching, claims, window, &claim)) {
				unmatched++;
				break;
			}
			add(claims, &claim);
		}
	}
	return unmatched == 0;
}

static void claim_whole(const struct matching *matching, struct claim *claim)
{
	for (int side = 0; side < SIDES; side++) {
		claim->start[side] = 0;
		claim->len[side] = matching->sides[side].len;
	}
}

/* False when it is no file of a kind that is known. */
static bool match_leaf(const struct leaf_matcher *matchers, const struct matching *matching,
	struct claim_list *claims)
{
	if (!matching->is_whole || matching->sides[PUBLISHED].len == 0 ||
		matching->sides[REBUILT].len == 0)
		return false;
	for (const struct leaf_matcher *matcher = matchers; matcher->match != NULL; matcher++) {
		struct claim claim = {.cause = matcher->cause};

		if (matcher->match(matching, &claim)) {
			if (claim.len[PUBLISHED] == 0)
				claim_whole(matching, &claim);
			add(claims, &claim);
			return true;
		}
	}
	return false;
}

#define BINARY_MOST ((size_t)64 * 1024)
#define PLACE_BYTES 256 /* of words that are held against each other, for a place that is left */

/* Cuts by words where that is of use: texts, and small files of anything. */
static bool cut_by_word(const struct matching *matching, struct window_list *windows)
{
	const struct stretch *sides = matching->sides;
	size_t len = sides[PUBLISHED].len + sides[REBUILT].len;
	bool is_text = textdiff_is_text(sides[PUBLISHED].data, sides[PUBLISHED].len) &&
		textdiff_is_text(sides[REBUILT].data, sides[REBUILT].len);

	if (len > BINARY_MOST && !is_text)
		return false;
	if (matching->places_left != NULL) {
		if (*matching->places_left < len / PLACE_BYTES)
			return false;
		*matching->places_left -= len / PLACE_BYTES;
	}
	return windows_by_word(sides, windows);
}

static bool match_bytes(const struct matching *matching, struct claim_list *claims)
{
	const struct stretch *sides = matching->sides;
	struct window_list windows = {0};
	bool is_done = false;

	if (match_leaf(leaf_matchers, matching, claims))
		return true;
	if (sides[PUBLISHED].len == sides[REBUILT].len && windows_by_place(sides, &windows))
		is_done = match_windows(matching, &windows, claims);
	/* Values of other lengths move what is behind them. */
	if (!is_done && cut_by_word(matching, &windows)) {
		struct claim_list others = {0};

		is_done = match_windows(matching, &windows, &others);
		if (is_done || claims->count == 0) {
			claim_list_release(claims);
			*claims = others;
			others = (struct claim_list){0};
		}
		claim_list_release(&others);
	}
	windows_release(&windows);
	if (!is_done && claims->count == 0)
		match_leaf(leaf_namers, matching, claims);
	return is_done;
}

/* ---- UTF-16, as EFI has it ---- */

static bool is_wide(const struct stretch *text)
{
	for (size_t i = 1; i < text->len; i += 2) {
		if (text->data[i] != '\0' || (unsigned char)text->data[i - 1] >= 0x80)
			return false;
	}
	return text->len > 0 && text->len % 2 == 0 && text->offset % 2 == 0;
}

static void narrow(const struct stretch *wide, struct buffer *bytes, struct stretch *text)
{
	for (size_t i = 0; i < wide->len; i += 2)
		buffer_add_char(bytes, wide->data[i]);
	*text = (struct stretch){bytes->data, bytes->len, wide->offset / 2};
}

bool match_stretch(const struct matching *matching, struct claim_list *claims)
{
	struct matching narrowed = *matching;
	struct stretch sides[SIDES];
	struct buffer bytes[SIDES] = {0};
	size_t first = claims->count;
	bool is_done;

	if (!is_wide(&matching->sides[PUBLISHED]) || !is_wide(&matching->sides[REBUILT]))
		return match_bytes(matching, claims);
	for (int side = 0; side < SIDES; side++)
		narrow(&matching->sides[side], &bytes[side], &sides[side]);
	narrowed.sides = sides;
	is_done = match_bytes(&narrowed, claims);
	for (size_t i = first; i < claims->count; i++) {
		for (int side = 0; side < SIDES; side++) {
			claims->items[i].start[side] *= 2;
			claims->items[i].len[side] *= 2;
		}
	}
	for (int side = 0; side < SIDES; side++)
		buffer_release(&bytes[side]);
	return is_done;
}
