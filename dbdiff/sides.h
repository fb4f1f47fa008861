/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_SIDES_H
#define DBDIFF_SIDES_H

/* The two sides of a comparison: indexes of arrays of SIDES. */
enum {
	PUBLISHED,
	REBUILT,
	SIDES,
};

#endif
