/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_LEAF_DIFF_H
#define DBDIFF_LEAF_DIFF_H

#include "dbdiff/captured.h"

/*
 * Adds what people are shown of the difference of a leaf, at most `limit` bytes: a unified diff of
 * texts; of anything else a line that says what kind of change it is (bytes put in or taken out at
 * one place, some bytes, nearly all), and hexadecimal rows around each range that differs.
 */
void leaf_diff(const struct leaf_request *leaf, const struct leaf_bytes *bytes, size_t limit,
	struct buffer *out);

#endif
