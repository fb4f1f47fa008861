/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/source_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "verifier/coverage/source_tree_build.h"

#define FOLLOW_MAX 16

void tree_file_release(struct tree_file *file)
{
	free(file->path);
	free(file->target);
	free(file->text);
}

void source_tree_release(struct source_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		tree_file_release(&tree->files[i]);
	free(tree->files);
	for (size_t i = 0; i < tree->rewrite_count; i++)
		free(tree->rewrites[i].text);
	free(tree->rewrites);
	free(tree->format);
	free(tree->source);
	free(tree->version);
	free(tree->maintainer);
	free(tree->testsuite);
	free(tree->triggers);
	free(tree->dsc);
	free(tree->trouble);
	text_list_release(&tree->containers);
	*tree = (struct source_tree){0};
}

/* The first file whose path is not less. */
static size_t lower(const struct source_tree *tree, const char *path)
{
	size_t low = 0, high = tree->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(tree->files[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct tree_file *source_tree_find(const struct source_tree *tree, const char *path)
{
	size_t at = lower(tree, path);

	return at < tree->count && strcmp(tree->files[at].path, path) == 0 ? &tree->files[at]
									   : NULL;
}

void source_tree_below(
	const struct source_tree *tree, const char *directory, size_t *first, size_t *end)
{
	char *from = xasprintf("%s/", directory), *to = xasprintf("%s0", directory);

	/* "0" is the byte behind "/". */
	*first = directory[0] ? lower(tree, from) : 0;
	*end = directory[0] ? lower(tree, to) : tree->count;
	free(from);
	free(to);
}

/* Where a target leads that stands in a directory: without "." and ".."; NULL when out of it. */
static char *resolve(const char *path, const char *target)
{
	const char *slash = strrchr(path, '/');
	struct buffer whole = {0};

	if (target[0] == '/')
		return NULL;
	if (slash)
		buffer_add(&whole, path, (size_t)(slash - path));
	while (*target) {
		size_t len = strcspn(target, "/");

		if (len == 2 && target[0] == '.' && target[1] == '.') {
			const char *text = buffer_text(&whole), *last = strrchr(text, '/');

			if (whole.len == 0) {
				buffer_release(&whole);
				return NULL;
			}
			buffer_truncate(&whole, last ? (size_t)(last - text) : 0);
		} else if (len > 1 || (len == 1 && target[0] != '.')) {
			if (whole.len)
				buffer_add_char(&whole, '/');
			buffer_add(&whole, target, len);
		}
		target += len;
		target += *target == '/';
	}
	return buffer_detach(&whole);
}

const struct tree_file *source_tree_follow(
	const struct source_tree *tree, const struct tree_file *file)
{
	for (int i = 0; file && file->is_link; i++) {
		char *path = i == FOLLOW_MAX ? NULL
			: file->is_hard_link ? xstrdup(file->target)
					     : resolve(file->path, file->target);

		file = path ? source_tree_find(tree, path) : NULL;
		free(path);
	}
	return file;
}

char *tree_file_place(const struct tree_file *file)
{
	if (strncmp(file->path, "debian/", 7) == 0)
		return xstrdup(file->path);
	return xasprintf("%s:%s", file->container, file->path);
}
