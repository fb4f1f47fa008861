/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/fields.h"

#include "base/array.h"

static const struct field field_table[] = {
	{"type", "file type", FIELD_OWN},
	{"mode", "permissions", FIELD_OWN},
	{"uid", "owner id", FIELD_OWN},
	{"gid", "group id", FIELD_OWN},
	{"user", "owner name", FIELD_OWN},
	{"group", "group name", FIELD_OWN},
	{"size", "size", FIELD_OWN},
	{"mtime", "modification time", FIELD_OWN},
	{"atime", "access time", FIELD_TIME},
	{"ctime", "change time", FIELD_TIME},
	{"birthtime", "creation time", FIELD_TIME},
	{"link-target", "link target", FIELD_OWN},
	{"hard-link", "hard link to", FIELD_OWN},
	{"device", "device numbers", FIELD_OWN},
	{"inode", "inode number", FIELD_OWN},
	{"links", "link count", FIELD_OWN},
	{"filesystem", "device numbers of its file system", FIELD_OWN},
	{"acl-access", "access list", FIELD_OWN},
	{"acl-default", "default access list", FIELD_OWN},
	{"flags", "file flags", FIELD_OWN},
	{"xattr:", "extended attribute", FIELD_OWN},
	{"sparse", "holes", FIELD_OWN},
	{"name", "stored name", FIELD_OWN},
	{"header", "header form", FIELD_OWN},
	{"warning", "warning of the reader", FIELD_OWN},
	{"order", "order of members", FIELD_OWN},
	{"inode-times", "times that the file system keeps", FIELD_OWN},
	{"filesystem-bytes", "size of the file system", FIELD_FOLLOWS},
	{"filesystem-inodes", "number of inodes", FIELD_FOLLOWS},
	{"filesystem-fragments", "number of fragments", FIELD_FOLLOWS},
	{"filesystem-free-blocks", "free blocks", FIELD_FOLLOWS},
	{"filesystem-free-inodes", "free inodes", FIELD_FOLLOWS},
	{"", "field", FIELD_OWN},
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
