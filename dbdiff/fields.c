/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/fields.h"

#include "base/array.h"

static const struct field field_table[] = {
	{"type", "file type"},
	{"mode", "permissions"},
	{"uid", "owner id"},
	{"gid", "group id"},
	{"user", "owner name"},
	{"group", "group name"},
	{"size", "size"},
	{"mtime", "modification time"},
	{"atime", "access time"},
	{"ctime", "change time"},
	{"birthtime", "creation time"},
	{"link-target", "link target"},
	{"hard-link", "hard link to"},
	{"device", "device numbers"},
	{"inode", "inode number"},
	{"links", "link count"},
	{"filesystem", "device numbers of its file system"},
	{"acl-access", "access list"},
	{"acl-default", "default access list"},
	{"flags", "file flags"},
	{"xattr:", "extended attribute"},
	{"sparse", "holes"},
	{"name", "stored name"},
	{"header", "header form"},
	{"warning", "warning of the reader"},
	{"order", "order of members"},
	{"", "field"},
};

const struct field *field_find(const char *name)
{
	size_t last = ARRAY_SIZE(field_table) - 1;

	for (size_t i = 0; i < last; i++) {
		size_t len = strlen(field_table[i].name);

		if (field_table[i].name[len - 1] == ':'
				? strncmp(name, field_table[i].name, len) == 0
				: strcmp(name, field_table[i].name) == 0)
			return &field_table[i];
	}
	return &field_table[last];
}

int field_compare(const char *a, const char *b)
{
	const struct field *row_a = field_find(a);
	const struct field *row_b = field_find(b);

	if (row_a != row_b)
		return row_a < row_b ? -1 : 1;
	return strcmp(a, b);
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

struct pair {
	const char *name;
	const char *value;
};

static int pair_compare(const void *a, const void *b)
{
	const struct pair *pair_a = a;
	const struct pair *pair_b = b;
	int order = field_compare(pair_a->name, pair_b->name);

	return order != 0 ? order : strcmp(pair_a->value, pair_b->value);
}

void fields_sort(struct buffer *fields, const char *dropped)
{
	struct pair *pairs = NULL;
	size_t count = 0, capacity = 0;
	struct buffer sorted = {0};
	struct field_cursor cursor;

	field_cursor_init(&cursor, buffer_text(fields), fields->len);
	while (field_cursor_next(&cursor)) {
		if (dropped != NULL && strcmp(cursor.name, dropped) == 0)
			continue;
		ARRAY_GROW(pairs, count, capacity);
		pairs[count++] = (struct pair){cursor.name, cursor.value};
	}
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
