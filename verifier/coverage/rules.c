/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

bool rules_has(const struct rules *rules, const char *path)
{
	return rules_file(rules, path) != NULL;
}

const struct tree_file *rules_file(const struct rules *rules, const char *path)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return source_tree_find(rules->tree, path);
}

const char *rules_text(const struct rules *rules, const char *path)
{
	const struct tree_file *file = rules_file(rules, path);

	return file != NULL && !file->is_cut ? file->text : NULL;
}

bool rules_depends(const struct rules *rules, const char *package)
{
	return text_list_contains(&rules->build_depends, package);
}

char *rules_value(struct rules *rules, const char *name)
{
	return makefile_value(&rules->makefile, name, NULL);
}

__attribute__((format(printf, 4, 0))) static void say(
	struct rules *rules, const char *path, size_t line, const char *format, va_list list)
{
	char *text = xvasprintf(format, list);
	const struct tree_file *file = rules_file(rules, path);

	claim_add(&rules->facts->claims, file != NULL && file->text != NULL ? &file->sha256 : NULL,
		path, line, "%s", text);
	free(text);
}

void rules_say(struct rules *rules, const char *file, size_t line, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(rules, file, line, format, list);
	va_end(list);
}

void rules_switched_off(struct rules *rules, const char *file, size_t line, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(rules, file, line, format, list);
	va_end(list);
	if (rules->switched_off++ == 0)
		rules->off_line = line;
}

struct run *rules_add_run(struct rules *rules, const struct way *way, const char *file, size_t line,
	const char *format, ...)
{
	struct run *run;
	va_list list;

	ARRAY_GROW(rules->runs, rules->run_count, rules->run_capacity);
	run = &rules->runs[rules->run_count++];
	*run = (struct run){
		.file = file,
		.line = line,
		.effect = EFFECT_UNKNOWN,
		.is_maybe = way->is_maybe,
		.fatal = way->fatal,
		.is_of_indep = rules->is_of_indep,
	};
	va_start(list, format);
	run->what = xvasprintf(format, list);
	va_end(list);
	return run;
}

enum effect rules_as_far_as_read(const struct rules *rules, enum effect effect)
{
	return effect < EFFECT_UNKNOWN && !rules->tree->is_upstream_whole ? EFFECT_UNKNOWN : effect;
}

static const char *find_text(void *context, const char *path, size_t *len)
{
	struct rules *rules = context;
	const char *text = rules_text(rules, path);

	*len = text != NULL ? strlen(text) : 0;
	return text;
}

/* Of makefiles that are no part of the source, those that have no targets which could test. */
static bool is_harmless(const char *path)
{
	static const char *const beginnings[] = {"/usr/share/dpkg/", "/usr/share/quilt/",
		"/usr/share/dpatch/", "/usr/share/hardening-includes/", "/usr/share/cdbs/",
		"/usr/share/javahelper/", "/usr/share/gnome-pkg-tools/", "/usr/share/ada/",
		"/usr/share/cli-common/", "/usr/share/python3/", "/usr/share/python/",
		"/usr/share/dh-elpa/", "/usr/share/postgresql-common/", "/usr/share/ruby-defaults/",
		"/usr/share/debhelper/", "/usr/share/mpi-default-dev/", "/usr/share/dh-buildinfo/",
		"/usr/share/rustc/architecture.mk", "/usr/share/gnu-efi/"};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		if (strncmp(path, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	}
	return false;
}

/* The first makefile that was not read and may have targets; NULL for none. */
static const struct makefile_include *unknown_include(const struct rules *rules)
{
	for (size_t i = 0; i < rules->makefile.include_count; i++) {
		const struct makefile_include *include = &rules->makefile.includes[i];

		if (!include->was_read && !is_harmless(include->path) &&
			(!include->is_optional || rules_has(rules, include->path)))
			return include;
	}
	return NULL;
}

static void read_rules(struct rules *rules, const char *architecture)
{
	struct makefile_given given = {
		.architecture = architecture,
		.find = find_text,
		.context = rules,
	};
	char *options;

	if (rules->knows_packages) {
		given.arch_packages = &rules->arch_packages;
		given.indep_packages = &rules->indep_packages;
	}
	makefile_read(
		&rules->makefile, &given, "debian/rules", rules->file->text, rules->file->len);
	/* What is not in the source may set any variable. */
	if (unknown_include(rules) != NULL) {
		makefile_release(&rules->makefile);
		given.is_unset_unknown = true;
		makefile_read(&rules->makefile, &given, "debian/rules", rules->file->text,
			rules->file->len);
	}
	if (rules->makefile.trouble != NULL) {
		rules_say(rules, "debian/rules", 0, "%s", rules->makefile.trouble);
		rules->is_unclear = true;
	}
	options = rules_value(rules, "DEB_BUILD_OPTIONS");
	if (strstr(options, "nocheck") != NULL) {
		const struct makefile_variable *variable =
			makefile_variable(&rules->makefile, "DEB_BUILD_OPTIONS", NULL);

		rules->is_nocheck = true;
		rules_switched_off(rules, variable->file, variable->line,
			"DEB_BUILD_OPTIONS is set to have nocheck");
	} else if (!makefile_is_known(options)) {
		const struct makefile_variable *variable =
			makefile_variable(&rules->makefile, "DEB_BUILD_OPTIONS", NULL);

		rules->is_nocheck_unknown = true;
		rules_say(rules, variable != NULL ? variable->file : "debian/rules",
			variable != NULL ? variable->line : 0,
			"DEB_BUILD_OPTIONS is set to what is not known: it may have nocheck");
	}
	free(options);
}

static void name_run(struct rules *rules, const struct run *run)
{
	static const char *const effects[] = {
		[EFFECT_MISSING] = "there is nothing for it to run",
		[EFFECT_NOTHING] = "it has nothing to test",
		[EFFECT_UNKNOWN] = "what it tests cannot be told from the source",
		[EFFECT_RUNS] = "it runs tests",
	};
	static const char *const fatals[] = {
		[FATAL_UNCLEAR] = "whether a failure breaks the build cannot be decided",
		[FATAL_NOT_APPLICABLE] = "",
		[FATAL_NO] = "a failure does not break the build",
		[FATAL_PARTLY] = "some failures break the build",
		[FATAL_YES] = "a failure breaks the build",
	};

	rules_say(rules, run->file, run->line, "%s: %s%s%s%s%s", run->what, effects[run->effect],
		run->is_partial		   ? ", some of them"
			: run->is_of_indep ? ", where packages of all architectures are built"
					   : "",
		run->is_maybe ? ", under a condition that is not decided" : "",
		run->effect == EFFECT_RUNS ? "; " : "",
		run->effect == EFFECT_RUNS ? fatals[run->fatal] : "");
}

/* One suite in one run, and all but that in another, are all. */
static bool is_completed(const struct rules *rules, const struct run *run)
{
	for (size_t i = 0; i < rules->run_count && run->suite != NULL; i++) {
		const struct run *other = &rules->runs[i];

		if (other->suite != NULL && strcmp(other->suite, run->suite) == 0 &&
			other->is_without_suite != run->is_without_suite &&
			other->effect == EFFECT_RUNS && !other->is_maybe && !other->is_of_indep)
			return true;
	}
	return false;
}

static enum run_at_build fold_runs(const struct rules *rules, bool has_suite)
{
	bool has_maybe = rules->is_unclear, has_whole = false, has_part = false, is_written = false;

	for (size_t i = 0; i < rules->run_count; i++) {
		const struct run *run = &rules->runs[i];

		/* What ships for this architecture is built by its own steps. */
		if (run->effect == EFFECT_RUNS && !run->is_maybe)
			*((run->is_partial && !is_completed(rules, run)) || run->is_of_indep
					? &has_part
					: &has_whole) = true;
		else if (run->effect == EFFECT_RUNS ||
			(run->effect == EFFECT_UNKNOWN && (has_suite || !run->is_implicit)))
			has_maybe = true;
		is_written = is_written || !run->is_implicit;
	}
	if (has_whole)
		return RUN_YES;
	if (has_part)
		return RUN_PARTIAL;
	if (has_maybe || (!has_suite && !rules->tree->is_upstream_whole))
		return RUN_UNCLEAR;
	if (rules->switched_off > 0 && has_suite)
		return RUN_NO;
	if (rules->run_count > 0)
		return has_suite || is_written ? RUN_VACUOUS : RUN_NONE;
	return has_suite ? RUN_NO : RUN_NONE;
}

static enum failure_fatal fold_fatal(const struct rules *rules)
{
	bool seen[FATAL_YES + 1] = {false};

	if (rules->facts->run_at_build == RUN_UNCLEAR)
		return FATAL_UNCLEAR;
	if (rules->facts->run_at_build < RUN_PARTIAL)
		return FATAL_NOT_APPLICABLE;
	for (size_t i = 0; i < rules->run_count; i++) {
		if (rules->runs[i].effect == EFFECT_RUNS && !rules->runs[i].is_maybe)
			seen[rules->runs[i].fatal] = true;
	}
	if (seen[FATAL_UNCLEAR])
		return FATAL_UNCLEAR;
	if (seen[FATAL_PARTLY] || (seen[FATAL_YES] && seen[FATAL_NO]))
		return FATAL_PARTLY;
	return seen[FATAL_YES] ? FATAL_YES : FATAL_NO;
}

static void fold(struct rules *rules)
{
	struct source_facts *facts = rules->facts;
	bool has_suite = rules_has_suite(rules);

	const struct makefile_include *include = unknown_include(rules);

	/* What was not read may have switched off what stands nowhere. */
	if (include != NULL) {
		rules_say(rules, include->file, include->line,
			"it includes a makefile that is not in the source: %s", include->path);
		rules->is_unclear = true;
	}
	for (size_t i = 0; i < rules->run_count; i++) {
		struct run *run = &rules->runs[i];

		run->is_maybe = run->is_maybe || (run->is_implicit && rules->is_unclear) ||
			rules->makefile.trouble != NULL;
		name_run(rules, run);
	}
	facts->run_at_build = fold_runs(rules, has_suite);
	facts->failure_fatal = fold_fatal(rules);
	if (facts->run_at_build == RUN_UNCLEAR && !rules->tree->is_upstream_whole)
		rules_say(rules, "debian/rules", 0,
			"upstream's files were not read whole: what it could run is not known");
	for (size_t i = 0; facts->run_at_build == RUN_UNCLEAR && i < rules->tree->rewrite_count;
		i++)
		rules_say(rules, "debian/rules", rules->tree->rewrites[i].line, "%s",
			rules->tree->rewrites[i].text);
	if (facts->run_at_build == RUN_NO && rules->switched_off == 0)
		rules_say(rules, "debian/rules", 0, "nothing in it runs the tests");
	if (facts->run_at_build == RUN_NONE && rules->run_count == 0)
		rules_say(rules, "debian/rules", 0, "nothing in it runs tests, and none are seen");
	if (facts->run_at_build == RUN_NO || facts->run_at_build == RUN_VACUOUS)
		facts->patch = rules_patch(rules);
}

static void release(struct rules *rules)
{
	makefile_release(&rules->makefile);
	text_list_release(&rules->arch_packages);
	text_list_release(&rules->indep_packages);
	text_list_release(&rules->build_depends);
	text_list_release(&rules->sequence);
	text_list_release(&rules->walked);
	text_list_release(&rules->configured);
	text_list_release(&rules->effects);
	for (size_t i = 0; i < rules->run_count; i++) {
		free(rules->runs[i].what);
		free(rules->runs[i].suite);
	}
	free(rules->runs);
	free(rules->build_system);
	free(rules->source_directory);
}

/* `MAKEFLAGS += -i` is make's way to ignore every failure, .IGNORE is another. */
static bool ignores_failures(struct rules *rules)
{
	char *flags = rules_value(rules, "MAKEFLAGS");
	struct make_options options = {0};
	const char *at = flags;

	if (makefile_variable(&rules->makefile, "MAKEFLAGS", NULL) != NULL) {
		/* The letters of the first word need no dash. */
		char *first = xasprintf("%s%.*s",
			at[0] != '-' && strcspn(at, "= ") == strcspn(at, " ") ? "-" : "",
			(int)strcspn(at, " "), at);

		make_option_read(first, &options);
		free(first);
		for (at += strcspn(at, " "); *at != '\0'; at += strcspn(at, " ")) {
			char *word;

			at += strspn(at, " ");
			word = xstrndup(at, strcspn(at, " "));
			make_option_read(word, &options);
			free(word);
		}
	}
	free(flags);
	return options.is_ignoring ||
		(makefile_rule_of(&rules->makefile, ".IGNORE", NULL) != NULL &&
			rules_has_target(rules, ".IGNORE"));
}

/* What a build of this architecture makes, and then the rest. */
static void walk_all(struct rules *rules)
{
	static const char *const arch[] = {"build-arch", "binary-arch"};
	static const char *const all[] = {
		"build", "build-arch", "build-indep", "binary", "binary-arch", "binary-indep"};
	struct way way = {.fatal = FATAL_YES};
	bool has_arch = rules->knows_packages && rules->arch_packages.count > 0 &&
		makefile_rule_of(&rules->makefile, "build-arch", NULL) != NULL;

	if (ignores_failures(rules))
		way.fatal = FATAL_NO;
	for (size_t i = 0; i < ARRAY_SIZE(arch) && has_arch; i++)
		rules_walk(rules, arch[i], &way);
	rules->is_of_indep = has_arch;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		rules_walk(rules, all[i], &way);
	rules->is_of_indep = false;
}

void rules_judge(
	const struct source_tree *tree, const char *architecture, struct source_facts *facts)
{
	struct rules rules = {.tree = tree, .facts = facts};

	facts->run_at_build = RUN_UNCLEAR;
	facts->failure_fatal = FATAL_UNCLEAR;
	rules.file = source_tree_find(tree, "debian/rules");
	if (rules.file == NULL || rules.file->text == NULL || rules.file->is_cut) {
		claim_add(&facts->claims, NULL, "debian/rules", 0, "%s",
			rules.file == NULL ? "the file is not in the source"
					   : "the file could not be read whole");
		return;
	}
	rules_read_control(&rules, architecture);
	read_rules(&rules, architecture);
	walk_all(&rules);
	rules_cdbs(&rules);
	fold(&rules);
	release(&rules);
}
