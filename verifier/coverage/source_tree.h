/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SOURCE_TREE_H
#define VERIFIER_COVERAGE_SOURCE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"

/*
 * A source package as dpkg-source would unpack it (deb-src formats "1.0", "3.0 (native)",
 * "3.0 (quilt)"), in memory and bounded: the names of all its files, and the text of those that
 * say how it is built and tested. Nothing is ever unpacked to disk. Hostile input: it is made
 * inside a worker (dbdiff/worker.h).
 */
struct tree_file {
	char *path;	       /* below the top directory: "debian/rules", "tests/t1.sh" */
	const char *container; /* the name of the tarball or diff that has it; borrowed */
	uint64_t size;
	bool is_executable;
	bool is_link; /* symbolic or hard; `target` says where to */
	char *target; /* of a hard link a path as `path` is one; of a symbolic one as it is written
		       */
	bool is_hard_link;
	/*
	 * Its text with Debian's patches, NUL-terminated behind `len`; NULL when it is not of those
	 * that are read.
	 */
	char *text;
	size_t len;
	bool is_cut;	      /* only its first `len` bytes are in `text` */
	struct digest sha256; /* of all its bytes; only when it has a text */
	bool is_patched;      /* a patch of debian/patches changes or adds it */
	/* It has a text that is read, and what Debian's patches and recipes make of it is not
	 * known.
	 */
	bool is_unknown;
	bool is_removed; /* only while the tree is made: a patch takes it away */
	bool is_patch;	 /* of debian/patches, and what it changes was noted */
	/* How many tests it declares, of Python, Rust, Go and Ruby, where a file holds several. */
	uint64_t tests;
};

/* A command of debian/rules because of which a text is not known. */
struct tree_rewrite {
	size_t line; /* of debian/rules, or of what it includes */
	char *text;
};

/* A zeroed struct is empty and safe to release. */
struct source_tree {
	struct tree_file *files; /* by path, byte order, each once */
	size_t count, capacity;
	char *format; /* "3.0 (quilt)"; NULL when there was no .dsc */
	/* What the .dsc says; NULL for what it does not. */
	char *source, *version, *maintainer;
	char *testsuite, *triggers; /* the fields as they are, on one line */
	char *dsc;		    /* its name, for claims */
	struct digest dsc_sha256;
	struct text_list containers; /* the names that `container` borrows */
	/*
	 * Whether debian/, and what is outside it, was given and read to its end. Where one was
	 * not, what is there is true, and what is not there says nothing.
	 */
	bool is_packaging_whole, is_upstream_whole;
	struct tree_rewrite *rewrites; /* the first of them */
	size_t rewrite_count, rewrite_capacity;
	/* What could not be read, in words, a sentence each; NULL when all of it was. */
	char *trouble;
};

/* One file of a source package: the .dsc, and what that lists. */
struct source_input {
	const char *name; /* "bash_5.2.15.orig.tar.xz"; what it is is told by its ending */
	int fd;		  /* a regular file, read from its begin to its end */
};

/* Bounds of one tree, beside those of struct limits. Files over TREE_TEXT_MAX are cut. */
#define TREE_FILES_MAX	    ((size_t)500000)
#define TREE_NAMES_MAX	    ((size_t)64 << 20)
#define TREE_TEXT_MAX	    ((size_t)512 << 10)
#define TREE_CHANGELOG_MAX  ((size_t)16 << 10)
#define TREE_PACKAGING_TEXT ((size_t)12 << 20) /* of debian/ together */
#define TREE_UPSTREAM_TEXT  ((size_t)20 << 20) /* of the rest together */
#define TREE_HUNKS_MAX	    ((size_t)16 << 20) /* that change texts, together */

/*
 * Reads the files of one source package, in whatever order they are given. A file that the .dsc
 * lists and that is not given leaves its part not whole; an upstream tarball that is not given is
 * no trouble (a pass over debian/ alone), all else is. Of `limits` count `members`, `total_bytes`
 * (decompressed, of all files together), `ratio` and `name_bytes`; what goes beyond ends that one
 * tarball, as a broken one does: it is told in `trouble`, and the rest is read. STATUS_FORMAT
 * without a .dsc, or with one that is none. It calls nothing that a worker may not.
 */
enum status source_tree_read(const struct source_input *inputs, size_t count,
	const struct limits *limits, struct source_tree *tree, struct error *err);

/* NULL when it is not there. */
const struct tree_file *source_tree_find(const struct source_tree *tree, const char *path);
/* Where the links of a file lead inside the tree; NULL when that is nowhere, or round in circles.
 */
const struct tree_file *source_tree_follow(
	const struct source_tree *tree, const struct tree_file *file);
/* The first file below `directory` ("" for all), and one behind the last. */
void source_tree_below(
	const struct source_tree *tree, const char *directory, size_t *first, size_t *end);
/* "debian/rules", or "bash_5.2.15.orig.tar.xz:Makefile.in"; the caller frees. */
char *tree_file_place(const struct tree_file *file);
void source_tree_release(struct source_tree *tree);

#endif
