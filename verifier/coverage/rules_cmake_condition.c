/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules_cmake.h"

/* The conditions of CMake (cmake-commands(7), if), of which few can be told from the source. */

#define DEPTH_MAX 50

struct condition {
	const struct cmake *cmake;
	char **words;
	size_t count, at;
	unsigned depth;
};

static enum effect either(struct condition *condition);

/* What is so of each build of Debian's; of a system, and of a compiler that nobody chose. */
static const struct {
	const char *name, *value;
} constants[] = {
	{"ANDROID", "0"},
	{"APPLE", "0"},
	{"BORLAND", "0"},
	{"CMAKE_BUILD_TYPE", "None"},
	{"CMAKE_COMPILER_IS_GNUCC", "1"},
	{"CMAKE_COMPILER_IS_GNUCXX", "1"},
	{"CMAKE_CROSSCOMPILING", "0"},
	{"CMAKE_CXX_COMPILER_ID", "GNU"},
	{"CMAKE_C_COMPILER_ID", "GNU"},
	{"CMAKE_HOST_UNIX", "1"},
	{"CMAKE_HOST_WIN32", "0"},
	{"CMAKE_SYSTEM_NAME", "Linux"},
	{"CYGWIN", "0"},
	{"EMSCRIPTEN", "0"},
	{"HAIKU", "0"},
	{"IOS", "0"},
	{"LINUX", "1"},
	{"MINGW", "0"},
	{"MSVC", "0"},
	{"MSVC_IDE", "0"},
	{"MSYS", "0"},
	{"PROJECT_IS_TOP_LEVEL", "1"},
	{"UNIX", "1"},
	{"WIN32", "0"},
	{"WINCE", "0"},
	{"XCODE", "0"},
};

enum effect cmake_truth(const char *value)
{
	static const char *const yes[] = {"1", "ON", "YES", "TRUE", "Y"};
	static const char *const no[] = {"0", "OFF", "NO", "FALSE", "N", "IGNORE", "NOTFOUND", ""};
	size_t len = value != NULL ? strlen(value) : 0;

	for (size_t i = 0; value != NULL && i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(value, yes[i]) == 0)
			return EFFECT_RUNS;
	}
	for (size_t i = 0; value != NULL && i < ARRAY_SIZE(no); i++) {
		if (strcasecmp(value, no[i]) == 0)
			return EFFECT_NOTHING;
	}
	if (len > 9 && strcmp(value + len - 9, "-NOTFOUND") == 0)
		return EFFECT_NOTHING;
	return EFFECT_UNKNOWN;
}

const char *cmake_value(const struct cmake *cmake, const char *name)
{
	const char *told = rules_told(cmake->rules, name);

	if (told != NULL)
		return strpbrk(told, "$\1") == NULL ? told : NULL;
	for (size_t i = cmake->variable_count; i > 0; i--) {
		if (strcmp(cmake->variables[i - 1].name, name) == 0)
			return cmake->variables[i - 1].value;
	}
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++) {
		if (strcmp(constants[i].name, name) == 0)
			return constants[i].value;
	}
	return NULL;
}

/* "X", "${X}" or what is meant as it stands; NULL when it is not known. */
static const char *operand_value(const struct cmake *cmake, const char *word, char **buffer)
{
	size_t len = strlen(word);
	const char *value;

	if (word[0] == '$' && word[1] == '{' && len > 3 && word[len - 1] == '}' &&
		strchr(word + 2, '$') == NULL) {
		*buffer = xstrndup(word + 2, len - 3);
		return cmake_value(cmake, *buffer);
	}
	if (strchr(word, '$') != NULL)
		return NULL;
	value = cmake_value(cmake, word);
	return value != NULL ? value : word;
}

/* Two names for the one directory at the top: a project of its own, as a package's build is. */
static bool is_top(const struct cmake *cmake, const char *word)
{
	static const char *const names[] = {"CMAKE_SOURCE_DIR", "PROJECT_SOURCE_DIR",
		"CMAKE_CURRENT_SOURCE_DIR", "CMAKE_CURRENT_LIST_DIR", "PROJECT_NAME",
		"CMAKE_PROJECT_NAME"};
	size_t len = strlen(word);
	char *name = word[0] == '$' && len > 3 ? xstrndup(word + 2, len - 3) : xstrdup(word);
	bool is = strcmp(cmake->directory, cmake->top) == 0 &&
		rules_is_one_of(name, names, ARRAY_SIZE(names));

	free(name);
	return is;
}

/* A regular expression that is a word, or some with "|" between. */
static enum effect matches(const char *value, const char *regex)
{
	if (strpbrk(regex, "[]()*+?.\\$^") != NULL && strpbrk(regex, "[]()*+?.\\") != NULL)
		return EFFECT_UNKNOWN;
	while (*regex != '\0') {
		size_t len = strcspn(regex, "|"), skip = *regex == '^';
		size_t n = len - skip - (len > skip && regex[len - 1] == '$');

		if (memmem(value, strlen(value), regex + skip, n) != NULL)
			return EFFECT_RUNS;
		regex += len + (regex[len] == '|');
	}
	return EFFECT_NOTHING;
}

/* Every Debian that has snapshots to verify has at least CMake 3.18. */
static enum effect version_compare(const char *left, const char *operator, const char * right)
{
	char *end;
	long major = strtol(right, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

	if (strcmp(left, "CMAKE_VERSION") != 0 && strcmp(left, "${CMAKE_VERSION}") != 0)
		return EFFECT_UNKNOWN;
	if (end == right || major > 3 || (major == 3 && minor > 18))
		return EFFECT_UNKNOWN;
	return strstr(operator, "GREATER") != NULL				? EFFECT_RUNS
		: strstr(operator, "LESS") != NULL && (major < 3 || minor < 18) ? EFFECT_NOTHING
										: EFFECT_UNKNOWN;
}

static bool is_comparison(const char *word)
{
	static const char *const words[] = {"STREQUAL", "EQUAL", "MATCHES", "LESS", "GREATER",
		"LESS_EQUAL", "GREATER_EQUAL", "STRLESS", "STRGREATER", "STRLESS_EQUAL",
		"STRGREATER_EQUAL", "VERSION_LESS", "VERSION_GREATER", "VERSION_EQUAL",
		"VERSION_LESS_EQUAL", "VERSION_GREATER_EQUAL", "IN_LIST", "IS_NEWER_THAN",
		"PATH_EQUAL"};

	return rules_is_one_of(word, words, ARRAY_SIZE(words));
}

static enum effect compare(
	const struct cmake *cmake, const char *left, const char *operator, const char * right)
{
	char *left_text = NULL, *right_text = NULL;
	const char *a, *b;
	enum effect effect = EFFECT_UNKNOWN;

	if (strncmp(operator, "VERSION_", 8) == 0)
		return version_compare(left, operator, right);
	if (strcmp(operator, "STREQUAL") == 0 && is_top(cmake, left) && is_top(cmake, right))
		return EFFECT_RUNS;
	a = operand_value(cmake, left, &left_text);
	b = operand_value(cmake, right, &right_text);
	/* A word that may be a variable which is not known is none. */
	if (a == left && strcmp(operator, "IN_LIST") != 0 && isupper((unsigned char)a[0]))
		a = NULL;
	if (a != NULL && b != NULL && strcmp(operator, "STREQUAL") == 0)
		effect = strcmp(a, b) == 0 ? EFFECT_RUNS : EFFECT_NOTHING;
	else if (a != NULL && b != NULL && strcmp(operator, "MATCHES") == 0)
		effect = matches(a, b);
	free(left_text);
	free(right_text);
	return effect;
}

char *cmake_path(const struct cmake *cmake, const char *text)
{
	static const char *const here[] = {
		"${CMAKE_CURRENT_SOURCE_DIR}", "${CMAKE_CURRENT_LIST_DIR}"};
	static const char *const tops[] = {"${CMAKE_SOURCE_DIR}", "${PROJECT_SOURCE_DIR}"};
	const char *directory = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(here) && directory == NULL; i++) {
		if (strncmp(text, here[i], strlen(here[i])) == 0) {
			directory = cmake->directory;
			text += strlen(here[i]);
		} else if (strncmp(text, tops[i], strlen(tops[i])) == 0) {
			directory = cmake->top;
			text += strlen(tops[i]);
		}
	}
	if (directory == NULL)
		directory = cmake->directory;
	text += strspn(text, "/");
	if (strchr(text, '$') != NULL || strstr(text, "..") != NULL)
		return NULL;
	while (strncmp(text, "./", 2) == 0)
		text += 2;
	return xasprintf("%s%s%s", directory,
		directory[0] != '\0' && text[0] != '\0' && strcmp(text, ".") != 0 ? "/" : "",
		strcmp(text, ".") == 0 ? "" : text);
}

/* What is in the source is there; what is not may be made. */
static enum effect exists(const struct cmake *cmake, const char *word)
{
	char *path = word[0] == '$' ? cmake_path(cmake, word) : NULL;
	enum effect effect = EFFECT_UNKNOWN;
	size_t first, end;

	if (path != NULL) {
		source_tree_below(cmake->rules->tree, path, &first, &end);
		if (first < end || rules_has(cmake->rules, path))
			effect = EFFECT_RUNS;
	}
	free(path);
	return effect;
}

/* X_FOUND of a find_package(X). */
static enum effect found(const struct cmake *cmake, const char *word)
{
	size_t len = strlen(word);
	enum effect effect;
	char *name;

	if (len <= 6 || strcasecmp(word + len - 6, "_FOUND") != 0)
		return EFFECT_UNKNOWN;
	name = xstrndup(word, len - 6);
	effect = rules_framework(cmake->rules, name);
	free(name);
	return effect;
}

static enum effect word_effect(const struct cmake *cmake, const char *word)
{
	char *buffer = NULL;
	const char *name = word, *value;
	enum effect effect = cmake_truth(word);

	if (effect != EFFECT_UNKNOWN)
		return effect;
	value = operand_value(cmake, word, &buffer);
	if (buffer != NULL)
		name = buffer;
	effect = value != NULL && value != word ? cmake_truth(value) : found(cmake, name);
	free(buffer);
	return effect;
}

/*
 * Modules define names of their own. By which a project asks whether it is built for itself, or
 * whether its tests are wanted, nobody sets who was not seen to.
 */
static enum effect defined(const struct cmake *cmake, const char *name)
{
	static const char *const parts[] = {
		"MASTER", "MAIN_PROJECT", "TOPLEVEL", "TOP_LEVEL", "STANDALONE", "TEST"};
	bool is_own = false;

	if (cmake_value(cmake, name) != NULL)
		return EFFECT_RUNS;
	for (size_t i = 0; i < cmake->variable_count; i++) {
		if (strcmp(cmake->variables[i].name, name) == 0)
			return EFFECT_UNKNOWN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		is_own = is_own || strstr(name, parts[i]) != NULL;
	return is_own && strncmp(name, "CMAKE_", 6) != 0 && strstr(name, "FOUND") == NULL &&
			rules_told(cmake->rules, name) == NULL
		? EFFECT_NOTHING
		: EFFECT_UNKNOWN;
}

static enum effect asked(struct condition *condition, const char *question, const char *word)
{
	/* Policies up to the oldest CMake that is built with. */
	if (strcmp(question, "POLICY") == 0)
		return strncmp(word, "CMP", 3) == 0 && strcmp(word, "CMP0112") <= 0
			? EFFECT_RUNS
			: EFFECT_UNKNOWN;
	if (strcmp(question, "EXISTS") == 0 || strcmp(question, "IS_DIRECTORY") == 0)
		return exists(condition->cmake, word);
	if (strcmp(question, "DEFINED") == 0)
		return defined(condition->cmake, word);
	if (strcmp(question, "COMMAND") == 0 && strcmp(word, "cmake_policy") == 0)
		return EFFECT_RUNS;
	return EFFECT_UNKNOWN;
}

static enum effect atom(struct condition *condition)
{
	static const char *const questions[] = {"POLICY", "EXISTS", "IS_DIRECTORY", "DEFINED",
		"COMMAND", "TARGET", "TEST", "IS_ABSOLUTE", "IS_SYMLINK"};
	char **words = condition->words + condition->at;
	size_t left = condition->count - condition->at;
	enum effect effect;

	if (left == 0 || condition->depth > DEPTH_MAX)
		return EFFECT_UNKNOWN;
	if (strcmp(words[0], "(") == 0) {
		condition->at++;
		effect = either(condition);
		condition->at += condition->at < condition->count;
		return effect;
	}
	if (left >= 3 && is_comparison(words[1])) {
		condition->at += 3;
		return compare(condition->cmake, words[0], words[1], words[2]);
	}
	if (left >= 2 && rules_is_one_of(words[0], questions, ARRAY_SIZE(questions))) {
		condition->at += 2;
		return asked(condition, words[0], words[1]);
	}
	condition->at++;
	return word_effect(condition->cmake, words[0]);
}

static bool is_next(const struct condition *condition, const char *word)
{
	return condition->at < condition->count &&
		strcmp(condition->words[condition->at], word) == 0;
}

static enum effect negated(struct condition *condition)
{
	bool is_not = false;

	while (is_next(condition, "NOT")) {
		condition->at++;
		is_not = !is_not;
	}
	return is_not ? effect_not(atom(condition)) : atom(condition);
}

static enum effect both(struct condition *condition)
{
	enum effect effect = negated(condition);

	while (is_next(condition, "AND")) {
		condition->at++;
		effect = effect_both(effect, negated(condition));
	}
	return effect;
}

static enum effect either(struct condition *condition)
{
	enum effect effect;

	condition->depth++;
	effect = both(condition);
	while (is_next(condition, "OR")) {
		condition->at++;
		effect = effect_either(effect, both(condition));
	}
	condition->depth--;
	return effect;
}

enum effect cmake_condition(const struct cmake *cmake, const struct text_list *arguments)
{
	struct condition condition = {
		.cmake = cmake, .words = arguments->items, .count = arguments->count};
	enum effect effect = either(&condition);

	return condition.at == condition.count ? effect : EFFECT_UNKNOWN;
}
