/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_JSON_STREAM_H
#define VERIFIER_COVERAGE_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "verifier/coverage/data_file.h"

/*
 * JSON (RFC 8259) told as events while it is read, in memory that does not grow with the file.
 * Strict (trust T17): one value and nothing behind it, UTF-8, no key twice in an object, no NUL in
 * a text (it would end it for whoever compares texts), at most JSON_STREAM_DEPTH containers inside
 * each other and JSON_STREAM_TEXT_MAX bytes in one value.
 */
#define JSON_STREAM_DEPTH    32u
#define JSON_STREAM_TEXT_MAX ((size_t)1 << 20)

enum json_event_kind {
	JSON_EVENT_NULL,
	JSON_EVENT_BOOL,
	JSON_EVENT_NUMBER, /* as it is written */
	JSON_EVENT_TEXT,
	JSON_EVENT_OBJECT,
	JSON_EVENT_OBJECT_END,
	JSON_EVENT_ARRAY,
	JSON_EVENT_ARRAY_END,
};

/* A value, or the end of one; `text` is not NUL-terminated and valid during the call. */
struct json_event {
	enum json_event_kind kind;
	const char *text;
	size_t len;
	bool is_true;
};

struct json_stream;

struct json_handler {
	/* An error ends the reading. */
	enum status (*event)(void *context, const struct json_stream *stream,
		const struct json_event *event, struct error *err);
	void *context;
	/* A key that a producer writes twice, so that the last of them counts; NULL for none. */
	const char *repeatable;
};

/*
 * Reads the whole file. Trouble is STATUS_FORMAT or STATUS_LIMIT, with the place in the file: what
 * the handler was told until then is not to be used.
 */
enum status json_stream_read(
	const struct data_file *file, const struct json_handler *handler, struct error *err);

/* Of the event at hand: how many containers are around it. */
unsigned json_stream_depth(const struct json_stream *stream);
/* The key under which it, or the container at `level` (from 0) on the way to it, stands; "" in an
 * array. */
const char *json_stream_key(const struct json_stream *stream, unsigned level);
bool json_stream_is(const struct json_stream *stream, unsigned level, const char *key);
/* Whether a container on the way to it is an array. */
bool json_stream_in_array(const struct json_stream *stream, unsigned level);
/* The JSON pointer (RFC 6901) of the first `depth` steps as "NAME#/a/b": what claims name. */
void json_stream_place(const struct json_stream *stream, unsigned depth, struct buffer *place);

/* A copy of a text event, or NULL for any other. */
char *json_event_text(const struct json_event *event);
bool json_event_is(const struct json_event *event, const char *text);

#endif
