/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_TREE_H
#define VERIFIER_REBUILD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

#define TREE_DEPTH 64u

/* A source tree is copied, and the copy's digest is taken of the very bytes written (trust T1). */
struct tree_options {
	/* Absolute paths without links that are left out of copy and digest: published, store. */
	const struct text_list *excluded;
	/*
	 * A file with one of these contents is refused: the input holds the expected output.
	 * Sorted with digest_compare().
	 */
	const struct digest *forbidden;
	size_t forbidden_count;
	/*
	 * What has this name, and all below it, is copied and told of, but is in no digest. NULL:
	 * nothing.
	 */
	const char *apart;
	int64_t mtime; /* of everything in the copy, so that builds which look see no difference */
	/* Called for every file, in no order: what was copied, file by file. NULL: not wanted. */
	void (*taken)(void *context, const char *path, const struct digest *digest, uint64_t size);
	void *context;
	bool reversed; /* entries of a directory are made from the last that it lists to the first
			*/
};

/*
 * Copies the tree to `destination`, which must not exist, and gives its digest: SHA-256 over
 * "reproof-tree-1\n" and one line an entry in byte order of paths,
 *	d PATH NUL          a directory
 *	f SHA256 PATH NUL   a file; x instead of f when its owner may execute it
 *	l PATH NUL TARGET NUL
 * which are also all that the copy keeps: owners, other mode bits and times are made equal.
 * STATUS_FORMAT for a FIFO, device or socket; STATUS_BUILD for a forbidden content; STATUS_LIMIT
 * for more than TREE_DEPTH directories inside each other.
 */
enum status tree_copy(const char *source, const char *destination,
	const struct tree_options *options, struct digest *digest, struct error *err);

/* The same digest, and the same refusals, without a copy. */
enum status tree_check(const char *path, const struct tree_options *options, struct digest *digest,
	struct error *err);

/*
 * The same digest of a tree as it stands, nothing left out: of the copy after a build, when it is
 * still what it was.
 */
enum status tree_digest(const char *path, struct digest *digest, struct error *err);

#endif
