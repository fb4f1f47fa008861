/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/unpacking.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "dbdiff/fields.h"

/* Of more, no order is said to be harmless: what is kept of them has to fit. */
#define ENTRIES_MOST ((size_t)1 << 19)
#define TEXTS_MOST   ((size_t)32 << 20)

/* A path that a member is written to, or that it is a hard link to; as few bytes as name it. */
struct unpacked {
	size_t start; /* in texts */
	int64_t position;
	bool is_target, is_directory;
	const char *path; /* once all are read */
};

struct unpacking {
	struct buffer texts;
	struct unpacked *all;
	size_t count, capacity;
	struct buffer *why;
	struct buffer early; /* paths of members in front of what they need, in their order */
};

/* All but what is to be held against the other side. */
static void forget_entries(struct unpacking *unpacking)
{
	buffer_release(&unpacking->texts);
	free(unpacking->all);
	unpacking->all = NULL;
	unpacking->count = unpacking->capacity = 0;
}

static void unpacking_release(struct unpacking *unpacking)
{
	forget_entries(unpacking);
	buffer_release(&unpacking->early);
}

static void say(struct unpacking *unpacking, const char *path, const char *what, const char *other)
{
	buffer_add_format(
		unpacking->why, "its order decides what is unpacked: %s %s%s\n", path, what, other);
}

/* Without what any path may hold and means nothing. False for one that no text can judge. */
static bool add_path(struct unpacking *unpacking, const char *path, size_t len)
{
	struct buffer *texts = &unpacking->texts;
	size_t start = texts->len;

	for (size_t at = 0, end; at < len; at = end + 1) {
		const char *slash = memchr(path + at, '/', len - at);

		end = slash != NULL ? (size_t)(slash - path) : len;
		if (end - at == 2 && memcmp(path + at, "..", 2) == 0)
			return false;
		if (end == at || (end - at == 1 && path[at] == '.'))
			continue;
		if (texts->len > start)
			buffer_add_char(texts, '/');
		buffer_add(texts, path + at, end - at);
	}
	buffer_add_char(texts, '\0');
	/* A stored NUL ends the name for some readers (dbdiff/members.h). */
	return memmem(path, len, "\\x00", 4) == NULL;
}

static void add_entry(
	struct unpacking *unpacking, const char *path, size_t len, struct unpacked entry)
{
	if (unpacking->count == ENTRIES_MOST || unpacking->texts.len + len >= TEXTS_MOST) {
		if (unpacking->why->len == 0)
			say(unpacking, path, "stands behind more members than are kept", "");
		return;
	}
	entry.start = unpacking->texts.len;
	if (!add_path(unpacking, path, len)) {
		buffer_truncate(&unpacking->texts, entry.start);
		if (unpacking->why->len == 0)
			say(unpacking, path, "may be the path of another member", "");
		return;
	}
	ARRAY_GROW(unpacking->all, unpacking->count, unpacking->capacity);
	unpacking->all[unpacking->count++] = entry;
}

static void add_row(struct unpacking *unpacking, const struct index_row *row)
{
	struct unpacked entry = {.position = row->position};
	struct field_cursor field;
	struct buffer path = {0};

	field_cursor_init(&field, row->fields, row->fields_len);
	while (field_cursor_next(&field)) {
		if (strcmp(field.name, "type") == 0)
			entry.is_directory = strcmp(field.value, "directory") == 0;
		else if (strcmp(field.name, "hard-link") == 0)
			add_entry(unpacking, field.value, strlen(field.value),
				(struct unpacked){.position = row->position, .is_target = true});
	}
	buffer_add(&path, row->path, row->path_len);
	add_entry(unpacking, buffer_text(&path), path.len, entry);
	buffer_release(&path);
}

/* Members of a path before the links to it. */
static int unpacked_compare(const void *a, const void *b)
{
	const struct unpacked *one = a, *other = b;
	int order = strcmp(one->path, other->path);

	if (order == 0)
		order = one->is_target - other->is_target;
	if (order == 0)
		order = (one->position > other->position) - (one->position < other->position);
	return order;
}

/* The member with the first `len` bytes of `path`; NULL for none. */
static const struct unpacked *find(const struct unpacking *unpacking, const char *path, size_t len)
{
	size_t low = 0, high = unpacking->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *text = unpacking->all[middle].path;
		int order = strncmp(text, path, len);

		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* What is longer stands behind it. */
	if (low < unpacking->count && strncmp(unpacking->all[low].path, path, len) == 0 &&
		unpacking->all[low].path[len] == '\0' && !unpacking->all[low].is_target)
		return &unpacking->all[low];
	return NULL;
}

static bool judge_path(struct unpacking *unpacking, const struct unpacked *entry)
{
	const struct unpacked *needed;
	const char *slash = entry->path;
	bool is_early = false;

	while ((slash = strchr(slash, '/')) != NULL) {
		needed = find(unpacking, entry->path, (size_t)(slash - entry->path));
		if (needed != NULL && !needed->is_directory) {
			say(unpacking, entry->path, "lies behind the member ", needed->path);
			return false;
		}
		is_early = is_early || (needed != NULL && needed->position > entry->position);
		slash++;
	}
	if (entry->is_target) {
		needed = find(unpacking, entry->path, strlen(entry->path));
		is_early = is_early || (needed != NULL && needed->position > entry->position);
	}
	if (is_early && entry->is_target) {
		say(unpacking, entry->path, "stands behind a link to it", "");
		return false;
	}
	if (is_early)
		buffer_add(&unpacking->early, entry->path, strlen(entry->path) + 1);
	return true;
}

static void judge(struct unpacking *unpacking)
{
	struct unpacked *all = unpacking->all;

	for (size_t i = 0; i < unpacking->count; i++)
		all[i].path = unpacking->texts.data + all[i].start;
	if (unpacking->count > 1)
		qsort(all, unpacking->count, sizeof(all[0]), unpacked_compare);
	for (size_t i = 1; i < unpacking->count; i++) {
		if (!all[i].is_target && strcmp(all[i - 1].path, all[i].path) == 0) {
			say(unpacking, all[i].path, "is there more than once", "");
			return;
		}
	}
	for (size_t i = 0; i < unpacking->count; i++) {
		if (!judge_path(unpacking, &all[i]))
			return;
	}
}

static enum status read_side(
	struct unpacking *unpacking, struct index *index, int64_t container, struct error *err)
{
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, index, container, err);

	while (status == STATUS_OK && unpacking->why->len == 0) {
		status = index_cursor_next(&cursor, err);
		if (status == STATUS_OK)
			add_row(unpacking, &cursor.row);
	}
	index_cursor_release(&cursor);
	if (status < 0)
		return status;
	if (unpacking->why->len == 0)
		judge(unpacking);
	forget_entries(unpacking);
	return STATUS_OK;
}

enum status unpacking_compare(struct index *const indexes[SIDES], const int64_t containers[SIDES],
	struct buffer *why, struct error *err)
{
	struct unpacking sides[SIDES] = {{.why = why}, {.why = why}};
	struct buffer found = {0};
	enum status status = STATUS_OK;

	for (int side = 0; side < SIDES && found.len == 0 && status == STATUS_OK; side++) {
		sides[side].why = &found;
		status = read_side(&sides[side], indexes[side], containers[side], err);
	}
	if (status == STATUS_OK && found.len == 0 &&
		(sides[PUBLISHED].early.len != sides[REBUILT].early.len ||
			memcmp(buffer_text(&sides[PUBLISHED].early),
				buffer_text(&sides[REBUILT].early), sides[REBUILT].early.len) != 0))
		buffer_add_text(&found,
			"its order decides what is unpacked: members stand in front of what they "
			"need\n");
	buffer_add(why, buffer_text(&found), found.len);
	buffer_release(&found);
	for (int side = 0; side < SIDES; side++)
		unpacking_release(&sides[side]);
	return status;
}
