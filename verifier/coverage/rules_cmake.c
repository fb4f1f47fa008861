/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/rules_cmake.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"

/*
 * The tests of CMake: add_test() and its kin, in the files that are come to from the top one, with
 * the conditions that they stand in. Without enable_testing() in the top directory there is no
 * target `test`, and what was added is never run.
 */
enum {
	NESTING = 24,
	ENTERED = 2000,
	NAMES_MAX = 20000
};

static void read_file(struct cmake *cmake, const char *directory, const char *path);

static void variable_set(struct cmake *cmake, const char *name, const char *value)
{
	struct cmake_variable *variable = NULL;

	for (size_t i = cmake->variable_count; i > 0 && variable == NULL; i--) {
		if (strcmp(cmake->variables[i - 1].name, name) == 0)
			variable = &cmake->variables[i - 1];
	}
	if (variable == NULL) {
		if (cmake->variable_count == NAMES_MAX)
			return;
		ARRAY_GROW(cmake->variables, cmake->variable_count, cmake->variable_capacity);
		variable = &cmake->variables[cmake->variable_count++];
		*variable = (struct cmake_variable){.name = xstrdup(name)};
	}
	free(variable->value);
	variable->value = value != NULL ? xstrdup(value) : NULL;
}

static bool is_set(const struct cmake *cmake, const char *name)
{
	for (size_t i = 0; i < cmake->variable_count; i++) {
		if (strcmp(cmake->variables[i].name, name) == 0)
			return true;
	}
	return false;
}

/* What stands as the value of a set() or an option(): NULL when it is not known. */
static const char *written_value(const struct cmake *cmake, const char *word)
{
	size_t len = strlen(word);
	const char *value;
	char *name;

	if (strchr(word, '$') == NULL)
		return word;
	if (strncmp(word, "${", 2) != 0 || word[len - 1] != '}' || strchr(word + 2, '$') != NULL)
		return NULL;
	name = xstrndup(word + 2, len - 3);
	value = cmake_value(cmake, name);
	free(name);
	return value;
}

/* Under a condition that is not decided the value is either. */
static void variable_give(struct cmake *cmake, const char *name, const char *value)
{
	enum effect effect = gates_effect(&cmake->gates);

	if (effect == EFFECT_NOTHING || strchr(name, '$') != NULL)
		return;
	variable_set(cmake, name, effect == EFFECT_RUNS && cmake->in_function == 0 ? value : NULL);
}

/* set(NAME VALUE), set(NAME VALUE CACHE BOOL "…"), set(NAME) */
static void command_set(struct cmake *cmake, const struct text_list *arguments)
{
	bool is_cached = arguments->count > 2 && strcmp(arguments->items[2], "CACHE") == 0;

	if (arguments->count == 0 ||
		(is_cached && is_set(cmake, arguments->items[0]) &&
			!text_list_contains(arguments, "FORCE")))
		return;
	variable_give(cmake, arguments->items[0],
		arguments->count == 1 ? ""
			: arguments->count == 2 || is_cached
			? written_value(cmake, arguments->items[1])
			: NULL);
}

/* option(NAME "what for" DEFAULT); without a default it is off. */
static void command_option(struct cmake *cmake, const struct text_list *arguments)
{
	if (arguments->count > 0 && !is_set(cmake, arguments->items[0]))
		variable_give(cmake, arguments->items[0],
			arguments->count > 2 ? written_value(cmake, arguments->items[2]) : "OFF");
}

/* cmake_dependent_option(NAME "what for" DEFAULT "CONDITION" ELSE) */
static void command_dependent(struct cmake *cmake, const struct text_list *arguments)
{
	struct text_list words = {0};
	const char *at, *value = NULL;
	enum effect effect;

	if (arguments->count != 5 || is_set(cmake, arguments->items[0]))
		return;
	for (at = arguments->items[3]; *at != '\0';) {
		size_t len = strcspn(at, "; ");

		if (len > 0)
			text_list_addn(&words, at, len);
		if (at[len] == ';')
			text_list_add(&words, "AND");
		at += len + (at[len] != '\0');
	}
	effect = words.count > 0 ? cmake_condition(cmake, &words) : EFFECT_UNKNOWN;
	if (effect == EFFECT_RUNS)
		value = written_value(cmake, arguments->items[2]);
	else if (effect == EFFECT_NOTHING)
		value = written_value(cmake, arguments->items[4]);
	variable_give(cmake, arguments->items[0], value);
	text_list_release(&words);
}

/* A test is added here, if the gates are open. */
static void test_seen(struct cmake *cmake, enum effect effect)
{
	effect = effect_both(gates_effect(&cmake->gates), effect);
	if (cmake->in_function > 0)
		cmake->function.effect = effect_either(cmake->function.effect, effect);
	else
		cmake->effect = effect_either(cmake->effect, effect);
}

static void function_begin(struct cmake *cmake, const struct text_list *arguments)
{
	if (cmake->in_function++ > 0)
		return;
	cmake->function = (struct cmake_function){
		.name = xstrdup(arguments->count > 0 ? arguments->items[0] : ""),
		.effect = EFFECT_NOTHING,
	};
	for (char *c = cmake->function.name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	cmake->function_gates = cmake->gates.depth;
}

static void function_end(struct cmake *cmake)
{
	if (cmake->in_function == 0 || --cmake->in_function > 0)
		return;
	while (cmake->gates.depth > cmake->function_gates)
		gates_endif(&cmake->gates);
	if (cmake->function_count == NAMES_MAX) {
		free(cmake->function.name);
		return;
	}
	ARRAY_GROW(cmake->functions, cmake->function_count, cmake->function_capacity);
	cmake->functions[cmake->function_count++] = cmake->function;
}

static void function_call(struct cmake *cmake, const char *name)
{
	for (size_t i = cmake->function_count; i > 0; i--) {
		if (strcmp(cmake->functions[i - 1].name, name) != 0)
			continue;
		if (cmake->functions[i - 1].effect > EFFECT_NOTHING)
			test_seen(cmake, cmake->functions[i - 1].effect);
		return;
	}
}

static void tests_enable(struct cmake *cmake, enum effect effect)
{
	if (strcmp(cmake->directory, cmake->top) != 0 || cmake->in_function > 0)
		return;
	effect = effect_both(gates_effect(&cmake->gates), effect);
	cmake->enabled = effect_either(cmake->enabled, effect);
}

/* include(CTest) has an option of its own, and enables tests by it. */
static void include_ctest(struct cmake *cmake)
{
	if (!is_set(cmake, "BUILD_TESTING"))
		variable_give(cmake, "BUILD_TESTING", "ON");
	tests_enable(cmake, cmake_truth(cmake_value(cmake, "BUILD_TESTING")));
}

/* include(cmake/Testing.cmake), include(Testing) */
static void command_include(struct cmake *cmake, const struct text_list *arguments)
{
	const char *name = arguments->count > 0 ? arguments->items[0] : "";
	bool was_found = false, has_suffix = path_has_suffix(name, ".cmake");
	char *path = has_suffix || strchr(name, '/') != NULL ? cmake_path(cmake, name) : NULL;
	char *file = xasprintf("%s%s", path_basename(name), has_suffix ? "" : ".cmake");

	if (strcmp(name, "CTest") == 0) {
		include_ctest(cmake);
	} else if (path != NULL && rules_has(cmake->rules, path)) {
		read_file(cmake, cmake->directory, path);
	} else if (strchr(file, '$') != NULL) {
		cmake->has_unknown |= gates_effect(&cmake->gates) != EFFECT_NOTHING;
	} else {
		/* By name from CMAKE_MODULE_PATH, whose folders are mostly called so. */
		for (size_t i = 0; i < cmake->rules->tree->count && !was_found; i++) {
			const char *other = cmake->rules->tree->files[i].path;

			was_found =
				strcmp(path_basename(other), file) == 0 && !rules_is_foreign(other);
			if (was_found)
				read_file(cmake, cmake->directory, other);
		}
	}
	free(path);
	free(file);
}

static void command_directory(struct cmake *cmake, const struct text_list *arguments, size_t at)
{
	char *directory = at < arguments->count ? cmake_path(cmake, arguments->items[at]) : NULL;
	bool is_open = gates_effect(&cmake->gates) != EFFECT_NOTHING;

	if (directory == NULL) {
		cmake->has_unknown |= is_open;
	} else {
		char *path = xasprintf("%s/CMakeLists.txt", directory);
		char *below = xasprintf("%s/", directory);

		/* Tests of a copy of another project say nothing of this one. */
		if (!rules_is_foreign(below))
			read_file(cmake, directory, path);
		free(below);
		free(path);
	}
	free(directory);
}

static bool is_adding(const char *name)
{
	static const char *const names[] = {"add_test", "gtest_discover_tests", "gtest_add_tests",
		"catch_discover_tests", "doctest_discover_tests", "ecm_add_test", "ecm_add_tests",
		"qt_add_test", "add_cmocka_test", "boost_discover_tests", "pytest_discover_tests",
		"catch_add_test"};

	return rules_is_one_of(name, names, ARRAY_SIZE(names));
}

/* if, elseif, else, endif, return; false for what is none of them. */
static bool read_gate(struct cmake *cmake, const struct cmake_command *command)
{
	const char *name = command->name;

	if (strcmp(name, "if") == 0)
		gates_if(&cmake->gates, cmake_condition(cmake, &command->arguments));
	else if (strcmp(name, "elseif") == 0)
		gates_elseif(&cmake->gates, cmake_condition(cmake, &command->arguments));
	else if (strcmp(name, "else") == 0)
		gates_else(&cmake->gates);
	else if (strcmp(name, "endif") == 0)
		gates_endif(&cmake->gates);
	else if (strcmp(name, "return") == 0 && cmake->in_function == 0)
		gates_return(&cmake->gates, cmake->base);
	else
		return false;
	return true;
}

/* What other commands may have put into variables is not followed. */
static void variables_lose(struct cmake *cmake, const struct cmake_command *command)
{
	static const char *const beginnings[] = {"list", "string", "math", "file", "get_", "find_",
		"check_", "execute_process", "separate_arguments", "pkg_", "try_", "parse_"};
	bool is_setting = false;

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		is_setting |= strncmp(command->name, beginnings[i], strlen(beginnings[i])) == 0;
	for (size_t i = 0; i < cmake->function_count; i++)
		is_setting |= strcmp(cmake->functions[i].name, command->name) == 0;
	for (size_t i = 0; i < command->arguments.count && i < 64 && is_setting; i++) {
		if (is_set(cmake, command->arguments.items[i]))
			variable_give(cmake, command->arguments.items[i], NULL);
	}
}

static void read_command(struct cmake *cmake, const struct cmake_command *command)
{
	const struct text_list *arguments = &command->arguments;
	const char *name = command->name;

	if (read_gate(cmake, command))
		return;
	if (strcmp(name, "function") == 0 || strcmp(name, "macro") == 0)
		function_begin(cmake, arguments);
	else if (strcmp(name, "endfunction") == 0 || strcmp(name, "endmacro") == 0)
		function_end(cmake);
	else if (strcmp(name, "set") == 0)
		command_set(cmake, arguments);
	else if (strcmp(name, "unset") == 0 && arguments->count > 0)
		variable_give(cmake, arguments->items[0], NULL);
	else if (strcmp(name, "option") == 0)
		command_option(cmake, arguments);
	else if (strcmp(name, "cmake_dependent_option") == 0)
		command_dependent(cmake, arguments);
	else if (strcmp(name, "enable_testing") == 0)
		tests_enable(cmake, EFFECT_RUNS);
	else if (strcmp(name, "include") == 0)
		command_include(cmake, arguments);
	else if (strcmp(name, "add_subdirectory") == 0)
		command_directory(cmake, arguments, 0);
	else if (strcmp(name, "subdirs") == 0)
		for (size_t i = 0; i < arguments->count; i++)
			command_directory(cmake, arguments, i);
	else if (is_adding(name))
		test_seen(cmake, EFFECT_RUNS);
	else {
		function_call(cmake, name);
		variables_lose(cmake, command);
	}
}

static void read_text(struct cmake *cmake, const char *text)
{
	struct cmake_command command = {0};
	enum effect limit = cmake->gates.limit;
	size_t base = cmake->base;

	cmake->base = cmake->gates.depth;
	while (cmake_next(&text, &command))
		read_command(cmake, &command);
	while (cmake->in_function > 0)
		function_end(cmake);
	while (cmake->gates.depth > cmake->base)
		gates_endif(&cmake->gates);
	cmake->base = base;
	cmake->gates.limit = limit;
	cmake_command_release(&command);
}

/* Goes into another file, in the place where it is named. */
static void read_file(struct cmake *cmake, const char *directory, const char *path)
{
	const char *outer = cmake->directory, *text = rules_text(cmake->rules, path);
	enum effect effect = gates_effect(&cmake->gates);
	char *key;

	if (effect == EFFECT_NOTHING || cmake->in_function > 0)
		return;
	if (text == NULL || cmake->nesting >= NESTING || cmake->entered.count >= ENTERED) {
		cmake->has_unknown |= text != NULL || rules_has(cmake->rules, path);
		return;
	}
	key = xasprintf("%d%s", (int)effect, path);
	if (!text_list_contains(&cmake->entered, key)) {
		text_list_add(&cmake->entered, key);
		cmake->nesting++;
		cmake->directory = directory;
		read_text(cmake, text);
		cmake->directory = outer;
		cmake->nesting--;
	}
	free(key);
}

static void release(struct cmake *cmake)
{
	for (size_t i = 0; i < cmake->variable_count; i++) {
		free(cmake->variables[i].name);
		free(cmake->variables[i].value);
	}
	for (size_t i = 0; i < cmake->function_count; i++)
		free(cmake->functions[i].name);
	free(cmake->variables);
	free(cmake->functions);
	text_list_release(&cmake->entered);
}

enum effect rules_cmake_effect(struct rules *rules, const char *directory)
{
	struct cmake cmake = {
		.rules = rules,
		.top = directory,
		.directory = directory,
		.gates = GATES_NONE,
		.effect = EFFECT_NOTHING,
		.enabled = EFFECT_MISSING,
	};
	char *path = xasprintf("%s%sCMakeLists.txt", directory, directory[0] != '\0' ? "/" : "");
	enum effect effect;

	read_file(&cmake, directory, path);
	effect = cmake.effect;
	if (effect < EFFECT_UNKNOWN && cmake.has_unknown)
		effect = EFFECT_UNKNOWN;
	if (!rules_has(rules, path))
		effect = EFFECT_NOTHING;
	else if (cmake.enabled <= EFFECT_NOTHING && !cmake.has_unknown)
		effect = cmake.enabled;
	else if (cmake.enabled != EFFECT_RUNS)
		effect = effect_both(effect, EFFECT_UNKNOWN);
	release(&cmake);
	free(path);
	return effect;
}
