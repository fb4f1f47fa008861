/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/rules_meson.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/meson_reader.h"

/*
 * The tests of Meson: test(), in the files that are come to from the top one, with the conditions
 * that they stand in.
 */
enum {
	NESTING = 24,
	ENTERED = 2000,
	NAMES_MAX = 20000
};

static void read_file(struct meson *meson, const char *directory);

const struct meson_variable *meson_variable(const struct meson *meson, const char *name, size_t len)
{
	for (size_t i = meson->variable_count; i > 0; i--) {
		const struct meson_variable *variable = &meson->variables[i - 1];

		if (strncmp(variable->name, name, len) == 0 && variable->name[len] == '\0')
			return variable;
	}
	return NULL;
}

/* What is between quotes, or up to a comma. */
static char *plain(const char *text)
{
	text += strspn(text, " \t['");
	return xstrndup(text, strcspn(text, "', ]\t\n"));
}

/* The default of an option, by its arguments (Meson's manual, Build options); NULL for none. */
static char *default_of(const char *arguments)
{
	char *value = meson_keyword(arguments, "value"), *type = meson_keyword(arguments, "type");
	char *choices = meson_keyword(arguments, "choices"), *text = NULL;

	if (value != NULL)
		text = plain(value);
	else if (type != NULL && strstr(type, "'feature'") != NULL)
		text = xstrdup("auto");
	else if (type != NULL && strstr(type, "'boolean'") != NULL)
		text = xstrdup("true");
	else if (choices != NULL)
		text = plain(choices);
	free(value);
	free(type);
	free(choices);
	return text;
}

/* The default of option('NAME', …) in a file of options; NULL for none. */
static char *written_default(const char *text, const char *name)
{
	struct buffer statement = {0};
	char *quoted = xasprintf("'%s'", name), *value = NULL;

	while (value == NULL && meson_next(&text, &statement)) {
		const char *at = buffer_text(&statement);

		if (strncmp(at, "option", 6) != 0)
			continue;
		at += 6 + strspn(at + 6, " (");
		if (strncmp(at, quoted, strlen(quoted)) == 0)
			value = default_of(at + strlen(quoted));
	}
	buffer_release(&statement);
	free(quoted);
	return value;
}

char *meson_option(const struct meson *meson, const char *name)
{
	static const char *const files[] = {"meson_options.txt", "meson.options"};
	const char *told = rules_told(meson->rules, name), *automatic;

	if (told != NULL)
		return strpbrk(told, "$\1") == NULL ? xstrdup(told) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path =
			xasprintf("%s%s%s", meson->top, meson->top[0] != '\0' ? "/" : "", files[i]);
		const char *text = rules_text(meson->rules, path);
		char *value = text != NULL ? written_default(text, name) : NULL;

		free(path);
		automatic = rules_told(meson->rules, "auto_features");
		if (value != NULL && strcmp(value, "auto") == 0 && automatic != NULL) {
			free(value);
			value = xstrdup(automatic);
		}
		if (value != NULL)
			return value;
	}
	return NULL;
}

static void variable_set(
	struct meson *meson, const char *name, size_t len, struct meson_value value)
{
	enum effect effect = gates_effect(&meson->gates);
	struct meson_variable *variable = (struct meson_variable *)meson_variable(meson, name, len);

	if (effect == EFFECT_NOTHING || (variable == NULL && meson->variable_count == NAMES_MAX)) {
		free(value.text);
		return;
	}
	/* Under a condition that is not decided the value is either. */
	if (effect != EFFECT_RUNS) {
		free(value.text);
		value = (struct meson_value){.found = EFFECT_UNKNOWN};
	}
	if (variable == NULL) {
		ARRAY_GROW(meson->variables, meson->variable_count, meson->variable_capacity);
		variable = &meson->variables[meson->variable_count++];
		*variable = (struct meson_variable){.name = xstrndup(name, len)};
	}
	free(variable->value);
	variable->value = value.text;
	variable->found = value.found;
}

/* "name = …" or "name += …"; false for what is no assignment. */
static bool read_assignment(struct meson *meson, const char *statement)
{
	size_t len = 0;
	const char *at;
	struct meson_value value;
	enum effect effect = gates_effect(&meson->gates);
	char *disabler;

	while (isalnum((unsigned char)statement[len]) || statement[len] == '_')
		len++;
	at = statement + len + strspn(statement + len, " ");
	if (len == 0 || (strncmp(at, "+=", 2) != 0 && (at[0] != '=' || at[1] == '=')))
		return false;
	if (*at == '+')
		value = (struct meson_value){.found = EFFECT_UNKNOWN};
	else
		value = meson_evaluate(meson, at + 1);
	variable_set(meson, statement, len, value);
	/* What is not found disables, without a word, all that names it. */
	disabler = meson_keyword(at, "disabler");
	if (disabler != NULL && value.found != EFFECT_RUNS && effect > EFFECT_NOTHING)
		meson->gates.limit = effect_both(meson->gates.limit, EFFECT_UNKNOWN);
	free(disabler);
	return true;
}

/* Whether it is a call of that function, as a statement. */
static bool is_call(const char *statement, const char *name)
{
	size_t len = strlen(name);

	return strncmp(statement, name, len) == 0 &&
		statement[len + strspn(statement + len, " ")] == '(';
}

static bool is_keyword(const char *statement, const char *word)
{
	size_t len = strlen(word);

	return strncmp(statement, word, len) == 0 && !isalnum((unsigned char)statement[len]) &&
		statement[len] != '_';
}

static void read_subdir(struct meson *meson, const char *statement)
{
	const char *quote = strchr(statement, '\'');
	const char *outer = meson->directory;
	enum effect effect = gates_effect(&meson->gates);
	char *directory, *below;

	if (effect == EFFECT_NOTHING)
		return;
	if (quote == NULL ||
		strcspn(statement, "(") + 1 + strspn(strchr(statement, '(') + 1, " ") !=
			(size_t)(quote - statement)) {
		meson->has_unknown = true;
		return;
	}
	directory = xasprintf("%s%s%.*s", outer, outer[0] != '\0' ? "/" : "",
		(int)strcspn(quote + 1, "'"), quote + 1);
	below = xasprintf("%s/", directory);
	if (!rules_is_foreign(below))
		read_file(meson, directory);
	free(below);
	free(directory);
}

static void read_statement(struct meson *meson, const char *statement)
{
	if (is_keyword(statement, "if")) {
		gates_if(&meson->gates, meson_condition(meson, statement + 2));
	} else if (is_keyword(statement, "elif")) {
		gates_elseif(&meson->gates, meson_condition(meson, statement + 4));
	} else if (is_keyword(statement, "else")) {
		gates_else(&meson->gates);
	} else if (is_keyword(statement, "endif")) {
		gates_endif(&meson->gates);
	} else if (is_call(statement, "subdir_done")) {
		gates_return(&meson->gates, meson->base);
	} else if (is_call(statement, "subdir")) {
		read_subdir(meson, statement);
	} else if (is_call(statement, "test")) {
		meson->effect = effect_either(meson->effect, gates_effect(&meson->gates));
	} else {
		read_assignment(meson, statement);
	}
}

static void read_text(struct meson *meson, const char *text)
{
	struct buffer statement = {0};
	enum effect limit = meson->gates.limit;
	size_t base = meson->base;

	meson->base = meson->gates.depth;
	while (meson_next(&text, &statement))
		read_statement(meson, buffer_text(&statement));
	while (meson->gates.depth > meson->base)
		gates_endif(&meson->gates);
	meson->base = base;
	meson->gates.limit = limit;
	buffer_release(&statement);
}

static void read_file(struct meson *meson, const char *directory)
{
	char *path = xasprintf("%s%smeson.build", directory, directory[0] != '\0' ? "/" : "");
	const char *outer = meson->directory, *text = rules_text(meson->rules, path);

	if (text == NULL || meson->nesting >= NESTING || meson->entered.count >= ENTERED) {
		meson->has_unknown = true;
	} else if (!text_list_contains(&meson->entered, path)) {
		text_list_add(&meson->entered, path);
		meson->nesting++;
		meson->directory = directory;
		read_text(meson, text);
		meson->directory = outer;
		meson->nesting--;
	}
	free(path);
}

enum effect rules_meson_effect(struct rules *rules, const char *directory)
{
	struct meson meson = {
		.rules = rules,
		.top = directory,
		.directory = directory,
		.gates = GATES_NONE,
		.effect = EFFECT_NOTHING,
	};
	char *path = xasprintf("%s%smeson.build", directory, directory[0] != '\0' ? "/" : "");
	bool has = rules_has(rules, path);

	read_file(&meson, directory);
	for (size_t i = 0; i < meson.variable_count; i++) {
		free(meson.variables[i].name);
		free(meson.variables[i].value);
	}
	free(meson.variables);
	text_list_release(&meson.entered);
	free(path);
	if (!has)
		return EFFECT_MISSING;
	return meson.effect < EFFECT_UNKNOWN && meson.has_unknown ? EFFECT_UNKNOWN : meson.effect;
}
