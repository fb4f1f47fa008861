/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/deb822.h"
#include "base/path.h"
#include "verifier/coverage/architecture.h"
#include "verifier/coverage/source_facts.h"
#include "verifier/coverage/test_script.h"

/*
 * debian/tests/control (README.package-tests of autopkgtest 5.28, which is Debian 12's), stanza by
 * stanza. What a stanza is worth is the best of its tests; superficial and flaky are what it says
 * of itself, and go before that.
 */

#define STANZAS_MAX ((size_t)500)
#define TESTS_MAX   ((size_t)1000) /* of one stanza, and scripts that are read in all */

/* autopkgtest passes over a test with a restriction that it does not know. */
static const char *const known_restrictions[] = {"allow-stderr", "breaks-testbed", "build-needed",
	"flaky", "hint-testsuite-triggers", "isolation-container", "isolation-machine",
	"needs-internet", "needs-reboot", "needs-recommends", "needs-root", "needs-sudo",
	"rw-build-tree", "skip-foreign-architecture", "skip-not-installable", "skippable",
	"superficial"};

/* The fields of one stanza that are looked at. */
struct stanza {
	size_t line;
	char *tests, *command, *restrictions, *features, *directory, *architecture;
};

struct judging {
	const struct source_tree *tree;
	const struct tree_file *control;
	const char *architecture;
	struct source_facts *facts;
	struct text_list own; /* the package's programs, as far as its names tell */
	size_t hints;	      /* stanzas that are no tests */
	size_t scripts;	      /* that were read */
	bool is_damaged;      /* the file was not read to its end */
};

static void stanza_release(struct stanza *stanza)
{
	free(stanza->tests);
	free(stanza->command);
	free(stanza->restrictions);
	free(stanza->features);
	free(stanza->directory);
	free(stanza->architecture);
	*stanza = (struct stanza){0};
}

static void words_add(struct text_list *list, const char *text)
{
	while (text && *text && list->count < TESTS_MAX) {
		size_t len;

		text += strspn(text, " \t\r\n,");
		len = strcspn(text, " \t\r\n,");
		if (len)
			text_list_addn(list, text, len);
		text += len;
	}
}

static void claim(const struct judging *judging, size_t line, const char *what, const char *name,
	const char *why)
{
	claim_add(&judging->facts->claims, &judging->control->sha256, judging->control->path, line,
		"autopkgtest %s: %s%s%s", name, what, why && *why ? ": " : "", why ? why : "");
}

/* What one test of the stanza does. */
static enum autopkgtest_quality test_judge(
	struct judging *judging, const struct stanza *stanza, const char *name)
{
	const char *directory = stanza->directory ? stanza->directory : "debian/tests";
	char *path = path_join(strcmp(directory, ".") == 0 ? "" : directory, name);
	const struct tree_file *file = source_tree_find(judging->tree, path), *script;
	struct test_script judged;
	char *what;

	if (!file &&
		(strncmp(path, "debian/", 7) == 0 ? judging->tree->is_packaging_whole
						  : judging->tree->is_upstream_whole)) {
		claim(judging, stanza->line, "there is no file of its own", name, path);
		free(path);
		return AUTOPKGTEST_NONE;
	}
	script = file ? source_tree_follow(judging->tree, file) : NULL;
	if (!script || !script->text || judging->scripts++ > TESTS_MAX) {
		claim(judging, stanza->line, "what it does was not read", name, path);
		free(path);
		return AUTOPKGTEST_UNKNOWN;
	}
	judged = test_script_judge(judging->tree, script, &judging->own);
	what = tree_file_place(script);
	claim_add(&judging->facts->claims, &script->sha256, what, judged.line,
		"autopkgtest %s is %s: %s", name, autopkgtest_quality_word(judged.quality),
		judged.command ? judged.command : "no command in it uses the package");
	free(what);
	free(path);
	free(judged.command);
	return judged.quality;
}

static enum autopkgtest_quality command_judge(struct judging *judging, const struct stanza *stanza)
{
	struct test_script judged =
		test_command_judge(judging->tree, stanza->command, &judging->own);

	claim(judging, stanza->line, autopkgtest_quality_word(judged.quality), "Test-Command",
		judged.command ? judged.command : stanza->command);
	free(judged.command);
	return judged.quality;
}

static const char *unknown_restriction(const struct text_list *restrictions)
{
	for (size_t i = 0; i < restrictions->count; i++) {
		bool is_known = false;

		for (size_t j = 0; j < ARRAY_SIZE(known_restrictions); j++)
			is_known |= strcmp(restrictions->items[i], known_restrictions[j]) == 0;
		if (!is_known)
			return restrictions->items[i];
	}
	return NULL;
}

/* The stanza's own word for itself goes before what its scripts look like. */
static enum autopkgtest_quality quality_by_restrictions(struct judging *judging,
	const struct autopkgtest *test, enum autopkgtest_quality quality, const char *unknown)
{
	const char *name = test->names.count ? test->names.items[0] : "";

	if (unknown) {
		claim(judging, test->line, "it is never run, its restriction is not known", name,
			unknown);
		return AUTOPKGTEST_NONE;
	}
	if (quality == AUTOPKGTEST_NONE || quality == AUTOPKGTEST_UNKNOWN)
		return quality;
	if (text_list_contains(&test->restrictions, "superficial")) {
		claim(judging, test->line, "superficial, as it says itself", name, NULL);
		return AUTOPKGTEST_SUPERFICIAL_ONLY;
	}
	if (text_list_contains(&test->restrictions, "flaky")) {
		claim(judging, test->line, "flaky, as it says itself", name, NULL);
		return AUTOPKGTEST_FLAKY_ONLY;
	}
	if (text_list_contains(&test->restrictions, "isolation-machine"))
		claim(judging, test->line, "a CI that has containers only skips it", name,
			"isolation-machine");
	return quality;
}

static void stanza_take(struct judging *judging, const struct stanza *stanza)
{
	struct source_facts *facts = judging->facts;
	struct autopkgtest test = {.line = stanza->line, .quality = AUTOPKGTEST_UNKNOWN};
	struct text_list restrictions = {0};

	words_add(&restrictions, stanza->restrictions);
	if (text_list_contains(&restrictions, "hint-testsuite-triggers")) {
		judging->hints++;
		claim_add(&facts->claims, &judging->control->sha256, judging->control->path,
			stanza->line,
			"this stanza is no test: it names packages that trigger the others");
		text_list_release(&restrictions);
		return;
	}
	words_add(&test.restrictions, stanza->restrictions);
	words_add(&test.restrictions, stanza->features);
	words_add(&test.architectures, stanza->architecture);
	if (stanza->architecture)
		claim(judging, stanza->line, "it is only run on some architectures",
			stanza->tests ? stanza->tests : "Test-Command", stanza->architecture);
	/* Another architecture's test shows nothing of this one (trust T19). */
	bool is_elsewhere = stanza->architecture &&
		!architectures_take(stanza->architecture, judging->architecture);
	if (stanza->command) {
		text_list_add(&test.names, stanza->command);
		test.quality = command_judge(judging, stanza);
	} else {
		words_add(&test.names, stanza->tests);
		for (size_t i = 0; i < test.names.count; i++) {
			enum autopkgtest_quality quality =
				test_judge(judging, stanza, test.names.items[i]);

			if (quality > test.quality)
				test.quality = quality;
		}
	}
	test.quality = quality_by_restrictions(
		judging, &test, test.quality, unknown_restriction(&restrictions));
	text_list_release(&restrictions);
	if (is_elsewhere)
		test.quality = AUTOPKGTEST_NONE;
	ARRAY_GROW(facts->autopkgtests, facts->autopkgtest_count, facts->autopkgtest_capacity);
	facts->autopkgtests[facts->autopkgtest_count++] = test;
}

static enum status stanza_read(
	struct deb822 *reader, struct stanza *stanza, bool *is_empty, struct error *err)
{
	const struct {
		const char *name;
		char **to;
	} fields[] = {
		{"Tests", &stanza->tests},
		{"Test-Command", &stanza->command},
		{"Restrictions", &stanza->restrictions},
		{"Features", &stanza->features},
		{"Tests-Directory", &stanza->directory},
		{"Architecture", &stanza->architecture},
	};
	struct deb822_field field;
	enum status status;

	*is_empty = true;
	stanza->line = reader->line;
	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		*is_empty = false;
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			if (deb822_is(&field, fields[i].name)) {
				free(*fields[i].to);
				*fields[i].to = xstrndup(field.value, field.value_len);
			}
	}
	for (char *path = stanza->directory; path && path[0] && path[strlen(path) - 1] == '/';)
		path[strlen(path) - 1] = '\0';
	return status < 0 ? status : STATUS_OK;
}

/*
 * autopkgtest takes "#" to the end of any line for a remark, and lines of nothing else away, also
 * between continuation lines. `numbers` are what the lines that stay had; the caller frees it.
 */
static void remarks_drop(const struct tree_file *control, struct buffer *text, size_t **numbers)
{
	size_t count = 0, capacity = 0, number = 1;

	for (const char *at = control->text; *at; number++) {
		size_t len = strcspn(at, "\n"), kept = strcspn(at, "#\n");

		if (kept == len || strspn(at, " \t") < kept) {
			buffer_add(text, at, kept);
			buffer_add_char(text, '\n');
			ARRAY_GROW(*numbers, count, capacity);
			(*numbers)[count++] = number;
		}
		at += len;
		at += *at == '\n';
	}
	ARRAY_GROW(*numbers, count, capacity);
	(*numbers)[count] = number;
}

static void control_read(struct judging *judging)
{
	struct source_facts *facts = judging->facts;
	const struct tree_file *control = judging->control;
	struct deb822 reader;
	struct error err = {0};
	enum status status = STATUS_OK;
	size_t count = 0, *numbers = NULL;
	struct buffer text = {0};

	remarks_drop(control, &text, &numbers);
	deb822_init(&reader, buffer_text(&text), text.len);
	while (status == STATUS_OK && !deb822_at_end(&reader) && count++ < STANZAS_MAX) {
		struct stanza stanza = {0};
		bool is_empty;

		status = stanza_read(&reader, &stanza, &is_empty, &err);
		stanza.line = numbers[stanza.line - 1];
		if (status == STATUS_OK && !is_empty && (stanza.tests || stanza.command))
			stanza_take(judging, &stanza);
		else if (status == STATUS_OK && !is_empty)
			claim_add(&facts->claims, &control->sha256, control->path, stanza.line,
				"this stanza has neither Tests nor Test-Command: autopkgtest "
				"refuses it");
		stanza_release(&stanza);
	}
	if (status < 0 || control->is_cut || count > STANZAS_MAX)
		claim_add(&facts->claims, &control->sha256, control->path, 0,
			"it was not read to its end: %s", status < 0 ? err.text : "it is too long");
	judging->is_damaged = status < 0 || control->is_cut || count > STANZAS_MAX;
	buffer_release(&text);
	free(numbers);
}

/* "usr/bin/x" of a debian/PACKAGE.install. */
static void installed_names(const struct tree_file *file, struct text_list *own)
{
	for (const char *at = file->text; at && *at;) {
		size_t len = strcspn(at, " \t\r\n"), name = len;

		while (name && at[name - 1] != '/')
			name--;
		if (name >= 4 && (strncmp(at + name - 4, "bin/", 4) == 0) && name < len &&
			!memchr(at + name, '*', len - name) && own->count < TESTS_MAX)
			text_list_addn(own, at + name, len - name);
		at = strchr(at, '\n');
		at += at != NULL;
	}
}

/* The package's programs: what it installs as such, and what is called as it or its binaries. */
static void own_names(const struct source_tree *tree, struct text_list *own)
{
	const struct tree_file *control = source_tree_find(tree, "debian/control");
	const char *at = control && control->text ? control->text : "";

	size_t first, end;

	source_tree_below(tree, "debian", &first, &end);
	for (size_t i = first; i < end; i++)
		if (path_has_suffix(tree->files[i].path, ".install") ||
			strcmp(tree->files[i].path, "debian/install") == 0)
			installed_names(&tree->files[i], own);
	if (tree->source)
		text_list_add(own, tree->source);
	while (at && *at) {
		if (strncmp(at, "Package:", 8) == 0) {
			const char *name = at + 8 + strspn(at + 8, " \t");

			text_list_addn(own, name, strcspn(name, " \t\r\n"));
		}
		at = strchr(at, '\n');
		at += at != NULL;
	}
}

/*
 * What autodep8 makes of a package that says of what kind it is, beside the stanzas of its own
 * (testdesc.py of autopkgtest 5.28 asks for both). Those of Python imports
 * modules, and of kernel modules builds them: both say that they are superficial (autodep8 0.28).
 */
static enum autopkgtest_quality generated_quality(const struct judging *judging)
{
	static const struct {
		const char *kind;
		enum autopkgtest_quality quality;
	} kinds[] = {
		{"dkms", AUTOPKGTEST_SUPERFICIAL_ONLY},
		{"elpa", AUTOPKGTEST_GENERATED},
		{"go", AUTOPKGTEST_GENERATED},
		{"nodejs", AUTOPKGTEST_GENERATED},
		{"octave", AUTOPKGTEST_GENERATED},
		{"perl", AUTOPKGTEST_GENERATED},
		{"pybuild", AUTOPKGTEST_GENERATED},
		{"python", AUTOPKGTEST_SUPERFICIAL_ONLY},
		{"r", AUTOPKGTEST_GENERATED},
		{"ruby", AUTOPKGTEST_GENERATED},
	};
	static const char prefix[] = "autopkgtest-pkg-";
	enum autopkgtest_quality best = AUTOPKGTEST_NONE;
	const char *at = judging->tree->testsuite;

	while (at && (at = strstr(at, prefix))) {
		size_t len;

		at += strlen(prefix);
		len = strcspn(at, " ,\t");
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (strlen(kinds[i].kind) == len && memcmp(at, kinds[i].kind, len) == 0 &&
				kinds[i].quality > best)
				best = kinds[i].quality;
	}
	return best;
}

static void quality_of_all(struct judging *judging)
{
	struct source_facts *facts = judging->facts;
	const struct source_tree *tree = judging->tree;
	enum autopkgtest_quality best = generated_quality(judging);
	bool is_generated = best > AUTOPKGTEST_NONE;
	bool is_unknown = judging->is_damaged || (!tree->is_packaging_whole && !judging->control);

	for (size_t i = 0; i < facts->autopkgtest_count; i++) {
		enum autopkgtest_quality quality = facts->autopkgtests[i].quality;

		is_unknown |= quality == AUTOPKGTEST_UNKNOWN;
		if (quality > best)
			best = quality;
	}
	/* What was seen is at least that. */
	facts->autopkgtest_quality =
		best == AUTOPKGTEST_NONE && is_unknown ? AUTOPKGTEST_UNKNOWN : best;
	facts->has_autopkgtest = facts->autopkgtest_count || is_generated ? KNOWN_YES
		: is_unknown						  ? KNOWN_UNKNOWN
									  : KNOWN_NO;
}

void autopkgtest_judge(
	const struct source_tree *tree, const char *architecture, struct source_facts *facts)
{
	struct judging judging = {
		.tree = tree,
		.control = source_tree_find(tree, "debian/tests/control"),
		.architecture = architecture,
		.facts = facts,
	};
	const struct digest *dsc = &tree->dsc_sha256;

	if (judging.control)
		judging.control = source_tree_follow(tree, judging.control);
	if (!judging.control || !judging.control->text)
		judging.control = source_tree_find(tree, "debian/tests/control.autodep8");
	if (judging.control && !judging.control->text)
		judging.control = NULL;
	facts->is_testsuite_declared = tree->testsuite && strstr(tree->testsuite, "autopkgtest");
	words_add(&facts->triggers, tree->triggers);
	own_names(tree, &judging.own);
	if (judging.control)
		control_read(&judging);
	if (generated_quality(&judging) > AUTOPKGTEST_NONE)
		claim_add(&facts->claims, dsc, tree->dsc, 0,
			"Testsuite says %s: autodep8 makes its tests (%s)", tree->testsuite,
			autopkgtest_quality_word(generated_quality(&judging)));
	if (judging.control && !facts->is_testsuite_declared)
		claim_add(&facts->claims, dsc, tree->dsc, 0,
			"Testsuite does not declare debian/tests/control: Debian CI does not run "
			"it");
	if (!judging.control && facts->is_testsuite_declared &&
		generated_quality(&judging) == AUTOPKGTEST_NONE && tree->is_packaging_whole)
		claim_add(&facts->claims, dsc, tree->dsc, 0,
			"Testsuite declares autopkgtest, and there is no debian/tests/control");
	quality_of_all(&judging);
	if (facts->has_autopkgtest == KNOWN_NO)
		claim_add(&facts->claims, dsc, tree->dsc, 0, "%s",
			judging.hints
				? "debian/tests/control has no stanza that is a test"
				: "there is no debian/tests/control, and autodep8 makes none");
	text_list_release(&judging.own);
}
