/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_JSON_PATH_H
#define DBDIFF_FORMAT_JSON_PATH_H

#include "base/buffer.h"
#include "dbdiff/format/json_scan.h"

/*
 * Where a value stands in a JSON text: the keys on the way to it, with a slash between. A slash,
 * a tilde and a bracket in front are ~1, ~0 and ~b in a key, and an empty key is ~e; other bytes
 * stay as the text has them. An element of an array is "[NAME]".
 */
struct json_path {
	struct buffer text;
	size_t starts[JSON_DEPTH_MAX];
	size_t count;
};

#define JSON_PATH_BYTES_MAX 4096

void json_path_release(struct json_path *path);
void json_path_cut(struct json_path *path, size_t count);
void json_path_copy(struct json_path *to, const struct json_path *from);
/* `key` is without its quotes. STATUS_LIMIT when the path gets too long. */
enum status json_path_add_key(
	struct json_path *path, const char *key, size_t len, struct error *err);
enum status json_path_add_element(
	struct json_path *path, const char *name, size_t len, struct error *err);
/* One part of it, which is valid until the path is changed. */
const char *json_path_part(const struct json_path *path, size_t at, size_t *len);
bool json_path_is_element(const struct json_path *path, size_t at);
/* Whether that part is this text. */
bool json_path_part_is(const struct json_path *path, size_t at, const char *text);

/*
 * The name of an array's element, an object of which `piece` is the begin: what tells it from
 * others in documents that people keep, or its number. Looks at its first kilobytes only.
 */
void json_name_object(const struct json_scan *scan, uint64_t number, struct buffer *name);
/* That of a scalar: its text, unless that is long. */
void json_name_scalar(
	const char *text, const struct json_piece *piece, uint64_t number, struct buffer *name);

/* How a text that a program wrote is laid out; the stretches lie in the text. */
struct json_style {
	bool has_lines; /* a line a value */
	const char *indent, *colon, *comma;
	size_t indent_len, colon_len, comma_len;
};

/* What stands between the values at two paths in that style; `from` or `to` may be empty. */
void json_add_between(struct buffer *out, const struct json_style *style,
	const struct json_path *from, const struct json_path *to);

#endif
