/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_JSON_SCAN_H
#define DBDIFF_FORMAT_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * The tokens of one JSON text (RFC 8259) and where they stand, which no library tells. Strict in
 * its grammar; what strings hold is not looked at beyond their escapes. It owns nothing.
 */
struct json_scan {
	const char *text;
	size_t len, at;
	unsigned depth;	   /* of open containers */
	uint64_t are_open; /* a bit for each depth: an object */
	enum json_expected {
		EXPECT_VALUE, /* zeroed: the whole is one value */
		EXPECT_VALUE_OR_END,
		EXPECT_KEY,
		EXPECT_KEY_OR_END,
		EXPECT_COMMA_OR_END,
		EXPECT_NOTHING,
	} expected;
};

#define JSON_DEPTH_MAX 64 /* deeper is STATUS_LIMIT */

enum json_token {
	JSON_TOKEN_OBJECT,
	JSON_TOKEN_ARRAY,
	JSON_TOKEN_END, /* of the innermost open one */
	JSON_TOKEN_KEY,
	JSON_TOKEN_TEXT,  /* with its quotes, and escaped as it is */
	JSON_TOKEN_OTHER, /* a number, true, false or null */
};

struct json_piece {
	enum json_token token;
	size_t start, end; /* of its bytes in the text */
};

/* STATUS_END behind the value; STATUS_FORMAT says at which byte it is no JSON. */
enum status json_scan_next(struct json_scan *scan, struct json_piece *piece, struct error *err);

#endif
