/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

/* One change of debian/rules: lines `first` to `last` go (none when last < first), `text` comes. */
struct edit {
	size_t first, last;
	const char *text;
};

enum {
	CONTEXT = 3
};

static void split_lines(const struct tree_file *file, struct text_list *lines)
{
	const char *at = file->text, *end = file->text + file->len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;

		text_list_addn(lines, at, (size_t)(stop - at));
		at = stop + (newline != NULL);
	}
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void put_lines(
	struct buffer *out, const struct text_list *lines, size_t first, size_t last, char sign)
{
	for (size_t i = first; i <= last; i++)
		buffer_add_format(out, "%c%s\n", sign, lines->items[i - 1]);
}

static char *make_diff(const struct text_list *lines, const struct edit *edit)
{
	size_t before = edit->first > CONTEXT ? edit->first - CONTEXT : 1;
	size_t after = edit->last + CONTEXT < lines->count ? edit->last + CONTEXT : lines->count;
	size_t removed = edit->last + 1 - edit->first, added = count_lines(edit->text);
	struct buffer out = {0};
	const char *at = edit->text;

	buffer_add_text(&out, "--- a/debian/rules\n+++ b/debian/rules\n");
	buffer_add_format(&out, "@@ -%zu,%zu +%zu,%zu @@\n", before, after + 1 - before, before,
		after + 1 - before - removed + added);
	put_lines(&out, lines, before, edit->first - 1, ' ');
	put_lines(&out, lines, edit->first, edit->last, '-');
	while (*at != '\0') {
		size_t len = strcspn(at, "\n");

		buffer_add_format(&out, "+%.*s\n", (int)len, at);
		at += len + (at[len] == '\n');
	}
	put_lines(&out, lines, edit->last + 1, after, ' ');
	return buffer_detach(&out);
}

/* The lines of a rule: its targets, its recipe, the comments among it. */
static void rule_lines(const struct text_list *lines, size_t line, struct edit *edit)
{
	size_t last = line;

	while (last < lines->count &&
		(lines->items[last][0] == '\t' || lines->items[last][0] == '#'))
		last++;
	/* And one of the empty lines around it. */
	if (last < lines->count && lines->items[last][0] == '\0')
		last++;
	edit->first = line;
	edit->last = last;
}

/* The override that switches the tests off, alone on its line and under no condition. */
static const struct makefile_rule *switching_rule(const struct rules *rules)
{
	const struct makefile_rule *found = NULL;

	for (size_t i = 0; i < rules->makefile.rule_count; i++) {
		const struct makefile_rule *rule = &rules->makefile.rules[i];

		if (rule->line != rules->off_line || strcmp(rule->file, "debian/rules") != 0 ||
			rule->targets.count != 1 ||
			strncmp(rule->targets.items[0], "override_dh_auto_test", 21) != 0)
			continue;
		if (found != NULL || rule->condition >= 0)
			return NULL;
		found = rule;
	}
	return found;
}

static const struct makefile_variable *switching_variable(const struct rules *rules)
{
	for (size_t i = 0; i < rules->makefile.variable_count; i++) {
		const struct makefile_variable *variable = &rules->makefile.variables[i];

		if (variable->line == rules->off_line &&
			strncmp(variable->name, "PYBUILD_DISABLE", 15) == 0)
			return variable;
	}
	return NULL;
}

/* What the recipe does besides must not be lost. */
static bool does_only_talk(const struct makefile_rule *rule)
{
	for (size_t i = 0; i < rule->line_count; i++) {
		const char *text = rule->lines[i].text + strspn(rule->lines[i].text, "@-+ \t");

		if (strncmp(text, "echo", 4) != 0 && strncmp(text, "true", 4) != 0 &&
			*text != '#' && *text != ':')
			return false;
	}
	return true;
}

static size_t cdbs_line(const struct rules *rules)
{
	for (size_t i = 0; i < rules->makefile.include_count; i++) {
		const struct makefile_include *include = &rules->makefile.includes[i];

		if (include->line == rules->off_line &&
			(strstr(include->path, "class/autotools.mk") != NULL ||
				strstr(include->path, "class/makefile.mk") != NULL))
			return include->line;
	}
	return 0;
}

/* The one recipe line of a plain rules file that builds: `$(MAKE)` with no target. */
static const struct makefile_line *building_line(const struct rules *rules)
{
	const struct makefile_line *found = NULL;

	for (size_t i = 0; i < rules->makefile.rule_count; i++) {
		const struct makefile_rule *rule = &rules->makefile.rules[i];

		for (size_t j = 0; j < rule->line_count; j++) {
			const char *text = rule->lines[j].text;

			if (strncmp(text, "$(MAKE)", 7) != 0 ||
				strpbrk(text + 7, "\\&|;<>") != NULL)
				continue;
			text += 7;
			while (*text == ' ') {
				text++;
				if (*text != '-' && strcspn(text, "=") > strcspn(text, " "))
					break;
				text += strcspn(text, " ");
			}
			if (*text != '\0')
				continue;
			if (found != NULL || strcmp(rule->file, "debian/rules") != 0)
				return NULL;
			found = &rule->lines[j];
		}
	}
	return found;
}

static bool plan(const struct rules *rules, const struct text_list *lines, struct buffer *text,
	struct edit *edit)
{
	const struct makefile_rule *rule = switching_rule(rules);
	const struct makefile_variable *variable = switching_variable(rules);
	const struct makefile_line *line;
	struct rules *own = (struct rules *)rules;

	edit->text = "";
	if (rules->off_line > lines->count)
		return false;
	if (rules->off_line > 0 && rule != NULL) {
		if (!does_only_talk(rule))
			return false;
		rule_lines(lines, rule->line, edit);
		return true;
	}
	if (rules->off_line > 0 && variable != NULL) {
		const char *last = lines->items[variable->line - 1];

		edit->first = edit->last = variable->line;
		return last[0] != '\0' && last[strlen(last) - 1] != '\\';
	}
	if (rules_make_effect(own, "", "check") != EFFECT_RUNS)
		return false;
	if (rules->off_line > 0 && cdbs_line(rules) > 0) {
		edit->first = cdbs_line(rules);
		edit->last = edit->first - 1;
		edit->text = "DEB_MAKE_CHECK_TARGET = check\n";
		return true;
	}
	line = rules->has_dh || rules->off_line > 0 ? NULL : building_line(rules);
	if (line == NULL || line->line >= lines->count)
		return false;
	buffer_add_format(text,
		"ifeq (,$(filter nocheck,$(DEB_BUILD_OPTIONS)))\n\t%s check\nendif\n", line->text);
	edit->text = buffer_text(text);
	edit->first = line->line + 1;
	edit->last = line->line;
	return true;
}

char *rules_patch(const struct rules *rules)
{
	struct text_list lines = {0};
	struct buffer text = {0};
	struct edit edit = {0};
	char *diff = NULL;

	/* A diff of lines that end otherwise would not apply. */
	if (rules->file->len == 0 || rules->file->text[rules->file->len - 1] != '\n' ||
		strchr(rules->file->text, '\r') != NULL)
		return NULL;
	split_lines(rules->file, &lines);
	if (plan(rules, &lines, &text, &edit))
		diff = make_diff(&lines, &edit);
	text_list_release(&lines);
	buffer_release(&text);
	return diff;
}
