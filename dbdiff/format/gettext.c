/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Catalogues of translated messages (GNU gettext's manual, "The Format of GNU MO Files"): each
 * message is a member called by its text in the program, and its content is the translation.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/parts.h"

#define GETTEXT_BYTES_MAX    ((size_t)16 << 20)
#define GETTEXT_MESSAGES_MAX ((uint32_t)100000)
#define HEADER_SIZE	     28
#define MAGIC		     0x950412deu
#define NAME_SIZE_MAX	     200
#define HASH_TRIES	     16 /* a place of the table */

struct catalogue {
	struct parts *parts;
	const unsigned char *data;
	size_t len;
	bool is_big;
	uint32_t count, keys, texts; /* of messages; where their two tables are */
	uint32_t hash_count, hash_table;
};

struct string {
	uint32_t offset, len;
};

static uint32_t number(const struct catalogue *catalogue, size_t at)
{
	const unsigned char *data = catalogue->data + at;

	return catalogue->is_big ? bytes_be32(data) : bytes_le32(data);
}

static enum status read_header(struct catalogue *catalogue, struct error *err)
{
	uint32_t revision;

	if (catalogue->len < HEADER_SIZE)
		return error_set(err, STATUS_FORMAT, "short read: the header");
	catalogue->is_big = bytes_be32(catalogue->data) == MAGIC;
	if (number(catalogue, 0) != MAGIC)
		return error_set(err, STATUS_FORMAT, "no magic number");
	revision = number(catalogue, 4);
	if (revision >> 16 > 1)
		return error_set(err, STATUS_UNSUPPORTED, "revision %u", revision >> 16);
	catalogue->count = number(catalogue, 8);
	catalogue->keys = number(catalogue, 12);
	catalogue->texts = number(catalogue, 16);
	catalogue->hash_count = number(catalogue, 20);
	catalogue->hash_table = number(catalogue, 24);
	if (catalogue->count > GETTEXT_MESSAGES_MAX ||
		catalogue->hash_count > 4 * GETTEXT_MESSAGES_MAX)
		return error_set(err, STATUS_LIMIT, "%u messages", catalogue->count);
	parts_add_field(catalogue->parts, NULL, "gettext-revision", "%u.%u, %s endian",
		revision >> 16, revision & 0xffff, catalogue->is_big ? "big" : "little");
	parts_add(catalogue->parts, REGION_STRUCTURE, "gettext-revision", 0, 8);
	parts_add(catalogue->parts, REGION_STRUCTURE, "layout", 8, HEADER_SIZE - 8);
	return STATUS_OK;
}

/* Whether a table of so many words is inside; it is a part then. */
static enum status add_table(struct catalogue *catalogue, const char *region, enum region_kind kind,
	uint32_t offset, uint64_t words, struct error *err)
{
	if (offset > catalogue->len || words * 4 > catalogue->len - offset)
		return error_set(err, STATUS_FORMAT, "a table outside of the file");
	parts_add(catalogue->parts, kind, region, offset, words * 4);
	return STATUS_OK;
}

/* Both kinds of strings end in a NUL, which may hold others. */
static enum status read_string(const struct catalogue *catalogue, uint32_t table, uint32_t index,
	struct string *string, struct error *err)
{
	size_t at = (size_t)table + 8 * (size_t)index;

	*string =
		(struct string){.len = number(catalogue, at), .offset = number(catalogue, at + 4)};
	if (string->offset >= catalogue->len || string->len >= catalogue->len - string->offset ||
		catalogue->data[string->offset + string->len] != '\0')
		return error_set(err, STATUS_FORMAT, "message %u has no end", index);
	return STATUS_OK;
}

/* ---- the hash table (gettext's hash-string.h) ---- */

static uint32_t hash_key(const char *key)
{
	uint32_t hash = 0;

	for (; *key != '\0'; key++) {
		uint32_t high;

		hash = (hash << 4) + (unsigned char)*key;
		high = hash & 0xf0000000u;
		hash ^= high >> 24;
		hash ^= high;
	}
	return hash;
}

/* False when it takes more tries than are `left`. */
static bool put_in(uint32_t *table, uint32_t size, uint32_t hash, uint32_t value, uint64_t *left)
{
	uint32_t at = hash % size, step = 1 + hash % (size - 2);

	for (; *left > 0; --*left) {
		if (table[at] == 0) {
			table[at] = value;
			return true;
		}
		at = at >= size - step ? at - (size - step) : at + step;
	}
	return false;
}

/* Makes the table anew. */
static bool hash_table_fits(const struct catalogue *catalogue)
{
	uint32_t size = catalogue->hash_count;
	uint64_t left = (uint64_t)size * HASH_TRIES;
	uint32_t *table;
	bool fits = size > 2 && size > catalogue->count;

	if (!fits)
		return false;
	table = xcalloc(size, sizeof(table[0]));
	for (uint32_t i = 0; i < catalogue->count && fits; i++) {
		size_t offset = number(catalogue, (size_t)catalogue->keys + 8 * (size_t)i + 4);

		fits = put_in(table, size, hash_key((const char *)catalogue->data + offset), i + 1,
			&left);
	}
	for (uint32_t i = 0; i < size && fits; i++)
		fits = number(catalogue, (size_t)catalogue->hash_table + 4 * (size_t)i) == table[i];
	free(table);
	return fits;
}

static enum status add_hash_table(struct catalogue *catalogue, struct error *err)
{
	bool fits;

	if (catalogue->hash_count == 0)
		return STATUS_OK;
	if (catalogue->hash_table > catalogue->len ||
		(uint64_t)catalogue->hash_count * 4 > catalogue->len - catalogue->hash_table)
		return error_set(err, STATUS_FORMAT, "a hash table outside of the file");
	fits = hash_table_fits(catalogue);
	if (!fits)
		parts_add_field(catalogue->parts, NULL, "gettext-hash-invalid", "yes");
	return add_table(catalogue, fits ? "checksum" : "gettext-hash-invalid",
		fits ? REGION_DERIVED : REGION_STRUCTURE, catalogue->hash_table,
		catalogue->hash_count, err);
}

/* ---- messages ---- */

static void add_message(
	struct catalogue *catalogue, const struct string *key, const struct string *text)
{
	const char *id = (const char *)catalogue->data + key->offset;
	struct buffer name = {0};
	struct part *part;
	size_t owner;

	for (size_t i = 0; i < key->len && name.len < NAME_SIZE_MAX; i++) {
		if (id[i] == '\0')
			buffer_add_text(&name, "\\x00");
		else
			buffer_add_char(&name, id[i]);
	}
	if (name.len == 0)
		buffer_add_text(&name, "(header)");
	part = parts_add_member(catalogue->parts, buffer_text(&name), text->offset, text->len);
	owner = catalogue->parts->count - 1;
	parts_add_field(catalogue->parts, part, "type", "message");
	if (name.len != key->len || memcmp(name.data, id, key->len) != 0)
		parts_add_field_bytes(catalogue->parts, part, "gettext-key", id, key->len);
	/* What they are is told by the member: these bytes can only lie somewhere else. */
	parts_add_metadata(catalogue->parts, "layout", key->offset, (uint64_t)key->len + 1, owner);
	parts_add_metadata(
		catalogue->parts, "layout", (uint64_t)text->offset + text->len, 1, owner);
	buffer_release(&name);
}

static enum status read_messages(struct catalogue *catalogue, struct error *err)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < catalogue->count; i++) {
		struct string key, text;

		if (read_string(catalogue, catalogue->keys, i, &key, err) < 0 ||
			read_string(catalogue, catalogue->texts, i, &text, err) < 0)
			return err->status;
		total += (uint64_t)key.len + text.len;
		if (total > catalogue->len)
			return error_set(err, STATUS_FORMAT, "messages share bytes");
		add_message(catalogue, &key, &text);
	}
	return STATUS_OK;
}

static enum status read_catalogue(struct catalogue *catalogue, struct error *err)
{
	uint64_t words = 0;

	if (read_header(catalogue, err) < 0)
		return err->status;
	words = 2 * (uint64_t)catalogue->count;
	if (add_table(catalogue, "layout", REGION_STRUCTURE, catalogue->keys, words, err) < 0 ||
		add_table(catalogue, "layout", REGION_STRUCTURE, catalogue->texts, words, err) <
			0 ||
		read_messages(catalogue, err) < 0 || add_hash_table(catalogue, err) < 0)
		return err->status;
	/* Also what depends on the system, which few programs have. */
	return parts_fill(catalogue->parts, "padding", 0, catalogue->len, err);
}

static enum status gettext_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct catalogue catalogue = {.parts = parts_new(source)};
	unsigned char *data = NULL;
	enum status status;

	(void)name, (void)limits;
	status = parts_read_all(catalogue.parts, GETTEXT_BYTES_MAX, &data, err);
	if (status == STATUS_OK) {
		catalogue.data = data;
		catalogue.len = (size_t)source->size;
		status = read_catalogue(&catalogue, err);
	}
	free(data);
	if (status < 0)
		parts_free(&catalogue.parts->members);
	else
		status = parts_finish(catalogue.parts, members, err);
	return status < 0 ? error_context(err, "gettext") : STATUS_OK;
}

static unsigned gettext_bid(const unsigned char *data, size_t len)
{
	if (len < HEADER_SIZE)
		return 0;
	return bytes_le32(data) == MAGIC || bytes_be32(data) == MAGIC ? 32 : 0;
}

const struct format format_gettext = {
	.name = "gettext",
	.bid_bytes = HEADER_SIZE,
	.needs_seek = true,
	.is_lazy = true,
	.bid = gettext_bid,
	.open = gettext_open,
};
