/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/coverage/source_tree_build.h"

/* Upstream's files that say how it is built and tested, in whatever directory. */
static const char *const kept_names[] = {
	"CMakeLists.txt",
	"Build.PL",
	"Cargo.toml",
	"GNUmakefile",
	"Makefile",
	"Makefile.PL",
	"Makefile.am",
	"Makefile.in",
	"Rakefile",
	"configure.ac",
	"configure.in",
	"dist.ini",
	"go.mod",
	"lit.cfg",
	"lit.cfg.py",
	"lit.site.cfg.in",
	"makefile",
	"meson.build",
	"meson.options",
	"meson_options.txt",
	"noxfile.py",
	"package.json",
	"pyproject.toml",
	"pytest.ini",
	"setup.cfg",
	"setup.py",
	"testsuite.at",
	"tox.ini",
	"unix-Makefile.tmpl",
};

static bool is_kept_name(const char *base)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept_names); i++)
		if (strcmp(base, kept_names[i]) == 0)
			return true;
	/* "Makefile.inc", "Makefile.tests", "check.mk": what the others include. */
	return strncmp(base, "Makefile.", 9) == 0 || path_has_suffix(base, ".mk") ||
		path_has_suffix(base, ".am") || path_has_suffix(base, ".gemspec") ||
		path_has_suffix(base, ".cabal") || path_has_suffix(base, ".cmake");
}

/* Whether one of the directories is called so, behind the top directory or not. */
static bool is_in(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
		if (strncmp(at, directory, len) == 0 && at[len] == '/')
			return true;
	return false;
}

static bool declares_tests(const char *path)
{
	const char *base = path_basename(path);

	if (path_has_suffix(base, ".py"))
		return strncmp(base, "test", 4) == 0 || path_has_suffix(base, "_test.py") ||
			path_has_suffix(base, "_tests.py") || is_in(path, "test") ||
			is_in(path, "tests");
	if (path_has_suffix(base, ".rb"))
		return path_has_suffix(base, "_spec.rb") || path_has_suffix(base, "_test.rb") ||
			strncmp(base, "test", 4) == 0 || strncmp(base, "tc_", 3) == 0;
	return path_has_suffix(base, "_test.go") || path_has_suffix(base, ".rs");
}

static enum text_use use_of_packaging(const char *path)
{
	if (strcmp(path, "debian/changelog") == 0)
		return TEXT_KEEP_HEAD;
	if (strncmp(path, "debian/patches/", 15) == 0 &&
		strcmp(path, "debian/patches/series") != 0 &&
		strcmp(path, "debian/patches/debian.series") != 0)
		return TEXT_PATCH;
	return TEXT_KEEP;
}

enum text_use text_use_of(const struct tree_builder *builder, const char *path)
{
	const char *behind = strchr(path, '/');

	/* A native package has debian/ below its top directory. */
	if (strncmp(path, "debian/", 7) == 0)
		return use_of_packaging(path);
	if (behind && strncmp(behind, "/debian/", 8) == 0)
		return use_of_packaging(behind + 1);
	for (size_t i = 0; i < builder->directories.count; i++) {
		const char *directory = builder->directories.items[i];
		size_t len = strlen(directory);

		if (behind && strncmp(behind + 1, directory, len) == 0 && behind[1 + len] == '/')
			return TEXT_KEEP;
	}
	if (is_kept_name(path_basename(path)))
		return TEXT_KEEP;
	return declares_tests(path) ? TEXT_COUNT : TEXT_NONE;
}

static bool begins(const char *line, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - line) >= len && memcmp(line, word, len) == 0;
}

static bool line_declares(const char *base, const char *line, const char *end)
{
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	if (path_has_suffix(base, ".py"))
		return begins(line, end, "def test") || begins(line, end, "async def test");
	if (path_has_suffix(base, ".go"))
		return begins(line, end, "func Test");
	if (path_has_suffix(base, ".rs"))
		return begins(line, end, "#[test]") || begins(line, end, "#[tokio::test");
	return begins(line, end, "def test_") || begins(line, end, "it \"") ||
		begins(line, end, "it '") || begins(line, end, "test \"") ||
		begins(line, end, "test '") || begins(line, end, "should \"") ||
		begins(line, end, "specify \"");
}

uint64_t tests_declared(const char *path, const char *text, size_t len)
{
	const char *base = path_basename(path), *end = text + len;
	uint64_t count = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		count += line_declares(base, text, line_end);
		text = newline ? newline + 1 : end;
	}
	return count;
}

int64_t tests_changed(const char *path, const char *hunks, size_t len)
{
	const char *base = path_basename(path), *end = hunks + len;
	struct hunk hunk = {0};
	int64_t count = 0;

	while (hunks < end) {
		const char *newline = memchr(hunks, '\n', (size_t)(end - hunks));
		const char *line_end = newline ? newline : end;

		if (!hunk_line(&hunk, *hunks))
			hunk_read(hunks, line_end, &hunk);
		else if (*hunks == '+')
			count += line_declares(base, hunks + 1, line_end);
		else if (*hunks == '-')
			count -= line_declares(base, hunks + 1, line_end);
		hunks = newline ? newline + 1 : end;
	}
	return count;
}

static bool is_of_packaging(const char *path)
{
	return strncmp(path, "debian/", 7) == 0 || strstr(path, "/debian/");
}

void builder_keep(
	struct tree_builder *builder, struct tree_file *file, struct buffer *text, bool is_cut)
{
	bool is_packaging = is_of_packaging(file->path);
	size_t *used = is_packaging ? &builder->packaging_text : &builder->upstream_text;
	size_t room = is_packaging ? TREE_PACKAGING_TEXT : TREE_UPSTREAM_TEXT;

	/* What is no text says nothing; it is hashed for nobody. */
	if (text->len && memchr(text->data, '\0', text->len))
		return;
	if (text->len > room - *used) {
		builder->packaging_left_out += is_packaging;
		builder->upstream_left_out += !is_packaging;
		return;
	}
	*used += text->len;
	file->len = text->len;
	file->is_cut = is_cut;
	file->text = xstrndup(buffer_text(text), text->len);
}

void builder_forget(struct tree_builder *builder, struct tree_file *file)
{
	if (file->text)
		*(is_of_packaging(file->path) ? &builder->packaging_text
					      : &builder->upstream_text) -= file->len;
	free(file->text);
	file->text = NULL;
	file->len = 0;
	file->sha256 = (struct digest){0};
}
