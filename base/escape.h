/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * One escape for all of reproof: a byte that may not stand as it is becomes \xHH, two lower-case
 * hex digits. So that it can be undone (escape_undo()) without doubling every backslash (unit names
 * such as "dev-disk\x2dby.device" stay readable), a backslash of the data is written \x5c where it
 * stands before xHH with an HH that an escape could have written: below 20, 7f, from 80, or 5c;
 * else as it is.
 */

/*
 * Escapes bytes for one line of a terminal or a log: visible characters in valid UTF-8 stay;
 * control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls,
 * zero-width and other format characters, and bytes that are not UTF-8, are escaped byte by byte.
 */
void escape_line(struct buffer *out, const char *data, size_t len);

/* The same, but newlines and tabs stay: for blocks of text such as a diff. */
void escape_block(struct buffer *out, const char *data, size_t len);

/*
 * The way member paths are written everywhere (design: "Output that others will parse"): valid
 * UTF-8 as it is, other bytes escaped. Control characters stay for the JSON writer to escape.
 */
void escape_path(struct buffer *out, const char *data, size_t len);

/* Gives the bytes again that one of the three above was given. */
void escape_undo(struct buffer *out, const char *text, size_t len);

/*
 * The length (1 to 4) of the well-formed UTF-8 character at the beginning of `data`, 0 when there
 * is none (no surrogates, no overlong forms, nothing over U+10FFFF). `character` may be NULL.
 */
size_t escape_utf8_length(const char *data, size_t len, uint32_t *character);

/*
 * False for characters that act on a reader in place of being seen: control characters, line and
 * paragraph separators, and what Unicode calls format or default-ignorable.
 */
bool escape_is_visible(uint32_t character);

/* True when all of it is well-formed UTF-8 (no surrogates, no overlong forms). */
bool escape_is_utf8(const char *data, size_t len);

/*
 * A URL as it may be recorded or printed: without user-info, and with the values of its query
 * replaced by "…" (trust T20).
 */
char *escape_url_secrets(const char *url);

/*
 * A path as part of a URL (RFC 3986, 3.3): all but unreserved characters, slashes and what Debian
 * leaves as it is in names of its pool ("+", ":", "@", ",", "=") as %XX.
 */
void escape_url_path(struct buffer *out, const char *path);

#endif
