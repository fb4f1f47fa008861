/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/source_tree_build.h"

#define TOUCHES_MAX ((size_t)200000)
#define SERIES_MAX  ((size_t)10000) /* patches; Debian's longest has some 2,000 */

/* The name of a line "+++ b/path\tdate", without its first directory (patch -p1); NULL for none. */
static char *touched_path(const char *line, const char *end)
{
	const char *name = line + 4, *name_end = name, *slash;

	while (name_end < end && *name_end != '\t' && *name_end != '\r')
		name_end++;
	slash = memchr(name, '/', (size_t)(name_end - name));
	if (!slash)
		return NULL;
	return xstrndup(slash + 1, (size_t)(name_end - slash - 1));
}

static bool is_null_file(const char *line, const char *end)
{
	return (size_t)(end - line) >= 13 && memcmp(line + 4, "/dev/null", 9) == 0;
}

/* Until the next is added; NULL for one that cannot be. */
static struct patch_touch *touch_add(struct tree_builder *builder, const char *patch,
	const char *old, const char *old_end, const char *new, const char *new_end)
{
	bool is_removed = is_null_file(new, new_end), is_new = is_null_file(old, old_end);
	char *path = is_removed ? touched_path(old, old_end) : touched_path(new, new_end);

	if (!path || !path_is_contained(path) || builder->touch_count == TOUCHES_MAX) {
		free(path);
		return NULL;
	}
	ARRAY_GROW(builder->touches, builder->touch_count, builder->touch_capacity);
	builder->touches[builder->touch_count++] = (struct patch_touch){
		.patch = xstrdup(patch),
		.path = path,
		.is_new = is_new,
		.is_removed = is_removed,
	};
	return &builder->touches[builder->touch_count - 1];
}

void patch_note_change(struct tree_builder *builder, char *path)
{
	ARRAY_GROW(builder->touches, builder->touch_count, builder->touch_capacity);
	builder->touches[builder->touch_count++] = (struct patch_touch){.path = path};
}

/* The number behind a "," of a range of "@@ -1,2 +3,4 @@", which is 1 when it has none. */
static unsigned long range_count(const char **at, const char *end)
{
	unsigned long count = 0;

	while (*at < end && **at >= '0' && **at <= '9')
		(*at)++;
	if (*at == end || **at != ',')
		return 1;
	for ((*at)++; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		count = count < 100000000 ? count * 10 + (unsigned long)(**at - '0') : count;
	return count;
}

bool hunk_read(const char *line, const char *end, struct hunk *hunk)
{
	const char *at = line + 4;

	*hunk = (struct hunk){0};
	if (end - line < 8 || memcmp(line, "@@ -", 4) != 0)
		return false;
	hunk->is_new = *at == '0';
	hunk->old = range_count(&at, end);
	if (end - at < 2 || at[0] != ' ' || at[1] != '+')
		return false;
	at += 2;
	hunk->is_removed = at < end && *at == '0';
	hunk->new = range_count(&at, end);
	return true;
}

bool hunk_line(struct hunk *hunk, char first)
{
	if (hunk->old == 0 && hunk->new == 0)
		return false;
	if (first == '-' || first == ' ' || first == '\n' || first == '\0')
		hunk->old -= hunk->old > 0;
	if (first == '+' || first == ' ' || first == '\n' || first == '\0')
		hunk->new -= hunk->new > 0;
	return true;
}

void patch_read(struct tree_builder *builder, const char *path, const char *text, size_t len)
{
	const char *end = text + len, *old = NULL, *old_end = NULL;
	struct hunk hunk = {0};
	struct patch_touch *touch = NULL; /* until its first hunk */

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		/* A line of a hunk may itself look like a header. */
		if (hunk_line(&hunk, *text)) {
			text = newline ? newline + 1 : end;
			continue;
		}
		if (line_end - text > 4 && memcmp(text, "--- ", 4) == 0) {
			old = text;
			old_end = line_end;
		} else if (old && line_end - text > 4 && memcmp(text, "+++ ", 4) == 0) {
			touch = touch_add(builder, path, old, old_end, text, line_end);
			old = NULL;
		} else if (hunk_read(text, line_end, &hunk)) {
			/* diff -N names no /dev/null. */
			if (touch) {
				touch->is_new |= hunk.is_new;
				touch->is_removed |= hunk.is_removed;
			}
			touch = NULL;
		} else {
			old = NULL;
		}
		text = newline ? newline + 1 : end;
	}
}

/* Where the series has a patch; SIZE_MAX for one that it does not name, which is not applied. */
static size_t series_place(const struct text_list *series, const char *patch)
{
	for (size_t i = 0; i < series->count; i++)
		if (strcmp(series->items[i], patch + strlen("debian/patches/")) == 0)
			return i;
	return SIZE_MAX;
}

/* A name a line; options may follow it, and "#" a remark (quilt(1), dpkg-source(1)). */
static void series_read(const struct source_tree *tree, struct text_list *series)
{
	const struct tree_file *file = source_tree_find(tree, "debian/patches/debian.series");
	const char *at;

	if (!file || !file->text)
		file = source_tree_find(tree, "debian/patches/series");
	at = file && file->text ? file->text : "";
	while (*at) {
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, " \t\r\n#");
		if (len && series->count < SERIES_MAX)
			text_list_addn(series, at, len);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
}

static int touch_compare(const void *a, const void *b)
{
	const struct patch_touch *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (order)
		return order;
	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

/* What all patches together make of one file: what the last says, if one made it. */
static void touches_apply(
	struct tree_builder *builder, const struct patch_touch *touches, size_t count)
{
	struct source_tree *tree = builder->tree;
	struct tree_file *file = (struct tree_file *)source_tree_find(tree, touches[0].path);
	bool is_removed = touches[count - 1].is_removed, is_new = false;

	for (size_t i = 0; i < count; i++)
		is_new |= touches[i].is_new;
	if (file) {
		file->is_patched = true;
		file->is_removed = is_removed;
	} else if (is_new && !is_removed && builder->made_count < TREE_FILES_MAX) {
		ARRAY_GROW(builder->made, builder->made_count, builder->made_capacity);
		builder->made[builder->made_count++] = (struct tree_file){
			.path = xstrdup(touches[0].path),
			.container = builder->packaging,
			.is_patched = true,
		};
	}
}

/* Only those of the series stay, with their places in it. */
static void touches_place(struct tree_builder *builder)
{
	struct text_list series = {0};
	size_t kept = 0, place = SIZE_MAX;
	const char *last = "";

	series_read(builder->tree, &series);
	for (size_t i = 0; i < builder->touch_count; i++) {
		struct patch_touch touch = builder->touches[i];

		if (!touch.patch)
			place = 0;
		else if (strcmp(last, touch.patch) != 0)
			place = series_place(&series, touch.patch);
		last = touch.patch ? touch.patch : "";
		if (place == SIZE_MAX) {
			/* `last` may be this one's. */
			last = "";
			free(touch.patch);
			free(touch.path);
			continue;
		}
		touch.place = place;
		touch.order = i;
		builder->touches[kept++] = touch;
	}
	builder->touch_count = kept;
	text_list_release(&series);
}

void patches_apply(struct tree_builder *builder)
{
	struct source_tree *tree = builder->tree;
	struct patch_touch *touches;
	size_t kept = 0, end;

	touches_place(builder);
	touches = builder->touches;
	if (builder->touch_count)
		qsort(touches, builder->touch_count, sizeof(touches[0]), touch_compare);
	for (size_t i = 0; i < builder->touch_count; i = end) {
		end = i + 1;
		while (end < builder->touch_count &&
			strcmp(touches[i].path, touches[end].path) == 0)
			end++;
		touches_apply(builder, &touches[i], end - i);
	}
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->files[i].is_removed)
			tree_file_release(&tree->files[i]);
		else
			tree->files[kept++] = tree->files[i];
	}
	tree->count = kept;
	for (size_t i = 0; i < builder->made_count; i++) {
		ARRAY_GROW(tree->files, tree->count, tree->capacity);
		tree->files[tree->count++] = builder->made[i];
	}
	builder->made_count = 0;
	tree_sort(builder);
}
