/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * Escapes bytes for one line of a terminal or a log: valid UTF-8 stays; control characters
 * (C0, DEL, C1), line and paragraph separators, bidirectional controls, other format characters
 * and bytes that are not UTF-8 become \xHH a byte; a backslash becomes \\ so that it can be undone.
 */
void escape_line(struct buffer *out, const char *data, size_t len);

/* The same, but newlines and tabs stay: for blocks of text such as a diff. */
void escape_block(struct buffer *out, const char *data, size_t len);

/*
 * The way member paths are written everywhere (design: "Output that others will parse"):
 * valid UTF-8 as it is, other bytes as \xHH, a backslash as \\. Control characters stay for the
 * JSON writer to escape.
 */
void escape_path(struct buffer *out, const char *data, size_t len);

/* True when all of it is well-formed UTF-8 (no surrogates, no overlong forms). */
bool escape_is_utf8(const char *data, size_t len);

/*
 * A URL as it may be recorded or printed: without user-info, and with the values of its query
 * replaced by "…" (trust T20).
 */
char *escape_url_secrets(const char *url);

#endif
