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

static const char *const class_words[] = {
	[CLASS_SELF_BUILT] = "S",
	[CLASS_UNKNOWN] = "U",
	[CLASS_A] = "A",
	[CLASS_B] = "B",
	[CLASS_C] = "C",
	[CLASS_D] = "D",
	[CLASS_E] = "E",
	[CLASS_F] = "F",
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
	return class_words[class];
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
	size_t at;

	if (!find(class_words, ARRAY_SIZE(class_words), word, &at))
		return false;
	*class = (enum evidence_class)at;
	return true;
}
