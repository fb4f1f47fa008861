/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules_meson.h"

/* The expressions of Meson, of which few can be told from the source. */

#define DEPTH_MAX 50

struct expression {
	const struct meson *meson;
	const char *at;
	unsigned depth;
};

static struct meson_value either(struct expression *expression);
static struct meson_value evaluate(const struct meson *meson, const char *text, unsigned depth);

static struct meson_value known(const char *text)
{
	return (struct meson_value){
		.text = text != NULL ? xstrdup(text) : NULL, .found = EFFECT_UNKNOWN};
}

static struct meson_value of_effect(enum effect effect)
{
	return known(effect == EFFECT_RUNS ? "true" : effect == EFFECT_NOTHING ? "false" : NULL);
}

static enum effect truth(const struct meson_value *value)
{
	if (value->text != NULL && strcmp(value->text, "true") == 0)
		return EFFECT_RUNS;
	if (value->text != NULL && strcmp(value->text, "false") == 0)
		return EFFECT_NOTHING;
	return EFFECT_UNKNOWN;
}

static enum effect truth_of(struct meson_value value)
{
	enum effect effect = truth(&value);

	free(value.text);
	return effect;
}

static void skip_blanks(struct expression *expression)
{
	expression->at += strspn(expression->at, " \t\r\n");
}

static bool takes(struct expression *expression, const char *word)
{
	size_t len = strlen(word);

	skip_blanks(expression);
	if (strncmp(expression->at, word, len) != 0 ||
		(isalpha((unsigned char)word[0]) &&
			(isalnum((unsigned char)expression->at[len]) ||
				expression->at[len] == '_')))
		return false;
	expression->at += len;
	return true;
}

/* What stands between parentheses or brackets, which are gone over. */
static char *between(struct expression *expression)
{
	const char *begin = expression->at + 1, *at = expression->at;
	size_t depth = 0;

	while (*at != '\0') {
		if (*at == '\'') {
			for (at++; *at != '\0' && *at != '\''; at++)
				at += *at == '\\' && at[1] != '\0';
		} else if (strchr("([{", *at) != NULL) {
			depth++;
		} else if (strchr(")]}", *at) != NULL && --depth == 0) {
			break;
		}
		at += *at != '\0';
	}
	expression->at = at + (*at != '\0');
	return xstrndup(begin, (size_t)(at - begin));
}

/* The first argument when it is a plain string; NULL else. */
static char *first_string(const char *arguments)
{
	arguments += strspn(arguments, " \t\r\n[");
	if (*arguments != '\'')
		return NULL;
	arguments++;
	return xstrndup(arguments, strcspn(arguments, "'"));
}

/* Behind the string that begins at `text`. */
static const char *behind_string(const char *text)
{
	for (text++; *text != '\0' && *text != '\''; text++)
		text += *text == '\\' && text[1] != '\0';
	return text + (*text != '\0');
}

/* Up to the comma or parenthesis that ends an argument. */
static size_t argument_length(const char *text)
{
	const char *at = text;
	size_t depth = 0;

	while (*at != '\0' && (depth > 0 || strchr(",)", *at) == NULL)) {
		if (*at == '\'') {
			at = behind_string(at);
			continue;
		}
		depth += *at == '(' || *at == '[';
		depth -= (*at == ')' || *at == ']') && depth > 0;
		at++;
	}
	return (size_t)(at - text);
}

char *meson_keyword(const char *arguments, const char *name)
{
	const char *at = arguments;
	size_t len = strlen(name);

	while (*at != '\0') {
		size_t word = 0;
		const char *behind;

		if (*at == '\'') {
			at = behind_string(at);
			continue;
		}
		while (isalnum((unsigned char)at[word]) || at[word] == '_')
			word++;
		behind = at + word + strspn(at + word, " \t");
		if (word == len && strncmp(at, name, len) == 0 && *behind == ':')
			return xstrndup(behind + 1, argument_length(behind + 1));
		at += word > 0 ? word : 1;
	}
	return NULL;
}

/* Programs that each build of Debian's has, by what builds and by what is essential. */
static bool is_always_there(const char *program)
{
	static const char *const names[] = {"python3", "sh", "bash", "sed", "awk", "grep", "perl",
		"diff", "cat", "env", "true", "cp", "mv", "ln", "install", "date", "test", "gcc",
		"cc", "ld", "ar", "objcopy", "strip"};

	return rules_is_one_of(program, names, ARRAY_SIZE(names));
}

/* dependency('x', required: …), find_program('x'): whether it is there, if the build goes on. */
static enum effect found_by(const struct expression *expression, const char *name,
	const char *arguments, bool is_program)
{
	char *required = meson_keyword(arguments, "required");
	struct meson_value value = required != NULL
		? evaluate(expression->meson, required, expression->depth + 1)
		: (struct meson_value){.text = xstrdup("true")};
	enum effect effect = rules_framework(expression->meson->rules, name);
	const char *text = value.text != NULL ? value.text : "";

	if (strcmp(text, "true") == 0 || strcmp(text, "enabled") == 0 ||
		(is_program && is_always_there(name)))
		effect = EFFECT_RUNS;
	else if (strcmp(text, "disabled") == 0)
		effect = EFFECT_NOTHING;
	else if (value.text == NULL && effect == EFFECT_NOTHING)
		effect = EFFECT_UNKNOWN;
	free(value.text);
	free(required);
	return effect;
}

static struct meson_value call(
	struct expression *expression, const char *name, const char *arguments)
{
	char *first = first_string(arguments);
	struct meson_value value = known(NULL);

	if (first != NULL && strcmp(name, "get_option") == 0) {
		value.text = meson_option(expression->meson, first);
	} else if (first != NULL &&
		(strcmp(name, "dependency") == 0 || strcmp(name, "find_program") == 0)) {
		value.found =
			found_by(expression, first, arguments, strcmp(name, "find_program") == 0);
	}
	free(first);
	return value;
}

static struct meson_value object_method(const struct expression *expression, const char *object,
	const char *name, const char *arguments)
{
	(void)expression;
	(void)arguments;
	if (strcmp(object, "meson") == 0) {
		if (strcmp(name, "is_cross_build") == 0 || strcmp(name, "is_subproject") == 0)
			return known("false");
		if (strcmp(name, "can_run_host_binaries") == 0 ||
			strcmp(name, "has_exe_wrapper") == 0)
			return known("true");
	}
	if (strcmp(object, "host_machine") == 0 || strcmp(object, "build_machine") == 0 ||
		strcmp(object, "target_machine") == 0) {
		if (strcmp(name, "system") == 0)
			return known("linux");
		if (strcmp(name, "kernel") == 0)
			return known("linux");
	}
	return known(NULL);
}

/* .enabled(), .disabled(), .auto(), .allowed() of a feature; .found() */
static struct meson_value method(struct meson_value value, const char *name)
{
	const char *text = value.text != NULL ? value.text : "";
	bool is_feature = strcmp(text, "enabled") == 0 || strcmp(text, "disabled") == 0 ||
		strcmp(text, "auto") == 0;
	struct meson_value result = known(NULL);

	if (strcmp(name, "found") == 0)
		result = of_effect(value.found);
	else if (is_feature && strcmp(name, "allowed") == 0)
		result = of_effect(strcmp(text, "disabled") != 0 ? EFFECT_RUNS : EFFECT_NOTHING);
	else if (is_feature &&
		(strcmp(name, "enabled") == 0 || strcmp(name, "disabled") == 0 ||
			strcmp(name, "auto") == 0))
		result = of_effect(strcmp(text, name) == 0 ? EFFECT_RUNS : EFFECT_NOTHING);
	else if (strcmp(name, "to_string") == 0)
		result = known(value.text);
	free(value.text);
	return result;
}

static struct meson_value name_value(struct expression *expression)
{
	const char *begin = expression->at;
	const struct meson_variable *variable;
	struct meson_value value = known(NULL);
	size_t len = 0;
	char *name;

	while (isalnum((unsigned char)begin[len]) || begin[len] == '_')
		len++;
	name = xstrndup(begin, len);
	expression->at += len;
	skip_blanks(expression);
	variable = meson_variable(expression->meson, name, len);
	if (*expression->at == '(') {
		char *arguments = between(expression);

		value = call(expression, name, arguments);
		free(arguments);
	} else if (*expression->at == '.' && variable == NULL) {
		const char *at = expression->at + 1;
		size_t n = strcspn(at, "( \t");
		char *function = xstrndup(at, n);

		expression->at = at + n;
		if (*expression->at == '(') {
			char *arguments = between(expression);

			value = object_method(expression, name, function, arguments);
			free(arguments);
		}
		free(function);
	} else if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0 ||
		isdigit((unsigned char)name[0])) {
		value = known(name);
	} else if (variable != NULL) {
		value = known(variable->value);
		value.found = variable->found;
	}
	free(name);
	return value;
}

static struct meson_value atom(struct expression *expression)
{
	struct meson_value value = known(NULL);

	skip_blanks(expression);
	if (*expression->at == '(' || *expression->at == '[' || *expression->at == '{') {
		bool is_group = *expression->at == '(';
		char *inner = between(expression);

		if (is_group && expression->depth < DEPTH_MAX) {
			struct expression nested = {.meson = expression->meson,
				.at = inner,
				.depth = expression->depth + 1};

			value = either(&nested);
			skip_blanks(&nested);
			if (*nested.at != '\0') {
				free(value.text);
				value = known(NULL);
			}
		}
		free(inner);
	} else if (*expression->at == '\'') {
		size_t len = strcspn(expression->at + 1, "'");

		value.text = xstrndup(expression->at + 1, len);
		expression->at += 1 + len;
		expression->at += *expression->at == '\'';
	} else if (isalnum((unsigned char)*expression->at) || *expression->at == '_') {
		value = name_value(expression);
	}
	for (skip_blanks(expression); *expression->at == '.' || *expression->at == '[';
		skip_blanks(expression)) {
		size_t n = *expression->at == '.' ? 1 + strcspn(expression->at + 1, "( \t.") : 0;
		char *name = xstrndup(expression->at + (n > 0), n > 0 ? n - 1 : 0);

		expression->at += n;
		if (*expression->at == '(' || *expression->at == '[')
			free(between(expression));
		value = method(value, name);
		free(name);
	}
	return value;
}

static struct meson_value compared(struct expression *expression)
{
	struct meson_value left = atom(expression), right;
	bool is_equal;

	skip_blanks(expression);
	is_equal = strncmp(expression->at, "==", 2) == 0;
	if (!is_equal && strncmp(expression->at, "!=", 2) != 0)
		return left;
	expression->at += 2;
	right = atom(expression);
	if (left.text != NULL && right.text != NULL)
		is_equal = is_equal == (strcmp(left.text, right.text) == 0);
	else
		is_equal = false;
	{
		struct meson_value value = left.text != NULL && right.text != NULL
			? known(is_equal ? "true" : "false")
			: known(NULL);

		free(left.text);
		free(right.text);
		return value;
	}
}

static struct meson_value negated(struct expression *expression)
{
	if (takes(expression, "not"))
		return of_effect(effect_not(truth_of(compared(expression))));
	return compared(expression);
}

static struct meson_value both(struct expression *expression)
{
	struct meson_value value = negated(expression);

	while (takes(expression, "and")) {
		enum effect effect = truth_of(value);

		value = of_effect(effect_both(effect, truth_of(negated(expression))));
	}
	return value;
}

static struct meson_value either(struct expression *expression)
{
	struct meson_value value = both(expression);

	while (takes(expression, "or")) {
		enum effect effect = truth_of(value);

		value = of_effect(effect_either(effect, truth_of(both(expression))));
	}
	return value;
}

static struct meson_value evaluate(const struct meson *meson, const char *text, unsigned depth)
{
	struct expression expression = {.meson = meson, .at = text, .depth = depth};
	struct meson_value value = depth < DEPTH_MAX ? either(&expression) : known(NULL);

	skip_blanks(&expression);
	if (*expression.at != '\0') {
		free(value.text);
		value = known(NULL);
	}
	return value;
}

struct meson_value meson_evaluate(const struct meson *meson, const char *text)
{
	return evaluate(meson, text, 0);
}

enum effect meson_condition(const struct meson *meson, const char *text)
{
	return truth_of(meson_evaluate(meson, text));
}
