/* SPDX-License-Identifier: Apache-2.0 */
/* Fields as "name\0value\0" of a member, and as "name\0published\0rebuilt\0" of a difference. */
#include "dbdiff/fields.h"

#include "base/array.h"
#include "dbdiff/causes.h"

/*
 * Fields that have another cause than their row's, or none of their own, where a field of another
 * name differs beside them.
 */
static const struct {
	const char *field, *beside, *cause;
} causes_beside[] = {
	/* What a version of a package brings with it. */
	{"package-source", "package-version", NULL},
	{"package-source-version", "package-version", NULL},
	{"package-order", "package-version", NULL},
	{"package-field:", "package-version", NULL},
	/* A value of known shape on one side only: it took the place of another one (trust T9). */
	{"image-uuid", "value", UNEXPLAINED},
	{"build-id-string", "value", UNEXPLAINED},
	{"build-time", "value", UNEXPLAINED},
	{"verity-uuid", "value", UNEXPLAINED},
	{"verity-salt", "value", UNEXPLAINED},
	{"quoted-root-hash", "value", UNEXPLAINED},
	{"build-id-string", "build-time", UNEXPLAINED},
	{"build-time", "build-id-string", UNEXPLAINED},
	{"document-id", "value", UNEXPLAINED},
	{"document-time", "value", UNEXPLAINED},
	{"tool-version", "option", UNEXPLAINED},
	/* Another time is all only where it is of the same source. */
	{"bytecode-mtime", "bytecode-source-size", UNEXPLAINED},
	{"bytecode-mtime", "bytecode-source-hash", UNEXPLAINED},
	{"bytecode-mtime", "bytecode-flags", UNEXPLAINED},
	/* Another salt is one only below the same password and method. */
	{"password-hash", "password", UNEXPLAINED},
	{"password-hash", "password-known", UNEXPLAINED},
	{"password-hash", "password-method", UNEXPLAINED},
	{"password-changed-day", "password-changed", UNEXPLAINED},
	/* Another stamp is one only of the same kernel. */
	{"kernel-version", "kernel-release", UNEXPLAINED},
	{"kernel-version", "kernel-flavour", UNEXPLAINED},
	/* One side has another thing in the place of a signature or of a text. */
	{"module-signature", "signature-invalid", "signature-invalid"},
	{"module-signature", "module-signature-form", UNEXPLAINED},
	{"cache-generator", "cache-section", UNEXPLAINED},
	{"boot-arguments", "boot-arguments-tail", UNEXPLAINED},
	/* The checksum of debug information is another one with the program that it is of. */
	{"debug-link-crc", "debug-link-of", "build-id"},
	/* Who signs computes the checksum that there was none of. */
	{"pe-checksum", "authenticode-signer", NULL},
	/* Where members lie is their order, which is not harmless. */
	{"layout", "unpack-order", UNEXPLAINED},
	{"layout", "value-order", UNEXPLAINED},
	{"tar-header", "unpack-order", UNEXPLAINED},
	{"cpio-header", "unpack-order", UNEXPLAINED},
};

bool fields_has(const struct buffer *differences, const char *name)
{
	const char *at = differences->data;
	const char *end = differences->len > 0 ? at + differences->len : at;

	while (at < end) {
		if (strcmp(at, name) == 0)
			return true;
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	return false;
}

const char *fields_cause(const struct buffer *differences, const char *name)
{
	const struct field *row = field_find(name);

	for (size_t i = 0; i < ARRAY_SIZE(causes_beside); i++) {
		if (strcmp(row->name, causes_beside[i].field) == 0 &&
			fields_has(differences, causes_beside[i].beside))
			return causes_beside[i].cause;
	}
	return row->cause;
}

bool fields_are_open(const struct buffer *differences)
{
	const char *at = differences->data;
	const char *end = differences->len > 0 ? at + differences->len : at;

	while (at < end) {
		const char *cause = strcmp(at, "size") != 0 ? fields_cause(differences, at) : NULL;

		if (cause != NULL && strcmp(cause, UNEXPLAINED) == 0)
			return true;
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	return false;
}

const char *fields_single_cause(const char *fields, size_t len, bool is_added)
{
	struct field_cursor cursor;

	field_cursor_init(&cursor, fields, len);
	while (field_cursor_next(&cursor)) {
		if (strcmp(cursor.name, "package-version") == 0)
			return is_added ? "package-added" : "package-removed";
	}
	return NULL;
}

void field_cursor_init(struct field_cursor *cursor, const char *fields, size_t len)
{
	*cursor = (struct field_cursor){.at = fields, .end = len > 0 ? fields + len : fields};
}

static const char *cursor_text(struct field_cursor *cursor)
{
	const char *text = cursor->at;
	const char *nul;

	if (text == cursor->end)
		return NULL;
	nul = memchr(text, '\0', (size_t)(cursor->end - text));
	if (nul != NULL)
		cursor->at = nul + 1;
	return nul != NULL ? text : NULL;
}

bool field_cursor_next(struct field_cursor *cursor)
{
	cursor->name = cursor_text(cursor);
	cursor->value = cursor->name != NULL ? cursor_text(cursor) : NULL;
	return cursor->value != NULL;
}

const char *fields_value(const char *fields, size_t len, const char *name)
{
	struct field_cursor cursor;

	field_cursor_init(&cursor, fields, len);
	while (field_cursor_next(&cursor)) {
		if (strcmp(cursor.name, name) == 0)
			return cursor.value;
	}
	return NULL;
}

struct pair {
	const char *name;
	const char *value;
	const struct field *row;
	size_t number; /* how many were in front of it */
};

static int pair_compare(const void *a, const void *b)
{
	const struct pair *pair_a = a;
	const struct pair *pair_b = b;
	int order;

	/* As field_compare() has it; each row was looked up once. */
	if (pair_a->row != pair_b->row)
		return pair_a->row < pair_b->row ? -1 : 1;
	order = strcmp(pair_a->name, pair_b->name);
	return order != 0 ? order
			  : (pair_a->number > pair_b->number) - (pair_a->number < pair_b->number);
}

static int pair_compare_bytes(const void *a, const void *b)
{
	int order = strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);

	return order != 0 ? order : pair_compare(a, b);
}

static struct pair *list_pairs(const struct buffer *fields, const char *dropped, size_t *count)
{
	struct pair *pairs = NULL;
	struct field_cursor cursor;
	size_t capacity = 0;

	*count = 0;
	field_cursor_init(&cursor, buffer_text(fields), fields->len);
	while (field_cursor_next(&cursor)) {
		if (dropped != NULL && strcmp(cursor.name, dropped) == 0)
			continue;
		ARRAY_GROW(pairs, *count, capacity);
		pairs[*count] =
			(struct pair){cursor.name, cursor.value, field_find(cursor.name), *count};
		++*count;
	}
	return pairs;
}

void fields_sort(struct buffer *fields, const char *dropped)
{
	struct buffer sorted = {0};
	size_t count;
	struct pair *pairs = list_pairs(fields, dropped, &count);

	if (count > 1)
		qsort(pairs, count, sizeof(pairs[0]), pair_compare);
	for (size_t i = 0; i < count; i++) {
		buffer_add(&sorted, pairs[i].name, strlen(pairs[i].name) + 1);
		buffer_add(&sorted, pairs[i].value, strlen(pairs[i].value) + 1);
	}
	buffer_clear(fields);
	if (sorted.len > 0)
		buffer_add(fields, sorted.data, sorted.len);
	buffer_release(&sorted);
	free(pairs);
}

void fields_number(struct buffer *fields)
{
	struct buffer numbered = {0};
	size_t count, same = 1;
	struct pair *pairs = list_pairs(fields, NULL, &count);

	if (count > 1)
		qsort(pairs, count, sizeof(pairs[0]), pair_compare_bytes);
	for (size_t i = 0; i < count; i++) {
		same = i > 0 && strcmp(pairs[i].name, pairs[i - 1].name) == 0 ? same + 1 : 1;
		buffer_add_text(&numbered, pairs[i].name);
		if (same > 1)
			buffer_add_format(&numbered, "#%zu", same);
		buffer_add_char(&numbered, '\0');
		buffer_add(&numbered, pairs[i].value, strlen(pairs[i].value) + 1);
	}
	buffer_clear(fields);
	if (numbered.len > 0)
		buffer_add(fields, numbered.data, numbered.len);
	buffer_release(&numbered);
	free(pairs);
}

enum field_weight fields_weight(const struct buffer *differences)
{
	enum field_weight weightiest = FIELD_OWN;
	const char *at = differences->data;
	const char *end = at + differences->len;
	bool first = true;

	while (differences->len > 0 && at < end) {
		enum field_weight weight = field_find(at)->weight;

		if (first || weight < weightiest)
			weightiest = weight;
		first = false;
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	return weightiest;
}
