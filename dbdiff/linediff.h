/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_LINEDIFF_H
#define DBDIFF_LINEDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One side: its elements as numbers that are equal where they are, and which of them changed. */
struct sequence {
	const uint32_t *items;
	size_t count;
	bool *is_changed; /* all false before */
};

/*
 * Marks what to take out of `a` and put in from `b`: E. W. Myers, "An O(ND) Difference Algorithm
 * and Its Variations" (1986), in linear space. Where that would cost too much the stretch is marked
 * whole, on both sides.
 */
void linediff(struct sequence *a, struct sequence *b);

#endif
