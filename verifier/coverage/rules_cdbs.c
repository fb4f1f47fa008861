/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

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
