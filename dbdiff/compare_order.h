/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_COMPARE_ORDER_H
#define DBDIFF_COMPARE_ORDER_H

#include "dbdiff/compare.h"
#include "dbdiff/order.h"

/* That the members of two containers stand in another order. Zeroed: they do not. */
struct order_told {
	bool differs;
	const char *field; /* static */
	struct buffer text;
};

/*
 * The field that it is told as depends on what the order decides: what is unpacked, what a text
 * says, or nothing. `moved` is the first member that moved.
 */
enum status compare_order_tell(const struct side_bytes sides[SIDES],
	const struct index_row *const rows[SIDES], const struct order_pair *moved,
	struct order_told *told, struct error *err);
void order_told_release(struct order_told *told);

#endif
