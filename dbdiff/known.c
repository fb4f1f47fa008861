/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/known.h"

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/causes.h"
#include "dbdiff/fields.h"

#define KNOWN_MOST	  256
#define FAT_ID_LEN	  9 /* 1234-ABCD */
#define HASH_DIGITS_LEAST 64

/*
 * Only what nobody takes for anything else: a UUID, a FAT's volume id, and the root hash of a tree
 * that was computed again. A free text in the same field may be any file's line.
 */
static bool is_identifier(const char *field, const char *value)
{
	const struct stretch text = {value, strlen(value), 0};
	unsigned form;

	if (strcmp(field, "verity-root") == 0)
		return text.len >= HASH_DIGITS_LEAST && parse_hex(&text, 0, &form) == text.len;
	if (strcmp(field, "volume-id") == 0)
		return text.len == FAT_ID_LEN && value[4] == '-' &&
			strspn(value, "0123456789abcdefABCDEF") == 4 &&
			strspn(value + 5, "0123456789abcdefABCDEF") == 4;
	return parse_uuid(&text, 0, &form) == text.len;
}

static bool is_there(const struct known_pairs *known, const char *published, const char *rebuilt)
{
	for (size_t i = 0; i < known->count; i++) {
		if (strcmp(known->items[i].values[PUBLISHED], published) == 0 &&
			strcmp(known->items[i].values[REBUILT], rebuilt) == 0)
			return true;
	}
	return false;
}

static enum status add_field(void *context, const char *name, const char *published,
	const char *rebuilt, struct error *err)
{
	struct known_pairs *known = context;
	const struct field *field = field_find(name);
	const struct cause *cause = cause_find(field->cause);

	(void)err;
	if (cause == NULL || cause->severity != SEVERITY_IDENTITY || known->count == KNOWN_MOST ||
		!is_identifier(name, published) || !is_identifier(name, rebuilt) ||
		is_there(known, published, rebuilt))
		return STATUS_OK;
	ARRAY_GROW(known->items, known->count, known->capacity);
	known->items[known->count++] = (struct known_pair){
		.cause = cause->id,
		.field = field->name,
		.values = {xstrdup(published), xstrdup(rebuilt)},
	};
	return STATUS_OK;
}

enum status known_pairs_collect(
	struct known_pairs *known, struct findings *findings, struct error *err)
{
	return findings_each_field(findings, add_field, known, err);
}

void known_pairs_release(struct known_pairs *known)
{
	for (size_t i = 0; i < known->count; i++) {
		for (int side = 0; side < SIDES; side++)
			free(known->items[i].values[side]);
	}
	free(known->items);
	*known = (struct known_pairs){0};
}
