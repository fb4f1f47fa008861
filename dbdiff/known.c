/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/known.h"

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/causes.h"
#include "dbdiff/fields.h"

#define KNOWN_MOST  256
#define VALUE_LEAST ((size_t)8)
#define VALUE_MOST  ((size_t)128)

static bool is_value(const char *text)
{
	size_t len = strlen(text);

	return len >= VALUE_LEAST && len <= VALUE_MOST;
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
		!is_value(published) || !is_value(rebuilt) || is_there(known, published, rebuilt))
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
