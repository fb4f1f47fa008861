/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

/*
 * What a target of upstream's makefiles comes to. Those that automake makes are judged by
 * Makefile.am; others are read as make text, without being sure of a thing that configure fills in.
 */
enum {
	RECURSION = 8,
	EFFECTS = 500
};

static char *in_directory(const char *directory, const char *name)
{
	return xasprintf("%s%s%s", directory, directory[0] != '\0' ? "/" : "", name);
}

static bool has_directory(const struct rules *rules, const char *directory)
{
	size_t first, end;

	source_tree_below(rules->tree, directory, &first, &end);
	return first < end;
}

/* A build directory is not in the source: what stands below it mirrors the top. */
static const char *mirrored(const struct rules *rules, const char *directory)
{
	while (directory[0] != '\0' && !has_directory(rules, directory)) {
		const char *slash = strchr(directory, '/');

		directory = slash != NULL ? slash + 1 : "";
	}
	return directory;
}

struct plain {
	struct rules *rules;
	struct makefile makefile;
	const char *directory;
	bool is_elsewhere;     /* behind a `cd` into what is not known */
	const char *target;    /* whose recipe is read */
	struct text_list loop; /* the words that its loops go over */
	unsigned depth;
};

static enum effect target_effect(struct plain *plain, const char *target);

static const char *find_beside(void *context, const char *path, size_t *len)
{
	struct plain *plain = context;
	const char *directory = plain->directory, *text;
	size_t keep = strlen(directory);
	char *whole;

	while (strncmp(path, "../", 3) == 0 && keep > 0) {
		path += 3;
		while (keep > 0 && directory[keep - 1] != '/')
			keep--;
		keep -= keep > 0;
	}
	whole = xasprintf("%.*s%s%s", (int)keep, directory, keep > 0 ? "/" : "", path);
	text = rules_text(plain->rules, whole);
	free(whole);
	*len = text != NULL ? strlen(text) : 0;
	return text;
}

static enum effect better(enum effect a, enum effect b)
{
	return a > b ? a : b;
}

/* Commands that look at the source, and run nothing of what is built. */
static bool is_linter(const char *name)
{
	static const char *const names[] = {"appstream-util", "appstreamcli", "black",
		"checkbashisms", "checkpatch.pl", "clang-format", "clang-tidy", "codespell",
		"cppcheck", "desktop-file-validate", "eslint", "flake8", "indent", "isort",
		"jshint", "lintian", "markdownlint", "msgfmt", "mypy", "perlcritic", "podchecker",
		"pycodestyle", "pyflakes", "pylint", "reuse", "rubocop", "ruff", "shellcheck",
		"sparse", "splint", "xmllint", "yamllint"};

	return rules_is_one_of(name, names, ARRAY_SIZE(names));
}

/* Commands that compile, write or say something, and test nothing. */
static bool is_preparing(const char *name)
{
	static const char *const names[] = {"echo", "printf", "true", ":", "test", "[", "cd",
		"mkdir", "rm", "touch", "cp", "mv", "ln", "exit", "cc", "gcc", "g++", "c++",
		"clang", "ar", "ranlib", "ld", "cat", "set", "chmod", "install", "export", "sed",
		"sleep", "rmdir", "false", "libtool", "strip", "objcopy", "tar", "gzip"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	/* What configure fills in: of programs, nearly always a compiler or a shell. */
	if (name[0] == '@')
		return strstr(name, "SHELL") == NULL && strstr(name, "PERL") == NULL &&
			strstr(name, "PYTHON") == NULL;
	return name[0] == '-' || name[0] == '\0';
}

/* In a folder of tests all that is made may be a test. */
static bool is_test_directory(const char *directory)
{
	const char *slash = strrchr(directory, '/'), *name = slash != NULL ? slash + 1 : directory;

	return strncmp(name, "test", 4) == 0;
}

/*
 * `for d in $(SUBDIRS); do (cd $$d && $(MAKE) $$target)`: what it comes to in those that are known.
 * A target that is not is that of the recipe, "check-recursive".
 */
static enum effect loop_effect(struct plain *plain, const char *word)
{
	const char *end = strstr(plain->target, "-recursive");
	char *target = strpbrk(word, "$\1") == NULL ? xstrdup(word)
		: end != NULL ? xstrndup(plain->target, (size_t)(end - plain->target))
			      : xstrdup(plain->target);
	enum effect effect = EFFECT_UNKNOWN;

	for (size_t i = 0; i < plain->loop.count && plain->depth < RECURSION; i++) {
		const char *name = plain->loop.items[i];
		char *directory = in_directory(plain->directory, name);

		if (strpbrk(name, "$\1@") == NULL && strcmp(name, ".") != 0 &&
			rules_has_makefile_in(plain->rules, directory))
			effect = better(effect, rules_make_effect(plain->rules, directory, target));
		free(directory);
	}
	free(target);
	return effect;
}

static enum effect submake_effect(struct plain *plain, const struct text_list *words, size_t at)
{
	enum effect effect = EFFECT_MISSING;
	char *directory = xstrdup(plain->directory);

	for (at++; at < words->count; at++) {
		const char *word = words->items[at];

		if (strcmp(word, "-C") == 0 && at + 1 < words->count) {
			free(directory);
			directory = in_directory(plain->directory, words->items[++at]);
		} else if (rules_is_test_target(word) ||
			(word[0] != '-' && strchr(word, '=') == NULL &&
				strpbrk(word, "$\1") == NULL &&
				strcmp(directory, plain->directory) != 0 &&
				is_test_directory(directory))) {
			if (plain->is_elsewhere || strpbrk(directory, "$\1@") != NULL)
				effect = better(effect, loop_effect(plain, word));
			else if (strcmp(directory, plain->directory) == 0)
				effect = better(effect, target_effect(plain, word));
			else if (plain->depth < RECURSION && has_directory(plain->rules, directory))
				effect = better(
					effect, rules_make_effect(plain->rules, directory, word));
			else
				effect = better(effect, EFFECT_UNKNOWN);
		} else if (strpbrk(word, "$\1") != NULL && word[0] != '-' &&
			strchr(word, '=') == NULL) {
			effect = better(effect, loop_effect(plain, word));
		}
	}
	/* `$(MAKE) -C tests` makes what is first there. */
	if (effect == EFFECT_MISSING && is_test_directory(directory) &&
		strcmp(directory, plain->directory) != 0 &&
		has_directory(plain->rules, directory)) {
		static const char *const names[] = {"all", "test", "check"};

		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			effect = better(
				effect, rules_make_effect(plain->rules, directory, names[i]));
		if (effect == EFFECT_RUNS &&
			rules_make_effect(plain->rules, directory, "all") != EFFECT_RUNS)
			effect = EFFECT_UNKNOWN;
	}
	free(directory);
	return effect == EFFECT_MISSING ? EFFECT_NOTHING : effect;
}

static enum effect words_effect(struct plain *plain, const struct text_list *words)
{
	size_t at = 0;
	const char *name, *slash;

	while (at < words->count && strchr(words->items[at], '=') != NULL)
		at++;
	if (at == words->count)
		return EFFECT_NOTHING;
	name = words->items[at];
	slash = strrchr(name, '/');
	if (slash != NULL)
		name = slash + 1;
	if (strcmp(name, "cd") == 0 && at + 1 < words->count)
		plain->is_elsewhere =
			plain->is_elsewhere || strpbrk(words->items[at + 1], "$\1@") != NULL;
	if (strcmp(name, "make") == 0 || strcmp(name, "gmake") == 0)
		return submake_effect(plain, words, at);
	if (is_preparing(name) || is_linter(name))
		return EFFECT_NOTHING;
	return strchr(words->items[at], '\1') != NULL || name[0] == '$' ? EFFECT_UNKNOWN
									: EFFECT_RUNS;
}

/* The words of `for x in …`, and of list='…' that it may name. */
static void find_loops(struct plain *plain, const struct shell *shell)
{
	text_list_release(&plain->loop);
	for (size_t i = 0; i < shell->count; i++) {
		const struct text_list *words = &shell->nodes[i].words;

		if (shell->nodes[i].kind == SHELL_FOR) {
			for (size_t j = 0; j < words->count; j++)
				text_list_add(&plain->loop, words->items[j]);
		} else if (shell->nodes[i].kind == SHELL_COMMAND && words->count == 1 &&
			strncmp(words->items[0], "list=", 5) == 0) {
			const char *at = words->items[0] + 5;

			for (size_t len; *at != '\0'; at += len) {
				at += strspn(at, " \t\n");
				len = strcspn(at, " \t\n");
				if (len > 0)
					text_list_addn(&plain->loop, at, len);
			}
		}
	}
}

static enum effect recipe_effect(struct plain *plain, const char *recipe, const char *target)
{
	struct buffer expanded = {0};
	struct shell shell = {0};
	enum effect effect = EFFECT_NOTHING;
	const char *at;

	makefile_expand(&plain->makefile, recipe, target, &expanded);
	at = buffer_text(&expanded);
	at += strspn(at, "@-+ \t");
	plain->is_elsewhere = false;
	plain->target = target;
	/* What is all variables that are set nowhere may be filled in by configure. */
	if (!shell_parse(&shell, at) || (*at == '\0' && strchr(recipe, '$') != NULL))
		effect = EFFECT_UNKNOWN;
	find_loops(plain, &shell);
	for (size_t i = 0; i < shell.count; i++) {
		if (shell.nodes[i].kind == SHELL_COMMAND)
			effect = better(effect, words_effect(plain, &shell.nodes[i].words));
	}
	shell_release(&shell);
	buffer_release(&expanded);
	return effect;
}

static bool is_for_building(const char *name)
{
	static const char *const names[] = {"all", "build", "FORCE", "force", "config", "prep",
		"depend", "lib", "libs", "tools", "default"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return strchr(name, '.') != NULL;
}

static enum effect rule_effect(
	struct plain *plain, const struct makefile_rule *rule, const char *target)
{
	enum effect effect = EFFECT_NOTHING;

	for (size_t i = 0; i < rule->line_count; i++)
		effect = better(effect, recipe_effect(plain, rule->lines[i].text, target));
	for (size_t i = 0; i < rule->prerequisites.count && effect < EFFECT_RUNS; i++) {
		const char *name = rule->prerequisites.items[i];
		enum effect one;

		if (!makefile_is_known(name))
			effect = better(effect, EFFECT_UNKNOWN);
		if (strcmp(name, target) == 0 ||
			(is_for_building(name) && !is_test_directory(plain->directory)))
			continue;
		one = target_effect(plain, name);
		if (one == EFFECT_RUNS && !rules_is_test_target(name) &&
			!rules_is_test_path(name) && strncmp(name, "test", 4) != 0 &&
			strncmp(name, "check", 5) != 0 && !is_test_directory(plain->directory))
			one = EFFECT_UNKNOWN;
		effect = better(effect, one == EFFECT_MISSING ? EFFECT_NOTHING : one);
	}
	return effect;
}

static enum effect target_effect(struct plain *plain, const char *target)
{
	const struct makefile_rule *rule = NULL;
	enum effect effect = EFFECT_MISSING;

	if (plain->depth >= RECURSION)
		return EFFECT_UNKNOWN;
	plain->depth++;
	for (size_t i = 0; i < plain->makefile.rule_count; i++) {
		rule = &plain->makefile.rules[i];
		if (text_list_contains(&rule->targets, target))
			effect = better(effect, rule_effect(plain, rule, target));
	}
	plain->depth--;
	return effect;
}

static bool has_unread_include(const struct makefile *makefile)
{
	for (size_t i = 0; i < makefile->include_count; i++) {
		if (!makefile->includes[i].was_read)
			return true;
	}
	return makefile->trouble != NULL;
}

enum effect rules_text_effect(struct rules *rules, const char *directory, const char *path,
	const char *text, const char *target)
{
	struct plain plain = {.rules = rules, .directory = directory};
	struct makefile_given given = {.find = find_beside, .context = &plain};
	enum effect effect;

	makefile_read(&plain.makefile, &given, path, text, strlen(text));
	effect = target_effect(&plain, target);
	if (effect == EFFECT_MISSING && has_unread_include(&plain.makefile))
		effect = EFFECT_UNKNOWN;
	makefile_release(&plain.makefile);
	text_list_release(&plain.loop);
	return effect;
}

static enum effect file_effect(
	struct rules *rules, const char *directory, const char *path, const char *target)
{
	const struct tree_file *file = rules_file(rules, path);

	if (file->text == NULL || file->is_cut)
		return EFFECT_UNKNOWN;
	if (strstr(file->text, "generated by automake") != NULL)
		return strcmp(target, "check") == 0
			? rules_generated_effect(rules, directory, path, file->text)
			: EFFECT_MISSING;
	return rules_text_effect(rules, directory, path, file->text, target);
}

/* What OpenSSL's own configure makes its makefile from, with Perl between "{-" and "-}". */
static const char openssl_template[] = "Configurations/unix-Makefile.tmpl";

static enum effect template_effect(struct rules *rules, const char *target)
{
	const char *text = rules_text(rules, openssl_template);
	struct buffer plain = {0};
	enum effect effect;

	while (text != NULL && *text != '\0') {
		const char *open = strstr(text, "{-"),
			   *close = open != NULL ? strstr(open, "-}") : NULL;

		const char *name = open != NULL ? strstr(open, "dependmagic('") : NULL;

		buffer_add(&plain, text, open != NULL ? (size_t)(open - text) : strlen(text));
		/* It writes the name of a target. */
		if (name != NULL && close != NULL && name < close)
			buffer_add(&plain, name + 13, strcspn(name + 13, "'"));
		text = close != NULL ? close + 2 : NULL;
	}
	effect = plain.len > 0
		? rules_text_effect(rules, "", openssl_template, buffer_text(&plain), target)
		: EFFECT_UNKNOWN;
	buffer_release(&plain);
	return effect;
}

static enum effect directory_effect(struct rules *rules, const char *directory, const char *target)
{
	static const char *const names[] = {"Makefile.am", "Makefile.in", "GNUmakefile", "makefile",
		"Makefile", "Makefile.dist"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = in_directory(directory, names[i]);
		enum effect effect = EFFECT_MISSING;
		bool has = rules_has(rules, path);

		if (has)
			effect = i == 0 ? rules_automake_effect(rules, directory, target)
					: file_effect(rules, directory, path, target);
		free(path);
		if (has)
			return effect;
	}
	if (directory[0] == '\0' && rules_has(rules, openssl_template))
		return template_effect(rules, target);
	if (rules_has(rules, "CMakeLists.txt"))
		return strcmp(target, "test") == 0 || strcmp(target, "check") == 0
			? rules_cmake_effect(rules, directory)
			: EFFECT_UNKNOWN;
	return EFFECT_UNKNOWN;
}

/* One makefile is asked of many times, and may be large. */
static bool is_remembered(const struct rules *rules, const char *key, enum effect *effect)
{
	for (size_t i = 0; i < rules->effects.count; i++) {
		const char *item = rules->effects.items[i];

		if (strcmp(item + 1, key) != 0)
			continue;
		*effect = (enum effect)(item[0] - '0');
		return true;
	}
	return false;
}

enum effect rules_make_effect(struct rules *rules, const char *directory, const char *target)
{
	enum effect effect;
	char *key;

	if (rules->effect_depth >= RECURSION || rules->effects.count >= EFFECTS)
		return EFFECT_UNKNOWN;
	directory = mirrored(rules, directory);
	key = xasprintf("%s\t%s", target, directory);
	if (!is_remembered(rules, key, &effect)) {
		char *item;

		rules->effect_depth++;
		effect = directory_effect(rules, directory, target);
		rules->effect_depth--;
		item = xasprintf("%d%s", (int)effect, key);
		text_list_add(&rules->effects, item);
		free(item);
	}
	free(key);
	return effect;
}

bool rules_has_makefile_in(const struct rules *rules, const char *directory)
{
	static const char *const names[] = {
		"Makefile.am", "Makefile.in", "GNUmakefile", "makefile", "Makefile"};
	bool has = false;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !has; i++) {
		char *path = in_directory(directory, names[i]);

		has = rules_has(rules, path);
		free(path);
	}
	return has;
}

bool rules_make_is_whole(struct rules *rules, const struct text_list *targets)
{
	static const char *const names[] = {"Makefile.in", "GNUmakefile", "makefile", "Makefile"};
	struct makefile makefile = {0};
	const struct makefile_rule *rule = NULL;
	const char *text = NULL;
	bool is_whole = true;

	for (size_t i = 0; i < ARRAY_SIZE(names) && text == NULL; i++)
		text = rules_text(rules, names[i]);
	if (text == NULL)
		return false;
	makefile_read(&makefile, &(struct makefile_given){0}, "Makefile", text, strlen(text));
	rule = makefile_rule_of(&makefile, "check", NULL);
	if (rule == NULL || rule->line_count > 0 || rule->prerequisites.count == 0)
		is_whole = false;
	for (size_t i = 0; rule != NULL && i < rule->prerequisites.count; i++)
		is_whole = is_whole && text_list_contains(targets, rule->prerequisites.items[i]);
	makefile_release(&makefile);
	return is_whole;
}
