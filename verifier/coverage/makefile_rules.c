/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "verifier/coverage/makefile.h"

static const struct makefile_rule *pattern_rule(const struct makefile *makefile, const char *target)
{
	for (size_t i = 0; i < makefile->rule_count; i++) {
		const struct makefile_rule *rule = &makefile->rules[i];

		for (size_t j = 0; j < rule->targets.count; j++) {
			if (rule->has_recipe && strchr(rule->targets.items[j], '%') != NULL &&
				makefile_pattern_fits(rule->targets.items[j], target))
				return rule;
		}
	}
	return NULL;
}

const struct makefile_rule *makefile_rule_of(
	const struct makefile *makefile, const char *target, const struct makefile_rule *after)
{
	size_t from = after != NULL ? (size_t)(after - makefile->rules) + 1 : 0;

	for (size_t i = from; i < makefile->rule_count; i++) {
		if (text_list_contains(&makefile->rules[i].targets, target))
			return &makefile->rules[i];
	}
	return after == NULL ? pattern_rule(makefile, target) : NULL;
}

void makefile_release(struct makefile *makefile)
{
	for (size_t i = 0; i < makefile->rule_count; i++) {
		struct makefile_rule *rule = &makefile->rules[i];

		for (size_t j = 0; j < rule->line_count; j++)
			free(rule->lines[j].text);
		free(rule->lines);
		free(rule->pattern);
		text_list_release(&rule->targets);
		text_list_release(&rule->prerequisites);
	}
	for (size_t i = 0; i < makefile->variable_count; i++) {
		free(makefile->variables[i].name);
		free(makefile->variables[i].target);
		free(makefile->variables[i].value);
	}
	for (size_t i = 0; i < makefile->condition_count; i++)
		free(makefile->conditions[i].text);
	for (size_t i = 0; i < makefile->include_count; i++)
		free(makefile->includes[i].path);
	free(makefile->rules);
	free(makefile->variables);
	free(makefile->conditions);
	free(makefile->includes);
	free(makefile->trouble);
	text_list_release(&makefile->files);
	buffer_release(&makefile->evaluated);
	*makefile = (struct makefile){0};
}
