/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/upstream_declared.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"

/* A line with those that it goes on in; `line` is the number of its first. */
struct line_reader {
	const char *at;
	size_t next, line;
	char *text;
	bool is_makefile; /* "\" at the end goes on */
};

static bool line_next(struct line_reader *reader)
{
	const char *begin = reader->at, *at = begin;

	free(reader->text);
	reader->text = NULL;
	if (*begin == '\0')
		return false;
	reader->line = ++reader->next;
	for (;;) {
		at += strcspn(at, "\n");
		if (*at == '\0' || !reader->is_makefile || at == begin || at[-1] != '\\')
			break;
		at++;
		reader->next++;
	}
	reader->text = xstrndup(begin, (size_t)(at - begin));
	reader->at = *at ? at + 1 : at;
	return true;
}

static void declare(struct declared *declared, const char *framework, size_t line, uint64_t count)
{
	if (!declared->framework) {
		declared->framework = framework;
		declared->line = line;
	}
	declared->count += count;
}

/* ---- automake ---- */

static uint64_t words_count(const char *text)
{
	uint64_t count = 0;

	while (*text && *text != '#') {
		size_t len;

		text += strspn(text, " \t\\\n");
		len = strcspn(text, " \t\\\n");
		count += len > 0 && *text != '#';
		text += len;
	}
	return count;
}

/* "TESTS = a b", "check_PROGRAMS += c": what stands behind; NULL for another line. */
static const char *assigned(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0)
		return NULL;
	line += len;
	line += strspn(line, " \t");
	if (line[0] == '+' && line[1] == '=')
		return line + 2;
	return line[0] == '=' ? line + 1 : NULL;
}

static struct declared automake(const char *text)
{
	/* Of automake's manual, "Support for test suites"; what they build is in TESTS as a rule.
	 */
	static const char *const names[] = {"TESTS", "XFAIL_TESTS", "check_PROGRAMS",
		"check_SCRIPTS", "dist_check_SCRIPTS", "DEJATOOL", "check-local", "PYTESTS"};
	struct line_reader reader = {.at = text, .is_makefile = true};
	struct declared declared = {0};

	while (line_next(&reader)) {
		const char *value = NULL;

		for (size_t i = 0; i < ARRAY_SIZE(names) && !value; i++)
			value = assigned(reader.text, names[i]);
		if (value && words_count(value))
			declare(&declared, "automake", reader.line, words_count(value));
		value = assigned(reader.text, "AUTOMAKE_OPTIONS");
		if (value && strstr(value, "dejagnu"))
			declare(&declared, "dejagnu", reader.line, 1);
		if (strncmp(reader.text, "check-local:", 12) == 0)
			declare(&declared, "automake", reader.line, 1);
	}
	return declared;
}

/* ---- cmake, meson ---- */

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Calls of a function, outside of remarks and texts. */
static void calls_count(struct declared *declared, const char *framework, const char *text,
	const char *const *names, size_t count, bool any_case)
{
	struct line_reader reader = {.at = text};

	while (line_next(&reader)) {
		reader.text[strcspn(reader.text, "#")] = '\0';
		for (size_t i = 0; i < count; i++) {
			const char *found = any_case ? strcasestr(reader.text, names[i])
						     : strstr(reader.text, names[i]);
			const char *behind = found ? found + strlen(names[i]) : "";

			behind += strspn(behind, " \t");
			if (!found || *behind != '(' ||
				(found > reader.text && is_word_character(found[-1])))
				continue;
			/* "macro(add_test …" and "function(…" define one. */
			if (memchr(reader.text, '\'', (size_t)(found - reader.text)) == NULL)
				declare(declared, framework, reader.line, 1);
		}
	}
}

/* "add_custom_target(check …)", of those who have no ctest. */
static void custom_targets_count(struct declared *declared, const char *text)
{
	struct line_reader reader = {.at = text};

	while (line_next(&reader)) {
		const char *found;

		reader.text[strcspn(reader.text, "#")] = '\0';
		found = strcasestr(reader.text, "add_custom_target");
		if (!found)
			continue;
		found += strlen("add_custom_target");
		found += strspn(found, " \t(");
		if ((strncmp(found, "test", 4) == 0 || strncmp(found, "check", 5) == 0) &&
			!isalnum((unsigned char)found[*found == 't' ? 4 : 5]))
			declare(declared, "cmake", reader.line, 1);
	}
}

static struct declared cmake(const char *text)
{
	static const char *const names[] = {"add_test", "gtest_discover_tests", "gtest_add_tests",
		"catch_discover_tests", "doctest_discover_tests", "ecm_add_test", "ecm_add_tests",
		"qt_add_test"};
	struct declared declared = {0};

	calls_count(&declared, "ctest", text, names, ARRAY_SIZE(names), true);
	if (!declared.framework)
		custom_targets_count(&declared, text);
	return declared;
}

static struct declared meson(const char *text)
{
	static const char *const names[] = {"test"};
	struct declared declared = {0};

	calls_count(&declared, "meson", text, names, ARRAY_SIZE(names), false);
	return declared;
}

/* ---- makefiles ---- */

/* Whether a line of targets has one that is called as tests are run. */
static bool is_test_rule(const char *line, const char **prerequisites)
{
	static const char *const names[] = {"check", "test", "tests", "runtests", "testsuite"};
	const char *colon = strchr(line, ':');
	bool is_one = false;

	if (!colon || colon[1] == '=' || (colon[1] == ':' && colon[2] == '='))
		return false;
	for (const char *at = line; at < colon && !is_one;) {
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, " \t:");
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			is_one |= len == strlen(names[i]) && strncmp(at, names[i], len) == 0;
		at += len ? len : 1;
	}
	*prerequisites = colon + 1 + (colon[1] == ':');
	return is_one;
}

/* A prerequisite that is made by running tests: "test-unit", "check-recursive", "tests/out". */
static bool names_a_test(const char *prerequisites)
{
	return strstr(prerequisites, "test") || strstr(prerequisites, "check");
}

static bool recipe_does_something(const char *line)
{
	static const char *const idle[] = {"echo", ":", "true", "#", "printf", "exit 0"};

	line += strspn(line, " \t@-+");
	if (*line == '\0')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		size_t len = strlen(idle[i]);

		if (strncmp(line, idle[i], len) == 0 &&
			(line[len] == ' ' || line[len] == '\0' || idle[i][0] == '#'))
			return strstr(line, "&&") || strstr(line, "; ");
	}
	return true;
}

static struct declared makefile(const char *text)
{
	struct line_reader reader = {.at = text, .is_makefile = true};
	struct declared declared = {0};
	size_t rule = 0;

	while (line_next(&reader)) {
		const char *line = reader.text, *prerequisites;

		if (line[0] == '\t') {
			if (rule && recipe_does_something(line))
				declare(&declared, "makefile", rule, 1);
		} else if (line[0] && line[0] != '#' && line[0] != ' ') {
			rule = 0;
			if (!is_test_rule(line, &prerequisites))
				continue;
			rule = reader.line;
			if (names_a_test(prerequisites))
				declare(&declared, "makefile", rule, 1);
		}
	}
	if (declared.count > 1)
		declared.count = 1;
	return declared;
}

/* ---- others ---- */

/* "test": "mocha" of "scripts"; npm init writes one that only fails. */
static struct declared package_json(const char *text)
{
	struct line_reader reader = {.at = text};
	struct declared declared = {0};

	while (line_next(&reader)) {
		const char *found = strstr(reader.text, "\"test\"");

		if (!found)
			continue;
		found += strlen("\"test\"");
		found += strspn(found, " \t");
		if (*found != ':')
			continue;
		found += 1 + strspn(found + 1, " \t");
		if (found[0] == '"' && found[1] != '"' && !strstr(found, "no test specified"))
			declare(&declared, "npm", reader.line, 1);
	}
	return declared;
}

/* "test-suite NAME" of Cabal's package description. */
static struct declared cabal(const char *text)
{
	struct line_reader reader = {.at = text};
	struct declared declared = {0};

	while (line_next(&reader)) {
		if (strncasecmp(reader.text, "test-suite ", 11) == 0)
			declare(&declared, "cabal", reader.line, 1);
	}
	return declared;
}

static bool is_beside(
	const struct source_tree *tree, const struct tree_file *file, const char *name)
{
	char *directory = path_directory(file->path);
	char *path = path_join(strcmp(directory, ".") == 0 ? "" : directory, name);
	bool is = source_tree_find(tree, path);

	free(directory);
	free(path);
	return is;
}

struct declared upstream_declared(const struct source_tree *tree, const struct tree_file *file)
{
	const char *base = path_basename(file->path), *text = file->text;
	struct declared none = {0};

	/* "Makefile.am", and "Makemodule.am" or "local.mk" that it includes. */
	if (path_has_suffix(base, ".am"))
		return automake(text);
	if (path_has_suffix(base, ".mk") && automake(text).framework)
		return automake(text);
	if (strcmp(base, "CMakeLists.txt") == 0 || path_has_suffix(base, ".cmake"))
		return cmake(text);
	if (strcmp(base, "meson.build") == 0)
		return meson(text);
	if (strcmp(base, "package.json") == 0)
		return package_json(text);
	if (path_has_suffix(base, ".cabal"))
		return cabal(text);
	if (strcmp(base, "testsuite.at") == 0)
		return (struct declared){.framework = "autotest", .line = 1, .count = 1};
	if (strncmp(base, "Makefile", 8) != 0 && strcmp(base, "GNUmakefile") != 0 &&
		strcmp(base, "makefile") != 0 && !path_has_suffix(base, ".mk"))
		return none;
	if (strcmp(base, "Makefile.PL") == 0 || is_beside(tree, file, "Makefile.am"))
		return none;
	/* Automake's own output has a target "check" in any case. */
	if (strncmp(text, "# Makefile.in generated by automake", 35) == 0)
		return automake(text);
	return makefile(text);
}
