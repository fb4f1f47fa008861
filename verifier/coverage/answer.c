/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/answer.h"

#include <stddef.h>
#include <string.h>

#include "base/array.h"

static const char *const run_words[] = {
	[RUN_UNCLEAR] = "unclear",
	[RUN_NONE] = "none",
	[RUN_VACUOUS] = "vacuous",
	[RUN_NO] = "no",
	[RUN_PARTIAL] = "partial",
	[RUN_YES] = "yes",
};

static const char *const fatal_words[] = {
	[FATAL_UNCLEAR] = "unclear",
	[FATAL_NOT_APPLICABLE] = "n/a",
	[FATAL_NO] = "no",
	[FATAL_PARTLY] = "partly",
	[FATAL_YES] = "yes",
};

static const char *const quality_words[] = {
	[AUTOPKGTEST_UNKNOWN] = "unknown",
	[AUTOPKGTEST_NONE] = "none",
	[AUTOPKGTEST_SUPERFICIAL_ONLY] = "superficial-only",
	[AUTOPKGTEST_FLAKY_ONLY] = "flaky-only",
	[AUTOPKGTEST_WEAK] = "weak",
	[AUTOPKGTEST_GENERATED] = "generated",
	[AUTOPKGTEST_FUNCTIONAL] = "functional",
	[AUTOPKGTEST_UPSTREAM_SUITE] = "upstream-suite",
};

static const struct {
	const char *word, *name, *meaning;
} classes[] = {
	[CLASS_SELF_BUILT] = {"S", "self-built", "self-built: outside Debian CI"},
	[CLASS_UNKNOWN] = {"U", "unknown", "unknown: source or data unavailable"},
	[CLASS_A] = {"A", "both", "its build runs tests, and Debian CI does"},
	[CLASS_B] = {"B", "build-time", "its build runs tests"},
	[CLASS_C] = {"C", "Debian CI", "Debian CI runs tests"},
	[CLASS_D] = {"D", "weak or masked", "some test runs: partial, masked, weak or unclear"},
	[CLASS_E] = {"E", "never run", "tests exist, and nothing shows that they are run"},
	[CLASS_F] = {"F", "none", "no tests"},
};

static bool find(const char *const *words, size_t count, const char *word, size_t *at)
{
	for (*at = 0; *at < count; (*at)++) {
		if (strcmp(words[*at], word) == 0)
			return true;
	}
	return false;
}

const char *run_at_build_word(enum run_at_build run)
{
	return run_words[run];
}

const char *failure_fatal_word(enum failure_fatal fatal)
{
	return fatal_words[fatal];
}

const char *autopkgtest_quality_word(enum autopkgtest_quality quality)
{
	return quality_words[quality];
}

const char *evidence_class_word(enum evidence_class class)
{
	return classes[class].word;
}

const char *evidence_class_name(enum evidence_class class)
{
	return classes[class].name;
}

const char *evidence_class_meaning(enum evidence_class class)
{
	return classes[class].meaning;
}

bool run_at_build_parse(const char *word, enum run_at_build *run)
{
	size_t at;

	if (!find(run_words, ARRAY_SIZE(run_words), word, &at))
		return false;
	*run = (enum run_at_build)at;
	return true;
}

bool failure_fatal_parse(const char *word, enum failure_fatal *fatal)
{
	size_t at;

	if (!find(fatal_words, ARRAY_SIZE(fatal_words), word, &at))
		return false;
	*fatal = (enum failure_fatal)at;
	return true;
}

bool autopkgtest_quality_parse(const char *word, enum autopkgtest_quality *quality)
{
	size_t at;

	if (!find(quality_words, ARRAY_SIZE(quality_words), word, &at))
		return false;
	*quality = (enum autopkgtest_quality)at;
	return true;
}

bool evidence_class_parse(const char *word, enum evidence_class *class)
{
	for (size_t at = 0; at < ARRAY_SIZE(classes); at++)
		if (strcmp(classes[at].word, word) == 0) {
			*class = (enum evidence_class)at;
			return true;
		}
	return false;
}
