/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_REVERSED_TREE_H
#define VERIFIER_REBUILD_REVERSED_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A source tree shown a second time, with every directory listing its entries in the opposite
 * order: through disorderfs, or as a copy on a file system in memory, which lists in the order in
 * which things were made. Most file systems on disk list in an order of their own.
 */
struct reversed_tree {
	char *path; /* where it is; NULL when there is none */
	pid_t disorderfs;
};

/* A copy in memory may take so much of it. */
#define REVERSED_COPY_SIZE "1g"

/*
 * Gives this thread mounts of its own, which go when it ends: a killed reproof leaves none. To be
 * called once, before a tree is made. STATUS_SANDBOX when it cannot be had.
 */
enum status reversed_tree_begin(struct error *err);

/*
 * Shows `source` at `path`, an absent or empty directory, which is made; `mtime` is that of a copy.
 * That the order is the opposite one was looked at. STATUS_UNSUPPORTED when it could not be had, or
 * when no directory of the tree has two entries.
 */
enum status reversed_tree_make(struct reversed_tree *tree, const char *source, const char *path,
	bool by_disorderfs, int64_t mtime, struct error *err);
/* Takes it away again. Zeroed, it is nothing. */
void reversed_tree_release(struct reversed_tree *tree);

#endif
