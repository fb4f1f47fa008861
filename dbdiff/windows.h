/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_WINDOWS_H
#define DBDIFF_WINDOWS_H

#include "dbdiff/sides.h"
#include "dbdiff/textdiff.h"

/* Bytes [start, end) of each side of a stretch that differ; the bytes between windows are alike. */
struct window {
	size_t start[SIDES], end[SIDES];
};

/* In order. Zeroed is empty. */
struct window_list {
	struct window *items;
	size_t count;
	size_t capacity;
};

#define WINDOWS_MOST 4096

/*
 * Cuts two stretches of the same length where the bytes at one place differ, byte by byte. False
 * when there are over WINDOWS_MOST windows: then there are none.
 */
bool windows_by_place(const struct stretch sides[SIDES], struct window_list *windows);
/*
 * Cuts two stretches of any length by their words, the least that was taken out and put in
 * (dbdiff/linediff.h). False as above, and for more than some 60,000 words.
 */
bool windows_by_word(const struct stretch sides[SIDES], struct window_list *windows);
void windows_release(struct window_list *windows);

#endif
