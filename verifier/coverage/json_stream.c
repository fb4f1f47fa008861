/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/json_stream.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/alloc.h"

#define PIECE	    ((size_t)64 * 1024)
#define SLOTS_LEAST 16u
#define KEYS_MAX    ((size_t)4 << 20) /* in one object; what is kept of each are 8 to 16 bytes */

/* A container that is open, and the hashes of the keys it had. */
struct json_level {
	bool is_array;
	size_t count; /* keys or values so far */
	struct buffer key;
	uint64_t *slots; /* open addressing; 0 is free */
	size_t slot_count, slot_capacity;
};

struct json_stream {
	const struct data_file *file;
	const struct json_handler *handler;
	struct json_level levels[JSON_STREAM_DEPTH];
	unsigned depth;
	bool was_told; /* an event or a key came out of the piece at hand */
	struct error *err;
	enum status status;
};

unsigned json_stream_depth(const struct json_stream *stream)
{
	return stream->depth;
}

const char *json_stream_key(const struct json_stream *stream, unsigned level)
{
	return level < stream->depth ? buffer_text(&stream->levels[level].key) : "";
}

bool json_stream_is(const struct json_stream *stream, unsigned level, const char *key)
{
	return level < stream->depth && !stream->levels[level].is_array &&
		strcmp(json_stream_key(stream, level), key) == 0;
}

bool json_stream_in_array(const struct json_stream *stream, unsigned level)
{
	return level < stream->depth && stream->levels[level].is_array;
}

void json_stream_place(const struct json_stream *stream, unsigned depth, struct buffer *place)
{
	buffer_add_format(place, "%s#", stream->file->name);
	for (unsigned i = 0; i < depth && i < stream->depth; i++) {
		const struct json_level *level = &stream->levels[i];

		buffer_add_char(place, '/');
		if (level->is_array) {
			buffer_add_format(place, "%zu", level->count > 0 ? level->count - 1 : 0);
			continue;
		}
		for (const char *at = buffer_text(&level->key); *at; at++) {
			if (*at == '~' || *at == '/')
				buffer_add_text(place, *at == '~' ? "~0" : "~1");
			else
				buffer_add_char(place, *at);
		}
	}
}

char *json_event_text(const struct json_event *event)
{
	return event->kind == JSON_EVENT_TEXT ? xstrndup(event->text, event->len) : NULL;
}

bool json_event_is(const struct json_event *event, const char *text)
{
	return event->kind == JSON_EVENT_TEXT && event->len == strlen(text) &&
		memcmp(event->text, text, event->len) == 0;
}

static int refuse(struct json_stream *stream, enum status status, const char *what)
{
	struct buffer place = {0};

	json_stream_place(stream, stream->depth, &place);
	stream->status = error_set(stream->err, status, "%s: %s", buffer_text(&place), what);
	buffer_release(&place);
	return 0;
}

/* Takes a value at its place; 0 ends yajl's parsing, 1 goes on. */
static int tell(struct json_stream *stream, const struct json_event *event)
{
	stream->was_told = true;
	if (event->len > 0 && memchr(event->text, '\0', event->len))
		return refuse(stream, STATUS_FORMAT, "a text with a NUL character");
	stream->status =
		stream->handler->event(stream->handler->context, stream, event, stream->err);
	return stream->status == STATUS_OK;
}

static void count_value(struct json_stream *stream)
{
	struct json_level *level = &stream->levels[stream->depth > 0 ? stream->depth - 1 : 0];

	if (stream->depth > 0 && level->is_array)
		level->count++;
}

static int on_null(void *context)
{
	count_value(context);
	return tell(context, &(struct json_event){.kind = JSON_EVENT_NULL});
}

static int on_bool(void *context, int value)
{
	count_value(context);
	return tell(context, &(struct json_event){.kind = JSON_EVENT_BOOL, .is_true = value != 0});
}

static int on_number(void *context, const char *text, size_t len)
{
	count_value(context);
	return tell(context, &(struct json_event){JSON_EVENT_NUMBER, text, len, false});
}

static int on_text(void *context, const unsigned char *text, size_t len)
{
	count_value(context);
	return tell(context, &(struct json_event){JSON_EVENT_TEXT, (const char *)text, len, false});
}

static int begin(struct json_stream *stream, bool is_array)
{
	struct json_level *level;

	count_value(stream);
	if (stream->depth == JSON_STREAM_DEPTH)
		return refuse(stream, STATUS_LIMIT, "too many containers inside each other");
	if (!tell(stream,
		    &(struct json_event){.kind = is_array ? JSON_EVENT_ARRAY : JSON_EVENT_OBJECT}))
		return 0;
	level = &stream->levels[stream->depth++];
	level->is_array = is_array;
	level->count = 0;
	buffer_clear(&level->key);
	level->slot_count = 0;
	return 1;
}

static int end(struct json_stream *stream, enum json_event_kind kind)
{
	stream->depth--;
	return tell(stream, &(struct json_event){.kind = kind});
}

static int on_object(void *context)
{
	return begin(context, false);
}

static int on_object_end(void *context)
{
	return end(context, JSON_EVENT_OBJECT_END);
}

static int on_array(void *context)
{
	return begin(context, true);
}

static int on_array_end(void *context)
{
	return end(context, JSON_EVENT_ARRAY_END);
}

/* False when it was there. */
static bool slot_take(uint64_t *slots, size_t count, uint64_t hash)
{
	size_t at = (size_t)hash & (count - 1);

	while (slots[at] != 0) {
		if (slots[at] == hash)
			return false;
		at = (at + 1) & (count - 1);
	}
	slots[at] = hash;
	return true;
}

/* At most half of the slots are used. */
static void slots_fit(struct json_level *level)
{
	size_t old_count = level->slot_count;
	uint64_t *old = level->slots;

	if (old_count > 0 && level->count * 2 < old_count)
		return;
	level->slot_count = old_count > 0 ? old_count * 2 : SLOTS_LEAST;
	if (old_count > 0 || level->slot_capacity < level->slot_count) {
		level->slots = xcalloc(level->slot_count, sizeof(*level->slots));
		level->slot_capacity = level->slot_count;
		for (size_t i = 0; i < old_count; i++) {
			if (old[i] != 0)
				slot_take(level->slots, level->slot_count, old[i]);
		}
		free(old);
	} else {
		memset(level->slots, 0, level->slot_count * sizeof(*level->slots));
	}
}

/*
 * Two keys of one hash are taken for the same, which refuses a file that could have been read: the
 * safe side, and no key is kept.
 */
static bool key_is_new(struct json_level *level, const unsigned char *key, size_t len)
{
	uint64_t hash = hash_xxh3(key, len);

	slots_fit(level);
	return slot_take(level->slots, level->slot_count, hash != 0 ? hash : 1);
}

static int on_key(void *context, const unsigned char *key, size_t len)
{
	struct json_stream *stream = context;
	struct json_level *level = &stream->levels[stream->depth - 1];
	const char *repeatable = stream->handler->repeatable;

	stream->was_told = true;
	buffer_clear(&level->key);
	buffer_add(&level->key, key, len);
	if (memchr(key, '\0', len))
		return refuse(stream, STATUS_FORMAT, "a key with a NUL character");
	if (!key_is_new(level, key, len)) {
		if (repeatable && strcmp(buffer_text(&level->key), repeatable) == 0)
			return 1;
		return refuse(stream, STATUS_FORMAT, "this key stands twice in its object");
	}
	if (++level->count > KEYS_MAX)
		return refuse(stream, STATUS_LIMIT, "too many keys in one object");
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_text,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_object_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_array_end,
};

static enum status explain(
	struct json_stream *stream, yajl_handle parser, yajl_status code, uint64_t before)
{
	unsigned char *text;

	if (code == yajl_status_ok)
		return STATUS_OK;
	if (code == yajl_status_client_canceled)
		return stream->status;
	text = yajl_get_error(parser, 0, NULL, 0);
	error_set(stream->err, STATUS_FORMAT,
		"%s: byte %ju: %.*s; it is not whole JSON, and nothing of it is used",
		stream->file->name, (uintmax_t)(before + yajl_get_bytes_consumed(parser)),
		(int)strcspn((const char *)text, "\n"), (const char *)text);
	yajl_free_error(parser, text);
	return STATUS_FORMAT;
}

static enum status feed(
	struct json_stream *stream, yajl_handle parser, struct data_content *content)
{
	const unsigned char *data;
	uint64_t before = 0;
	size_t len, silent = 0;
	enum status status;

	for (;;) {
		status = data_content_next(content, &data, &len, stream->err);
		if (status < 0)
			return status;
		if (len == 0)
			return explain(stream, parser, yajl_complete_parse(parser), before);
		while (len > 0) {
			size_t piece = len < PIECE ? len : PIECE;

			stream->was_told = false;
			status = explain(stream, parser, yajl_parse(parser, data, piece), before);
			if (status < 0)
				return status;
			silent = stream->was_told ? 0 : silent + piece;
			if (silent > JSON_STREAM_TEXT_MAX) {
				refuse(stream, STATUS_LIMIT, "a value is too long");
				return stream->status;
			}
			before += piece;
			data += piece;
			len -= piece;
		}
	}
}

enum status json_stream_read(
	const struct data_file *file, const struct json_handler *handler, struct error *err)
{
	struct json_stream *stream = xcalloc(1, sizeof(*stream));
	struct data_content *content = NULL;
	enum status status = data_content_open(file, &content, err);
	yajl_handle parser = NULL;

	*stream = (struct json_stream){.file = file, .handler = handler, .err = err};
	if (status == STATUS_OK) {
		parser = yajl_alloc(&callbacks, NULL, stream);
		if (parser)
			status = feed(stream, parser, content);
		else
			status = error_set(err, STATUS_LIMIT, "%s: no memory", file->name);
	}
	if (parser)
		yajl_free(parser);
	data_content_free(content);
	for (unsigned i = 0; i < JSON_STREAM_DEPTH; i++) {
		buffer_release(&stream->levels[i].key);
		free(stream->levels[i].slots);
	}
	free(stream);
	return status;
}
