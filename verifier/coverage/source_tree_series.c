/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/source_tree_build.h"

/*
 * The patches of a source package, applied: of "3.0 (quilt)" those of debian/patches/series, as
 * dpkg-source does (Dpkg::Source::Patch, Dpkg::Source::Quilt); of the other formats those of a
 * series when the package is built with quilt. What else may be applied while it is built leaves
 * the texts that it names unknown.
 */

#define SERIES_MAX ((size_t)10000)	 /* patches; Debian's longest has some 2,000 */
#define STEPS_MAX  ((uint64_t)100000000) /* lines that are compared, of all patches together */

#define BLANKS " \t\n\r\f\v" /* what \s of Perl is, of bytes */

struct series {
	struct text_list names;	 /* below debian/patches, plain */
	struct text_list levels; /* how many directories go off: "1"; "" for what is not known */
	bool is_lost;		 /* not all that is applied was read */
};

/* Without "." and empty components, and so without "/" at its ends. */
static char *plain_path(const char *path)
{
	struct buffer plain = {0};

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len > 1 || (len == 1 && *path != '.')) {
			if (plain.len)
				buffer_add_char(&plain, '/');
			buffer_add(&plain, path, len);
		}
		path += len + (path[len] == '/');
	}
	return buffer_detach(&plain);
}

/* dpkg-source decompresses it, which is not done here. */
static bool is_compressed(const char *name)
{
	static const char *const endings[] = {
		".gz", ".bz2", ".lzma", ".xz", ".zst", ".Z", ".lz", ".zip"};

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (path_has_suffix(name, endings[i]))
			return true;
	return false;
}

/* dpkg-source warns of options and applies every patch with -p1; quilt takes off what they say. */
static const char *level_of(const char *options, bool is_of_dpkg)
{
	static const char *const levels[] = {"-p0", "-p1", "-p2", "-p3"};

	if (options[0] == '\0' || strcmp(options, "-pab") == 0)
		return "1";
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(options, levels[i]) == 0)
			return is_of_dpkg ? "1" : levels[i] + 2;
	return "";
}

/* A line, without its newline. */
static void series_line(
	const struct source_tree *tree, struct series *series, char *line, bool is_of_dpkg)
{
	char *name = line + strspn(line, BLANKS), *path, *options;
	size_t len;
	const struct tree_file *file;

	for (char *at = strchr(name, '#'); at; at = strchr(at + 1, '#'))
		if (at == name || strchr(BLANKS, at[-1])) {
			*at = '\0';
			break;
		}
	for (len = strlen(name); len && strchr(BLANKS, name[len - 1]); len--)
		name[len - 1] = '\0';
	if (len == 0)
		return;
	options = name + strcspn(name, BLANKS);
	len = (size_t)(options - name);
	options += strspn(options, BLANKS);
	name[len] = '\0';
	name = plain_path(name);
	path = xasprintf("debian/patches/%s", name);
	file = source_tree_find(tree, path);
	if (!file || !file->is_patch || is_compressed(name) || series->names.count == SERIES_MAX ||
		text_list_contains(&series->names, name)) {
		series->is_lost = true;
	} else {
		text_list_add(&series->names, name);
		text_list_add(&series->levels, level_of(options, is_of_dpkg));
	}
	free(path);
	free(name);
}

/*
 * The file that dpkg-source takes (Dpkg::Source::Quilt, get_series_file); NULL for none. What is
 * there and has no text, a link, is one that was not read.
 */
static const struct tree_file *series_file(
	const struct source_tree *tree, struct series *series, bool is_of_dpkg)
{
	const struct tree_file *vendor = source_tree_find(tree, "debian/patches/debian.series"),
			       *file = source_tree_find(tree, "debian/patches/series");

	/* quilt itself does not know it. */
	series->is_lost |= vendor && !is_of_dpkg;
	if (vendor)
		file = vendor;
	series->is_lost |= file && (!file->text || file->is_cut);
	/* A link to a directory. */
	series->is_lost |= source_tree_find(tree, "debian/patches") != NULL;
	return file && file->text ? file : NULL;
}

/* A name a line; options may follow it, and "#" a remark (quilt(1), Dpkg::Source::Quilt). */
static void series_read(const struct source_tree *tree, struct series *series, bool is_of_dpkg)
{
	const struct tree_file *file = series_file(tree, series, is_of_dpkg);
	const char *at = file ? file->text : "";

	while (*at) {
		size_t len = strcspn(at, "\n");
		char *line = xstrndup(at, len);

		series_line(tree, series, line, is_of_dpkg);
		free(line);
		at += len + (at[len] == '\n');
	}
}

static bool has_text(const struct source_tree *tree, const char *path, const char *part)
{
	const struct tree_file *file = source_tree_find(tree, path);

	return file && file->text && strstr(file->text, part);
}

/* How the patches come to be applied. */
struct plan {
	struct series series;
	bool is_series_applied;	 /* by dpkg-source, or by quilt in the build */
	bool are_others_unknown; /* the build may apply what the series does not name */
};

static void plan_make(const struct source_tree *tree, struct plan *plan)
{
	bool is_quilt = tree->format && strcmp(tree->format, "3.0 (quilt)") == 0;

	series_read(tree, &plan->series, is_quilt);
	plan->is_series_applied = is_quilt || has_text(tree, "debian/control", "quilt");
	/* Of all else that writes texts see source_tree_recipes.c. */
	plan->are_others_unknown = !is_quilt || has_text(tree, "debian/rules", "patch");
}

/* Where the series has it; SIZE_MAX for one that it does not name. */
static size_t series_place(const struct series *series, const char *patch)
{
	const char *name = strstr(patch, "debian/patches/");

	for (size_t i = 0; name && i < series->names.count; i++)
		if (strcmp(series->names.items[i], name + strlen("debian/patches/")) == 0)
			return i;
	return SIZE_MAX;
}

/* As patch(1) takes directories off; NULL for none, and for what leads out of the package. */
static char *stripped(const char *name, unsigned level)
{
	char *path;

	while (name && level--) {
		name = strchr(name, '/');
		while (name && *name == '/')
			name++;
	}
	path = name && *name && *name != '/' ? plain_path(name) : NULL;
	if (!path || path_is_contained(path))
		return path;
	free(path);
	return NULL;
}

static size_t component_count(const char *path)
{
	size_t count = 1;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

/* Of two files that are there patch(1) takes the one with the shorter way, or name. */
static bool is_better_name(const char *path, const char *other)
{
	size_t depth = component_count(path), other_depth = component_count(other);
	size_t base = strlen(path_basename(path)), other_base = strlen(path_basename(other));

	if (depth != other_depth)
		return depth < other_depth;
	return base != other_base ? base < other_base : strlen(path) < strlen(other);
}

/* The file that a change is about; NULL for none. */
static char *touched_path(
	const struct source_tree *tree, const struct patch_touch *touch, unsigned level)
{
	char *old = stripped(touch->old, level), *new = stripped(touch->new, level);
	bool has_old = old && source_tree_find(tree, old);
	bool has_new = new &&source_tree_find(tree, new);
	bool is_old = !new || (has_old && (!has_new || is_better_name(old, new)));

	free(is_old ? new : old);
	return is_old ? old : new;
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

/* What all patches together make of one file. */
struct outcome {
	bool exists;
	bool is_known; /* its text */
	struct buffer text;
	int64_t tests;
};

/* Whether the hunks could be applied, which they now are. */
static bool outcome_change(
	struct tree_builder *builder, struct outcome *outcome, const struct patch_touch *touch)
{
	struct buffer changed = {0};
	bool fits = unified_diff_apply(buffer_text(&outcome->text), outcome->text.len, touch->hunks,
		touch->hunks_len, TREE_TEXT_MAX, &builder->patch_steps, &changed);

	buffer_release(&outcome->text);
	outcome->text = changed;
	return fits;
}

/* An applied patch names what is not there: it cannot be so, or its names were misread. */
static void miss_note(struct tree_builder *builder, const struct patch_touch *touch)
{
	if (!builder->is_upstream_given || !touch->is_applied)
		return;
	builder->has_lost_touch = true;
	builder_trouble(builder, "%s changes %s, which is not there",
		touch->patch ? touch->patch : "the diff", touch->path);
}

static void outcome_touch(
	struct tree_builder *builder, struct outcome *outcome, const struct patch_touch *touch)
{
	if (touch->is_new && !outcome->exists) {
		buffer_clear(&outcome->text);
		outcome->is_known = true;
		outcome->tests = 0;
	}
	if (!outcome->exists && !touch->is_new) {
		outcome->is_known = false;
		miss_note(builder, touch);
	}
	if (touch->hunks)
		outcome->tests += tests_changed(touch->path, touch->hunks, touch->hunks_len);
	if (touch->is_unknown || !touch->hunks) {
		outcome->is_known = false;
	} else if (outcome->is_known && !outcome_change(builder, outcome, touch)) {
		outcome->is_known = false;
		builder_trouble(builder, "%s does not apply to %s, whose text is not known",
			touch->patch ? touch->patch : "the diff", touch->path);
	}
	outcome->exists = !touch->is_removed;
}

static void text_replace(
	struct tree_builder *builder, struct tree_file *file, struct outcome *outcome)
{
	enum text_use use = text_use_of(builder, file->path);
	bool had_text = file->text;

	file->is_patched = true;
	if (use == TEXT_COUNT)
		file->tests = outcome->tests > 0 ? (uint64_t)outcome->tests : 0;
	builder_forget(builder, file);
	if (outcome->is_known && use != TEXT_COUNT) {
		file->size = outcome->text.len;
		hash_memory(buffer_text(&outcome->text), outcome->text.len, &file->sha256);
		builder_keep(builder, file, &outcome->text, false);
	} else {
		file->is_unknown = (use == TEXT_KEEP || had_text) && !file->is_link;
	}
}

/* Of a path's changes the first `count`, in the order in which they are made. */
static void touches_apply(
	struct tree_builder *builder, const struct patch_touch *touches, size_t count)
{
	struct source_tree *tree = builder->tree;
	struct tree_file *file = (struct tree_file *)source_tree_find(tree, touches[0].path);
	struct outcome outcome = {
		.exists = file,
		.is_known = file && file->text && !file->is_cut,
		.tests = file ? (int64_t)file->tests : 0,
	};
	bool is_new = false;

	if (outcome.is_known)
		buffer_add(&outcome.text, file->text, file->len);
	for (size_t i = 0; i < count; i++) {
		is_new |= touches[i].is_new;
		outcome_touch(builder, &outcome, &touches[i]);
	}
	if (file) {
		text_replace(builder, file, &outcome);
		file->is_removed = !outcome.exists;
	} else if (is_new && outcome.exists && builder->made_count < TREE_FILES_MAX) {
		struct tree_file made = {
			.path = xstrdup(touches[0].path), .container = builder->packaging};

		text_replace(builder, &made, &outcome);
		ARRAY_GROW(builder->made, builder->made_count, builder->made_capacity);
		builder->made[builder->made_count++] = made;
	}
	buffer_release(&outcome.text);
}

/* How the series takes a patch; false for one that changes nothing. */
static bool touch_place(const struct plan *plan, struct patch_touch *touch, unsigned *level)
{
	size_t place = touch->patch ? series_place(&plan->series, touch->patch) : 0;
	bool is_applied = !touch->patch || (place != SIZE_MAX && plan->is_series_applied);

	*level = 1;
	if (touch->patch && place != SIZE_MAX) {
		const char *text = plan->series.levels.items[place];

		*level = text[0] ? (unsigned)(text[0] - '0') : 1;
		touch->is_unknown |= !text[0];
	}
	/* The diff of "1.0" is before all of them. */
	touch->place = touch->patch ? place + (place != SIZE_MAX) : 0;
	touch->is_applied = is_applied;
	if (!is_applied) {
		touch->is_unknown = true;
		touch->is_new = touch->is_removed = false;
	}
	return is_applied || plan->are_others_unknown;
}

/* Whether it changes what cannot be told, or a patch that was noted as it was before. */
static bool is_lost(const struct patch_touch *touch)
{
	return !touch->path || strncmp(touch->path, "debian/patches/", 15) == 0;
}

/* Only those that change something stay, with their files and places. */
static void touches_place(struct tree_builder *builder)
{
	struct plan plan = {0};
	size_t kept = 0;

	plan_make(builder->tree, &plan);
	builder->has_lost_touch |= plan.is_series_applied && plan.series.is_lost;
	for (size_t i = 0; i < builder->touch_count; i++) {
		struct patch_touch touch = builder->touches[i];
		unsigned level;

		touch.order = i;
		if (touch_place(&plan, &touch, &level)) {
			touch.path = touched_path(builder->tree, &touch, level);
			builder->has_lost_touch |= is_lost(&touch);
		}
		if (touch.path)
			builder->touches[kept++] = touch;
		else
			patch_touch_release(&touch);
	}
	builder->touch_count = kept;
	text_list_release(&plan.series.names);
	text_list_release(&plan.series.levels);
}

/* No text of upstream's is known to be what is built. */
static void texts_lose(struct tree_builder *builder)
{
	struct source_tree *tree = builder->tree;

	builder_trouble(builder,
		"not all that debian/patches changes was read: upstream's texts are not known");
	for (size_t i = 0; i < tree->count; i++) {
		struct tree_file *file = &tree->files[i];

		if (!file->text || strncmp(file->path, "debian/", 7) == 0)
			continue;
		builder_forget(builder, file);
		file->is_unknown = true;
	}
}

static void tree_settle(struct tree_builder *builder)
{
	struct source_tree *tree = builder->tree;
	size_t kept = 0;

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
	if (builder->has_lost_touch)
		texts_lose(builder);
	tree_sort(builder);
}

void patches_apply(struct tree_builder *builder)
{
	struct patch_touch *touches;
	size_t end;

	builder->patch_steps = STEPS_MAX;
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
	tree_settle(builder);
}
