/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SOURCE_TREE_FIXTURE_H
#define TESTS_UNIT_SOURCE_TREE_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/coverage/source_tree.h"

/* A source tree of texts, for tests of what is judged by one. */
static inline int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

/* `text` may be NULL: of the file only its name is known. */
static inline struct tree_file *tree_add(
	struct source_tree *tree, const char *path, const char *text, size_t len)
{
	struct tree_file *file;

	/* A text has no NUL. */
	len = text != NULL ? strnlen(text, len) : len;
	ARRAY_GROW(tree->files, tree->count, tree->capacity);
	file = &tree->files[tree->count++];
	*file = (struct tree_file){
		.path = xstrdup(path),
		.container = "source",
		.size = len,
		.text = text != NULL ? xstrndup(text, len) : NULL,
		.len = len,
	};
	if (text != NULL)
		hash_memory(text, len, &file->sha256);
	return file;
}

static inline void tree_sort(struct source_tree *tree)
{
	if (tree->count > 0)
		qsort(tree->files, tree->count, sizeof(tree->files[0]), by_path);
}

#endif
