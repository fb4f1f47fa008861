/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/source_facts.h"
#include "verifier/coverage/upstream_declared.h"

/*
 * What tests upstream's files have: declared in those of its build system, or by the names that a
 * test runner looks for. A file called test.c is none. What a package bundles of others does not
 * count as its own tests.
 */

#define SUITES_MAX ((size_t)200)

/* A kind of test that is told by the files themselves. */
struct by_name {
	const char *framework;
	bool (*is)(const struct source_tree *tree, const struct tree_file *file);
	const char *what; /* for the claim */
};

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
		if (strncmp(at, directory, len) == 0 && at[len] == '/')
			return true;
	return false;
}

/* Copies of other projects. */
static bool is_bundled(const char *path)
{
	static const char *const directories[] = {"vendor", "vendored", "third_party",
		"third-party", "thirdparty", "3rdparty", "node_modules", "subprojects", "external",
		"extern"};

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (is_below(path, directories[i]))
			return true;
	return false;
}

static bool has(const struct source_tree *tree, const char *path)
{
	return source_tree_find(tree, path);
}

static bool is_perl(const struct source_tree *tree, const struct tree_file *file)
{
	(void)tree;
	return path_has_suffix(file->path, ".t") &&
		(is_below(file->path, "t") || is_below(file->path, "xt") ||
			is_below(file->path, "tests") || is_below(file->path, "test"));
}

static bool is_python(const struct source_tree *tree, const struct tree_file *file)
{
	(void)tree;
	return file->tests && path_has_suffix(file->path, ".py");
}

static bool is_go(const struct source_tree *tree, const struct tree_file *file)
{
	(void)tree;
	return file->tests && path_has_suffix(file->path, "_test.go");
}

static bool is_rust(const struct source_tree *tree, const struct tree_file *file)
{
	/* Cargo takes each file of tests/ for a test, if only that it compiles. */
	return path_has_suffix(file->path, ".rs") && has(tree, "Cargo.toml") &&
		(file->tests ||
			(strncmp(file->path, "tests/", 6) == 0 && !strchr(file->path + 6, '/')));
}

static bool is_ruby(const struct source_tree *tree, const struct tree_file *file)
{
	(void)tree;
	return file->tests && path_has_suffix(file->path, ".rb");
}

static bool is_bats(const struct source_tree *tree, const struct tree_file *file)
{
	(void)tree;
	return path_has_suffix(file->path, ".bats");
}

static bool is_lit(const struct source_tree *tree, const struct tree_file *file)
{
	const char *base = path_basename(file->path);

	(void)tree;
	return strcmp(base, "lit.cfg") == 0 || strcmp(base, "lit.cfg.py") == 0 ||
		strcmp(base, "lit.site.cfg.in") == 0;
}

static bool is_dejagnu(const struct source_tree *tree, const struct tree_file *file)
{
	(void)tree;
	return path_has_suffix(file->path, ".exp") &&
		(is_below(file->path, "testsuite") || is_below(file->path, "tests") ||
			is_below(file->path, "test"));
}

static bool is_autotest(const struct source_tree *tree, const struct tree_file *file)
{
	char *directory, *list;
	bool is;

	if (!path_has_suffix(file->path, ".at"))
		return false;
	directory = path_directory(file->path);
	list = path_join(strcmp(directory, ".") == 0 ? "" : directory, "testsuite.at");
	is = has(tree, list);
	free(directory);
	free(list);
	return is;
}

static bool is_junit(const struct source_tree *tree, const struct tree_file *file)
{
	const char *base = path_basename(file->path);

	(void)tree;
	return strstr(file->path, "src/test/") && path_has_suffix(base, ".java") &&
		(path_has_suffix(base, "Test.java") || path_has_suffix(base, "TestCase.java") ||
			path_has_suffix(base, "Tests.java") || strncmp(base, "Test", 4) == 0);
}

/* A script that runs tests, by what such are called, in a directory of tests. */
static bool is_runner(const struct source_tree *tree, const struct tree_file *file)
{
	static const char *const names[] = {"run_all", "run-all", "run-tests", "run_tests",
		"runtests", "run_all_tests", "run-all-tests", "run-test", "runtest", "testall",
		"all.sh"};
	const char *base = path_basename(file->path);
	size_t len = path_has_suffix(base, ".sh") ? strlen(base) - 3 : strlen(base);

	(void)tree;
	if (!file->is_executable ||
		!(is_below(file->path, "tests") || is_below(file->path, "test") ||
			is_below(file->path, "testsuite")))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(base, names[i]) == 0 ||
			(len == strlen(names[i]) && strncmp(base, names[i], len) == 0))
			return true;
	return false;
}

static const struct by_name by_names[] = {
	{"autotest", is_autotest, "files of an autotest suite"},
	{"bats", is_bats, ".bats files"},
	{"cargo", is_rust, "Rust files that declare tests"},
	{"dejagnu", is_dejagnu, "DejaGnu scripts"},
	{"go", is_go, "_test.go files that declare tests"},
	{"junit", is_junit, "Java test classes"},
	{"lit", is_lit, "configurations of lit"},
	{"python", is_python, "Python files that declare tests"},
	{"ruby", is_ruby, "Ruby files that declare tests"},
	{"scripts", is_runner, "scripts that run tests"},
	{"tap", is_perl, ".t files"},
};

static void suite_add(struct source_facts *facts, const char *framework, char *where,
	const struct digest *sha256, uint64_t count)
{
	struct upstream_suite suite = {
		.framework = xstrdup(framework), .where = where, .count = count};

	if (sha256)
		suite.sha256 = *sha256;
	ARRAY_GROW(facts->suites, facts->suite_count, facts->suite_capacity);
	facts->suites[facts->suite_count++] = suite;
}

static void declared_take(const struct source_tree *tree, const struct tree_file *file,
	struct source_facts *facts, size_t *passed_over)
{
	struct declared declared = upstream_declared(tree, file);
	char *place;

	/* What "make check" is in po/ looks at translations. */
	if (!declared.framework || is_below(file->path, "po"))
		return;
	if (facts->suite_count >= SUITES_MAX) {
		++*passed_over;
		return;
	}
	place = tree_file_place(file);
	claim_add(&facts->claims, &file->sha256, place, declared.line,
		"upstream declares tests here (%s, %llu)%s", declared.framework,
		(unsigned long long)declared.count,
		file->is_patched ? ", as Debian's patches leave the file" : "");
	suite_add(facts, declared.framework, xasprintf("%s:%zu", place, declared.line),
		&file->sha256, declared.count);
	free(place);
}

/* All of one kind are one suite, told by the first. */
static void named_take(
	const struct source_tree *tree, const struct by_name *kind, struct source_facts *facts)
{
	const struct tree_file *first = NULL;
	uint64_t count = 0;
	char *place;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_file *file = &tree->files[i];

		if (file->is_link || strncmp(file->path, "debian/", 7) == 0 ||
			is_bundled(file->path) || !kind->is(tree, file))
			continue;
		if (!first)
			first = file;
		count++;
	}
	if (!first)
		return;
	place = tree_file_place(first);
	claim_add(&facts->claims, NULL, place, 0, "upstream has %llu %s, this is the first",
		(unsigned long long)count, kind->what);
	suite_add(facts, kind->framework, place, NULL, count);
}

static int suite_compare(const void *a, const void *b)
{
	const struct upstream_suite *left = a, *right = b;
	int order = strcmp(left->framework, right->framework);

	return order ? order : strcmp(left->where, right->where);
}

/* A text that debian/patches or debian/rules changes in a way that is not known. */
static bool has_unknown(const struct source_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->files[i].is_unknown)
			return true;
	return false;
}

void upstream_judge(const struct source_tree *tree, struct source_facts *facts)
{
	size_t passed_over = 0;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_file *file = &tree->files[i];

		if (file->text && strncmp(file->path, "debian/", 7) != 0 && !is_bundled(file->path))
			declared_take(tree, file, facts, &passed_over);
	}
	for (size_t i = 0; i < ARRAY_SIZE(by_names); i++)
		named_take(tree, &by_names[i], facts);
	if (passed_over)
		claim_add(&facts->claims, &tree->dsc_sha256, tree->dsc, 0,
			"%zu more files declare tests of upstream's", passed_over);
	if (facts->suite_count > 1)
		qsort(facts->suites, facts->suite_count, sizeof(facts->suites[0]), suite_compare);
	facts->has_upstream_tests = facts->suite_count		? KNOWN_YES
		: tree->is_upstream_whole && !has_unknown(tree) ? KNOWN_NO
								: KNOWN_UNKNOWN;
	if (facts->has_upstream_tests == KNOWN_NO)
		claim_add(&facts->claims, &tree->dsc_sha256, tree->dsc, 0,
			"none of upstream's files declares a test, or is called as one");
	if (facts->has_upstream_tests == KNOWN_UNKNOWN)
		claim_add(&facts->claims, &tree->dsc_sha256, tree->dsc, 0,
			"upstream's files were not all read: whether they have tests is not known");
}
