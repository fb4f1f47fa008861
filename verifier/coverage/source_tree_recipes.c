/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/rules_line.h"
#include "verifier/coverage/shell_words.h"
#include "verifier/coverage/source_tree_recipes.h"

/*
 * What the recipes of debian/rules make of upstream's texts before the tests. Nothing is run, so a
 * text that one may write is not known: by patch, quilt, git, editors that write in place, what
 * copies and moves, and ">". The name of the file decides, since most of such commands are about
 * files that say nothing of tests; one that has no plain name may be any.
 */

#define RULES_MAX ((size_t)2000) /* among which it is asked who needs a target */
/* ---- commands ---- */

/* A letter among those behind one dash. */
static bool has_letter(const char *word, char letter)
{
	return word[0] == '-' && word[1] != '-' && strchr(word, letter);
}

/* sed -i, perl -pi -e: the files behind the script. */
static void editor_read(struct recipes *recipes, struct line line, bool is_perl)
{
	bool is_in_place = false, has_script = false, has_file = false;
	size_t i;

	for (i = 1; i < line.count; i++) {
		const char *word = line.words[i];

		if (strncmp(word, "--in-place", 10) == 0)
			is_in_place = true;
		if (strncmp(word, "--expression", 12) == 0 || strncmp(word, "--file", 6) == 0)
			has_script = true;
		if (word[0] != '-' || word[1] == '-' || strchr("MmI", word[1]))
			continue;
		is_in_place |= word[1] != 'e' && has_letter(word, 'i');
		has_script |= has_letter(word, 'e') || (!is_perl && has_letter(word, 'f'));
	}
	for (i = 1; is_in_place && i < line.count; i++) {
		const char *word = line.words[i];
		size_t len = strlen(word);

		if (word[0] == '-' && len > 1) {
			/* The script is the next word. */
			i += (word[1] != '-' && word[1] != 'i' && strchr("efE", word[len - 1]) &&
				     (word[len - 1] != 'E' || is_perl)) ||
				strcmp(word, "-ie") == 0 || strcmp(word, "--expression") == 0 ||
				strcmp(word, "--file") == 0;
			continue;
		}
		if (!has_script) {
			has_script = true;
			continue;
		}
		has_file = true;
		recipe_file_lose(recipes, word);
	}
	if (is_in_place && !has_file)
		recipe_file_lose(recipes, "{}");
}

/* Into a directory a file goes by its own name. */
static void target_lose(
	struct recipes *recipes, const char *target, const char *from, bool is_recursive)
{
	const struct source_tree *tree = recipes->builder->tree;
	size_t len = strlen(target);
	bool has_slash = len && target[len - 1] == '/';
	bool is_top = strcmp(target, ".") == 0 || strcmp(target, "./") == 0 ||
		strcmp(target, "/CURDIR") == 0 || strcmp(target, "/CURDIR/") == 0;
	const char *base = path_basename(from);
	char *whole;

	if (!has_slash && !is_top)
		recipe_file_lose(recipes, target);
	/* A directory comes with all that is in it. */
	if (recipe_is_directory(tree, from) || strcmp(base, ".") == 0 || *base == '\0' ||
		(is_recursive && strpbrk(base, "*?[")))
		base = "$";
	whole = is_top ? xstrdup(base) : xasprintf("%s%s%s", target, has_slash ? "" : "/", base);
	if (is_top || has_slash || !recipe_is_known_text(target, len) ||
		recipe_is_directory(tree, target))
		recipe_file_lose(recipes, whole);
	if (is_recursive && recipe_is_directory(tree, whole)) {
		char *below = xasprintf("%s/$", whole);

		recipe_file_lose(recipes, below);
		free(below);
	}
	free(whole);
}

/* Nothing was made yet: what is not there cannot be copied. */
static bool is_missing(const struct recipes *recipes, const char *name)
{
	const struct source_tree *tree = recipes->builder->tree;

	return !recipes->directory && recipe_is_known_text(name, strlen(name)) &&
		!strpbrk(name, "*?[") && recipe_tree_name(name) == name &&
		path_is_contained(name) && !source_tree_find(tree, name) &&
		!recipe_is_directory(tree, name);
}

/* cp, mv, ln, install: FROM… TARGET, or -t TARGET FROM… */
static void copy_read(struct recipes *recipes, struct line line, bool is_move)
{
	bool is_install = strcmp(path_basename(line.words[0]), "install") == 0;
	struct text_list names = {0};
	char *target = NULL;
	bool is_recursive = is_move;

	for (size_t i = 1; i < line.count; i++) {
		const char *word = line.words[i];
		const char *next = i + 1 < line.count ? line.words[i + 1] : NULL;
		size_t len = strlen(word);

		is_recursive |= has_letter(word, 'r') || has_letter(word, 'R') ||
			has_letter(word, 'a') || strcmp(word, "--recursive") == 0 ||
			strcmp(word, "--archive") == 0;
		if (word[0] != '-' || len < 2) {
			text_list_add(&names, word);
		} else if (strncmp(word, "--target-directory=", 19) == 0) {
			target = xasprintf("%s/", word + 19);
		} else if (word[1] != '-' && word[len - 1] == 't' && next) {
			free(target);
			target = xasprintf("%s/", next);
			i++;
		} else if (is_install &&
			(strcmp(word, "-d") == 0 || strcmp(word, "--directory") == 0)) {
			text_list_release(&names);
			free(target);
			return;
		} else if (is_install && word[1] != '-' && strchr("mog", word[len - 1])) {
			i++;
		}
	}
	if (!target && names.count > 1)
		target = xstrdup(names.items[--names.count]), free(names.items[names.count]);
	for (size_t i = 0; target && i < names.count; i++) {
		if (recipes->is_first && is_missing(recipes, names.items[i]))
			continue;
		target_lose(recipes, target, names.items[i], is_recursive);
		if (is_move)
			recipe_file_lose(recipes, names.items[i]);
	}
	free(target);
	text_list_release(&names);
}

/* One of debian/patches, which was read as a patch that may be applied with -p1. */
static bool is_read_patch(const struct recipes *recipes, const char *name)
{
	const struct tree_file *file;

	name = recipe_tree_name(name);
	file = name && !recipes->directory ? source_tree_find(recipes->builder->tree, name) : NULL;
	return file && file->is_patch;
}

static void patch_command(
	struct recipes *recipes, struct line line, const struct shell_command *command)
{
	const char *input = command->inputs.count == 1 ? command->inputs.items[0] : NULL;
	bool is_level_one = false, is_elsewhere = false, has_file = false;

	for (size_t i = 1; i < line.count; i++) {
		const char *word = line.words[i];
		size_t len = strlen(word);

		if (strcmp(word, "--dry-run") == 0)
			return;
		if (word[0] != '-') {
			/* ORIGINAL [PATCH] */
			if (!has_file)
				recipe_file_lose(recipes, word);
			has_file = true;
		} else if (strcmp(word, "-i") == 0 && i + 1 < line.count)
			input = line.words[++i];
		else if (strncmp(word, "--input=", 8) == 0)
			input = word + 8;
		else if (len > 2 && word[1] != '-' && strcmp(word + len - 2, "p1") == 0)
			is_level_one = true;
		else if (word[1] == 'd' || strncmp(word, "--dir", 5) == 0)
			is_elsewhere = true;
	}
	if (has_file && !is_elsewhere)
		return;
	if (!is_level_one || is_elsewhere || !input || !is_read_patch(recipes, input))
		recipe_any_lose(recipes);
}

/* The series of a package that dpkg-source does not apply is taken as applied by quilt. */
static void quilt_command(struct recipes *recipes, struct line line)
{
	const struct source_tree *tree = recipes->builder->tree;
	const struct tree_file *rules = source_tree_find(tree, "debian/rules");
	char *patches = makefile_value(&recipes->makefile, "QUILT_PATCHES", NULL);
	bool is_own = tree->format && strcmp(tree->format, "3.0 (quilt)") != 0 &&
		!strstr(rules->text, "QUILT_SERIES") &&
		(patches[0] == '\0' || strcmp(patches, "debian/patches") == 0);
	size_t at = 1;

	while (at < line.count && line.words[at][0] == '-')
		at += 1 + (strcmp(line.words[at], "--quiltrc") == 0);
	if (at < line.count &&
		(strcmp(line.words[at], "import") == 0 || strcmp(line.words[at], "fold") == 0 ||
			(strcmp(line.words[at], "push") == 0 && !is_own)))
		recipe_any_lose(recipes);
	free(patches);
}

static void words_read(
	struct recipes *recipes, struct line line, const struct shell_command *command);

static bool is_of_packaging(const char *name)
{
	name = recipe_tree_name(name);
	return name && strncmp(name, "debian/", 7) == 0 && !strstr(name, "..");
}

/* find … -name NAME … -exec COMMAND */
static void find_read(
	struct recipes *recipes, struct line line, const struct shell_command *command)
{
	bool is_negated = false;

	text_list_release(&recipes->found);
	recipes->is_found_elsewhere = line.count > 1 && is_of_packaging(line.words[1]);
	for (size_t i = 1; i < line.count && !strchr("-(!\\", line.words[i][0]); i++)
		recipes->is_found_elsewhere &= is_of_packaging(line.words[i]);
	for (size_t i = 1; i + 1 < line.count; i++) {
		const char *word = line.words[i];

		is_negated |= strcmp(word, "!") == 0 || strcmp(word, "-not") == 0;
		if (strcmp(word, "-name") == 0)
			text_list_add(&recipes->found, line.words[i + 1]);
		if (is_negated)
			text_list_release(&recipes->found);
		if (strncmp(word, "-exec", 5) == 0 || strncmp(word, "-ok", 3) == 0) {
			words_read(recipes, line_from(line, i + 1), command);
			return;
		}
	}
}

static void words_read(
	struct recipes *recipes, struct line line, const struct shell_command *command)
{
	const char *name;

	line = line_unwrap(line);
	if (line.count == 0)
		return;
	name = recipes->command = path_basename(line.words[0]);
	if (strcmp(name, "sed") == 0 || strcmp(name, "gsed") == 0)
		editor_read(recipes, line, false);
	else if (strncmp(name, "perl", 4) == 0)
		editor_read(recipes, line, true);
	else if (strcmp(name, "cp") == 0 || strcmp(name, "install") == 0 || strcmp(name, "ln") == 0)
		copy_read(recipes, line, false);
	else if (strcmp(name, "mv") == 0)
		copy_read(recipes, line, true);
	else if (strcmp(name, "patch") == 0)
		patch_command(recipes, line, command);
	else if (strcmp(name, "quilt") == 0)
		quilt_command(recipes, line);
	else if (strcmp(name, "git") == 0 && line.count > 1 &&
		(strcmp(line.words[1], "apply") == 0 || strcmp(line.words[1], "am") == 0))
		recipe_any_lose(recipes);
	else if (strcmp(name, "ed") == 0 || strcmp(name, "ex") == 0 || strcmp(name, "tee") == 0)
		for (size_t i = 1; i < line.count; i++)
			recipe_file_lose(recipes, line.words[i]);
}

static void command_take(void *context, const struct shell_command *command)
{
	struct recipes *recipes = context;
	struct line line = {command->words.items, command->words.count};
	bool is_find = strcmp(path_basename(line.words[0]), "find") == 0;

	recipes->command = line.words[0];
	for (size_t i = 0; i < command->outputs.count; i++)
		recipe_file_lose(recipes, command->outputs.items[i]);
	if (strcmp(line.words[0], "cd") == 0 && line.count > 1) {
		const char *way = recipe_tree_name(line.words[1]);

		free(recipes->directory);
		recipes->directory = way ? xstrdup(way) : NULL;
	} else if (strcmp(line.words[0], "for") == 0 && line.count > 2) {
		text_list_release(&recipes->loop);
		text_list_add(&recipes->loop, line.words[1]);
		for (size_t i = 3; i < line.count; i++)
			text_list_add(&recipes->loop, line.words[i]);
	} else if (is_find) {
		find_read(recipes, line, command);
	} else {
		words_read(recipes, line, command);
		text_list_release(&recipes->found);
		recipes->is_found_elsewhere = false;
	}
}

/* ---- which recipes ---- */

/* Steps of debhelper behind that of the tests (dh(1)); of others nothing is known. */
static bool is_late_step(const char *step)
{
	static const char *const late[] = {"dh_testroot", "dh_prep", "dh_auto_install",
		"dh_install", "dh_lintian", "dh_fixperms", "dh_strip", "dh_compress", "dh_link",
		"dh_missing", "dh_shlibdeps", "dh_makeshlibs", "dh_gencontrol", "dh_md5sums",
		"dh_builddeb", "dh_perl", "dh_python", "dh_usrlocal", "dh_ucf", "dh_icons",
		"dh_bugfiles", "dh_dwz", "dh_girepository", "dh_sphinxdoc", "dh_systemd"};

	for (size_t i = 0; i < ARRAY_SIZE(late); i++)
		if (strncmp(step, late[i], strlen(late[i])) == 0)
			return true;
	return false;
}

static bool is_late(const char *target)
{
	static const char *const hooks[] = {"override_", "execute_before_", "execute_after_"};

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (strncmp(target, hooks[i], strlen(hooks[i])) == 0)
			return is_late_step(target + strlen(hooks[i])) ||
				(i == 2 && strcmp(target + strlen(hooks[i]), "dh_auto_test") == 0);
	return strncmp(target, "install", 7) == 0 || strncmp(target, "binary", 6) == 0 ||
		strcmp(target, "get-orig-source") == 0;
}

static bool mentions_tests(const struct makefile_rule *rule)
{
	static const char *const words[] = {
		" check", " test", "dh_auto_test", "pytest", "ctest", "unittest", "/test"};

	for (size_t i = 0; i < rule->line_count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(words); j++)
			if (strstr(rule->lines[i].text, words[j]))
				return true;
	return false;
}

static void rule_read(struct recipes *recipes, const struct makefile_rule *rule)
{
	const char *target = rule->targets.count ? rule->targets.items[0] : NULL;

	recipes->is_first = target && (strcmp(target, "clean") == 0 || strstr(target, "_clean"));

	for (size_t i = 0; i < rule->line_count; i++) {
		struct buffer expanded = {0};
		const char *at;

		makefile_expand(&recipes->makefile, rule->lines[i].text, target, &expanded);
		at = buffer_text(&expanded);
		recipes->line = rule->lines[i].line;
		shell_commands_each(at + strspn(at, "@-+ \t"), command_take, recipes);
		buffer_release(&expanded);
		if (!recipes->makefile.is_oneshell) {
			free(recipes->directory);
			recipes->directory = NULL;
		}
		text_list_release(&recipes->loop);
		text_list_release(&recipes->found);
	}
}

/* What is built with, and what debhelper calls (Debian policy 4.9, dh(1)). */
static bool is_root(const char *target)
{
	static const char *const begins[] = {
		"build", "clean", "binary", "override_dh_", "execute_before_", "execute_after_"};

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (strncmp(target, begins[i], strlen(begins[i])) == 0)
			return true;
	return strchr(target, '%') || !makefile_is_known(target);
}

/* Whether another rule needs it, or names it at all in what it runs. */
static bool is_named(const struct makefile *makefile, const char *target)
{
	for (size_t i = 0; i < makefile->rule_count; i++) {
		const struct makefile_rule *rule = &makefile->rules[i];
		bool is_own = text_list_contains(&rule->targets, target);

		for (size_t j = 0; j < rule->prerequisites.count && !is_own; j++)
			if (!text_list_contains(&rule->targets, ".PHONY") &&
				(strcmp(rule->prerequisites.items[j], target) == 0 ||
					strpbrk(rule->prerequisites.items[j], "%\1")))
				return true;
		for (size_t j = 0; j < rule->line_count && !is_own; j++) {
			const char *text = rule->lines[j].text;
			const char *own = strstr(text, "debian/rules");

			/* make -f debian/rules $(TARGET) */
			if (strstr(text, target) || (own && strchr(own, '$')))
				return true;
		}
	}
	return false;
}

/* A target that only people call, as "update-patches", is none of a build. */
static bool is_built(const struct makefile *makefile, const struct makefile_rule *rule)
{
	if (makefile->rule_count > RULES_MAX)
		return true;
	for (size_t i = 0; i < rule->targets.count; i++)
		if (is_root(rule->targets.items[i]) || is_named(makefile, rule->targets.items[i]))
			return true;
	return rule->targets.count == 0;
}

static const char *find_text(void *context, const char *path, size_t *len)
{
	const struct tree_file *file = source_tree_find(context, path);

	*len = file && file->text && !file->is_cut ? file->len : 0;
	return file && !file->is_cut ? file->text : NULL;
}

void recipes_apply(struct tree_builder *builder)
{
	struct source_tree *tree = builder->tree;
	const struct tree_file *rules = source_tree_find(tree, "debian/rules");
	struct recipes recipes = {.builder = builder};
	struct makefile_given given = {.find = find_text, .context = tree};
	bool has_late_tests = false;

	if (!rules || !rules->text)
		return;
	makefile_read(&recipes.makefile, &given, "debian/rules", rules->text, rules->len);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < recipes.makefile.rule_count; i++) {
			const struct makefile_rule *rule = &recipes.makefile.rules[i];
			bool is_behind = rule->targets.count > 0;

			for (size_t j = 0; j < rule->targets.count; j++)
				is_behind &= is_late(rule->targets.items[j]);
			if (pass == 0)
				has_late_tests |= is_behind && mentions_tests(rule) &&
					strncmp(rule->targets.items[0], "get-", 4) != 0;
			else if ((!is_behind || has_late_tests) &&
				is_built(&recipes.makefile, rule))
				rule_read(&recipes, rule);
		}
	free(recipes.directory);
	makefile_release(&recipes.makefile);
}
