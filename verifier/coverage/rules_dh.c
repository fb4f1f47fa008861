/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules_dh.h"

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

void dh_options_read(const struct text_list *words, struct dh_options *options)
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

static void add_addons(struct rules *rules, const char *list)
{
	while (*list != '\0') {
		size_t len = strcspn(list, ", ");

		if (len > 0)
			text_list_addn(&rules->sequence, list, len);
		list += len + strspn(list + len, ", ");
	}
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
	bool is_of_indep = rules->is_of_indep;
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
		rules->is_of_indep = is_of_indep ||
			(kind == 1 && rules->knows_packages && rules->arch_packages.count > 0);
		if (strcmp(sequence, targets[kind]) != 0 && is_explicit(rules, targets[kind]))
			rules_walk(rules, targets[kind], &command->way);
		else
			test_step(command, kind);
	}
	rules->is_of_indep = is_of_indep;
}

void rules_dh(const struct command *command)
{
	struct rules *rules = command->rules;
	struct dh_options options = {0};
	const char *sequence;

	dh_options_read(command->words, &options);
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
