/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/rules_line.h"
#include "verifier/coverage/test_runner.h"

static bool has_argument(struct line line, const char *word)
{
	for (size_t i = 1; i < line.count; i++) {
		if (strcmp(line.words[i], word) == 0)
			return true;
	}
	return false;
}

static struct run *add(const struct command *command, enum effect effect, const char *what)
{
	struct run *run = rules_add_run(
		command->rules, &command->way, command->file, command->line, "%s", what);

	run->effect = rules_as_far_as_read(command->rules, effect);
	return run;
}

/* In the tree's own words: what is below the top as make sees it, "" for the top. */
static char *tree_path(const char *path)
{
	size_t len;

	if (strncmp(path, "/CURDIR", 7) == 0)
		path += 7;
	while (*path == '/' || strncmp(path, "./", 2) == 0)
		path += *path == '/' ? 1 : 2;
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len == 1 && *path == '.')
		len = 0;
	return xstrndup(path, len);
}

struct make_line {
	char *directory;
	char *file;
	struct text_list targets;
	struct make_options options;
};

/* Variables by which makefiles let one choose tests. */
static bool is_choice(const char *word)
{
	static const char *const names[] = {"TESTS=", "GTEST_FILTER=", "TEST_FILES=",
		"TEST_SUITES=", "TEST=", "CHECK_SUBDIRS=", "TEST_NAMES=", "RUN_TESTS="};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strncmp(word, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

void make_option_read(const char *word, struct make_options *options)
{
	if (is_choice(word)) {
		*(strchr(word, '=')[1] != '\0' ? &options->is_subset : &options->is_none) = true;
	} else if (strcmp(word, "--ignore-errors") == 0) {
		options->is_ignoring = true;
	} else if (strcmp(word, "--dry-run") == 0 || strcmp(word, "--just-print") == 0 ||
		strcmp(word, "--question") == 0 || strcmp(word, "--touch") == 0) {
		options->is_dry = true;
	} else if (word[0] == '-' && word[1] != '-' && word[1] != '\0' &&
		strchr("CfjIloWOE", word[1]) == NULL) {
		options->is_ignoring = options->is_ignoring || strchr(word, 'i') != NULL;
		options->is_dry = options->is_dry || strpbrk(word, "nqt") != NULL;
	}
}

static void read_make_option(struct line line, size_t *at, struct make_line *make)
{
	const char *word = line.words[*at], *value = NULL;
	const char *next = *at + 1 < line.count ? line.words[*at + 1] : "";
	char **into = NULL;

	if (strncmp(word, "-C", 2) == 0 || strcmp(word, "--directory") == 0)
		into = &make->directory;
	else if (strncmp(word, "-f", 2) == 0 || strcmp(word, "--file") == 0 ||
		strcmp(word, "--makefile") == 0)
		into = &make->file;
	if (into != NULL) {
		value = word[1] != '-' && word[2] != '\0' ? word + 2 : next;
		*at += value == next;
	} else if (strncmp(word, "--directory=", 12) == 0) {
		into = &make->directory;
		value = word + 12;
	} else if (strncmp(word, "--file=", 7) == 0 || strncmp(word, "--makefile=", 11) == 0) {
		into = &make->file;
		value = strchr(word, '=') + 1;
	}
	if (into != NULL) {
		free(*into);
		*into = tree_path(value);
	}
}

static void read_make(struct line line, struct make_line *make)
{
	for (size_t i = 1; i < line.count; i++) {
		make_option_read(line.words[i], &make->options);
		if (line.words[i][0] == '-' && line.words[i][1] != '\0')
			read_make_option(line, &i, make);
		else if (strchr(line.words[i], '=') == NULL)
			text_list_add(&make->targets, line.words[i]);
	}
}

static void make_target(
	const struct command *command, const struct make_line *make, const char *target)
{
	struct rules *rules = command->rules;
	char *directory = xasprintf("%s%s%s", command->directory,
		command->directory[0] != '\0' && make->directory != NULL ? "/" : "",
		make->directory != NULL ? make->directory : "");
	struct run *run = rules_add_run(rules, &command->way, command->file, command->line,
		"make%s%s %s", directory[0] != '\0' ? " -C " : "", directory, target);

	run->effect =
		make->file != NULL ? EFFECT_UNKNOWN : rules_make_effect(rules, directory, target);
	free(directory);
	run->effect = rules_as_far_as_read(rules, run->effect);
	/* A missing target would break the build: so it is there, and made by what is not read. */
	if (run->effect == EFFECT_MISSING)
		run->effect = EFFECT_UNKNOWN;
	if (make->options.is_none)
		run->effect = EFFECT_NOTHING;
	run->is_partial = make->options.is_subset ||
		(!rules_is_whole_target(target) && !rules_make_is_whole(rules, &make->targets) &&
			(rules_make_effect(rules, "", "check") == EFFECT_RUNS ||
				rules_make_effect(rules, "", "test") == EFFECT_RUNS ||
				rules_make_effect(rules, "", "tests") == EFFECT_RUNS));
	if (make->options.is_ignoring)
		run->fatal = FATAL_NO;
}

static void command_make(const struct command *command, struct line line)
{
	struct make_line make = {0};
	bool is_own;

	read_make(line, &make);
	is_own = make.file != NULL && strcmp(make.file, "debian/rules") == 0;
	for (size_t i = 0; i < make.targets.count && !make.options.is_dry; i++) {
		const char *target = make.targets.items[i];

		if (is_own) {
			struct way way = command->way;

			if (make.options.is_ignoring)
				way.fatal = FATAL_NO;
			rules_walk(command->rules, target, &way);
		} else if (rules_is_test_target(target)) {
			make_target(command, &make, target);
		}
	}
	text_list_release(&make.targets);
	free(make.directory);
	free(make.file);
}

static void command_rules(const struct command *command, struct line line)
{
	for (size_t i = 1; i < line.count; i++) {
		if (line.words[i][0] != '-' && strchr(line.words[i], '=') == NULL)
			rules_walk(command->rules, line.words[i], &command->way);
	}
}

/* What there is for such a program to run. */
static enum effect runner_effect(struct rules *rules, enum test_runner_kind kind)
{
	enum effect effect = EFFECT_UNKNOWN;

	switch (kind) {
	case RUNNER_CTEST:
		return rules_cmake_effect(rules, "");
	case RUNNER_MESON:
		return rules_meson_effect(rules, "");
	case RUNNER_NINJA:
		effect = rules_meson_effect(rules, "");
		return effect == EFFECT_RUNS ? effect : rules_cmake_effect(rules, "");
	case RUNNER_PYTEST:
		return rules_python_effect(rules, "pytest");
	case RUNNER_UNITTEST:
		return rules_python_effect(rules, "unittest");
	case RUNNER_GO:
		return rules_suffix_effect(rules, "_test.go");
	case RUNNER_OWN:
		return rules_has_suite(rules) ? EFFECT_RUNS : EFFECT_UNKNOWN;
	case RUNNER_PROJECT:
		break;
	}
	return effect;
}

/* A program that runs tests; false for another. */
static bool command_runner(const struct command *command, struct line line)
{
	struct test_run found;
	struct run *run;

	if (!test_runner_read(line.words, line.count, &found))
		return false;
	if (found.is_idle)
		return true;
	run = add(command, runner_effect(command->rules, found.kind), path_basename(line.words[0]));
	/* unittest looks itself only where nothing is named. */
	if (found.kind == RUNNER_UNITTEST && found.is_selection && run->effect < EFFECT_RUNS)
		run->effect = rules_has_suite(command->rules) ? EFFECT_RUNS : EFFECT_UNKNOWN;
	run->is_partial = found.is_selection;
	run->suite = found.suite != NULL ? xstrdup(found.suite) : NULL;
	run->is_without_suite = found.is_without_suite;
	return true;
}

static bool is_interpreter(const char *name)
{
	static const char *const names[] = {"sh", "bash", "dash", "ksh", "zsh", "perl", "python",
		"python3", "ruby", "node", "nodejs", "lua", "tclsh", "guile", "php", "gawk", "awk",
		"emacs", "expect", "sed", "\1"};

	return rules_is_one_of(name, names, ARRAY_SIZE(names)) ||
		strncmp(name, "python3", 7) == 0 || name[0] == '$' || name[0] == '\1' ||
		strcmp(name, "{interpreter}") == 0;
}

/*
 * A program of the tree. Its own name says that it is a test, or that it runs them all; the folder
 * that it is in does not: there are programs that make what tests need.
 */
static void command_script(const struct command *command, const char *path)
{
	struct run *run;

	if (!rules_is_test_path(path))
		return;
	run = add(command,
		rules_is_test_name(path) || rules_is_whole_name(path) ? EFFECT_RUNS
								      : EFFECT_UNKNOWN,
		path);
	run->is_partial = !rules_is_whole_name(path) && rules_test_count(command->rules, path) > 1;
}

/* python3 -m pytest, setup.py test, tests/run.py; sh -c '…' */
static void command_interpreter(const struct command *command, struct line line)
{
	struct rules *rules = command->rules;

	for (size_t i = 1; i < line.count; i++) {
		const char *word = line.words[i];
		const char *next = i + 1 < line.count ? line.words[i + 1] : "";

		if (strcmp(word, "-m") == 0) {
			if (!command_runner(command, line_from(line, i + 1)) &&
				rules_speaks_of_tests(next, strlen(next)))
				add(command, EFFECT_UNKNOWN, next);
			return;
		}
		if (word[0] == '-' && word[1] != '-' && word[strlen(word) - 1] == 'c' &&
			strstr(path_basename(line.words[0]), "sh") != NULL) {
			rules_script(rules, next, command->target, command->file, command->line,
				&command->way);
			return;
		}
		if (strcmp(word, "-c") == 0 || strcmp(word, "-e") == 0)
			return;
		if (word[0] == '-' || word[0] == '+')
			continue;
		if (strcmp(path_basename(word), "setup.py") == 0) {
			if (has_argument(line, "test"))
				add(command, rules_python_effect(rules, "unittest"),
					"setup.py test");
		} else if (strcmp(path_basename(word), "Build") == 0) {
			if (has_argument(line, "test"))
				add(command, rules_perl_effect(rules), "Build test");
		} else {
			command_script(command, word);
		}
		return;
	}
}

static void command_cmake(const struct command *command, struct line line)
{
	bool is_build = has_argument(line, "--build");

	for (size_t i = 1; i < line.count && is_build; i++) {
		if (rules_is_test_target(line.words[i]) && line.words[i - 1][0] == '-') {
			add(command, rules_cmake_effect(command->rules, ""),
				"cmake --build --target");
			return;
		}
	}
}

/* What a configure step is given, to be asked later for what switches tests off. */
static void keep_options(const struct command *command, struct line line)
{
	for (size_t i = 1; i < line.count; i++) {
		if (line.words[i][0] == '-')
			text_list_add(&command->rules->configured, line.words[i]);
	}
}

static void command_build(const struct command *command, struct line line)
{
	bool is_behind = false;

	for (size_t i = 1; i < line.count; i++) {
		is_behind = is_behind || strcmp(line.words[i], "--") == 0;
		if (is_behind && rules_is_test_target(line.words[i])) {
			struct make_line make = {0};

			make_target(command, &make, line.words[i]);
		}
	}
}

void rules_command(const struct command *command)
{
	struct line line = line_unwrap((struct line){command->words->items, command->words->count});
	const char *name;

	if (line.count == 0)
		return;
	name = path_basename(line.words[0]);
	if (strcmp(name, "dh") == 0) {
		rules_dh(command);
	} else if (strcmp(name, "dh_auto_test") == 0) {
		rules_auto_test(command, false);
	} else if (strcmp(name, "dh_auto_configure") == 0 || strcmp(name, "configure") == 0 ||
		strcmp(name, "config") == 0 || strcmp(name, "Configure") == 0) {
		keep_options(command, line);
	} else if (strcmp(name, "dh_auto_build") == 0) {
		command_build(command, line);
	} else if (line_is_make(name)) {
		command_make(command, line);
	} else if (strcmp(name, "rules") == 0) {
		command_rules(command, line);
	} else if (strcmp(name, "cmake") == 0) {
		keep_options(command, line);
		command_cmake(command, line);
	} else {
		if (strcmp(name, "meson") == 0)
			keep_options(command, line);
		if (command_runner(command, line))
			return;
		if (strcmp(name, "pybuild") == 0 && has_argument(line, "--test"))
			add(command, rules_python_effect(command->rules, "pytest"), "pybuild");
		else if (is_interpreter(name))
			command_interpreter(command, line);
		else if (strncmp(name, "dh_", 3) != 0)
			command_script(command, line.words[0]);
	}
}

/* Following a script is not free: most commands are nothing that matters here. */
bool rules_is_of_interest(const struct text_list *words)
{
	static const char *const names[] = {"echo", "rm", "cp", "mv", "install", "mkdir", "touch",
		"chmod", "ln", "dh_install", "test", "[", "cd", "sed", "find", "true", "false", ":",
		"printf", "cat", "grep", "set", "exit", "tar", "gzip", "export", "dh_testdir",
		"dh_testroot", "rmdir", "for", "diff", "cmp", "ls", "gcc", "cc"};
	struct line line = line_unwrap((struct line){words->items, words->count});

	return line.count > 0 &&
		!rules_is_one_of(path_basename(line.words[0]), names, ARRAY_SIZE(names));
}
