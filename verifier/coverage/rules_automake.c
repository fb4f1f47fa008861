/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/rules.h"

/* Conditions of automake that rest on a framework: its package must be a build dependency. */
static const struct {
	const char *word, *package, *other;
} frameworks[] = {
	{"HAVE_CHECK", "check", "libsubunit-dev"},
	{"HAVE_LIBCHECK", "check", NULL},
	{"CMOCKA", "libcmocka-dev", NULL},
	{"CUNIT", "libcunit1-dev", "libcunit1-ncurses-dev"},
	{"GTEST", "libgtest-dev", "googletest"},
	{"CPPUNIT", "libcppunit-dev", NULL},
	{"DEJAGNU", "dejagnu", NULL},
	{"CRITERION", "libcriterion-dev", NULL},
	{"BOOST_UNIT", "libboost-test-dev", "libboost-all-dev"},
	{"VALGRIND", "valgrind", "valgrind-if-available"},
};

static bool is_asked_for(const struct rules *rules)
{
	for (size_t i = 0; i < rules->configured.count; i++) {
		const char *option = rules->configured.items[i];

		if (strncmp(option, "--enable-", 9) == 0 && strstr(option, "=no") == NULL &&
			(strstr(option, "test") != NULL || strstr(option, "unit") != NULL))
			return true;
	}
	return false;
}

/* By custom the help of an option names what is not the default: "--disable-tests". */
static bool is_by_default(const struct rules *rules)
{
	static const char *const files[] = {"configure.ac", "configure.in"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *text = rules_text(rules, files[i]);

		if (text != NULL && strstr(text, "--enable-test") == NULL &&
			strstr(text, "--disable-test") != NULL)
			return true;
	}
	return false;
}

/*
 * AM_CONDITIONAL([RUN_TESTS], [test "x$run_tests" = xyes]), where PKG_CHECK_MODULES sets the
 * variable for a framework that is a build dependency.
 */
static bool is_found(const struct rules *rules, const char *condition)
{
	const char *text = rules_text(rules, "configure.ac"), *at, *line;
	char *name = xstrdup(condition), *yes;
	bool found = false;

	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	name[strcspn(name, " \t")] = '\0';
	yes = xasprintf("%s=yes", name);
	at = text != NULL ? strstr(text, yes) : NULL;
	for (line = at; line != NULL && line > text && line[-1] != '\n';)
		line--;
	if (line != NULL && strncmp(line, "PKG_CHECK_MODULES(", 18) == 0) {
		const char *module = strchr(line, ',');

		for (size_t i = 0; module != NULL && i < rules->build_depends.count; i++) {
			const char *package = rules->build_depends.items[i];
			size_t len = strlen(package);

			module += strspn(module, ", \t[");
			found = found ||
				(strncmp(module, package, len) == 0 &&
					strchr(" ]),", module[len]) != NULL);
		}
	}
	free(yes);
	free(name);
	return found;
}

/* What a test is worth that stands in `if CONDITION` of a Makefile.am. */
static enum effect under_condition(const struct rules *rules, const char *condition)
{
	for (size_t i = 0; i < ARRAY_SIZE(frameworks); i++) {
		if (condition[0] == '!' || strstr(condition, frameworks[i].word) == NULL)
			continue;
		return rules_depends(rules, frameworks[i].package) ||
				(frameworks[i].other != NULL &&
					rules_depends(rules, frameworks[i].other))
			? EFFECT_RUNS
			: EFFECT_NOTHING;
	}
	if (condition[0] != '!' && strstr(condition, "TEST") != NULL && is_found(rules, condition))
		return EFFECT_RUNS;
	if (condition[0] != '!' && strstr(condition, "TEST") != NULL)
		return is_asked_for(rules) || is_by_default(rules) ? EFFECT_RUNS : EFFECT_UNKNOWN;
	return EFFECT_RUNS;
}

struct automake {
	const struct rules *rules;
	const char *target;
	const char *directory;
	const struct tree_file *file; /* that is read */
	enum effect effect;	      /* the best that was seen */
	enum effect gate;	      /* of a SUBDIRS with tests, under a condition */
	const char *conditions[16];
	size_t condition_lens[16];
	size_t depth;
};

static enum effect present_conditions(const struct automake *automake)
{
	enum effect effect = EFFECT_RUNS;

	for (size_t i = 0; i < automake->depth && i < ARRAY_SIZE(automake->conditions); i++) {
		char *text = xstrndup(automake->conditions[i], automake->condition_lens[i]);
		enum effect one = under_condition(automake->rules, text);

		free(text);
		effect = one < effect ? one : effect;
	}
	return effect;
}

static bool starts(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && strncmp(line, word, n) == 0;
}

/* TESTS = …, TESTS += …, with something in it, on this line or the next. */
static bool sets_tests(const char *line, size_t len, const char *end)
{
	const char *at = line + 5, *stop = line + len;

	if (!starts(line, len, "TESTS"))
		return false;
	while (at < stop && (isspace((unsigned char)*at) || *at == '+'))
		at++;
	if (at >= stop || *at++ != '=')
		return false;
	while (at < stop && isspace((unsigned char)*at))
		at++;
	if (at < stop && *at == '\\' && stop < end)
		return stop + 1 < end && stop[1] != '\n';
	return at < stop && *at != '#';
}

static bool has_recipe_for(const char *line, size_t len, const char *target)
{
	size_t n = strlen(target);

	return starts(line, len, target) && len > n && line[n] == ':' &&
		(len == n + 1 || line[n + 1] != '=');
}

/* The target among those that make up `target` that has its rule on this line; NULL for none. */
static const char *own_target(const char *line, size_t len, const char *target)
{
	static const char *const hooks[] = {"check-local", "check-am", "check-recursive"};

	if (has_recipe_for(line, len, target))
		return target;
	for (size_t i = 0; i < ARRAY_SIZE(hooks) && strcmp(target, "check") == 0; i++) {
		if (has_recipe_for(line, len, hooks[i]))
			return hooks[i];
	}
	return NULL;
}

static void read_am_line(struct automake *automake, const char *line, size_t len, const char *end)
{
	const char *target = automake->target, *own;
	bool hits;

	if (starts(line, len, "if ") && automake->depth < ARRAY_SIZE(automake->conditions)) {
		automake->conditions[automake->depth] = line + 3;
		automake->condition_lens[automake->depth++] = len - 3;
		return;
	}
	if (starts(line, len, "else") && automake->depth > 0) {
		automake->conditions[automake->depth - 1] = "!";
		automake->condition_lens[automake->depth - 1] = 1;
		return;
	}
	if (starts(line, len, "endif") && automake->depth > 0) {
		automake->depth--;
		return;
	}
	if (automake->depth > 0 && starts(line, len, "SUBDIRS") &&
		memmem(line, len, "test", 4) != NULL)
		automake->gate = present_conditions(automake);
	/* Without the program `runtest` that step warns, and succeeds. */
	if (strcmp(target, "check") == 0 &&
		(starts(line, len, "DEJATOOL") ||
			(starts(line, len, "AUTOMAKE_OPTIONS") &&
				memmem(line, len, "dejagnu", 7) != NULL))) {
		enum effect effect =
			rules_depends(automake->rules, "dejagnu") ? EFFECT_RUNS : EFFECT_NOTHING;

		automake->effect = effect > automake->effect ? effect : automake->effect;
	}
	hits = strcmp(target, "check") == 0 && sets_tests(line, len, end);
	own = own_target(line, len, target);
	if (own != NULL) {
		enum effect effect = rules_text_effect((struct rules *)automake->rules,
			automake->directory, automake->file->path, automake->file->text, own);

		/* What cannot be told of a hook that is made for tests is a test. */
		hits = hits || effect == EFFECT_RUNS || effect == EFFECT_UNKNOWN;
		if (automake->effect == EFFECT_MISSING)
			automake->effect = EFFECT_NOTHING;
	}
	if (hits) {
		enum effect effect = present_conditions(automake);

		automake->effect = effect > automake->effect ? effect : automake->effect;
	}
}

static void read_am(struct automake *automake, const struct tree_file *file)
{
	const char *text = file->text, *end = text + strlen(text);

	automake->depth = 0;
	automake->file = file;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline != NULL ? newline : end;

		read_am_line(automake, text, (size_t)(stop - text), end);
		text = stop + (newline != NULL);
	}
}

static bool is_automake_file(const char *path)
{
	const char *name = strrchr(path, '/');
	size_t len = strlen(path);

	name = name != NULL ? name + 1 : path;
	/* "Makefile.gnulib", which others include. */
	if (strncmp(name, "Makefile.", 9) == 0)
		return strstr(name, ".in") == NULL;
	return (len > 3 && strcmp(path + len - 3, ".am") == 0) ||
		(len > 3 && strcmp(path + len - 3, ".mk") == 0);
}

enum effect rules_automake_effect(
	const struct rules *rules, const char *directory, const char *target)
{
	struct automake automake = {
		.rules = rules,
		.target = target,
		.directory = directory,
		.effect = EFFECT_MISSING,
		.gate = EFFECT_RUNS,
	};
	bool is_check = strcmp(target, "check") == 0;
	size_t first, end;

	if (!is_check) {
		char *top =
			xasprintf("%s%sMakefile.am", directory, directory[0] != '\0' ? "/" : "");
		const struct tree_file *file = rules_file(rules, top);

		free(top);
		if (file != NULL && file->text != NULL)
			read_am(&automake, file);
		/* A target of that name is a way to `check` mostly, or to a part of it. */
		return automake.effect;
	}
	source_tree_below(rules->tree, directory, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct tree_file *file = &rules->tree->files[i];

		if (file->text != NULL && is_automake_file(file->path) &&
			strncmp(file->path, "debian/", 7) != 0)
			read_am(&automake, file);
	}
	if (automake.effect == EFFECT_MISSING)
		return EFFECT_NOTHING; /* the target is always there */
	return automake.gate < automake.effect ? automake.gate : automake.effect;
}

/* Of what automake made, without what it was made from. */
enum effect rules_generated_effect(const char *text, const char *target)
{
	const char *at = text;

	if (strcmp(target, "check") != 0)
		return EFFECT_MISSING;
	while ((at = strstr(at, "\nTESTS =")) != NULL) {
		at += strlen("\nTESTS =");
		if (at[strspn(at, " \t\\")] != '\n')
			return EFFECT_RUNS;
	}
	if (strstr(text, "\ncheck-local:") != NULL)
		return EFFECT_RUNS;
	/* Those of the directories below may have some. */
	return strstr(text, "\nSUBDIRS =") != NULL ? EFFECT_UNKNOWN : EFFECT_NOTHING;
}
