/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SOURCE_PACKAGE_H
#define TESTS_UNIT_SOURCE_PACKAGE_H

#include <dirent.h>

#include "tests/unit/comparing.h"
#include "verifier/coverage/source_facts.h"

/*
 * Source packages for tests: as files that a shell makes with tar and gzip in comparing.h's
 * directory, or as trees in memory. The shell knows
 *	put PATH [TEXT]		a file of one line
 *	orig, debian, native	the tarball of x-1/, debian/, x-1/
 *	dsc FORMAT [FIELD]...	the .dsc of all x_* that are there
 */
static const char package_functions[] =
	"put() { mkdir -p \"$(dirname \"$1\")\"; printf '%s\\n' \"${2-text}\" >\"$1\"; }\n"
	"orig() { tar -cJf x_1.orig.tar.xz x-1; }\n"
	"debian() { tar -cJf x_1-1.debian.tar.xz debian; }\n"
	"native() { tar -czf x_1.tar.gz x-1; }\n"
	"dsc() {\n"
	"	{ printf 'Format: %s\\nSource: x\\nVersion: 1-1\\nMaintainer: M <m@example>\\n' "
	"\"$1\"\n"
	"	shift; [ $# = 0 ] || printf '%s\\n' \"$@\"; echo 'Checksums-Sha256:'\n"
	"	for f in x_*; do echo \" $(sha256sum <$f | cut -d' ' -f1) $(stat -c %s $f) $f\"; "
	"done\n"
	"	} >.dsc; mv .dsc x_1-1.dsc; }\n";

MAYBE void package(const char *script)
{
	struct buffer text = {0};

	buffer_add_text(&text, package_functions);
	buffer_add_text(&text, script);
	shell(buffer_text(&text));
	buffer_release(&text);
}

/* Opens what is there; names that hold `without` are left out. */
MAYBE void package_open(struct source_opened *opened, const char *without)
{
	DIR *directory = opendir(comparing.directory);
	struct dirent *entry;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory))) {
		char *path = path_join(comparing.directory, entry->d_name);

		if (strncmp(entry->d_name, "x_", 2) == 0 &&
			(!without || !strstr(entry->d_name, without))) {
			int fd = open(path, O_RDONLY | O_CLOEXEC);

			ck_assert_int_ge(fd, 0);
			source_opened_add(opened, entry->d_name, fd);
		}
		free(path);
	}
	closedir(directory);
}

static struct source_tree tree;
static struct source_facts facts;
static struct limits package_limits;

MAYBE void package_setup(void)
{
	comparing_setup();
	package_limits = limits_default;
	package_limits.seconds = 60;
	tree = (struct source_tree){0};
	facts = (struct source_facts){0};
}

MAYBE void package_teardown(void)
{
	source_tree_release(&tree);
	source_facts_release(&facts);
	comparing_teardown();
}

MAYBE enum status package_read_without(const char *without)
{
	struct source_opened opened = {0};
	enum status status;

	source_tree_release(&tree);
	package_open(&opened, without);
	status = source_tree_read(
		opened.inputs, opened.count, &package_limits, &tree, &comparing.err);
	source_opened_release(&opened);
	return status;
}

MAYBE void package_read(void)
{
	ck_assert_msg(package_read_without(NULL) == STATUS_OK, "%s", comparing.err.text);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

/* A file of the tree in memory; NULL gives it no text. */
MAYBE struct tree_file *tree_put(const char *path, const char *text)
{
	struct tree_file file = {.path = strdup(path), .container = "x.tar"};

	tree.is_packaging_whole = tree.is_upstream_whole = true;
	if (!tree.dsc)
		tree.dsc = strdup("x_1-1.dsc");
	if (text) {
		file.text = strdup(text);
		file.len = file.size = strlen(text);
	}
	ARRAY_GROW(tree.files, tree.count, tree.capacity);
	tree.files[tree.count++] = file;
	qsort(tree.files, tree.count, sizeof(tree.files[0]), by_path);
	return (struct tree_file *)source_tree_find(&tree, path);
}

MAYBE bool is_claimed(const char *part)
{
	for (size_t i = 0; i < facts.claims.count; i++)
		if (strstr(facts.claims.items[i].text, part) ||
			strstr(facts.claims.items[i].where, part))
			return true;
	return false;
}

static inline const char *text_of(const char *path)
{
	const struct tree_file *file = source_tree_find(&tree, path);

	ck_assert_msg(file != NULL, "%s is not there", path);
	return file->text ? file->text : "(none)";
}

#endif
