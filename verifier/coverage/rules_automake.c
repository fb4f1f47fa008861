/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/rules_automake.h"

/*
 * What `make check` comes to in a directory whose makefile automake makes: TESTS and the hooks of
 * Makefile.am, what that includes, and the directories of SUBDIRS, with the conditions around
 * them. What is in no SUBDIRS is not gone into, by make as little as here.
 */
enum {
	NESTING = 24,
	DIRECTORIES = 500,
	WORDS_MAX = 100000,
	ASSIGNMENTS_MAX = 20000
};

/* One `NAME = words` or `NAME += words`. */
struct assignment {
	char *name, *value;
	enum effect effect; /* of the conditions around it */
};

/* One Makefile.am with what it includes. */
struct automake {
	struct rules *rules;
	const char *directory;
	struct gates gates;
	struct assignment *assignments;
	size_t count, capacity;
	struct text_list included;
	unsigned nesting;
	const char *target;
	enum effect effect; /* of hooks and DejaGnu */
	bool has_unknown;   /* something was not read */
	struct text_list *entered;
	unsigned depth; /* of directories */
};

static enum effect enter(const struct automake *outer, const char *directory);

static bool starts(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static void assign(struct automake *automake, const char *name, size_t len, const char *value)
{
	if (automake->count == ASSIGNMENTS_MAX) {
		automake->has_unknown = true;
		return;
	}
	ARRAY_GROW(automake->assignments, automake->count, automake->capacity);
	automake->assignments[automake->count++] = (struct assignment){
		.name = xstrndup(name, len),
		.value = xstrdup(value),
		.effect = gates_effect(&automake->gates),
	};
}

/* "NAME = value"; false for another line. */
static bool read_assignment(struct automake *automake, const char *line)
{
	size_t len = 0;
	const char *at;

	while (isalnum((unsigned char)line[len]) || line[len] == '_')
		len++;
	at = line + len + strspn(line + len, " \t");
	at += *at == '+' || *at == ':' || *at == '?';
	if (len == 0 || *at != '=')
		return false;
	assign(automake, line, len, at + 1);
	return true;
}

/* ---- what words come to ---- */

/* Gives each word of a value, with variables expanded, to `take`; false: not all are known. */
struct words {
	struct automake *automake;
	void (*take)(struct words *words, const char *word, enum effect effect);
	enum effect effect; /* the best of what was taken */
	bool has_unknown;
	unsigned depth;
	size_t steps; /* variables may name each other again and again */
};

static void words_of(struct words *words, const char *value, enum effect effect);

/* "$(NAME)", "$(NAME:.c=.o)", "${NAME}": the variable that a word is, whole; NULL for none. */
static char *variable_of(const char *word)
{
	size_t len = strlen(word), name = 0;

	if (len < 4 || word[0] != '$' || (word[1] != '(' && word[1] != '{') ||
		(word[len - 1] != ')' && word[len - 1] != '}'))
		return NULL;
	while (isalnum((unsigned char)word[2 + name]) || word[2 + name] == '_')
		name++;
	if (name == 0 || (2 + name != len - 1 && word[2 + name] != ':'))
		return NULL;
	return xstrndup(word + 2, name);
}

static void variable_words(struct words *words, const char *name, enum effect effect)
{
	struct automake *automake = words->automake;
	bool is_set = false;

	for (size_t i = 0; i < automake->count && words->depth < 16; i++) {
		const struct assignment *one = &automake->assignments[i];

		if (strcmp(one->name, name) != 0)
			continue;
		is_set = true;
		words->depth++;
		words_of(words, one->value, effect_both(effect, one->effect));
		words->depth--;
	}
	/* configure may fill it in. */
	words->has_unknown |= !is_set && effect > EFFECT_NOTHING;
}

static void words_of(struct words *words, const char *value, enum effect effect)
{
	while (*value != '\0') {
		size_t len = 0, depth = 0;
		char *word, *name;

		if (words->steps++ >= WORDS_MAX) {
			words->has_unknown = true;
			return;
		}

		value += strspn(value, " \t");
		for (; value[len] != '\0' && (depth > 0 || !strchr(" \t", value[len])); len++) {
			depth += value[len] == '(';
			depth -= value[len] == ')' && depth > 0;
		}
		if (len == 0)
			return;
		word = xstrndup(value, len);
		name = variable_of(word);
		if (name != NULL)
			variable_words(words, name, effect);
		else if (word[0] == '$' && strpbrk(word, " \t") != NULL)
			words->has_unknown |= effect > EFFECT_NOTHING; /* $(shell …) */
		else
			words->take(words, word, effect);
		free(name);
		free(word);
		value += len;
	}
}

/* A test's name; one that configure gives may be empty. */
static void take_test(struct words *words, const char *word, enum effect effect)
{
	if (word[0] == '@')
		effect = effect_both(effect, EFFECT_UNKNOWN);
	words->effect = effect_either(words->effect, effect);
}

static void take_directory(struct words *words, const char *word, enum effect effect)
{
	char *below;

	if (effect <= EFFECT_NOTHING || strcmp(word, ".") == 0)
		return;
	below = xasprintf("%s%s%s/", words->automake->directory,
		words->automake->directory[0] != '\0' ? "/" : "", word);
	below[strlen(below) - 1] = '\0';
	if (strpbrk(word, "$@") != NULL)
		words->has_unknown = true;
	else
		words->effect = effect_either(
			words->effect, effect_both(effect, enter(words->automake, below)));
	free(below);
}

static struct words words_of_name(struct automake *automake, const char *name,
	void (*take)(struct words *words, const char *word, enum effect effect))
{
	struct words words = {.automake = automake, .take = take, .effect = EFFECT_MISSING};

	for (size_t i = 0; i < automake->count; i++) {
		if (strcmp(automake->assignments[i].name, name) == 0)
			words_of(&words, automake->assignments[i].value,
				automake->assignments[i].effect);
	}
	return words;
}

/* ---- lines ---- */

/* The hooks of `check` that a package writes itself (automake's manual, "Extending"). */
static const char *hook_of(const char *line, const char *target)
{
	static const char *const hooks[] = {"check-local", "check-am", "check-recursive"};
	const char *names[4] = {target};
	size_t count = 1;

	for (size_t i = 0; i < ARRAY_SIZE(hooks) && strcmp(target, "check") == 0; i++)
		names[count++] = hooks[i];
	for (size_t i = 0; i < count; i++) {
		const char *behind = line + strlen(names[i]);

		if (!starts(line, names[i]))
			continue;
		behind += strspn(behind, " \t");
		if (behind[0] == ':' && behind[1] != '=')
			return names[i];
	}
	return NULL;
}

static void read_hook(struct automake *automake, const struct tree_file *file, const char *hook)
{
	enum effect effect = effect_both(gates_effect(&automake->gates),
		rules_text_effect(
			automake->rules, automake->directory, file->path, file->text, hook));

	if (effect < EFFECT_NOTHING)
		effect = EFFECT_NOTHING;
	automake->effect = effect_either(automake->effect, effect);
}

/* Without the program `runtest` that step warns, and succeeds. */
static void read_dejagnu(struct automake *automake)
{
	enum effect effect = effect_both(
		gates_effect(&automake->gates), rules_framework(automake->rules, "dejagnu"));

	automake->effect = effect_either(automake->effect, effect);
}

static void read_am(struct automake *automake, const struct tree_file *file);

/* `include $(top_srcdir)/x.am`, `include tests/local.mk`, `include %D%/x.mk` */
static void read_include(struct automake *automake, const char *name, const struct tree_file *from)
{
	static const char *const here[] = {"$(srcdir)/", "%D%/", "%reldir%/", "./"};
	char *path = NULL, *text = xstrndup(name, strcspn(name, " \t#"));
	const char *at = text, *slash = strrchr(from->path, '/');
	const struct tree_file *file = NULL;

	if (starts(at, "$(top_srcdir)/")) {
		path = xstrdup(at + strlen("$(top_srcdir)/"));
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(here); i++) {
			if (!starts(at, here[i]))
				continue;
			at += strlen(here[i]);
			/* %D% is the directory of the file that says so. */
			if (here[i][0] == '%')
				path = xasprintf("%.*s%s",
					slash != NULL ? (int)(slash + 1 - from->path) : 0,
					from->path, at);
		}
		if (path == NULL)
			path = xasprintf("%s%s%s", automake->directory,
				automake->directory[0] != '\0' ? "/" : "", at);
	}
	file = rules_file(automake->rules, path);
	if (file != NULL && file->text != NULL && !file->is_cut)
		read_am(automake, file);
	else if (gates_effect(&automake->gates) > EFFECT_NOTHING)
		automake->has_unknown = true;
	free(path);
	free(text);
}

static void read_line(struct automake *automake, const struct tree_file *file, const char *line)
{
	const char *hook = hook_of(line, automake->target);

	if (starts(line, "if ")) {
		gates_if(&automake->gates, automake_condition(automake->rules, line + 3));
	} else if (starts(line, "else")) {
		gates_else(&automake->gates);
	} else if (starts(line, "endif")) {
		gates_endif(&automake->gates);
	} else if (starts(line, "include ") || starts(line, "-include ")) {
		read_include(automake, strchr(line, ' ') + 1, file);
	} else if (hook != NULL) {
		read_hook(automake, file, hook);
	} else if (read_assignment(automake, line) && strcmp(automake->target, "check") == 0) {
		const struct assignment *last = &automake->assignments[automake->count - 1];

		if (strcmp(last->name, "DEJATOOL") == 0 ||
			(strcmp(last->name, "AUTOMAKE_OPTIONS") == 0 &&
				strstr(last->value, "dejagnu") != NULL))
			read_dejagnu(automake);
	}
}

/* Line by line, those with a backslash at their end joined, without remarks. */
static void read_am(struct automake *automake, const struct tree_file *file)
{
	const char *text = file->text;
	size_t base = automake->gates.depth;
	struct buffer line = {0};

	if (automake->nesting >= NESTING || text_list_contains(&automake->included, file->path))
		return;
	text_list_add(&automake->included, file->path);
	automake->nesting++;
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		bool goes_on = len > 0 && text[len - 1] == '\\';
		const char *remark = *text == '\t' ? NULL : memchr(text, '#', len);
		size_t keep = remark != NULL ? (size_t)(remark - text) : len - goes_on;

		buffer_add(&line, text, keep);
		text += len + (text[len] == '\n');
		if (goes_on && *text != '\0') {
			buffer_add_char(&line, ' ');
			continue;
		}
		read_line(automake, file, buffer_text(&line));
		buffer_clear(&line);
	}
	while (automake->gates.depth > base)
		gates_endif(&automake->gates);
	automake->nesting--;
	buffer_release(&line);
}

/* ---- directories ---- */

static enum effect finish(struct automake *automake)
{
	enum effect effect = automake->effect;

	if (strcmp(automake->target, "check") == 0) {
		struct words tests = words_of_name(automake, "TESTS", take_test);
		struct words below = words_of_name(automake, "SUBDIRS", take_directory);

		effect = effect_either(effect, effect_either(tests.effect, below.effect));
		automake->has_unknown |= tests.has_unknown || below.has_unknown;
		/* The target is always there. */
		effect = effect_either(effect, EFFECT_NOTHING);
	}
	if (effect < EFFECT_UNKNOWN && automake->has_unknown)
		effect = EFFECT_UNKNOWN;
	for (size_t i = 0; i < automake->count; i++) {
		free(automake->assignments[i].name);
		free(automake->assignments[i].value);
	}
	free(automake->assignments);
	text_list_release(&automake->included);
	return effect;
}

static enum effect enter(const struct automake *outer, const char *directory)
{
	struct automake automake = {
		.rules = outer->rules,
		.directory = directory,
		.gates = GATES_NONE,
		.target = outer->target,
		.effect = EFFECT_MISSING,
		.entered = outer->entered,
		.depth = outer->depth + 1,
	};
	char *path = xasprintf("%s%sMakefile.am", directory, directory[0] != '\0' ? "/" : "");
	char *below = xasprintf("%s/", directory);
	const struct tree_file *file = rules_file(outer->rules, path);
	enum effect effect = EFFECT_NOTHING;

	if (automake.depth > NESTING || outer->entered->count >= DIRECTORIES) {
		effect = EFFECT_UNKNOWN;
	} else if (rules_is_foreign(below) || text_list_contains(outer->entered, directory)) {
		/* Tests of a copy of another project say nothing of this one. */
	} else if (file != NULL) {
		text_list_add(outer->entered, directory);
		if (file->text != NULL && !file->is_cut)
			read_am(&automake, file);
		else
			automake.has_unknown = true;
		effect = finish(&automake);
	} else if (directory[0] != '\0' && rules_has_makefile_in(outer->rules, directory)) {
		effect = rules_make_effect(outer->rules, directory, outer->target);
	}
	free(below);
	free(path);
	return effect;
}

enum effect rules_automake_effect(struct rules *rules, const char *directory, const char *target)
{
	struct text_list entered = {0};
	const struct automake outside = {.rules = rules, .target = target, .entered = &entered};
	enum effect effect = enter(&outside, directory);

	text_list_release(&entered);
	return effect;
}

/* The words of a variable of what automake made; NULL when it is not set. */
static bool is_given_words(const char *text, const char *name, unsigned depth, unsigned *steps)
{
	char *set = xasprintf("\n%s =", name);
	const char *at = text;
	bool has = false;

	while (depth < 8 && !has && *steps > 0 && (at = strstr(at, set)) != NULL) {
		--*steps;
		at += strlen(set);
		while (!has && at[strspn(at, " \t\\")] != '\n') {
			size_t len;
			char *word, *variable;

			at += strspn(at, " \t");
			if (at[0] == '\\' && at[1] == '\n') {
				at += 2;
				continue;
			}
			len = strcspn(at, " \t\n");
			if (len == 0)
				break;
			word = xstrndup(at, len);
			variable = variable_of(word);
			/* "$(am__EXEEXT_1)" is empty where its condition does not hold. */
			has = variable != NULL ? is_given_words(text, variable, depth + 1, steps)
					       : word[0] != '@' && word[0] != '$';
			free(variable);
			free(word);
			at += len;
		}
	}
	free(set);
	return has;
}

/* Of what automake made, without what it was made from. */
enum effect rules_generated_effect(
	struct rules *rules, const char *directory, const char *path, const char *text)
{
	enum effect hook;
	unsigned steps = 1000;

	/* A line of a condition begins with "@NAME_TRUE@", and so is none of these. */
	if (is_given_words(text, "TESTS", 0, &steps))
		return EFFECT_RUNS;
	hook = strstr(text, "\ncheck-local:") != NULL
		? rules_text_effect(rules, directory, path, text, "check-local")
		: EFFECT_NOTHING;
	if (hook > EFFECT_NOTHING)
		return hook;
	return strstr(text, "\nTESTS =") != NULL || strstr(text, "@TESTS") != NULL ||
			strstr(text, "\nSUBDIRS =") != NULL
		? EFFECT_UNKNOWN
		: EFFECT_NOTHING;
}
