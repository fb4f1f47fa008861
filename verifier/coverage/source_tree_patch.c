/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/source_tree_build.h"

/* What the patches of a source package change, noted as they go by. */

#define TOUCHES_MAX ((size_t)200000)

/* A date may stand behind a name with nothing but a blank between ("a/x 2024-01-31 …"). */
static bool is_date(const char *text, const char *end)
{
	if (end - text < 5)
		return false;
	return (isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[3]) &&
		       text[4] == '-') ||
		(isupper((unsigned char)text[0]) && islower((unsigned char)text[2]) &&
			text[3] == ' ');
}

/* The name of a line "+++ b/path\tdate"; NULL for /dev/null. */
static char *name_of(const char *line, const char *end)
{
	const char *name = line + 4, *stop = name;

	while (stop < end && *stop != '\t' && *stop != '\r' &&
		!(*stop == ' ' && is_date(stop + 1, end)))
		stop++;
	if (stop - name > 1 && name[0] == '"' && stop[-1] == '"') {
		name++;
		stop--;
	}
	if (stop - name == 9 && memcmp(name, "/dev/null", 9) == 0)
		return NULL;
	return xstrndup(name, (size_t)(stop - name));
}

/* Until the next is added; NULL when there is no room, and takes the names. */
static struct patch_touch *touch_add(
	struct tree_builder *builder, const char *patch, char *old, char *new)
{
	if (builder->touch_count == TOUCHES_MAX) {
		builder->has_lost_touch = true;
		free(old);
		free(new);
		return NULL;
	}
	ARRAY_GROW(builder->touches, builder->touch_count, builder->touch_capacity);
	builder->touches[builder->touch_count++] = (struct patch_touch){
		.patch = patch ? xstrdup(patch) : NULL,
		.old = old,
		.new = new,
		.is_new = !old,
		.is_removed = !new,
	};
	return &builder->touches[builder->touch_count - 1];
}

/* Only of a file whose text is wanted: its name has a directory in front, as a tarball's has. */
static bool is_text_wanted(const struct tree_builder *builder, const char *name)
{
	enum text_use use = name ? text_use_of(builder, name) : TEXT_NONE;

	return use != TEXT_NONE && use != TEXT_PATCH;
}

static void touch_hunks(
	struct tree_builder *builder, struct patch_touch *touch, const char *hunks, size_t len)
{
	if (!is_text_wanted(builder, touch->old) && !is_text_wanted(builder, touch->new))
		return;
	if (len > TREE_HUNKS_MAX - builder->hunk_bytes) {
		touch->is_unknown = true;
		return;
	}
	builder->hunk_bytes += len;
	touch->hunks = xstrndup(hunks, len);
	touch->hunks_len = len;
}

void patch_note_change(
	struct tree_builder *builder, char *path, const char *hunks, size_t hunks_len)
{
	/* As if it had a directory in front, which patch -p1 takes off. */
	char *name = xasprintf("x/%s", path);
	struct patch_touch *touch = touch_add(builder, NULL, xstrdup(name), name);

	if (touch)
		touch_hunks(builder, touch, hunks, hunks_len);
	free(path);
}

/* A patch while its lines go by. */
struct patch_reading {
	struct tree_builder *builder;
	const char *path;
	char *old;		   /* of a line "---", until "+++" comes */
	struct patch_touch *touch; /* the last of it; NULL before the first */
	const char *hunks;	   /* of that */
	bool has_hunk;
	struct hunk hunk;
};

static void touch_end(struct patch_reading *reading, const char *end)
{
	if (reading->touch)
		touch_hunks(reading->builder, reading->touch, reading->hunks,
			(size_t)(end - reading->hunks));
	reading->touch = NULL;
}

static bool begins(const char *line, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - line) > len && memcmp(line, word, len) == 0;
}

/* "rename from a", "rename to b", "copy to b" of git, which patch(1) does as well. */
static void rename_note(struct patch_reading *reading, const char *line, const char *end)
{
	static const char *const words[] = {"rename from ", "rename to ", "copy to "};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *name = line + strlen(words[i]);
		struct patch_touch *touch;
		char *path;

		if (!begins(line, end, words[i]))
			continue;
		path = xasprintf("x/%.*s", (int)(end - name), name);
		touch = i == 0 ? touch_add(reading->builder, reading->path, path, NULL)
			       : touch_add(reading->builder, reading->path, NULL, path);
		if (touch)
			touch->is_unknown = true;
	}
}

static void line_read(struct patch_reading *reading, const char *line, const char *end)
{
	if (begins(line, end, "--- ")) {
		touch_end(reading, line);
		free(reading->old);
		reading->old = xstrndup(line, (size_t)(end - line));
	} else if (reading->old && begins(line, end, "+++ ")) {
		reading->touch = touch_add(reading->builder, reading->path,
			name_of(reading->old, reading->old + strlen(reading->old)),
			name_of(line, end));
		reading->hunks = end;
		reading->has_hunk = false;
		free(reading->old);
		reading->old = NULL;
	} else if (hunk_read(line, end, &reading->hunk)) {
		/* diff -N names no /dev/null. */
		if (reading->touch && !reading->has_hunk) {
			reading->touch->is_new |= reading->hunk.is_new;
			reading->touch->is_removed |= reading->hunk.is_removed;
		}
		reading->has_hunk = true;
	} else {
		if (begins(line, end, "diff ")) {
			touch_end(reading, line);
		} else if (begins(line, end, "rename ") || begins(line, end, "copy ")) {
			touch_end(reading, line);
			rename_note(reading, line, end);
		}
		free(reading->old);
		reading->old = NULL;
	}
}

void patch_read(
	struct tree_builder *builder, const char *path, const char *text, size_t len, bool is_cut)
{
	struct patch_reading reading = {.builder = builder, .path = path};
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		/* A line of a hunk may itself look like a header. */
		if (!hunk_line(&reading.hunk, *text))
			line_read(&reading, text, line_end);
		text = newline ? newline + 1 : end;
	}
	touch_end(&reading, end);
	free(reading.old);
	builder->has_lost_touch |= is_cut;
}

void patch_touch_release(struct patch_touch *touch)
{
	free(touch->patch);
	free(touch->old);
	free(touch->new);
	free(touch->path);
	free(touch->hunks);
}

void patches_release(struct tree_builder *builder)
{
	for (size_t i = 0; i < builder->touch_count; i++)
		patch_touch_release(&builder->touches[i]);
	free(builder->touches);
	builder->touches = NULL;
	builder->touch_count = 0;
}
