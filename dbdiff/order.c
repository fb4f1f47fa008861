/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/order.h"

#include "base/alloc.h"
#include "base/array.h"

void order_add(struct order *order, int64_t published, int64_t rebuilt)
{
	ARRAY_GROW(order->pairs, order->count, order->capacity);
	order->pairs[order->count++] = (struct order_pair){(uint32_t)published, (uint32_t)rebuilt};
}

static int pair_compare(const void *a, const void *b)
{
	const struct order_pair *pair_a = a;
	const struct order_pair *pair_b = b;

	return (pair_a->published > pair_b->published) - (pair_a->published < pair_b->published);
}

/*
 * The first pair outside a longest run that rises on both sides (patience sorting; `tops` holds
 * the last pair of the best run of each length, `before` the pair it goes on from).
 */
static size_t first_moved(const struct order_pair *pairs, size_t count)
{
	uint32_t *tops = xcalloc(count, sizeof(tops[0]));
	uint32_t *before = xcalloc(count, sizeof(before[0]));
	size_t longest = 0, at, moved;

	for (size_t i = 0; i < count; i++) {
		size_t low = 0, high = longest;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (pairs[tops[middle]].rebuilt < pairs[i].rebuilt)
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low > 0 ? tops[low - 1] : (uint32_t)i;
		tops[low] = (uint32_t)i;
		if (low == longest)
			longest++;
	}
	/* Backwards along the run; what it passes over has moved, and the last such is the first.
	 */
	moved = count;
	at = tops[longest - 1];
	for (size_t i = count; i-- > 0;) {
		if (i != at)
			moved = i;
		else if (before[at] != at)
			at = before[at];
	}
	free(tops);
	free(before);
	return moved;
}

bool order_differs(struct order *order, struct order_pair *moved)
{
	bool rises = true;

	if (order->count < 2)
		return false;
	qsort(order->pairs, order->count, sizeof(order->pairs[0]), pair_compare);
	for (size_t i = 1; i < order->count && rises; i++)
		rises = order->pairs[i - 1].rebuilt < order->pairs[i].rebuilt;
	if (rises)
		return false;
	*moved = order->pairs[first_moved(order->pairs, order->count)];
	return true;
}

void order_release(struct order *order)
{
	free(order->pairs);
	*order = (struct order){0};
}
