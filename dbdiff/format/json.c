/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) by key: each value is a member called by the keys on the way to it. In a bill of
 * materials (dbdiff/format/sbom.h) each package is one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/path.h"
#include "dbdiff/fields.h"
#include "dbdiff/format/entries.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/json_path.h"
#include "dbdiff/format/sbom.h"

#define JSON_BYTES_MAX ((size_t)32 << 20)
/* Of one package of a bill of materials, with its fields' names. */
#define PACKAGE_BYTES_MAX ((size_t)4 << 20)
#define SEPARATOR_MAX	  4
#define KEYS_MOST	  ((size_t)1 << 20) /* of the objects that are open */

struct json_text {
	struct entries entries; /* first */
	struct json_scan scan;
	struct json_path path; /* of what was read last */
	struct json_path told; /* of the last value that a member has */
	struct buffer name;    /* for elements */
	struct json_frame {
		bool is_array, is_package;
		uint64_t count; /* of values that began */
		size_t start;
		size_t keys; /* how many there were in front of its own */
	} frames[JSON_DEPTH_MAX];
	struct json_piece *keys; /* of the objects that are open */
	size_t key_count, key_capacity;
	struct json_style style;
	bool is_usual_style;
	const struct sbom *sbom; /* or NULL */
};

enum reading {
	READ_VALUE,   /* a scalar, or a container without anything in it */
	READ_PACKAGE, /* the begin of one */
	READ_PACKAGE_END,
};

/* ---- one pass over all: is it JSON, which kind, and how is it laid out ---- */

static bool is_short(size_t start, size_t end)
{
	return end > start && end - start <= SEPARATOR_MAX;
}

/* Takes the first of each: what stands behind a key, behind a value, and in front of a line. */
static void learn_style(struct json_text *json, const struct json_piece *before,
	const struct json_piece *piece, unsigned depth)
{
	const char *text = json->entries.text.data;
	struct json_style *style = &json->style;
	bool begins = before->token == JSON_TOKEN_OBJECT || before->token == JSON_TOKEN_ARRAY;
	const char *between = text + before->end;
	size_t len = piece->start - before->end;

	if (before->token == JSON_TOKEN_KEY) {
		if (style->colon == NULL && len <= SEPARATOR_MAX) {
			style->colon = between;
			style->colon_len = len;
		}
	} else if (begins && depth == 1) {
		style->has_lines = len > 0 && between[0] == '\n';
		style->indent = between + style->has_lines;
		style->indent_len = style->has_lines ? len - 1 : 0;
	} else if (!begins && piece->token != JSON_TOKEN_END && style->comma == NULL &&
		is_short(before->end, piece->start)) {
		style->comma = between;
		style->comma_len = len;
	}
}

static void settle_style(struct json_text *json)
{
	struct json_style *style = &json->style;

	if (style->colon == NULL)
		style->colon = ":", style->colon_len = 1;
	if (style->comma == NULL)
		style->comma = ",", style->comma_len = 1;
	if (style->indent == NULL)
		style->indent = "";
	json->is_usual_style = style->has_lines && style->indent_len == 2 &&
		memcmp(style->indent, "  ", 2) == 0 && style->colon_len == 2 &&
		memcmp(style->colon, ": ", 2) == 0;
}

static enum status look_through(struct json_text *json, struct error *err)
{
	struct json_scan scan = json->scan;
	struct json_piece piece, before = {JSON_TOKEN_END, 0, 0};
	enum status status;

	while ((status = json_scan_next(&scan, &piece, err)) == STATUS_OK) {
		if (before.end > 0)
			learn_style(json, &before, &piece,
				scan.depth -
					(piece.token == JSON_TOKEN_OBJECT ||
						piece.token == JSON_TOKEN_ARRAY));
		if (json->sbom == NULL && scan.depth == 1 && before.token == JSON_TOKEN_KEY)
			json->sbom = sbom_find(scan.text + before.start, before.end - before.start,
				scan.text + piece.start, piece.end - piece.start);
		before = piece;
	}
	settle_style(json);
	return status == STATUS_END ? STATUS_OK : status;
}

/* ---- whether an order says anything ---- */

/* The order within a package of a bill of materials is told by itself. */
static bool is_in_package(const struct json_text *json, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		if (json->frames[i].is_package)
			return true;
	}
	return false;
}

/* Of the array at the first `depth` - 1 parts of the path, of which the second element begins. */
static void look_at_array(struct json_text *json, unsigned depth)
{
	json_path_cut(&json->path, depth - 1);
	if (!is_in_package(json, depth) &&
		(json->sbom == NULL || !sbom_is_set(json->sbom, &json->path)))
		json->entries.ordered = "arrays";
}

static void keep_key(struct json_text *json, const struct json_piece *piece)
{
	const char *key = json->scan.text + piece->start;

	/* It may be another one, written otherwise. */
	if (memchr(key, '\\', piece->end - piece->start) != NULL || json->key_count == KEYS_MOST) {
		json->entries.ordered = "keys that may be there more than once";
		return;
	}
	ARRAY_GROW(json->keys, json->key_count, json->key_capacity);
	json->keys[json->key_count++] = *piece;
}

static int key_compare(const void *a, const void *b, void *text)
{
	const struct json_piece *one = a, *other = b;
	size_t len = one->end - one->start, other_len = other->end - other->start;
	int order = memcmp((char *)text + one->start, (char *)text + other->start,
		len < other_len ? len : other_len);

	return order != 0 ? order : (len > other_len) - (len < other_len);
}

/* The last of two values of one key is what most readers take. */
static void look_for_repeats(struct json_text *json, size_t from)
{
	struct json_piece *keys = json->keys + from;
	size_t count = json->key_count - from;
	char *text = json->entries.text.data;

	if (count > 1)
		qsort_r(keys, count, sizeof(keys[0]), key_compare, text);
	for (size_t i = 1; i < count; i++) {
		if (key_compare(&keys[i - 1], &keys[i], text) == 0)
			json->entries.ordered = "keys that are there more than once";
	}
	json->key_count = from;
}

/* ---- values ---- */

static enum status begin_value(
	struct json_text *json, const struct json_piece *piece, struct error *err)
{
	bool is_container = piece->token == JSON_TOKEN_OBJECT || piece->token == JSON_TOKEN_ARRAY;
	unsigned depth = json->scan.depth - is_container;
	struct json_frame *frame = depth > 0 ? &json->frames[depth - 1] : NULL;

	if (frame == NULL || !frame->is_array)
		return STATUS_OK;
	if (piece->token == JSON_TOKEN_OBJECT) {
		json_name_object(&json->scan, frame->count, &json->name);
	} else if (is_container) {
		buffer_clear(&json->name);
		buffer_add_format(&json->name, "%llu", (unsigned long long)frame->count);
	} else {
		json_name_scalar(json->scan.text, piece, frame->count, &json->name);
	}
	if (++frame->count == 2)
		look_at_array(json, depth);
	json_path_cut(&json->path, depth - 1);
	return json_path_add_element(&json->path, buffer_text(&json->name), json->name.len, err);
}

static enum status take_key(
	struct json_text *json, const struct json_piece *piece, struct error *err)
{
	json->frames[json->scan.depth - 1].count++;
	keep_key(json, piece);
	json_path_cut(&json->path, json->scan.depth - 1);
	return json_path_add_key(&json->path, json->scan.text + piece->start + 1,
		piece->end - piece->start - 2, err);
}

/* Another one begins; true when it is a package with anything in it. */
static bool take_begin(struct json_text *json, const struct json_piece *piece)
{
	struct json_frame *frame = &json->frames[json->scan.depth - 1];
	struct json_scan ahead = json->scan;
	struct json_piece next;
	struct error ignored = {0};

	*frame = (struct json_frame){.is_array = piece->token == JSON_TOKEN_ARRAY,
		.start = piece->start,
		.keys = json->key_count};
	frame->is_package = json->sbom != NULL && !frame->is_array &&
		sbom_is_package(json->sbom, &json->path) &&
		json_scan_next(&ahead, &next, &ignored) == STATUS_OK &&
		next.token != JSON_TOKEN_END;
	return frame->is_package;
}

static enum status read_next(
	struct json_text *json, struct json_piece *piece, enum reading *reading, struct error *err)
{
	enum status status;

	while ((status = json_scan_next(&json->scan, piece, err)) == STATUS_OK) {
		struct json_frame *frame = &json->frames[json->scan.depth];

		*reading = READ_VALUE;
		switch (piece->token) {
		case JSON_TOKEN_KEY:
			if (take_key(json, piece, err) < 0)
				return err->status;
			break;
		case JSON_TOKEN_END: /* of what is one deeper than it left */
			json_path_cut(&json->path, json->scan.depth);
			look_for_repeats(json, frame->keys);
			if (frame->count == 0) {
				piece->start = frame->start;
				return STATUS_OK;
			}
			*reading = READ_PACKAGE_END;
			if (frame->is_package)
				return STATUS_OK;
			break;
		case JSON_TOKEN_OBJECT:
		case JSON_TOKEN_ARRAY:
			if (begin_value(json, piece, err) < 0)
				return err->status;
			*reading = READ_PACKAGE;
			if (take_begin(json, piece))
				return STATUS_OK;
			break;
		default:
			return begin_value(json, piece, err);
		}
	}
	return status;
}

/* ---- members ---- */

/* The bytes that a value of this path would be written as, behind the last one. */
static void add_usual(struct json_text *json, const struct json_piece *piece, struct buffer *usual)
{
	json_add_between(usual, &json->style, &json->told, &json->path);
	buffer_add(usual, json->scan.text + piece->start, piece->end - piece->start);
	json_path_copy(&json->told, &json->path);
}

/* Another style is told of each value, because it changes the bytes of each. */
static void add_style(const struct json_text *json, struct member *member)
{
	const struct json_style *style = &json->style;
	struct buffer text = {0};

	if (json->is_usual_style)
		return;
	if (style->has_lines)
		buffer_add_char(&text, '\n');
	buffer_add(&text, style->indent, style->indent_len);
	buffer_add(&text, style->colon, style->colon_len);
	if (!style->has_lines)
		buffer_add(&text, style->comma, style->comma_len);
	member_add_field_bytes(member, "json-style", buffer_text(&text), text.len);
	buffer_release(&text);
}

static void add_value(struct json_text *json, struct member *member, const struct json_piece *piece)
{
	const char *value = json->scan.text + piece->start;
	size_t len = piece->end - piece->start;

	member_add_field(member, "type", "value");
	if (json->sbom != NULL && piece->token == JSON_TOKEN_TEXT &&
		sbom_add_value(json->sbom, member, &json->path, value + 1, len - 2))
		return;
	member_add_field_bytes(member, "value", value, len);
}

static void add_package_field(struct json_text *json, struct member *member, const char *name,
	const struct json_piece *piece)
{
	const char *value = json->scan.text + piece->start;
	size_t len = piece->end - piece->start;
	struct buffer field = {0};

	if (sbom_is_version(json->sbom, name) && piece->token == JSON_TOKEN_TEXT) {
		member_add_field_bytes(member, "package-version", value + 1, len - 2);
		return;
	}
	buffer_add_format(&field, "package-field:%s", name);
	member_add_field_bytes(member, buffer_text(&field), value, len);
	buffer_release(&field);
}

/* All values up to the package's end, which belongs to what follows. */
static enum status add_package(struct json_text *json, struct member *member, struct buffer *usual,
	size_t *end, struct error *err)
{
	size_t base = json->path.text.len + 1;
	enum status status = STATUS_OK;
	struct buffer order = {0};
	struct json_piece piece;
	enum reading reading;

	member_add_field(member, "type", "package");
	while (status == STATUS_OK) {
		status = read_next(json, &piece, &reading, err);
		if (status != STATUS_OK || reading == READ_PACKAGE_END)
			break;
		*end = piece.end;
		add_usual(json, &piece, usual);
		add_package_field(json, member, buffer_text(&json->path.text) + base, &piece);
		buffer_add_format(&order, "%s%s", order.len > 0 ? "\n" : "",
			buffer_text(&json->path.text) + base);
		if (member->fields.len > PACKAGE_BYTES_MAX || order.len > PACKAGE_BYTES_MAX)
			status = error_set(err, STATUS_LIMIT, "a package of more than %zu bytes",
				PACKAGE_BYTES_MAX);
	}
	/* A key that is there again is another one: the last is what most readers take. */
	fields_number(&member->fields);
	member_add_field_bytes(member, "package-order", buffer_text(&order), order.len);
	buffer_release(&order);
	return status;
}

static void set_end(
	struct json_text *json, struct member *member, struct buffer *usual, size_t *end)
{
	static const struct json_path nothing;

	*end = json->entries.text.len;
	buffer_add_text(&member->path, "(end)");
	member_add_field(member, "type", "text");
	json_add_between(usual, &json->style, &json->told, &nothing);
	buffer_add_char(usual, '\n');
}

static enum status json_cut(
	struct entries *entries, struct member *member, size_t *end, struct error *err)
{
	struct json_text *json = (struct json_text *)entries;
	struct buffer usual = {0};
	struct json_piece piece;
	enum reading reading;
	enum status status = read_next(json, &piece, &reading, err);

	if (status == STATUS_OK) {
		const struct buffer *path = &json->path.text;

		member_set_name(member, path->len > 0 ? path->data : "(value)",
			path->len > 0 ? path->len : strlen("(value)"));
		if (reading == READ_PACKAGE) {
			status = add_package(json, member, &usual, end, err);
		} else {
			*end = piece.end;
			add_value(json, member, &piece);
			add_usual(json, &piece, &usual);
		}
	} else if (status == STATUS_END) {
		set_end(json, member, &usual, end);
		status = STATUS_OK;
	}
	if (status == STATUS_OK) {
		add_style(json, member);
		entries_add_unusual(entries, member, *end, &usual);
	}
	buffer_release(&usual);
	return status;
}

static void json_free(struct entries *entries)
{
	struct json_text *json = (struct json_text *)entries;

	json_path_release(&json->path);
	json_path_release(&json->told);
	buffer_release(&json->name);
	free(json->keys);
}

static enum status json_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct entries *entries;
	struct json_text *json;
	enum status status;

	(void)name, (void)limits;
	status = entries_new(source, JSON_BYTES_MAX, sizeof(*json), &entries, err);
	if (status != STATUS_OK)
		return error_context(err, "JSON");
	json = (struct json_text *)entries;
	json->scan = (struct json_scan){.text = entries->text.data, .len = entries->text.len};
	entries->cut = json_cut;
	entries->release = json_free;
	status = look_through(json, err);
	if (status != STATUS_OK) {
		entries_free(entries);
		return error_context(err, "JSON");
	}
	*members = &entries->members;
	return STATUS_OK;
}

/* By its name, and it begins as an object or an array does. */
static unsigned json_bid(const struct candidate *candidate)
{
	static const char suffix[] = ".json", ends[] = "\"}]{[ \t\r\n-0123456789tfn";
	const char *text = (const char *)candidate->data;
	const char *name = path_basename(candidate->path);
	size_t len = strlen(name), at = 0;

	if (len <= strlen(suffix) || strcmp(name + len - strlen(suffix), suffix) != 0)
		return 0;
	while (at < candidate->len && memchr(" \t\r\n", text[at], 4) != NULL)
		at++;
	if (candidate->len - at < 2 || (text[at] != '{' && text[at] != '['))
		return 0;
	return strchr(ends, text[at + 1]) != NULL && text[at + 1] != '\0' ? 14 : 0;
}

const struct format format_json = {
	.name = "json",
	.bid_bytes = 256,
	.is_lazy = true,
	.bid_more = json_bid,
	.open = json_open,
};
