/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_STRINGDIFF_H
#define DBDIFF_STRINGDIFF_H

#include "dbdiff/textdiff.h"

/*
 * Adds a unified diff of the strings in two stretches of binary data, one a line, as strings(1)
 * would list them: visible UTF-8 with an end; of at least four bytes, unless there is nothing else
 * in the stretch. Otherwise as textdiff_unified(); nothing when the strings are the same.
 */
bool stringdiff_unified(const struct stretch *published, const struct stretch *rebuilt,
	size_t limit, struct buffer *out);

#endif
