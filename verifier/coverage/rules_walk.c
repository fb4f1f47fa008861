/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

enum {
	DEPTH = 24,
	WALKS = 2000
};

enum failure_fatal rules_worse(enum failure_fatal a, enum failure_fatal b)
{
	static const enum failure_fatal order[] = {FATAL_NO, FATAL_UNCLEAR, FATAL_PARTLY};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (a == order[i] || b == order[i])
			return order[i];
	}
	return FATAL_YES;
}

static bool is_phony(const struct makefile *makefile, const char *target)
{
	const struct makefile_rule *rule = NULL;

	while ((rule = makefile_rule_of(makefile, ".PHONY", rule)) != NULL) {
		if (text_list_contains(&rule->targets, ".PHONY") &&
			text_list_contains(&rule->prerequisites, target))
			return true;
	}
	return false;
}

bool rules_has_target(const struct rules *rules, const char *target)
{
	for (size_t i = 0; i < rules->makefile.rule_count; i++) {
		if (text_list_contains(&rules->makefile.rules[i].targets, target))
			return true;
	}
	return is_phony(&rules->makefile, target);
}

/* Goes over @, -, + and blanks; whether a failure is ignored. */
static bool skip_prefixes(const char **text)
{
	bool is_ignored = false;

	for (; **text != '\0' && strchr("@-+ \t", **text) != NULL; (*text)++)
		is_ignored = is_ignored || **text == '-';
	return is_ignored;
}

/* `SHELL = /bin/bash -e`, `.SHELLFLAGS = -eu -o pipefail -c` */
static void set_shell(struct rules *rules, struct shell *shell)
{
	static const char *const names[] = {"SHELL", ".SHELLFLAGS"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *value = rules_value(rules, names[i]), *at = value;

		while ((at = strstr(at, " -")) != NULL) {
			at += 2;
			if (strcspn(at, "e") < strcspn(at, " \t"))
				shell->has_errexit = true;
		}
		if (value[0] == '-' && strcspn(value, "e") < strcspn(value, " \t"))
			shell->has_errexit = true;
		if (strstr(value, "pipefail") != NULL)
			shell->has_pipefail = true;
		free(value);
	}
	if (rules->makefile.is_posix)
		shell->has_errexit = true;
}

/* Where the last `cd` before a command leads; nearly all stand in one list with it. */
static const char *directory_of(const struct shell *shell, int node)
{
	const char *directory = "";

	for (int i = 0; i < node; i++) {
		const struct text_list *words = &shell->nodes[i].words;

		if (shell->nodes[i].kind == SHELL_COMMAND && words->count == 2 &&
			strcmp(words->items[0], "cd") == 0)
			directory = words->items[1];
	}
	if (strncmp(directory, "/CURDIR/", 8) == 0)
		directory += 8;
	return directory[0] == '/' || directory[0] == '-' || strpbrk(directory, "$`\1") != NULL
		? ""
		: directory;
}

static void follow_node(struct rules *rules, const struct shell *shell, int node,
	const char *target, const char *file, size_t line, const struct way *way)
{
	struct shell_fate fate = shell_follow(shell, node);
	struct command command = {
		.rules = rules,
		.file = file,
		.line = line,
		.target = target,
		.directory = directory_of(shell, node),
		.words = &shell->nodes[node].words,
		.way = {.is_maybe = way->is_maybe || fate.is_passed_over ||
				(way->is_ignored && fate.is_not_reached),
			.outer = way,
			.depth = way->depth + 1},
	};

	if (!fate.is_run_and_fails && !fate.is_run_and_succeeds)
		return;
	if (!fate.is_run_and_succeeds)
		command.way.fatal = way->fatal;
	else if (!fate.is_run_and_fails)
		command.way.fatal = rules_worse(way->fatal, FATAL_NO);
	else
		command.way.fatal =
			rules_worse(way->fatal, fate.is_undecided ? FATAL_UNCLEAR : FATAL_PARTLY);
	rules_command(&command);
}

static bool mentions_tests(const char *text)
{
	static const char *const words[] = {" check", " test", "dh_auto_test", "pytest", "ctest",
		"unittest", "/test", "/check"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strstr(text, words[i]) != NULL)
			return true;
	}
	return false;
}

void rules_script(struct rules *rules, const char *text, const char *target, const char *file,
	size_t line, const struct way *way)
{
	struct shell shell = {0};

	if (way->depth >= DEPTH)
		return;
	if (!shell_parse(&shell, text)) {
		/* What cannot be read may be a test. */
		if (mentions_tests(text))
			rules_add_run(rules, way, file, line, "a script that cannot be read");
		shell_release(&shell);
		return;
	}
	set_shell(rules, &shell);
	for (size_t i = 0; i < shell.count; i++) {
		if (shell.nodes[i].kind == SHELL_COMMAND &&
			rules_is_of_interest(&shell.nodes[i].words))
			follow_node(rules, &shell, (int)i, target, file, line, way);
	}
	shell_release(&shell);
}

/* A recipe line, expanded; a canned recipe has several, each a script of its own. */
static void walk_line(struct rules *rules, const char *expanded, const struct makefile_line *line,
	const char *target, const struct way *way)
{
	const char *at = expanded;

	while (*at != '\0') {
		const char *stop = at;
		struct way inner = *way;
		char *script;

		while (*stop != '\0' && *stop != '\n')
			stop += stop[0] == '\\' && stop[1] != '\0' ? 2 : 1;
		script = xstrndup(at, (size_t)(stop - at));
		at = script;
		inner.is_ignored = skip_prefixes(&at);
		if (inner.is_ignored)
			inner.fatal = FATAL_NO;
		rules_script(rules, at, target, line->file, line->line, &inner);
		free(script);
		at = *stop == '\n' ? stop + 1 : stop;
	}
}

static void walk_recipe(struct rules *rules, const struct makefile_rule *rule, const char *target,
	const struct way *way)
{
	struct buffer whole = {0};

	for (size_t i = 0; i < rule->line_count; i++) {
		struct buffer expanded = {0};
		struct way inner = *way;

		inner.is_maybe = way->is_maybe || rule->lines[i].condition >= 0;
		makefile_expand(&rules->makefile, rule->lines[i].text, target, &expanded);
		if (rules->makefile.is_oneshell && rule->lines[i].condition < 0)
			buffer_add_format(&whole, "%s\n", buffer_text(&expanded));
		else
			walk_line(rules, buffer_text(&expanded), &rule->lines[i], target, &inner);
		buffer_release(&expanded);
	}
	if (whole.len > 0) {
		const char *at = whole.data;
		struct way inner = *way;

		inner.is_ignored = skip_prefixes(&at);
		if (inner.is_ignored)
			inner.fatal = FATAL_NO;
		rules_script(rules, at, target, rule->file, rule->lines[0].line, &inner);
	}
	buffer_release(&whole);
}

/* Of several recipes for one target make takes the last. */
static bool is_replaced(
	const struct makefile *makefile, const struct makefile_rule *rule, const char *target)
{
	const struct makefile_rule *later = rule;

	if (rule->is_double_colon)
		return false;
	while ((later = makefile_rule_of(makefile, target, later)) != NULL) {
		if (later->has_recipe && later->condition < 0)
			return true;
	}
	return false;
}

static bool was_walked(struct rules *rules, const char *target, const struct way *way)
{
	char *key = xasprintf("%s %d %d", target, way->is_maybe, (int)way->fatal);
	bool was = text_list_contains(&rules->walked, key);

	if (!was)
		text_list_add(&rules->walked, key);
	free(key);
	return was;
}

/* A prerequisite of a pattern rule, for that target. */
static char *with_stem(const char *name, const char *pattern, const char *target)
{
	const char *in = strchr(name, '%');
	const char *percent = pattern != NULL ? strchr(pattern, '%') : NULL;
	size_t before;

	if (in == NULL || percent == NULL || !makefile_pattern_fits(pattern, target))
		return xstrdup(name);
	before = (size_t)(percent - pattern);
	return xasprintf("%.*s%.*s%s", (int)(in - name), name,
		(int)(strlen(target) + 1 - strlen(pattern)), target + before, in + 1);
}

static void walk_rule(struct rules *rules, const struct makefile_rule *rule, const char *target,
	const struct way *way)
{
	struct way inner = {
		.is_maybe = way->is_maybe || rule->condition >= 0,
		.fatal = way->fatal,
		.outer = way,
		.depth = way->depth + 1,
	};
	const char *pattern = rule->pattern;

	for (size_t i = 0; i < rule->targets.count && pattern == NULL; i++) {
		if (makefile_pattern_fits(rule->targets.items[i], target))
			pattern = rule->targets.items[i];
	}
	for (size_t i = 0; i < rule->prerequisites.count; i++) {
		char *name = with_stem(rule->prerequisites.items[i], pattern, target);

		rules_walk(rules, name, &inner);
		free(name);
	}
	if (rule->has_recipe && !is_replaced(&rules->makefile, rule, target))
		walk_recipe(rules, rule, target, &inner);
}

void rules_walk(struct rules *rules, const char *target, const struct way *way)
{
	const struct makefile_rule *rule = NULL;
	bool has_recipe = false, is_named = false;

	if (way->depth >= DEPTH || rules->walked.count >= WALKS) {
		rules->is_unclear = true;
		return;
	}
	if (was_walked(rules, target, way))
		return;
	while ((rule = makefile_rule_of(&rules->makefile, target, rule)) != NULL) {
		is_named = is_named || text_list_contains(&rule->targets, target);
		has_recipe = has_recipe || rule->has_recipe;
		walk_rule(rules, rule, target, way);
	}
	/* A target without a recipe takes that of a pattern, unless it is no file. */
	if (!is_named || has_recipe || is_phony(&rules->makefile, target))
		return;
	for (size_t i = 0; i < rules->makefile.rule_count; i++) {
		rule = &rules->makefile.rules[i];
		if (rule->has_recipe && rule->targets.count > 0 &&
			strchr(rule->targets.items[0], '%') != NULL &&
			makefile_pattern_fits(rule->targets.items[0], target)) {
			walk_rule(rules, rule, target, way);
			return;
		}
	}
}
