/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/json_path.h"

#include <string.h>

#include "base/array.h"

#define LOOK_AHEAD    4096
#define NAME_SIZE_MAX 200

void json_path_release(struct json_path *path)
{
	buffer_release(&path->text);
}

void json_path_cut(struct json_path *path, size_t count)
{
	if (count >= path->count)
		return;
	/* Without the slash in front of what goes. */
	buffer_truncate(&path->text, path->starts[count] > 0 ? path->starts[count] - 1 : 0);
	path->count = count;
}

void json_path_copy(struct json_path *to, const struct json_path *from)
{
	buffer_clear(&to->text);
	buffer_add(&to->text, buffer_text(&from->text), from->text.len);
	memcpy(to->starts, from->starts, sizeof(to->starts));
	to->count = from->count;
}

static enum status begin_part(struct json_path *path, size_t len, struct error *err)
{
	if (path->count == JSON_DEPTH_MAX || len > JSON_PATH_BYTES_MAX ||
		path->text.len > JSON_PATH_BYTES_MAX)
		return error_set(
			err, STATUS_LIMIT, "a path of more than %d bytes", JSON_PATH_BYTES_MAX);
	if (path->count > 0)
		buffer_add_char(&path->text, '/');
	path->starts[path->count++] = path->text.len;
	return STATUS_OK;
}

static void add_escaped(struct buffer *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '/' || text[i] == '~')
			buffer_add_text(out, text[i] == '/' ? "~1" : "~0");
		else
			buffer_add_char(out, text[i]);
	}
}

enum status json_path_add_key(
	struct json_path *path, const char *key, size_t len, struct error *err)
{
	if (begin_part(path, len, err) < 0)
		return err->status;
	if (len == 0)
		buffer_add_text(&path->text, "~e");
	if (len > 0 && key[0] == '[') {
		buffer_add_text(&path->text, "~b");
		key++;
		len--;
	}
	add_escaped(&path->text, key, len);
	return STATUS_OK;
}

enum status json_path_add_element(
	struct json_path *path, const char *name, size_t len, struct error *err)
{
	if (begin_part(path, len, err) < 0)
		return err->status;
	buffer_add_char(&path->text, '[');
	add_escaped(&path->text, name, len);
	buffer_add_char(&path->text, ']');
	return STATUS_OK;
}

const char *json_path_part(const struct json_path *path, size_t at, size_t *len)
{
	size_t end = at + 1 < path->count ? path->starts[at + 1] - 1 : path->text.len;

	*len = end - path->starts[at];
	return path->text.data + path->starts[at];
}

bool json_path_is_element(const struct json_path *path, size_t at)
{
	size_t len;
	const char *part = json_path_part(path, at, &len);

	return len > 0 && part[0] == '[';
}

bool json_path_part_is(const struct json_path *path, size_t at, const char *text)
{
	size_t len;
	const char *part = json_path_part(path, at, &len);

	return len == strlen(text) && memcmp(part, text, len) == 0;
}

/* ---- names of elements ---- */

static bool text_is(const char *text, const struct json_piece *piece, const char *word)
{
	size_t len = piece->end - piece->start - 2;

	return strlen(word) == len && memcmp(text + piece->start + 1, word, len) == 0;
}

static bool add_name(struct buffer *name, const char *text, const struct json_piece *piece)
{
	bool has_quotes = piece->token == JSON_TOKEN_TEXT;
	size_t len = piece->end - piece->start - (has_quotes ? 2 : 0);

	if (len > NAME_SIZE_MAX)
		return false;
	buffer_add(name, text + piece->start + has_quotes, len);
	return true;
}

/* By the first key that is there; the last three together. */
static const char *const name_keys[] = {"name", "SPDXID", "bom-ref", "ref", "id", "alg",
	"algorithm", "referenceType", "fileName", "path", "spdxElementId", "relationshipType",
	"relatedSpdxElement"};
#define TOGETHER 3

static void choose_name(const char *text, const struct json_piece found[], struct buffer *name)
{
	size_t single = ARRAY_SIZE(name_keys) - TOGETHER, parts = 0;

	for (size_t i = 0; i < single; i++) {
		if (found[i].end > 0 && add_name(name, text, &found[i]))
			return;
	}
	for (size_t i = single; i < single + TOGETHER; i++)
		parts += found[i].end > 0 && found[i].end - found[i].start <= NAME_SIZE_MAX;
	for (size_t i = single; i < single + TOGETHER && parts == TOGETHER; i++) {
		if (name->len > 0)
			buffer_add_char(name, ' ');
		add_name(name, text, &found[i]);
	}
}

void json_name_object(const struct json_scan *scan, uint64_t number, struct buffer *name)
{
	struct json_piece found[ARRAY_SIZE(name_keys)] = {0};
	struct json_scan ahead = *scan;
	struct json_piece piece;
	struct error ignored = {0};
	size_t key = ARRAY_SIZE(name_keys);

	buffer_clear(name);
	if (ahead.len - ahead.at > LOOK_AHEAD)
		ahead.len = ahead.at + LOOK_AHEAD;
	while (json_scan_next(&ahead, &piece, &ignored) == STATUS_OK &&
		ahead.depth >= scan->depth) {
		if (piece.token == JSON_TOKEN_TEXT && key < ARRAY_SIZE(name_keys) &&
			found[key].end == 0)
			found[key] = piece;
		key = ARRAY_SIZE(name_keys);
		if (piece.token != JSON_TOKEN_KEY || ahead.depth != scan->depth)
			continue;
		for (key = 0; key < ARRAY_SIZE(name_keys); key++) {
			if (text_is(scan->text, &piece, name_keys[key]))
				break;
		}
	}
	choose_name(scan->text, found, name);
	if (name->len == 0)
		buffer_add_format(name, "%llu", (unsigned long long)number);
}

void json_name_scalar(
	const char *text, const struct json_piece *piece, uint64_t number, struct buffer *name)
{
	buffer_clear(name);
	if (!add_name(name, text, piece))
		buffer_add_format(name, "%llu", (unsigned long long)number);
}

/* ---- what stands between two values ---- */

static size_t count_common(const struct json_path *from, const struct json_path *to)
{
	size_t most = from->count < to->count ? from->count : to->count;
	size_t at = 0;

	for (; at + 1 < most; at++) {
		size_t from_len, to_len;
		const char *from_part = json_path_part(from, at, &from_len);
		const char *to_part = json_path_part(to, at, &to_len);

		if (from_len != to_len || memcmp(from_part, to_part, from_len) != 0)
			break;
	}
	return at;
}

static void add_line(struct buffer *out, const struct json_style *style, size_t depth)
{
	if (!style->has_lines)
		return;
	buffer_add_char(out, '\n');
	for (size_t i = 0; i < depth; i++)
		buffer_add(out, style->indent, style->indent_len);
}

static void add_key(struct buffer *out, const struct json_style *style, const char *key, size_t len)
{
	buffer_add_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (key[i] != '~') {
			buffer_add_char(out, key[i]);
			continue;
		}
		i++;
		if (key[i] != 'e')
			buffer_add_char(out, key[i] == '1' ? '/' : key[i] == 'b' ? '[' : '~');
	}
	buffer_add_char(out, '"');
	buffer_add(out, style->colon, style->colon_len);
}

void json_add_between(struct buffer *out, const struct json_style *style,
	const struct json_path *from, const struct json_path *to)
{
	size_t common = to->count > 0 ? count_common(from, to) : 0;
	size_t kept = to->count > 0 ? common + 1 : 0;

	for (size_t at = from->count; at > kept; at--) {
		add_line(out, style, at - 1);
		buffer_add_char(out, json_path_is_element(from, at - 1) ? ']' : '}');
	}
	for (size_t at = common; at < to->count; at++) {
		bool is_element = json_path_is_element(to, at);
		size_t len;
		const char *part = json_path_part(to, at, &len);

		if (at > common || from->count == 0)
			buffer_add_char(out, is_element ? '[' : '{');
		else if (style->has_lines)
			buffer_add_char(out, ',');
		else
			buffer_add(out, style->comma, style->comma_len);
		add_line(out, style, at + 1);
		if (!is_element)
			add_key(out, style, part, len);
	}
}
