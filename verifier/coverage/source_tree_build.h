/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_SOURCE_TREE_BUILD_H
#define VERIFIER_COVERAGE_SOURCE_TREE_BUILD_H

#include "base/buffer.h"
#include "base/source.h"
#include "verifier/coverage/source_tree.h"
#include "verifier/coverage/unified_diff.h"

/* How source_tree_read() is divided. */

/*
 * What a file of a source package is (dsc(5), deb-src formats of dpkg-source(1)), in the order in
 * which they are read: debian/ says which other directories hold its tests, and the diff of "1.0"
 * changes what the tarball has.
 */
enum container_kind {
	CONTAINER_DSC,
	CONTAINER_DEBIAN,    /* NAME_VERSION.debian.tar.EXT: debian/ */
	CONTAINER_NATIVE,    /* NAME_VERSION.tar.EXT: all */
	CONTAINER_ORIG,	     /* NAME_VERSION.orig.tar.EXT */
	CONTAINER_COMPONENT, /* NAME_VERSION.orig-COMPONENT.tar.EXT, below COMPONENT/ */
	CONTAINER_DIFF,	     /* NAME_VERSION.diff.gz of "1.0": debian/ and more */
	CONTAINER_SIGNATURE, /* of an upstream tarball: not looked at */
	CONTAINER_OTHER,
};

enum container_kind container_kind_of(const char *name);

/* What one patch of debian/patches changes. */
struct patch_touch {
	char *patch;	 /* its path: "debian/patches/fix.patch"; NULL: the diff of "1.0" */
	char *old, *new; /* the names in it, with all directories; NULL for /dev/null */
	char *path;	 /* as in the package, once the series has said how much goes off */
	bool is_new, is_removed;
	bool is_applied; /* by dpkg-source or quilt; else perhaps, by the build */
	bool is_unknown; /* what it makes of the text cannot be told: a rename of git */
	char *hunks;	 /* of a file whose text is wanted; NULL else */
	size_t hunks_len;
	size_t place, order; /* of the patch in the series, and of the change in it */
};

/* A tree in the making. */
struct tree_builder {
	struct source_tree *tree;
	const struct limits *limits;
	struct buffer trouble;
	uint64_t members, bytes;
	size_t name_bytes, packaging_text, upstream_text;
	uint64_t packaging_left_out, upstream_left_out; /* texts there was no room for */
	struct text_list directories; /* "debian/tests" or Tests-Directory: all text in them */
	struct patch_touch *touches;
	size_t touch_count, touch_capacity;
	size_t hunk_bytes;	/* of all touches */
	bool has_lost_touch;	/* what else the patches change is not known */
	bool is_upstream_given; /* whole, as far as it was read before the patches */
	uint64_t patch_steps;	/* lines that may still be compared */
	struct tree_file *made; /* by patches */
	size_t made_count, made_capacity;
	const char *packaging; /* the container that has debian/; borrowed of the tree */
};

/* Adds a sentence of what could not be read. */
void builder_trouble(struct tree_builder *builder, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What is done with the content of a file. */
enum text_use {
	TEXT_NONE,
	TEXT_KEEP,
	TEXT_KEEP_HEAD, /* its newest entries: a changelog */
	TEXT_COUNT,	/* the tests it declares are counted */
	TEXT_PATCH,	/* what it changes is noted */
};

/* `path` may still have the top directory of its tarball in front, unless it is of debian/. */
enum text_use text_use_of(const struct tree_builder *builder, const char *path);
/* How many tests a text of that name declares. */
uint64_t tests_declared(const char *path, const char *text, size_t len);
/* The tests among the lines that hunks add, without those among the lines that they take away. */
int64_t tests_changed(const char *path, const char *hunks, size_t len);
/* Gives the text to the file if there is room, or says that there is none. */
void builder_keep(
	struct tree_builder *builder, struct tree_file *file, struct buffer *text, bool is_cut);
/* Takes it away again, with its digest. */
void builder_forget(struct tree_builder *builder, struct tree_file *file);

/*
 * Reads a tarball; `name` is its name, and lives as long as the tree. What is wrong with it is told
 * as trouble, and false is given when it was not read to its end.
 */
bool tree_read_tar(struct tree_builder *builder, const struct source_input *input,
	enum container_kind kind, const char *name);
/* The same of NAME_VERSION.diff.gz. */
bool tree_read_diff(
	struct tree_builder *builder, const struct source_input *input, const char *name);

/* Notes what a patch changes; of a cut one, what it does behind its end is lost. */
void patch_read(
	struct tree_builder *builder, const char *path, const char *text, size_t len, bool is_cut);
/* The diff of "1.0" changes a file by those hunks; takes the path. */
void patch_note_change(
	struct tree_builder *builder, char *path, const char *hunks, size_t hunks_len);
/*
 * Changes, adds and removes what the patches that debian/patches/series names do, in its order.
 * A text that they change in a way that is not known is taken away.
 */
void patches_apply(struct tree_builder *builder);
/* Takes away the texts of upstream's that a recipe of debian/rules may change before the tests. */
void recipes_apply(struct tree_builder *builder);
void patch_touch_release(struct patch_touch *touch);
void patches_release(struct tree_builder *builder);

/* Sorts the files; of those of one path the last that was added stays. */
void tree_sort(struct tree_builder *builder);
void tree_file_release(struct tree_file *file);

#endif
