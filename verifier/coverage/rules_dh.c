/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

/* Options of dh and dh_auto_test (debhelper(7), dh(1)). */
struct dh_options {
	const char *build_system, *source_directory;
	const char *addons[16];
	size_t addon_count;
	bool is_dry;	 /* --no-act */
	bool has_limits; /* --before, --until, --remaining: only a part of the sequence */
	const char *const *arguments; /* behind `--` */
	size_t argument_count;
	const char *sequence; /* the first word that is no option */
};

static bool option_value(const struct text_list *words, size_t *at, const char *name, char letter,
	const char **value)
{
	const char *word = words->items[*at];
	const char *next = *at + 1 < words->count ? words->items[*at + 1] : "";
	size_t len = strlen(name);

	if (strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, len) == 0) {
		if (word[2 + len] == '=') {
			*value = word + 3 + len;
			return true;
		}
		if (word[2 + len] == '\0') {
			*value = next;
			++*at;
			return true;
		}
	}
	if (letter != '\0' && word[0] == '-' && word[1] == letter) {
		*value = word[2] == '=' ? word + 3 : word[2] != '\0' ? word + 2 : next;
		*at += *value == next;
		return true;
	}
	return false;
}

static void read_options(const struct text_list *words, struct dh_options *options)
{
	size_t at = 0;
	const char *value;

	while (at < words->count && strstr(words->items[at], "dh") == NULL)
		at++;
	for (at++; at < words->count; at++) {
		const char *word = words->items[at];

		if (strcmp(word, "--") == 0) {
			options->arguments = (const char *const *)&words->items[at + 1];
			options->argument_count = words->count - at - 1;
			return;
		}
		if (option_value(words, &at, "buildsystem", 'S', &options->build_system) ||
			option_value(
				words, &at, "sourcedirectory", 'D', &options->source_directory) ||
			option_value(words, &at, "builddirectory", 'B', &value) ||
			option_value(words, &at, "builddir", '\0', &value) ||
			option_value(words, &at, "without", '\0', &value) ||
			option_value(words, &at, "max-parallel", '\0', &value))
			continue;
		if (option_value(words, &at, "with", '\0', &value)) {
			if (options->addon_count < ARRAY_SIZE(options->addons))
				options->addons[options->addon_count++] = value;
		} else if (option_value(words, &at, "before", '\0', &value) ||
			option_value(words, &at, "after", '\0', &value) ||
			option_value(words, &at, "until", '\0', &value) ||
			strcmp(word, "--remaining") == 0) {
			options->has_limits = true;
		} else if (strcmp(word, "--no-act") == 0) {
			options->is_dry = true;
		} else if (word[0] != '-' && options->sequence == NULL) {
			options->sequence = word;
		}
	}
}

static bool uses(const struct rules *rules, const char *addon)
{
	return text_list_contains(&rules->sequence, addon);
}

static void add_addons(struct rules *rules, const char *list)
{
	while (*list != '\0') {
		size_t len = strcspn(list, ", ");

		if (len > 0)
			text_list_addn(&rules->sequence, list, len);
		list += len + strspn(list + len, ", ");
	}
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
static bool is_pybuild_off(struct rules *rules)
{
	for (size_t i = 0; i < rules->makefile.variable_count; i++) {
		const struct makefile_variable *variable = &rules->makefile.variables[i];
		bool is_off;
		char *value;

		if (strncmp(variable->name, "PYBUILD_DISABLE", 15) != 0)
			continue;
		value = rules_value(rules, variable->name);
		is_off = strstr(value, "test") != NULL || strcmp(value, "1") == 0;
		free(value);
		if (!is_off)
			continue;
		rules_switched_off(rules, variable->file, variable->line,
			"%s switches the test step of pybuild off", variable->name);
		return true;
	}
	return false;
}

static enum effect pybuild_effect(struct rules *rules)
{
	if (is_set(rules, "PYBUILD_TEST_CUSTOM"))
		return is_set(rules, "PYBUILD_TEST_ARGS") ? EFFECT_RUNS : EFFECT_NOTHING;
	if (is_set(rules, "PYBUILD_TEST_PYTEST") || is_set(rules, "PYBUILD_TEST_NOSE") ||
		is_set(rules, "PYBUILD_TEST_NOSE2") || is_set(rules, "PYBUILD_TEST_TOX") ||
		rules_depends(rules, "python3-pytest") || rules_depends(rules, "python3-nose") ||
		rules_depends(rules, "python3-nose2") || rules_depends(rules, "tox"))
		return rules_python_effect(rules, "pytest");
	return rules_python_effect(rules, "unittest");
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

static enum effect system_effect(struct rules *rules, const char *system, const char *directory,
	const struct dh_options *options)
{
	size_t name = strcspn(system, "+");

	if (strncmp(system, "cmake", name) == 0 && name == 5)
		return rules_cmake_effect(rules, directory);
	if (strncmp(system, "meson", name) == 0 && name == 5)
		return rules_meson_effect(rules, directory);
	if (strcmp(system, "autoconf") == 0 || strcmp(system, "makefile") == 0)
		return make_effect(rules, directory, options);
	if (strncmp(system, "perl_", 5) == 0)
		return rules_perl_effect(rules);
	if (strcmp(system, "pybuild") == 0)
		return is_pybuild_off(rules) ? EFFECT_NOTHING : pybuild_effect(rules);
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

void rules_auto_test(const struct command *command, bool is_implicit)
{
	struct rules *rules = command->rules;
	struct dh_options options = {0};
	struct run *run;
	const char *directory, *system;

	if (!is_implicit)
		read_options(command->words, &options);
	if (options.is_dry)
		return;
	directory = options.source_directory != NULL ? options.source_directory
		: rules->source_directory != NULL    ? rules->source_directory
						     : "";
	while (strncmp(directory, "./", 2) == 0)
		directory += 2;
	system = choose(rules, &options, strcmp(directory, ".") == 0 ? "" : directory);
	run = rules_add_run(rules, &command->way, command->file, command->line,
		"dh_auto_test%s%s%s", system != NULL ? " (" : "", system != NULL ? system : "",
		system != NULL ? ")" : "");
	run->is_implicit = is_implicit;
	run->effect = system == NULL
		? EFFECT_MISSING
		: system_effect(
			  rules, system, strcmp(directory, ".") == 0 ? "" : directory, &options);
	run->effect = rules_as_far_as_read(rules, run->effect);
	if (rules->is_nocheck)
		run->effect = EFFECT_NOTHING;
	if (system != NULL && strcmp(system, "ruby") == 0 && is_ruby_masked(rules))
		run->fatal = FATAL_NO;
	for (size_t i = 0; i < options.argument_count; i++) {
		if (strcmp(options.arguments[i], "-i") == 0 &&
			(strcmp(system != NULL ? system : "", "autoconf") == 0 ||
				strcmp(system != NULL ? system : "", "makefile") == 0))
			run->fatal = FATAL_NO;
		if (strncmp(options.arguments[i], "TESTS=", 6) == 0)
			run->is_partial = true;
	}
	tell_option(rules, run);
}

/* "override_dh_auto_test-arch": the command it is for, and whether it is for what is built. */
static bool splits(const struct rules *rules, const char *target, char **command)
{
	static const char *const prefixes[] = {"override_", "execute_before_", "execute_after_"};
	const char *rest = NULL;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strncmp(target, prefixes[i], strlen(prefixes[i])) == 0)
			rest = target + strlen(prefixes[i]);
	}
	if (rest == NULL || strchr(rest, '%') != NULL)
		return false;
	len = strlen(rest);
	if (len > 5 && strcmp(rest + len - 5, "-arch") == 0) {
		if (rules->knows_packages && rules->arch_packages.count == 0)
			return false;
		len -= 5;
	} else if (len > 6 && strcmp(rest + len - 6, "-indep") == 0) {
		if (rules->knows_packages && rules->indep_packages.count == 0)
			return false;
		len -= 6;
	}
	*command = xstrndup(rest, len);
	return true;
}

/* Before the test step, of which the steps that configure and build tell something. */
static void walk_hooks(struct rules *rules, const struct way *way)
{
	for (size_t i = 0; i < rules->makefile.rule_count; i++) {
		for (size_t j = 0; j < rules->makefile.rules[i].targets.count; j++) {
			const char *target = rules->makefile.rules[i].targets.items[j];
			char *command;

			if (!splits(rules, target, &command))
				continue;
			/* A plain override of the test step is for those that have none of their
			 * own. */
			if (strcmp(command, "dh_auto_clean") != 0 &&
				strcmp(command, "dh_clean") != 0 &&
				!(strcmp(command, "dh_auto_test") == 0 && target[0] == 'o'))
				rules_walk(rules, target, way);
			free(command);
		}
	}
}

static bool is_empty_target(const struct rules *rules, const char *target, size_t *line)
{
	const struct makefile_rule *rule = NULL;

	*line = 0;
	while ((rule = makefile_rule_of(&rules->makefile, target, rule)) != NULL) {
		if (!text_list_contains(&rule->targets, target))
			continue;
		*line = rule->line;
		if (rule->line_count > 0 || rule->prerequisites.count > 0)
			return false;
	}
	return true;
}

static bool is_maybe_target(const struct rules *rules, const char *target)
{
	const struct makefile_rule *rule = NULL;
	bool is_named = false;

	while ((rule = makefile_rule_of(&rules->makefile, target, rule)) != NULL) {
		if (!text_list_contains(&rule->targets, target))
			continue;
		if (rule->condition < 0)
			return false;
		is_named = true;
	}
	return is_named;
}

/* The test step for the packages of one kind: 0 for this architecture, 1 for all. */
static void test_step(const struct command *command, int kind)
{
	struct rules *rules = command->rules;
	char *own = xasprintf("override_dh_auto_test-%s", kind == 0 ? "arch" : "indep");
	const char *target = rules_has_target(rules, own) ? own : "override_dh_auto_test";
	const struct makefile_rule *rule = makefile_rule_of(&rules->makefile, target, NULL);
	size_t runs, line;

	/* One override for both is done once here. */
	if (rules->was_stepped[kind] ||
		(target != own && rules_has_target(rules, target) && rules->was_stepped[1 - kind] &&
			!rules_has_target(rules,
				kind == 0 ? "override_dh_auto_test-indep"
					  : "override_dh_auto_test-arch"))) {
		free(own);
		return;
	}
	rules->was_stepped[kind] = !command->way.is_maybe;
	/* An override that a condition may have taken away leaves the step as it was. */
	if (!rules_has_target(rules, target)) {
		rules_auto_test(command, true);
	} else if (rule != NULL && is_maybe_target(rules, target)) {
		struct command step = *command;

		step.way.is_maybe = true;
		rules_auto_test(&step, true);
		rules_walk(rules, target, &command->way);
	} else if (is_empty_target(rules, target, &line)) {
		rules_switched_off(
			rules, "debian/rules", line, "%s is empty: no tests are run", target);
	} else {
		runs = rules->run_count;
		rules_walk(rules, target, &command->way);
		if (rules->run_count == runs)
			rules_switched_off(rules, "debian/rules", rule != NULL ? rule->line : 0,
				"%s runs no tests", target);
	}
	free(own);
}

static bool is_explicit(const struct rules *rules, const char *target)
{
	const struct makefile_rule *rule = NULL;

	while ((rule = makefile_rule_of(&rules->makefile, target, rule)) != NULL) {
		if (text_list_contains(&rule->targets, target) &&
			(rule->line_count > 0 || rule->prerequisites.count > 0))
			return true;
	}
	return false;
}

static void run_sequence(const struct command *command, const char *sequence)
{
	static const char *const targets[] = {"build-arch", "build-indep"};
	struct rules *rules = command->rules;
	bool is_build = strncmp(sequence, "build", 5) == 0;
	size_t len = strlen(sequence);

	walk_hooks(rules, &command->way);
	/* What the rules say of these themselves takes the place of that part of the sequence. */
	if (!is_build && is_explicit(rules, "build")) {
		rules_walk(rules, "build", &command->way);
		return;
	}
	for (int kind = 0; kind < 2; kind++) {
		const struct text_list *packages =
			kind == 0 ? &rules->arch_packages : &rules->indep_packages;
		const char *other = kind == 0 ? "-indep" : "-arch";

		if ((rules->knows_packages && packages->count == 0) ||
			(len > strlen(other) && strcmp(sequence + len - strlen(other), other) == 0))
			continue;
		if (strcmp(sequence, targets[kind]) != 0 && is_explicit(rules, targets[kind]))
			rules_walk(rules, targets[kind], &command->way);
		else
			test_step(command, kind);
	}
}

void rules_dh(const struct command *command)
{
	struct rules *rules = command->rules;
	struct dh_options options = {0};
	const char *sequence;

	read_options(command->words, &options);
	sequence = options.sequence != NULL ? options.sequence : command->target;
	if (sequence == NULL || strcmp(sequence, "clean") == 0 ||
		strncmp(sequence, "override", 8) == 0)
		return;
	for (size_t i = 0; i < options.addon_count; i++)
		add_addons(rules, options.addons[i]);
	if (options.build_system != NULL && rules->build_system == NULL)
		rules->build_system = xstrdup(options.build_system);
	if (options.source_directory != NULL && rules->source_directory == NULL)
		rules->source_directory = xstrdup(options.source_directory);
	if (options.has_limits) {
		rules_say(rules, command->file, command->line,
			"dh is told to do only a part of its sequence");
		rules->is_unclear = true;
		return;
	}
	rules->has_dh = true;
	rules->dh_line = command->line;
	run_sequence(command, sequence);
}

/* What a class of cdbs does once it is included. */
static void cdbs_run(struct rules *rules, const struct makefile_include *include,
	const char *variable, enum effect effect)
{
	struct way way = {.fatal = FATAL_YES};
	char *target = rules_value(rules, variable);
	const struct makefile_variable *own = makefile_variable(&rules->makefile, variable, NULL);
	struct run *run;

	if (target[strspn(target, " \t")] != '\0') {
		run = rules_add_run(rules, &way, own != NULL ? own->file : include->file,
			own != NULL ? own->line : include->line, "%s = %s", variable, target);
		run->effect = effect;
		if (strcmp(variable, "DEB_MAKE_CHECK_TARGET") == 0)
			run->effect = rules_make_effect(rules, "", target);
	} else {
		rules_switched_off(rules, include->file, include->line,
			"%s is not set, so that cdbs runs no tests", variable);
	}
	free(target);
}

void rules_cdbs(struct rules *rules)
{
	for (size_t i = 0; i < rules->makefile.include_count; i++) {
		const struct makefile_include *include = &rules->makefile.includes[i];
		struct way way = {.fatal = FATAL_YES};
		const char *class = strstr(include->path, "/cdbs/1/class/");

		if (class == NULL)
			continue;
		class += strlen("/cdbs/1/class/");
		if (strcmp(class, "autotools.mk") == 0 || strcmp(class, "makefile.mk") == 0 ||
			strcmp(class, "gnome.mk") == 0 || strcmp(class, "cmake.mk") == 0) {
			cdbs_run(rules, include, "DEB_MAKE_CHECK_TARGET", EFFECT_RUNS);
		} else if (strcmp(class, "perl-makemaker.mk") == 0 ||
			strcmp(class, "perl-build.mk") == 0 ||
			strcmp(class, "perlmodule.mk") == 0) {
			rules_add_run(rules, &way, include->file, include->line, "cdbs's %s", class)
				->effect = rules_perl_effect(rules);
		} else if (strcmp(class, "ant.mk") == 0) {
			cdbs_run(rules, include, "DEB_ANT_CHECK_TARGET", EFFECT_RUNS);
		} else if (strcmp(class, "hlibrary.mk") == 0) {
			char *tests = rules_value(rules, "DEB_ENABLE_TESTS");

			if (strcmp(tests, "yes") == 0)
				rules_add_run(rules, &way, include->file, include->line,
					"cdbs's %s with DEB_ENABLE_TESTS", class)
					->effect = EFFECT_RUNS;
			else
				rules_switched_off(rules, include->file, include->line,
					"DEB_ENABLE_TESTS is not yes, so that %s runs no tests",
					class);
			free(tests);
		} else {
			rules_add_run(
				rules, &way, include->file, include->line, "cdbs's %s", class);
		}
	}
}
