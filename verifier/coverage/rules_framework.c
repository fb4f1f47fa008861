/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

/*
 * Libraries and programs that tests rest on. A build that has not declared one does not have it,
 * and most build systems then leave the tests away without a word.
 */
static const struct {
	const char *part;     /* of a condition in automake: "HAVE_CMOCKA" */
	const char *names;    /* as CMake's find_package() and pkg-config call it, in lower case */
	const char *packages; /* one of which is to be a build dependency */
} frameworks[] = {
	{"HAVE_CHECK", "check", "check libsubunit-dev"},
	{"LIBCHECK", "libcheck", "check"},
	{"CMOCKA", "cmocka", "libcmocka-dev"},
	{"CUNIT", "cunit", "libcunit1-dev libcunit1-ncurses-dev"},
	{"GTEST", "gtest gtest_main gmock gmock_main googletest",
		"libgtest-dev googletest libgmock-dev"},
	{"GMOCK", "", "libgmock-dev googletest"},
	{"CPPUNIT", "cppunit", "libcppunit-dev"},
	{"CPPUTEST", "cpputest", "libcpputest-dev cpputest"},
	{"CATCH", "catch2 catch2-with-main catch", "catch2 catch"},
	{"DOCTEST", "doctest", "doctest-dev"},
	{"DEJAGNU", "dejagnu runtest", "dejagnu"},
	{"CRITERION", "criterion", "libcriterion-dev"},
	{"BOOST_UNIT", "", "libboost-test-dev libboost-all-dev"},
	{"VALGRIND", "valgrind", "valgrind valgrind-if-available"},
	{"UMOCKDEV", "umockdev-1.0 umockdev", "libumockdev-dev"},
	{"BATS", "bats", "bats"},
	{"PYTEST", "pytest pytest-3", "python3-pytest"},
};

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, " ");

		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

static enum effect depends_on_any(const struct rules *rules, const char *packages)
{
	for (size_t i = 0; i < rules->build_depends.count; i++) {
		if (has_word(packages, rules->build_depends.items[i]))
			return EFFECT_RUNS;
	}
	return EFFECT_NOTHING;
}

enum effect rules_framework_of_condition(const struct rules *rules, const char *condition)
{
	for (size_t i = 0; i < ARRAY_SIZE(frameworks); i++) {
		if (strstr(condition, frameworks[i].part) != NULL)
			return depends_on_any(rules, frameworks[i].packages);
	}
	return EFFECT_UNKNOWN;
}

/* "libglib2.0-dev" and "glib-2.0" have the same letters and digits in the middle. */
static size_t letters(const char *name, char *to, size_t size)
{
	size_t len = 0;

	for (; *name != '\0' && len + 1 < size; name++) {
		if (isalnum((unsigned char)*name))
			to[len++] = (char)tolower((unsigned char)*name);
	}
	to[len] = '\0';
	return len;
}

static bool is_package_of(const char *package, const char *wanted)
{
	char letters_of[128];
	const char *name = letters_of;
	size_t len = letters(package, letters_of, sizeof(letters_of)), n = strlen(wanted);

	if (len > 3 && strcmp(letters_of + len - 3, "dev") == 0)
		letters_of[len - 3] = '\0';
	else if (strcmp(package, wanted) != 0)
		return false;
	if (strcmp(name, wanted) == 0)
		return true;
	return strncmp(name, "lib", 3) == 0 && n > 0 && strcmp(name + 3, wanted) == 0;
}

enum effect rules_framework(const struct rules *rules, const char *name)
{
	char wanted[128];

	for (size_t i = 0; i < ARRAY_SIZE(frameworks); i++) {
		if (has_word(frameworks[i].names, name))
			return depends_on_any(rules, frameworks[i].packages);
	}
	letters(name, wanted, sizeof(wanted));
	for (size_t i = 0; i < rules->build_depends.count; i++) {
		if (is_package_of(rules->build_depends.items[i], wanted))
			return EFFECT_RUNS;
	}
	return EFFECT_UNKNOWN;
}
