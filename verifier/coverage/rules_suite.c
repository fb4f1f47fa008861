/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/rules.h"

/* What the test runners of languages find, and whether there are tests at all. */
bool rules_is_foreign(const char *path)
{
	static const char *const parts[] = {"debian/", "vendor/", "third_party/", "third-party/",
		"3rdparty/", "external/", "node_modules/", "subprojects/", "extern/", "contrib/",
		"gnulib-tests/"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *hit = strstr(path, parts[i]);

		if (hit != NULL && (hit == path || hit[-1] == '/'))
			return true;
	}
	return false;
}

/* -DNAME=…, -Dname=…: what configure was told; NULL for nothing. */
const char *rules_told(const struct rules *rules, const char *name)
{
	const char *value = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; i < rules->configured.count; i++) {
		const char *option = rules->configured.items[i];

		if (strncmp(option, "-D", 2) != 0 || strncmp(option + 2, name, len) != 0)
			continue;
		if (option[2 + len] == ':') /* -DNAME:BOOL=ON */
			value = strchr(option, '=') != NULL ? strchr(option, '=') + 1 : NULL;
		else if (option[2 + len] == '=')
			value = option + 3 + len;
	}
	return value;
}

bool rules_is_off(const char *value, size_t len)
{
	static const char *const words[] = {
		"off", "no", "false", "0", "n", "disabled", "'false'", "'disabled'", "none"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == len && strncasecmp(words[i], value, len) == 0)
			return true;
	}
	return false;
}

enum effect rules_perl_effect(struct rules *rules)
{
	for (size_t i = 0; i < rules->tree->count; i++) {
		const char *path = rules->tree->files[i].path;

		if (strcmp(path, "test.pl") == 0 ||
			(strncmp(path, "t/", 2) == 0 && path_has_suffix(path, ".t")))
			return EFFECT_RUNS;
	}
	return EFFECT_NOTHING;
}

enum effect rules_suffix_effect(struct rules *rules, const char *suffix)
{
	for (size_t i = 0; i < rules->tree->count; i++) {
		const char *path = rules->tree->files[i].path;

		if (path_has_suffix(path, suffix) && !rules_is_foreign(path))
			return EFFECT_RUNS;
	}
	return EFFECT_NOTHING;
}

/* Whether every folder above is a package, so that unittest's discovery goes into it. */
static bool is_in_packages(const struct rules *rules, const char *path)
{
	const char *from = path, *slash;

	if (strncmp(path, "src/", 4) == 0 || strncmp(path, "lib/", 4) == 0)
		from = path + 4;
	while ((slash = strchr(from, '/')) != NULL) {
		char *init = xasprintf("%.*s/__init__.py", (int)(slash - path), path);
		bool has = rules_has(rules, init);

		free(init);
		if (!has)
			return false;
		from = slash + 1;
	}
	return true;
}

static bool is_python_test(const char *path)
{
	const char *name = path_basename(path);

	return path_has_suffix(name, ".py") &&
		(strncmp(name, "test_", 5) == 0 || path_has_suffix(name, "_test.py") ||
			strncmp(name, "test", 4) == 0);
}

size_t rules_test_count(const struct rules *rules, const char *path)
{
	const char *suffix = strrchr(path_basename(path), '.');
	size_t count = 0;

	for (size_t i = 0; i < rules->tree->count; i++) {
		const char *other = rules->tree->files[i].path, *ending;

		ending = strrchr(path_basename(other), '.');
		if (!rules_is_foreign(other) && rules_is_test_name(other) &&
			(suffix != NULL) == (ending != NULL) &&
			(suffix == NULL || strcmp(suffix, ending) == 0))
			count++;
	}
	return count;
}

enum effect rules_python_effect(struct rules *rules, const char *runner)
{
	bool is_pytest = strcmp(runner, "pytest") == 0;
	enum effect effect = EFFECT_NOTHING;

	for (size_t i = 0; i < rules->tree->count && effect != EFFECT_RUNS; i++) {
		const struct tree_file *file = &rules->tree->files[i];

		if (!is_python_test(file->path) || rules_is_foreign(file->path))
			continue;
		if (is_pytest)
			effect = EFFECT_RUNS;
		else if (strncmp(path_basename(file->path), "test", 4) != 0 ||
			!is_in_packages(rules, file->path))
			continue;
		else if (file->text == NULL)
			effect = EFFECT_UNKNOWN;
		else if (strstr(file->text, "TestCase") != NULL ||
			strstr(file->text, "load_tests") != NULL)
			effect = EFFECT_RUNS;
	}
	return effect;
}

/* --disable-tests, -DBUILD_TESTING=OFF, -Dtests=false */
const char *rules_option_off(const struct rules *rules)
{
	static const char *const names[] = {"BUILD_TESTING", "BUILD_TESTS", "BUILD_TEST",
		"ENABLE_TESTS", "ENABLE_TESTING", "ENABLE_TEST", "WITH_TESTS", "tests", "test",
		"unit-tests", "unit_tests", "unittests", "build-tests", "build_tests",
		"enable-tests", "enable_tests", "testing"};

	for (size_t i = 0; i < rules->configured.count; i++) {
		const char *option = rules->configured.items[i];

		if (strcmp(option, "--disable-tests") == 0 ||
			strcmp(option, "--without-tests") == 0 ||
			strcmp(option, "--enable-tests=no") == 0 ||
			strcmp(option, "--with-tests=no") == 0)
			return option;
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			const char *value = rules_told(rules, names[j]);

			if (value != NULL && rules_is_off(value, strlen(value)) &&
				strncmp(option, "-D", 2) == 0 &&
				strncmp(option + 2, names[j], strlen(names[j])) == 0)
				return option;
		}
	}
	return NULL;
}

static bool is_in_test_folder(const char *path)
{
	static const char *const folders[] = {"t/", "tests/", "test/", "testsuite/", "test-suite/",
		"regress/", "unittests/", "unit-tests/", "testing/", "spec/", "regression/",
		"Tests/", "Test/", "selftests/", "unittest/"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		const char *hit = strstr(path, folders[i]);

		if (hit != NULL && (hit == path || hit[-1] == '/'))
			return true;
	}
	return false;
}

bool rules_has_suite(const struct rules *rules)
{
	struct rules *own = (struct rules *)rules;

	if (rules->facts->has_upstream_tests != KNOWN_UNKNOWN)
		return rules->facts->has_upstream_tests == KNOWN_YES;
	for (size_t i = 0; i < rules->tree->count; i++) {
		const char *path = rules->tree->files[i].path;

		if (rules_is_foreign(path))
			continue;
		if (is_in_test_folder(path) || path_has_suffix(path, "_test.go") ||
			is_python_test(path) || path_has_suffix(path, ".at"))
			return true;
	}
	return rules_has(rules, "Makefile.am") ? rules_make_effect(own, "", "check") == EFFECT_RUNS
					       : false;
}
