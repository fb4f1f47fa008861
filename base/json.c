/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <inttypes.h>

#include "base/escape.h"

void json_init_stream(struct json *json, FILE *stream)
{
	*json = (struct json){.stream = stream, .first = true};
}

void json_init_buffer(struct json *json, struct buffer *buffer)
{
	*json = (struct json){.buffer = buffer, .first = true};
}

static void put(struct json *json, const char *data, size_t len)
{
	if (json->buffer)
		buffer_add(json->buffer, data, len);
	else if (!json->failed && fwrite(data, 1, len, json->stream) != len)
		json->failed = true;
}

static void put_text(struct json *json, const char *text)
{
	put(json, text, strlen(text));
}

static void put_unit(struct json *json, unsigned unit)
{
	char text[8];

	snprintf(text, sizeof(text), "\\u%04x", unit & 0xffffU);
	put(json, text, 6);
}

/* One character that stands for itself only behind a backslash, or not at all. */
static void put_escaped(struct json *json, uint32_t character)
{
	static const char short_from[] = "\b\f\n\r\t\"\\";
	static const char short_to[] = "bfnrt\"\\";
	const char *found =
		character != 0 && character < 0x80 ? strchr(short_from, (int)character) : NULL;

	if (found) {
		const char text[2] = {'\\', short_to[found - short_from]};
		put(json, text, 2);
	} else if (character > 0xffff) {
		put_unit(json, 0xd800U + ((character - 0x10000) >> 10));
		put_unit(json, 0xdc00U + ((character - 0x10000) & 0x3ffU));
	} else {
		put_unit(json, character);
	}
}

static void put_string(struct json *json, const char *data, size_t len)
{
	struct buffer escaped = {0};

	if (!escape_is_utf8(data, len)) {
		escape_path(&escaped, data, len);
		data = escaped.data;
		len = escaped.len;
	}
	put(json, "\"", 1);
	size_t plain = 0;
	for (size_t i = 0; i < len;) {
		uint32_t character = 0;
		size_t step = escape_utf8_length(data + i, len - i, &character);

		if (character == '"' || character == '\\' || !escape_is_visible(character)) {
			put(json, data + plain, i - plain);
			put_escaped(json, character);
			plain = i + step;
		}
		i += step;
	}
	put(json, data + plain, len - plain);
	put(json, "\"", 1);
	buffer_release(&escaped);
}

static void put_line_start(struct json *json)
{
	if (json->compact)
		return;
	put(json, "\n", 1);
	for (unsigned i = 0; i < json->depth; i++)
		put(json, "  ", 2);
}

/* All that stands before a value: the comma of its predecessor, its line and its key. */
static void begin_value(struct json *json, const char *key)
{
	if (!json->first)
		put(json, ",", 1);
	if (json->depth > 0)
		put_line_start(json);
	json->first = false;
	if (key) {
		put_string(json, key, strlen(key));
		put_text(json, json->compact ? ":" : ": ");
	}
}

static void begin_container(struct json *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	put_text(json, bracket);
	json->depth++;
	json->first = true;
}

static void end_container(struct json *json, const char *bracket)
{
	bool empty = json->first;

	json->depth--;
	json->first = false;
	if (!empty)
		put_line_start(json);
	put_text(json, bracket);
}

void json_object_begin(struct json *json, const char *key)
{
	begin_container(json, key, "{");
}

void json_object_end(struct json *json)
{
	end_container(json, "}");
}

void json_array_begin(struct json *json, const char *key)
{
	begin_container(json, key, "[");
}

void json_array_end(struct json *json)
{
	end_container(json, "]");
}

void json_text(struct json *json, const char *key, const char *text)
{
	if (text)
		json_bytes(json, key, text, strlen(text));
	else
		json_none(json, key);
}

void json_digest(struct json *json, const char *key, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	if (digest)
		digest_hex(digest, hex);
	json_text(json, key, digest ? hex : NULL);
}

void json_bytes(struct json *json, const char *key, const char *data, size_t len)
{
	begin_value(json, key);
	put_string(json, data, len);
}

void json_signed(struct json *json, const char *key, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	begin_value(json, key);
	put_text(json, text);
}

void json_unsigned(struct json *json, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	begin_value(json, key);
	put_text(json, text);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	put_text(json, value ? "true" : "false");
}

void json_none(struct json *json, const char *key)
{
	begin_value(json, key);
	put_text(json, "null");
}

enum status json_finish(struct json *json, struct error *err)
{
	put(json, "\n", 1);
	json->first = true;
	if (json->stream && (json->failed || fflush(json->stream) != 0 || ferror(json->stream)))
		return error_set(err, STATUS_IO, "cannot write the JSON output");
	return STATUS_OK;
}
