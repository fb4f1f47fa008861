/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules_automake.h"

/* The conditions of automake, which configure decides: few can be told from the source. */

static const char *configure_text(const struct rules *rules)
{
	const char *text = rules_text(rules, "configure.ac");

	return text != NULL ? text : rules_text(rules, "configure.in");
}

/* --enable-tests, --enable-unit=yes among what configure was told. */
static bool is_asked_for(const struct rules *rules)
{
	for (size_t i = 0; i < rules->configured.count; i++) {
		const char *option = rules->configured.items[i];

		if (strncmp(option, "--enable-", 9) == 0 && strstr(option, "=no") == NULL &&
			strpbrk(option, "$\1") == NULL &&
			(strstr(option, "test") != NULL || strstr(option, "unit") != NULL))
			return true;
	}
	return false;
}

/* By custom the help of an option names what is not the default: "--disable-tests". */
static bool is_by_default(const struct rules *rules)
{
	const char *text = configure_text(rules);

	return text != NULL && strstr(text, "--enable-test") == NULL &&
		strstr(text, "--disable-test") != NULL;
}

/*
 * AM_CONDITIONAL([RUN_TESTS], [test "x$run_tests" = xyes]), where PKG_CHECK_MODULES sets the
 * variable for a framework that is a build dependency.
 */
static bool is_found(const struct rules *rules, const char *condition)
{
	const char *text = configure_text(rules), *at, *line;
	char *name = xstrdup(condition), *yes;
	bool found = false;

	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	yes = xasprintf("%s=yes", name);
	at = text != NULL ? strstr(text, yes) : NULL;
	for (line = at; line != NULL && line > text && line[-1] != '\n';)
		line--;
	if (line != NULL && strncmp(line, "PKG_CHECK_MODULES(", 18) == 0) {
		const char *module = strchr(line, ',');
		char *one;

		module = module != NULL ? module + strspn(module, ", \t[") : "";
		one = xstrndup(module, strcspn(module, " ]),"));
		found = rules_framework(rules, one) == EFFECT_RUNS;
		free(one);
	}
	free(yes);
	free(name);
	return found;
}

/* What is so of each build of Debian's, native and on Linux. */
static enum effect by_system(const char *name)
{
	static const char *const yes[] = {"LINUX", "OS_LINUX", "HOST_LINUX", "IS_LINUX", "ON_LINUX",
		"UNIX", "OS_UNIX", "PLATFORM_LINUX", "HAVE_LINUX", "BUILD_LINUX", "TARGET_LINUX",
		"HAVE_GCC", "NATIVE_BUILD"};
	static const char *const no[] = {"WIN32", "OS_WIN32", "WINDOWS", "OS_WINDOWS", "MINGW",
		"MINGW32", "CYGWIN", "DARWIN", "OS_DARWIN", "MACOS", "MACOSX", "APPLE", "ANDROID",
		"HAVE_WIN32", "HOST_WIN32", "IS_WIN32", "CROSS_COMPILING", "CROSSCOMPILING",
		"HAVE_W32_SYSTEM", "HAVE_DOSISH_SYSTEM", "PLATFORM_WIN32", "BUILD_WINDOWS",
		"TARGET_WINDOWS", "SOLARIS", "AIX", "OS_CYGWIN", "BEOS", "HAIKU"};

	if (rules_is_one_of(name, yes, ARRAY_SIZE(yes)))
		return EFFECT_RUNS;
	return rules_is_one_of(name, no, ARRAY_SIZE(no)) ? EFFECT_NOTHING : EFFECT_UNKNOWN;
}

enum effect automake_condition(const struct rules *rules, const char *condition)
{
	bool is_not = false;
	enum effect effect;
	char *name;

	condition += strspn(condition, " \t");
	if (*condition == '!') {
		is_not = true;
		condition++;
		condition += strspn(condition, " \t");
	}
	name = xstrndup(condition, strcspn(condition, " \t\r#"));
	effect = by_system(name);
	if (effect == EFFECT_UNKNOWN)
		effect = rules_framework_of_condition(rules, name);
	if (effect == EFFECT_UNKNOWN && strstr(name, "TEST") != NULL &&
		(is_found(rules, name) || is_asked_for(rules) || is_by_default(rules)))
		effect = EFFECT_RUNS;
	free(name);
	return is_not ? effect_not(effect) : effect;
}
