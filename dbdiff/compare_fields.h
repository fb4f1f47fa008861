/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_COMPARE_FIELDS_H
#define DBDIFF_COMPARE_FIELDS_H

#include "base/buffer.h"
#include "dbdiff/index.h"

/* Adds "name\0published\0rebuilt\0". */
void fields_add_difference(
	struct buffer *out, const char *name, const char *published, const char *rebuilt);

/*
 * Adds a difference for each field of two members that is not the same, in the order of the field
 * table; "(none)" stands for a field that one side lacks. `with_size`: the size of the bytes counts
 * as a field.
 */
void fields_compare(const struct index_row *published, const struct index_row *rebuilt,
	bool with_size, struct buffer *out);

/* A compressed stream that holds nothing beside what it unpacks to (trust T7). */
bool row_is_plain_stream(const struct index_row *row);

#endif
