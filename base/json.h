/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/hash.h"

/*
 * Writes JSON (RFC 8259) as it is told, keys in the order they are given, two spaces an indent.
 * Into a stream or into a buffer. `key` is NULL inside arrays. Text that is UTF-8 keeps its
 * value (what acts on a terminal is written \uXXXX); other text is written as escape_path() says,
 * so the output is always well-formed. A failed write sticks: json_finish() reports it.
 * No function here may have a name of libjansson's (json_integer, json_null): that would call it.
 */
struct json {
	FILE *stream;	       /* or NULL, then `buffer` */
	struct buffer *buffer; /* not owned */
	unsigned depth;
	bool first;
	bool compact; /* one line: for JSON Lines */
	bool failed;
};

void json_init_stream(struct json *json, FILE *stream);
void json_init_buffer(struct json *json, struct buffer *buffer);
void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_text(struct json *json, const char *key, const char *text); /* NULL writes null */
void json_bytes(struct json *json, const char *key, const char *data, size_t len);
void json_digest(struct json *json, const char *key, const struct digest *digest); /* as hex */
void json_signed(struct json *json, const char *key, int64_t value);
void json_unsigned(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_none(struct json *json, const char *key);
/* Ends the document with a newline; STATUS_IO when any write failed. */
enum status json_finish(struct json *json, struct error *err);

#endif
