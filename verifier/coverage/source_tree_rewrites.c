/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/source_tree_recipes.h"

#define REWRITES_MAX ((size_t)50)
#define NAMES_MAX    ((size_t)20000) /* that are looked at; behind them any file may be named */

/* That are the same in every run. */
bool recipe_is_known_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("$`{\1", text[i]))
			return false;
	return true;
}

/* Makefile, Makefile.in and Makefile.am are made of each other, as configure and its source. */
static const char *stem_of(const char *base)
{
	static const char *const makefiles[] = {"Makefile", "Makefile.in", "Makefile.am"};
	static const char *const configures[] = {"configure", "configure.ac", "configure.in"};

	for (size_t i = 0; i < ARRAY_SIZE(makefiles); i++)
		if (strcmp(base, makefiles[i]) == 0)
			return makefiles[0];
	for (size_t i = 0; i < ARRAY_SIZE(configures); i++)
		if (strcmp(base, configures[i]) == 0)
			return configures[0];
	return base;
}

bool recipe_is_directory(const struct source_tree *tree, const char *path)
{
	size_t first, end;

	source_tree_below(tree, path, &first, &end);
	return first < end;
}

/* A name of a command as one in the tree: NULL for one that is outside of it. */
const char *recipe_tree_name(const char *name)
{
	if (strncmp(name, "/CURDIR/", 8) == 0)
		return name + 8;
	return name[0] == '/' ? NULL : name;
}

/*
 * Whether that name, whose last part may be a pattern, can be that of an upstream's file. A
 * directory that is not known, or not there (one to build in, which mirrors the source), is any.
 */
static bool may_be(const struct source_tree *tree, const char *name, const char *path)
{
	const char *base = path_basename(name), *own = path_basename(path);
	size_t len = (size_t)(base - name), own_len = (size_t)(own - path);
	bool is_base_known = recipe_is_known_text(base, strlen(base)) && *base;
	bool is_placed = recipe_is_known_text(name, len) && !strstr(name, "..");
	char *directory;

	if (is_base_known && fnmatch(base, own, 0) != 0 && strcmp(stem_of(base), stem_of(own)) != 0)
		return false;
	directory = xstrndup(name, len - (len > 0));
	is_placed = is_placed && !strpbrk(directory, "*?[") && recipe_is_directory(tree, directory);
	free(directory);
	if (!is_placed)
		return true;
	return is_base_known ? own_len == len && strncmp(name, path, len) == 0
			     : strncmp(name, path, len) == 0;
}

static void rewrite_note(struct recipes *recipes, const char *path)
{
	struct source_tree *tree = recipes->builder->tree;

	if (tree->rewrite_count == REWRITES_MAX)
		return;
	ARRAY_GROW(tree->rewrites, tree->rewrite_count, tree->rewrite_capacity);
	tree->rewrites[tree->rewrite_count++] = (struct tree_rewrite){
		.line = recipes->line,
		.text = xasprintf(
			"%s may change %s, whose text is then not known", recipes->command, path),
	};
}

static void named_lose(struct recipes *recipes, const char *name)
{
	struct source_tree *tree = recipes->builder->tree;

	if (recipes->names++ >= NAMES_MAX)
		name = "$";
	for (size_t i = 0; i < tree->count; i++) {
		struct tree_file *file = &tree->files[i];

		if (!file->text || strncmp(file->path, "debian/", 7) == 0 ||
			!may_be(tree, name, file->path))
			continue;
		rewrite_note(recipes, file->path);
		builder_forget(recipes->builder, file);
		file->is_unknown = true;
	}
}

void recipe_any_lose(struct recipes *recipes)
{
	named_lose(recipes, "$");
}

/* "a/$(cat b/c)/d" as "a/$/d": what stands in a substitution is no part of the name. */
static char *without_substitutions(const char *name)
{
	struct buffer plain = {0};

	while (*name) {
		size_t depth = 0;

		while (strncmp(name, "//", 2) == 0 || strncmp(name, "/./", 3) == 0)
			name += name[1] == '/' ? 1 : 2;
		buffer_add_char(&plain, *name == '`' ? '$' : *name);
		if (*name == '`') {
			name += 1 + strcspn(name + 1, "`");
			name += *name == '`';
		} else if (*name++ == '$' && *name == '(') {
			do {
				depth += *name == '(';
				depth -= *name == ')';
				name++;
			} while (*name && depth);
		}
	}
	return buffer_detach(&plain);
}

/* From the top, and from where the last `cd` leads, of which one can have been left again. */
static void name_lose(struct recipes *recipes, const char *name)
{
	const char *from_top = recipe_tree_name(name);
	char *plain, *below;

	while (from_top && strncmp(from_top, "./", 2) == 0)
		from_top += 2;
	if (!from_top ||
		(strncmp(from_top, "debian/", 7) == 0 && !strstr(from_top, "..") &&
			!recipes->directory))
		return;
	plain = without_substitutions(from_top);
	named_lose(recipes, plain);
	if (recipes->directory && from_top == name) {
		below = xasprintf("%s/%s", recipes->directory, plain);
		if (strncmp(below, "debian/", 7) != 0 || strstr(below, ".."))
			named_lose(recipes, below);
		free(below);
	}
	free(plain);
}

/* What a word comes to in each turn of the loop. */
static void word_each(struct recipes *recipes, const char *word,
	void (*take)(struct recipes *recipes, const char *word))
{
	const char *dollar = strchr(word, '$'), *behind;
	size_t len;
	bool has_brace;

	if (!dollar || recipes->loop.count < 2) {
		take(recipes, word);
		return;
	}
	has_brace = dollar[1] == '{';
	len = strlen(recipes->loop.items[0]);
	behind = dollar + 1 + has_brace + len;
	if (strncmp(dollar + 1 + has_brace, recipes->loop.items[0], len) != 0 ||
		(has_brace ? *behind != '}' : *behind && !strchr("./-", *behind))) {
		take(recipes, word);
		return;
	}
	for (size_t i = 1; i < recipes->loop.count; i++) {
		char *one = xasprintf("%.*s%s%s", (int)(dollar - word), word,
			recipes->loop.items[i], behind + has_brace);

		take(recipes, one);
		free(one);
	}
}

void recipe_file_lose(struct recipes *recipes, const char *word)
{
	bool is_found = strcmp(word, "{}") == 0 || strncmp(word, "$(find ", 7) == 0 ||
		strncmp(word, "`find ", 6) == 0;

	if (is_found && recipes->is_found_elsewhere)
		return;
	for (size_t i = 0; is_found && i < recipes->found.count; i++) {
		char *name = xasprintf("$/%s", recipes->found.items[i]);

		named_lose(recipes, name);
		free(name);
	}
	if (!is_found || recipes->found.count == 0)
		word_each(recipes, word, name_lose);
}
