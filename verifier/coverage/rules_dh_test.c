/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules_dh.h"
#include "verifier/coverage/test_runner.h"

/* What dh_auto_test does, by build system (Debian::Debhelper::Buildsystem). */
static bool uses(const struct rules *rules, const char *addon)
{
	return text_list_contains(&rules->sequence, addon);
}

static bool has_configure(const struct rules *rules, const char *directory)
{
	char *configure = xasprintf("%s%sconfigure", directory, directory[0] != '\0' ? "/" : "");
	char *ac = xasprintf("%s.ac", configure), *in = xasprintf("%s.in", configure);
	const struct tree_file *file = rules_file(rules, configure);
	/* What autoreconf makes of it before is executable. */
	bool has = (file != NULL && file->is_executable) || rules_has(rules, ac) ||
		rules_has(rules, in);

	free(configure);
	free(ac);
	free(in);
	return has;
}

/* What debhelper chooses by itself (Dh_Buildsystems.pm, in its order). */
static const char *detect(const struct rules *rules, const char *directory)
{
	static const struct {
		const char *file, *system;
	} files[] = {
		{"Build.PL", "perl_build"},
		{"Makefile.PL", "perl_makemaker"},
		{"CMakeLists.txt", "cmake"},
		{"Makefile", "makefile"},
		{"makefile", "makefile"},
		{"GNUmakefile", "makefile"},
		{"build.xml", "ant"},
		{"meson.build", "meson"},
		{"go.mod", "golang"},
	};

	if (has_configure(rules, directory))
		return "autoconf";
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path = xasprintf(
			"%s%s%s", directory, directory[0] != '\0' ? "/" : "", files[i].file);
		bool has = rules_has(rules, path);

		free(path);
		if (has)
			return files[i].system;
	}
	return NULL;
}

static const char *choose(
	const struct rules *rules, const struct dh_options *options, const char *directory)
{
	if (options->build_system != NULL)
		return options->build_system;
	if (rules->build_system != NULL)
		return rules->build_system;
	if (uses(rules, "nodejs"))
		return "nodejs";
	return detect(rules, directory);
}

static bool is_set(struct rules *rules, const char *name)
{
	char *value = rules_value(rules, name);
	bool is = value[strspn(value, " \t")] != '\0';

	free(value);
	return is;
}

/* PYBUILD_DISABLE, PYBUILD_DISABLE_python3: "test", "1" or a list of steps. */
static enum effect pybuild_switch(struct rules *rules)
{
	enum effect effect = EFFECT_RUNS;

	for (size_t i = 0; i < rules->makefile.variable_count && effect != EFFECT_NOTHING; i++) {
		const struct makefile_variable *variable = &rules->makefile.variables[i];
		char *value;

		if (strncmp(variable->name, "PYBUILD_DISABLE", 15) != 0)
			continue;
		value = rules_value(rules, variable->name);
		if (strstr(value, "test") != NULL || strcmp(value, "1") == 0) {
			rules_switched_off(rules, variable->file, variable->line,
				"%s switches the test step of pybuild off", variable->name);
			effect = EFFECT_NOTHING;
		} else if (!makefile_is_known(value)) {
			rules_say(rules, variable->file, variable->line,
				"%s is not known, and may switch the test step off",
				variable->name);
			effect = EFFECT_UNKNOWN;
		}
		free(value);
	}
	return effect;
}

/* The runner that pybuild chooses (pybuild(1), Test). */
static const char *pybuild_runner(struct rules *rules)
{
	static const struct {
		const char *variable, *package, *runner;
	} choices[] = {
		{"PYBUILD_TEST_NOSE", "python3-nose", "nosetests"},
		{"PYBUILD_TEST_NOSE2", "python3-nose2", "nose2"},
		{"PYBUILD_TEST_PYTEST", "python3-pytest", "pytest"},
		{"PYBUILD_TEST_TOX", "tox", "tox"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (is_set(rules, choices[i].variable))
			return choices[i].runner;
	}
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		if (rules_depends(rules, choices[i].package))
			return choices[i].runner;
	}
	return "unittest";
}

/* PYBUILD_TEST_ARGS, PYBUILD_TEST_ARGS_python3 */
static const struct makefile_variable *pybuild_arguments(const struct rules *rules)
{
	for (size_t i = 0; i < rules->makefile.variable_count; i++) {
		const struct makefile_variable *variable = &rules->makefile.variables[i];

		if (strncmp(variable->name, "PYBUILD_TEST_ARGS", 17) == 0 && variable->value[0])
			return variable;
	}
	return NULL;
}

/*
 * pybuild puts the arguments behind its runner into a line for the shell, so that they can choose
 * tests, list them, or throw their failure away. "{dir}" and the like are directories.
 */
static void pybuild_take_arguments(struct rules *rules, const char *runner, struct run *run)
{
	const struct makefile_variable *variable = pybuild_arguments(rules);
	struct shell shell = {0};
	struct test_run found;
	char *value, *script;
	int node = -1;

	if (variable == NULL)
		return;
	value = rules_value(rules, variable->name);
	script = xasprintf("%s %s", runner, value);
	if (!makefile_is_known(value) || !shell_parse(&shell, script)) {
		run->is_partial = true;
		run->fatal = rules_worse(run->fatal, FATAL_UNCLEAR);
	}
	for (size_t i = 0; i < shell.count && node < 0; i++) {
		if (shell.nodes[i].kind == SHELL_COMMAND)
			node = (int)i;
	}
	if (node >= 0) {
		struct shell_fate fate = shell_follow(&shell, node);
		const struct text_list *words = &shell.nodes[node].words;

		if (fate.is_run_and_succeeds)
			run->fatal = rules_worse(run->fatal,
				!fate.is_run_and_fails	    ? FATAL_NO
					: fate.is_undecided ? FATAL_UNCLEAR
							    : FATAL_PARTLY);
		if (test_runner_read(words->items, words->count, &found)) {
			run->is_partial = found.is_selection;
			if (found.is_idle)
				run->effect = EFFECT_NOTHING;
		}
	}
	free(script);
	free(value);
	shell_release(&shell);
}

/* With PYBUILD_TEST_CUSTOM the arguments are the whole line. */
static enum effect pybuild_custom(const struct command *command, struct run *run)
{
	struct rules *rules = command->rules;
	const struct makefile_variable *variable = pybuild_arguments(rules);
	size_t own = (size_t)(run - rules->runs), before = rules->run_count;
	char *value;
	bool is_known;

	if (variable == NULL)
		return EFFECT_NOTHING;
	value = rules_value(rules, variable->name);
	is_known = makefile_is_known(value);
	rules_script(rules, value, "override_dh_auto_test", variable->file, variable->line,
		&command->way);
	free(value);
	/* What it runs is told of by its own. */
	if (rules->run_count > before) {
		rules->runs[own].is_maybe = false;
		return EFFECT_MISSING;
	}
	return is_known ? EFFECT_NOTHING : EFFECT_UNKNOWN;
}

static enum effect pybuild_effect(const struct command *command, struct run *run)
{
	struct rules *rules = command->rules;
	const char *runner = pybuild_runner(rules);
	enum effect effect = pybuild_switch(rules);

	if (effect == EFFECT_NOTHING)
		return effect;
	if (is_set(rules, "PYBUILD_TEST_CUSTOM"))
		return pybuild_custom(command, run);
	run->effect =
		rules_python_effect(rules, strcmp(runner, "unittest") == 0 ? "unittest" : "pytest");
	pybuild_take_arguments(rules, runner, run);
	return run->effect < effect ? run->effect : effect;
}

static enum effect ruby_effect(const struct rules *rules)
{
	static const char *const files[] = {
		"debian/ruby-tests.rake", "debian/ruby-tests.rb", "debian/ruby-test-files.yaml"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (rules_has(rules, files[i]))
			return EFFECT_RUNS;
	}
	return EFFECT_NOTHING;
}

static enum effect nodejs_effect(const struct rules *rules)
{
	/* Without one of these it only loads the module. */
	return rules_has(rules, "debian/tests/pkg-js/test") ||
			rules_has(rules, "debian/nodejs/test")
		? EFFECT_RUNS
		: EFFECT_NOTHING;
}

/* `dh_auto_test -- test …` alone runs cargo's tests; by itself it compiles. */
static enum effect cargo_effect(const struct dh_options *options)
{
	return options->argument_count > 0 && strcmp(options->arguments[0], "test") == 0
		? EFFECT_RUNS
		: EFFECT_NOTHING;
}

static enum effect make_effect(
	struct rules *rules, const char *directory, const struct dh_options *options)
{
	enum effect effect = rules_make_effect(rules, directory, "test");

	if (effect == EFFECT_MISSING)
		effect = rules_make_effect(rules, directory, "check");
	else if (effect == EFFECT_UNKNOWN &&
		rules_make_effect(rules, directory, "check") == EFFECT_RUNS)
		effect = EFFECT_RUNS;
	/* `dh_auto_test -- runtests` makes that target too. */
	for (size_t i = 0; i < options->argument_count && effect != EFFECT_RUNS; i++) {
		if (rules_is_test_target(options->arguments[i]) &&
			rules_make_effect(rules, directory, options->arguments[i]) == EFFECT_RUNS)
			effect = EFFECT_RUNS;
	}
	return effect;
}

static bool is_makefile(const char *system)
{
	return strcmp(system, "autoconf") == 0 || strcmp(system, "makefile") == 0;
}

static enum effect system_effect(struct rules *rules, const char *system, const char *directory,
	const struct dh_options *options)
{
	size_t name = strcspn(system, "+");

	if (strncmp(system, "cmake", name) == 0 && name == 5)
		return rules_cmake_effect(rules, directory);
	if (strncmp(system, "meson", name) == 0 && name == 5)
		return rules_meson_effect(rules, directory);
	if (is_makefile(system))
		return make_effect(rules, directory, options);
	if (strncmp(system, "perl_", 5) == 0)
		return rules_perl_effect(rules);
	if (strcmp(system, "golang") == 0)
		return rules_suffix_effect(rules, "_test.go");
	if (strcmp(system, "ruby") == 0)
		return ruby_effect(rules);
	if (strcmp(system, "nodejs") == 0 || strcmp(system, "nodejs_no_lerna") == 0)
		return nodejs_effect(rules);
	if (strcmp(system, "cargo") == 0)
		return cargo_effect(options);
	if (strcmp(system, "none") == 0 || strcmp(system, "R") == 0 || strcmp(system, "ant") == 0 ||
		strcmp(system, "python_distutils") == 0)
		return EFFECT_MISSING;
	return EFFECT_UNKNOWN;
}

/* The program that the step comes to, for whose options its arguments are; NULL for make. */
static const char *runner_of(const char *system)
{
	static const struct {
		const char *system, *runner;
	} runners[] = {{"meson", "meson test"}, {"golang", "go test"}, {"cargo", "cargo"}};

	for (size_t i = 0; i < ARRAY_SIZE(runners); i++) {
		if (strncmp(system, runners[i].system, strlen(runners[i].system)) == 0)
			return runners[i].runner;
	}
	return NULL;
}

/* Words of a runner, of which those in front have blanks between. */
static void runner_take(const char *runner, const char *const *words, size_t count, struct run *run)
{
	struct text_list line = {0};
	struct test_run found;

	while (*runner != '\0') {
		size_t len = strcspn(runner, " ");

		text_list_addn(&line, runner, len);
		runner += len + strspn(runner + len, " ");
	}
	for (size_t i = 0; i < count; i++)
		text_list_add(&line, words[i]);
	if (test_runner_read(line.items, line.count, &found)) {
		run->is_partial = run->is_partial || found.is_selection;
		if (found.is_idle)
			run->effect = EFFECT_NOTHING;
	}
	text_list_release(&line);
}

/* ARGS="-E slow" of ctest, TESTS=…, -i; what stands behind `dh_auto_test --`. */
static void take_arguments(const char *system, const struct dh_options *options, struct run *run)
{
	const char *runner = runner_of(system);

	if (runner != NULL)
		runner_take(runner, options->arguments, options->argument_count, run);
	for (size_t i = 0; i < options->argument_count && runner == NULL; i++) {
		const char *word = options->arguments[i];
		struct make_options make = {0};

		make_option_read(word, &make);
		if (make.is_ignoring)
			run->fatal = FATAL_NO;
		if (make.is_dry || make.is_none)
			run->effect = EFFECT_NOTHING;
		run->is_partial = run->is_partial || make.is_subset;
		if (strncmp(word, "ARGS=", 5) == 0 || strncmp(word, "ARGS+=", 6) == 0) {
			char *line = xasprintf("ctest %s", strchr(word, '=') + 1);

			runner_take(line, NULL, 0, run);
			free(line);
		}
	}
}

static bool is_ruby_masked(struct rules *rules)
{
	return is_set(rules, "DH_RUBY_IGNORE_TESTS");
}

static void tell_option(struct rules *rules, struct run *run)
{
	const char *option = rules_option_off(rules);

	if (option == NULL || run->effect == EFFECT_MISSING)
		return;
	run->effect = EFFECT_NOTHING;
	rules_switched_off(
		rules, run->file, run->line, "the tests are configured away by %s", option);
}

/* The directory of the source, "" for the top. */
static const char *source_directory(const struct rules *rules, const struct dh_options *options)
{
	const char *directory = options->source_directory != NULL ? options->source_directory
		: rules->source_directory != NULL		  ? rules->source_directory
								  : "";

	while (strncmp(directory, "./", 2) == 0)
		directory += 2;
	return strcmp(directory, ".") == 0 ? "" : directory;
}

void rules_auto_test(const struct command *command, bool is_implicit)
{
	struct rules *rules = command->rules;
	struct dh_options options = {0};
	const char *directory, *system;
	enum effect effect = EFFECT_MISSING;
	size_t own = rules->run_count;
	struct run *run;

	if (!is_implicit)
		dh_options_read(command->words, &options);
	if (options.is_dry)
		return;
	directory = source_directory(rules, &options);
	system = choose(rules, &options, directory);
	run = rules_add_run(rules, &command->way, command->file, command->line,
		"dh_auto_test%s%s%s", system != NULL ? " (" : "", system != NULL ? system : "",
		system != NULL ? ")" : "");
	run->is_implicit = is_implicit;
	if (system != NULL && strcmp(system, "pybuild") == 0)
		effect = pybuild_effect(command, run);
	else if (system != NULL)
		effect = system_effect(rules, system, directory, &options);
	/* More may have been added behind it. */
	run = &rules->runs[own];
	run->effect = rules_as_far_as_read(rules, effect);
	if (system != NULL)
		take_arguments(system, &options, run);
	if (rules->is_nocheck)
		run->effect = EFFECT_NOTHING;
	run->is_maybe = run->is_maybe || rules->is_nocheck_unknown;
	if (system != NULL && strcmp(system, "ruby") == 0 && is_ruby_masked(rules))
		run->fatal = FATAL_NO;
	tell_option(rules, run);
}
