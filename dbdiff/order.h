/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_ORDER_H
#define DBDIFF_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the members that two containers have in common stand in each. Zeroed is empty. */
struct order {
	struct order_pair {
		uint32_t published;
		uint32_t rebuilt;
	} * pairs;
	size_t count;
	size_t capacity;
};

void order_add(struct order *order, int64_t published, int64_t rebuilt);
/*
 * True when they stand in another order. *moved is then the first, as published, of the fewest that
 * would have to move.
 */
bool order_differs(struct order *order, struct order_pair *moved);
void order_release(struct order *order);

#endif
