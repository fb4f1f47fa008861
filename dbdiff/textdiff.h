/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_TEXTDIFF_H
#define DBDIFF_TEXTDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* A stretch of one side's bytes, from `offset` of the member on. */
struct stretch {
	const char *data;
	size_t len;
	uint64_t offset;
};

/* Bytes that people read in lines: no NUL, no control character that texts do not have. */
bool textdiff_is_text(const char *data, size_t len);

/*
 * Adds a unified diff of two texts, at most `limit` bytes (cut at a line, and it says so). Time and
 * memory are bounded: what is too different is shown as replaced. Adds nothing when the texts are
 * equal, and false when a changed line is too long to be shown; then nothing was added either.
 */
bool textdiff_unified(const struct stretch *published, const struct stretch *rebuilt, size_t limit,
	struct buffer *out);

/*
 * Adds rows of 16 bytes around each range that differs, as hexadecimal and characters. False when
 * `out` would become longer than `limit` bytes: then that is said in place of the rest. Nothing
 * when the stretches are equal.
 */
bool textdiff_hexdump(const struct stretch *published, const struct stretch *rebuilt, size_t limit,
	struct buffer *out);

#endif
