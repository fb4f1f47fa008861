/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/path.h"
#include "verifier/coverage/rules.h"

/* Names that speak of tests: of targets, programs and folders. */

/* A part of a name that speaks of tests: "check", "unittests", "partcheck". */
static bool is_test_part(const char *part, size_t len)
{
	static const char *const whole[] = {"runtest", "runtests", "testsuite", "testsuites",
		"regress", "regression", "unit", "tst", "spec", "specs", "testing", "testall",
		"checkall", "testsuit", "kselftest"};
	static const char *const ends[] = {"check", "checks", "test", "tests"};
	static const char *const not [] = {"distcheck", "spellcheck", "typecheck", "licensecheck",
		"precheck", "latest", "headercheck", "stylecheck", "installcheck", "abicheck",
		"uncheck", "contest", "attest", "nocheck", "lintcheck", "formatcheck"};

	for (size_t i = 0; i < ARRAY_SIZE(not ); i++) {
		if (strlen(not [i]) == len && strncasecmp(not [i], part, len) == 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		if (strlen(whole[i]) == len && strncasecmp(whole[i], part, len) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i]);

		if (len >= n && strncasecmp(ends[i], part + len - n, n) == 0)
			return true;
	}
	return false;
}

bool rules_speaks_of_tests(const char *word, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t end = at;

		while (end < len && isalnum((unsigned char)word[end]))
			end++;
		if (is_test_part(word + at, end - at))
			return true;
		at = end + 1;
	}
	return false;
}

bool rules_is_one_of(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, list[i]) == 0)
			return true;
	}
	return false;
}

bool rules_is_whole_target(const char *word)
{
	static const char *const names[] = {"check", "test", "tests", "check-all", "test-all",
		"checkall", "testall", "alltests", "fulltest", "check-TESTS", "full-check",
		"check-world", "runtests", "all-tests", "fullcheck", "check-local", "check-am",
		"test-nonflaky", "test-full", "test-ci", "check-full"};

	return rules_is_one_of(word, names, ARRAY_SIZE(names));
}

bool rules_is_test_target(const char *word)
{
	/* Of these none runs the program that is built. */
	static const char *const not [] = {"distcheck", "syntax-check", "sc_", "test-deps",
		"build-tests", "build-test", "buildtests", "tests-build",
		"check-valgrind-available", "testdir", "checkroot", "checkdir", "test-build",
		"build_tests", "clean-tests", "install-tests", "tests-install", "clean-test",
		"check-headers", "installcheck", "test-programs", "compile-tests", "testclean",
		"check-clean", "test-clean", "install-test", "check-license", "check-syntax"};

	if (word[0] == '-' || strchr(word, '=') != NULL || strchr(word, '/') != NULL ||
		rules_is_one_of(word, not, ARRAY_SIZE(not )))
		return false;
	if (strncmp(word, "build", 5) == 0 || strncmp(word, "install", 7) == 0 ||
		strncmp(word, "clean", 5) == 0)
		return false;
	return rules_speaks_of_tests(word, strlen(word));
}

/* Its name without directories and ending. */
static size_t stem_of(const char *path, const char **name)
{
	const char *dot;

	*name = path_basename(path);
	dot = strrchr(*name, '.');
	return dot != NULL && dot > *name ? (size_t)(dot - *name) : strlen(*name);
}

bool rules_is_test_name(const char *path)
{
	const char *name;
	size_t len = stem_of(path, &name);

	return rules_speaks_of_tests(name, len) || strncmp(name, "test_", 5) == 0 ||
		strncasecmp(name, "runtest", 7) == 0;
}

/* A program of the tree that is a test by its own name, or by the folder it is in. */
bool rules_is_test_path(const char *path)
{
	const char *name = path_basename(path);

	if (strchr(path, '/') == NULL && strchr(path, '.') == NULL)
		return false;
	if (strncmp(path, "/usr/", 5) == 0 || strncmp(path, "/bin/", 5) == 0)
		return false;
	return rules_is_test_name(path) ||
		(name != path && rules_speaks_of_tests(path, (size_t)(name - path)));
}

bool rules_is_whole_name(const char *path)
{
	static const char *const names[] = {"run", "all", "test", "tests", "check", "runtest",
		"runtests", "run-tests", "run_tests", "run-test", "run_test", "test-suite",
		"testsuite", "test_suite", "runtestsuite", "regress", "run-all", "run_all",
		"alltests", "all_tests", "all-tests", "run-all-tests", "run_all_tests", "test_all",
		"test-all", "testall", "runall", "check-all", "checkall", "do-tests", "unit-tests",
		"run-unit-tests", "run-testsuite", "run_testsuite", "RunTests", "unittests",
		"run-tests-all", "run-regression-tests", "regression"};
	const char *name;
	size_t len = stem_of(path, &name);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
			return true;
	}
	return false;
}
