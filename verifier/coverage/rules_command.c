/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Words of a command line, from `at` on. */
struct line {
	char **words;
	size_t count;
};

static struct line from(struct line line, size_t skip)
{
	skip = skip < line.count ? skip : line.count;
	return (struct line){line.words + skip, line.count - skip};
}

/* A variable set in front of a command, or alone. */
static bool is_assignment(const char *word)
{
	const char *equals = strchr(word, '=');

	if (equals == NULL || equals == word)
		return false;
	for (; word < equals; word++) {
		if (!isalnum((unsigned char)*word) && *word != '_')
			return false;
	}
	return true;
}

/* Programs that run the command behind their own options. */
static const struct {
	const char *name;
	size_t operands;	 /* that stand before the command */
	const char *with_values; /* options that take the next word */
} wrappers[] = {
	{"env", 0, "-u -C"},
	{"time", 0, "-o -f"},
	{"nice", 0, "-n"},
	{"ionice", 0, "-c -n"},
	{"setsid", 0, ""},
	{"nohup", 0, ""},
	{"exec", 0, ""},
	{"command", 0, ""},
	{"timeout", 1, "-s -k"},
	{"xvfb-run", 0, "-s -n -e -f -p -w --server-args --server-num"},
	{"dbus-run-session", 0, "--config-file"},
	{"dbus-launch", 0, ""},
	{"dbus-test-runner", 0, ""},
	{"eatmydata", 0, ""},
	{"fakeroot", 0, "-s -i"},
	{"faketime", 1, "-f"},
	{"linux32", 0, ""},
	{"linux64", 0, ""},
	{"setarch", 1, ""},
	{"stdbuf", 0, "-i -o -e"},
	{"unshare", 0, ""},
	{"catchsegv", 0, ""},
	{"valgrind", 0, ""},
	{"xargs", 0, "-n -P -I"},
	{"dh_run", 0, ""},
	{"uidmapshift", 0, ""},
	{"unbuffer", 0, ""},
	{"flock", 1, "-w"},
	{"libtool", 0, "--mode"},
};

static bool takes_value(const char *with_values, const char *option)
{
	const char *hit = strstr(with_values, option);
	size_t len = strlen(option);

	return hit != NULL && (hit[len] == '\0' || hit[len] == ' ');
}

/* Without variables and wrappers in front. */
static struct line unwrap(struct line line)
{
	for (;;) {
		size_t i = 0, at = 1, operands;

		while (line.count > 0 && is_assignment(line.words[0]))
			line = from(line, 1);
		if (line.count == 0)
			return line;
		/* "./run dh $@" */
		if (line.count > 1 && strcmp(line.words[1], "dh") == 0 &&
			strchr(line.words[0], '/') != NULL)
			return from(line, 1);
		while (i < ARRAY_SIZE(wrappers) &&
			strcmp(base_name(line.words[0]), wrappers[i].name) != 0)
			i++;
		if (i == ARRAY_SIZE(wrappers))
			return line;
		operands = wrappers[i].operands;
		while (at < line.count) {
			if (line.words[at][0] == '-') {
				if (takes_value(wrappers[i].with_values, line.words[at]))
					at++;
				at++;
			} else if (operands > 0) {
				operands--;
				at++;
			} else {
				break;
			}
		}
		line = from(line, at);
	}
}

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
	bool is_ignoring, is_dry;
	bool is_subset; /* TESTS=…, a variable that picks some */
};

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
	} else if (strcmp(word, "--ignore-errors") == 0) {
		make->is_ignoring = true;
	} else if (strcmp(word, "--dry-run") == 0 || strcmp(word, "--just-print") == 0 ||
		strcmp(word, "--question") == 0) {
		make->is_dry = true;
	} else if (word[1] != '-' && word[1] != 'j' && word[1] != 'I' && word[1] != 'l' &&
		word[1] != 'o' && word[1] != 'W' && word[1] != 'O') {
		make->is_ignoring = make->is_ignoring || strchr(word, 'i') != NULL;
		make->is_dry =
			make->is_dry || strchr(word, 'n') != NULL || strchr(word, 'q') != NULL;
	}
	if (into != NULL) {
		free(*into);
		*into = tree_path(value);
	}
}

static void read_make(struct line line, struct make_line *make)
{
	for (size_t i = 1; i < line.count; i++) {
		if (line.words[i][0] == '-' && line.words[i][1] != '\0')
			read_make_option(line, &i, make);
		else if (strncmp(line.words[i], "TESTS=", 6) == 0)
			make->is_subset = true;
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
	if (run->effect == EFFECT_UNKNOWN && rules_is_whole_target(target) &&
		!rules_has_makefile(rules) && rules_has_suite(rules))
		run->effect = EFFECT_RUNS;
	run->is_partial = make->is_subset ||
		(!rules_is_whole_target(target) && !rules_make_is_whole(rules, &make->targets) &&
			(rules_make_effect(rules, "", "check") == EFFECT_RUNS ||
				rules_make_effect(rules, "", "test") == EFFECT_RUNS ||
				rules_make_effect(rules, "", "tests") == EFFECT_RUNS));
	if (make->is_ignoring)
		run->fatal = FATAL_NO;
}

static void command_make(const struct command *command, struct line line)
{
	struct make_line make = {0};
	bool is_own;

	read_make(line, &make);
	is_own = make.file != NULL && strcmp(make.file, "debian/rules") == 0;
	for (size_t i = 0; i < make.targets.count && !make.is_dry; i++) {
		const char *target = make.targets.items[i];

		if (is_own) {
			struct way way = command->way;

			if (make.is_ignoring)
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

static enum effect by_suffix_go(struct rules *rules)
{
	return rules_suffix_effect(rules, "_test.go");
}

static enum effect by_cmake(struct rules *rules)
{
	return rules_cmake_effect(rules, "");
}

static enum effect by_meson(struct rules *rules)
{
	return rules_meson_effect(rules, "");
}

static enum effect by_pytest(struct rules *rules)
{
	return rules_python_effect(rules, "pytest");
}

static enum effect by_unittest(struct rules *rules)
{
	return rules_python_effect(rules, "unittest");
}

static enum effect by_name(struct rules *rules)
{
	(void)rules;
	return EFFECT_RUNS;
}

static enum effect by_nobody(struct rules *rules)
{
	(void)rules;
	return EFFECT_UNKNOWN;
}

static enum effect by_ninja(struct rules *rules)
{
	enum effect effect = rules_meson_effect(rules, "");

	return effect == EFFECT_RUNS ? effect : rules_cmake_effect(rules, "");
}

/* Programs that run tests, by their name and the first of their words that is no option. */
static const struct runner {
	const char *program;
	const char *words; /* one of them has to be there; NULL: none */
	enum effect (*effect)(struct rules *rules);
} runners[] = {
	{"ctest", NULL, by_cmake},
	{"meson", "test", by_meson},
	{"ninja", "test check", by_ninja},
	{"pytest", NULL, by_pytest},
	{"py.test", NULL, by_pytest},
	{"pytest-3", NULL, by_pytest},
	{"py.test-3", NULL, by_pytest},
	{"nosetests", NULL, by_pytest},
	{"nosetests3", NULL, by_pytest},
	{"nose2", NULL, by_pytest},
	{"nose2-3", NULL, by_pytest},
	{"stestr", "run", by_name},
	{"trial", NULL, by_name},
	{"trial3", NULL, by_name},
	{"tox", NULL, by_pytest},
	{"prove", NULL, by_name},
	{"bats", NULL, by_name},
	{"kyua", "test", by_name},
	{"runtest", NULL, by_name},
	{"cargo", "test nextest", by_name},
	{"go", "test", by_suffix_go},
	{"rake", "test spec", by_name},
	{"rspec", NULL, by_name},
	{"gem2deb-test-runner", NULL, by_name},
	{"npm", "test", by_nobody},
	{"yarn", "test", by_nobody},
	{"mocha", NULL, by_name},
	{"jest", NULL, by_name},
	{"tape", NULL, by_name},
	{"tap", NULL, by_name},
	{"ava", NULL, by_name},
	{"dune", "test runtest", by_name},
	{"cabal", "test", by_name},
	{"mvn", "test verify", by_nobody},
	{"gradle", "test check", by_nobody},
	{"ant", "test check tests", by_nobody},
	{"phpunit", NULL, by_name},
	{"busted", NULL, by_name},
	{"scons", "test check tests", by_nobody},
	{"b2", "test", by_nobody},
	{"Build", "test", by_name},
	{"Setup", "test", by_name},
	{"waf", "test check", by_nobody},
	{"pybuild", "--test", by_pytest},
	{"pkgos-dh_auto_test", NULL, by_name},
	{"shunit2", NULL, by_name},
	{"shellspec", NULL, by_name},
	{"cppunit", NULL, by_name},
	{"nodeunit", NULL, by_name},
	{"fpc-test", NULL, by_name},
};

static bool runner_fits(const struct runner *runner, struct line line)
{
	const char *at = runner->words;

	if (strcmp(base_name(line.words[0]), runner->program) != 0)
		return false;
	while (at != NULL && *at != '\0') {
		size_t len = strcspn(at, " ");
		char *word = xstrndup(at, len);
		bool has = has_argument(line, word);

		free(word);
		if (has)
			return true;
		at += len + strspn(at + len, " ");
	}
	return at == NULL;
}

static bool is_interpreter(const char *name)
{
	static const char *const names[] = {"sh", "bash", "dash", "ksh", "zsh", "perl", "python",
		"python3", "ruby", "node", "nodejs", "lua", "tclsh", "guile", "php", "gawk", "awk",
		"emacs", "expect", "sed", "\1"};

	return rules_is_one_of(name, names, ARRAY_SIZE(names)) ||
		strncmp(name, "python3", 7) == 0 || name[0] == '$' || name[0] == '\1';
}

/* python3 -m pytest, setup.py test, tests/run.py; sh -c '…' */
static void command_interpreter(const struct command *command, struct line line)
{
	struct rules *rules = command->rules;

	for (size_t i = 1; i < line.count; i++) {
		const char *word = line.words[i];
		const char *next = i + 1 < line.count ? line.words[i + 1] : "";

		if (strcmp(word, "-m") == 0) {
			if (strncmp(next, "pytest", 6) == 0 || strncmp(next, "nose", 4) == 0 ||
				strcmp(next, "tox") == 0)
				add(command, by_pytest(rules), next);
			else if (strcmp(next, "unittest") == 0)
				add(command,
					line.count > i + 2 && !has_argument(line, "discover")
						? EFFECT_RUNS
						: by_unittest(rules),
					next);
			else if (rules_speaks_of_tests(next, strlen(next)) ||
				strcmp(next, "stestr") == 0)
				add(command, EFFECT_RUNS, next);
			return;
		}
		if (word[0] == '-' && word[1] != '-' && word[strlen(word) - 1] == 'c' &&
			strstr(base_name(line.words[0]), "sh") != NULL) {
			rules_script(rules, next, command->target, command->file, command->line,
				&command->way);
			return;
		}
		if (strcmp(word, "-c") == 0 || strcmp(word, "-e") == 0)
			return;
		if (word[0] == '-' || word[0] == '+')
			continue;
		if (strcmp(base_name(word), "setup.py") == 0) {
			if (has_argument(line, "test"))
				add(command, by_unittest(rules), "setup.py test");
		} else if (strcmp(base_name(word), "Build") == 0) {
			if (has_argument(line, "test"))
				add(command, rules_perl_effect(rules), "Build test");
		} else if (rules_is_test_path(word)) {
			add(command, EFFECT_RUNS, word);
		}
		return;
	}
}

static void command_cmake(const struct command *command, struct line line)
{
	bool is_build = has_argument(line, "--build");

	for (size_t i = 1; i < line.count && is_build; i++) {
		if (rules_is_test_target(line.words[i]) && line.words[i - 1][0] == '-') {
			add(command, by_cmake(command->rules), "cmake --build --target");
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

static bool is_make(const char *name)
{
	static const char *const names[] = {"make", "gmake", "bmake", "pmake", "colormake"};

	return rules_is_one_of(name, names, ARRAY_SIZE(names));
}

void rules_command(const struct command *command)
{
	struct line line = unwrap((struct line){command->words->items, command->words->count});
	const char *name;

	if (line.count == 0)
		return;
	name = base_name(line.words[0]);
	if (strcmp(name, "dh") == 0) {
		rules_dh(command);
	} else if (strcmp(name, "dh_auto_test") == 0) {
		rules_auto_test(command, false);
	} else if (strcmp(name, "dh_auto_configure") == 0 || strcmp(name, "configure") == 0 ||
		strcmp(name, "config") == 0 || strcmp(name, "Configure") == 0) {
		keep_options(command, line);
	} else if (strcmp(name, "dh_auto_build") == 0) {
		command_build(command, line);
	} else if (is_make(name)) {
		command_make(command, line);
	} else if (strcmp(name, "rules") == 0) {
		command_rules(command, line);
	} else if (strcmp(name, "cmake") == 0) {
		keep_options(command, line);
		command_cmake(command, line);
	} else {
		if (strcmp(name, "meson") == 0)
			keep_options(command, line);
		for (size_t i = 0; i < ARRAY_SIZE(runners); i++) {
			if (!runner_fits(&runners[i], line))
				continue;
			add(command, runners[i].effect(command->rules), name);
			return;
		}
		if (is_interpreter(name))
			command_interpreter(command, line);
		else if (strncmp(name, "dh_", 3) != 0 && rules_is_test_path(line.words[0]))
			add(command, EFFECT_RUNS, line.words[0]);
	}
}

/* Following a script is not free: most commands are nothing that matters here. */
bool rules_is_of_interest(const struct text_list *words)
{
	static const char *const names[] = {"echo", "rm", "cp", "mv", "install", "mkdir", "touch",
		"chmod", "ln", "dh_install", "test", "[", "cd", "sed", "find", "true", "false", ":",
		"printf", "cat", "grep", "set", "exit", "tar", "gzip", "export", "dh_testdir",
		"dh_testroot", "rmdir", "for", "diff", "cmp", "ls", "gcc", "cc"};
	struct line line = unwrap((struct line){words->items, words->count});

	return line.count > 0 &&
		!rules_is_one_of(base_name(line.words[0]), names, ARRAY_SIZE(names));
}
