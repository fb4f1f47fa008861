/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_SHAPES_H
#define DBDIFF_FORMAT_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a value looks like. A field that has a cause of its own is only given to a value of the
 * right shape (trust T9): where one side's is not, the sides have fields of two names, and the
 * difference stays unexplained.
 */

/* A UUID as tools print it, in lower case (trust T5). */
bool is_uuid(const char *text, size_t len);
/* Lower-case hexadecimal digits, so many. */
bool is_hex(const char *text, size_t len, size_t digits);
/* What git describe says of a source tree: "v1.8", "v1.8-3-gabcdef0-dirty", "abcdef0". */
bool is_source_version(const char *text, size_t len);
/* RFC 3339: "2026-11-23T03:12:00Z", also with a fraction or an offset. */
bool is_time(const char *text, size_t len);

#endif
