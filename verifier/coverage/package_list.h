/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_PACKAGE_LIST_H
#define VERIFIER_COVERAGE_PACKAGE_LIST_H

#include <stdbool.h>

#include "base/hash.h"
#include "snapshot/manifest.h"

/*
 * Lists of packages in the forms in which people keep them:
 *
 * - lines, an ISAR .manifest, dpkg's status: as snapshot/manifest.h reads them;
 * - a table, CSV or XLSX, with a column of names, and perhaps one of versions;
 * - YAML of any shape, from which the values of one key are taken, at any depth: a text, a list of
 *   texts, or the keys of a map (CIP's lists have no fixed form);
 * - an index of an image (dbdiff/index_file.h), which has the names dpkg has on record in it, or
 *   an image itself, of which dpkg's status is read.
 *
 * A value may be "NAME", "NAME=VERSION" or "NAME VERSION".
 */
struct package_list_options {
	const char *column;	    /* of a table, or key of YAML; NULL: the usual names */
	const char *version_column; /* of a table; NULL: the usual names */
	const char *sheet;	    /* of a workbook; NULL: the first */
};

enum package_list_kind {
	LIST_OF_EITHER, /* it does not say */
	LIST_OF_SOURCES,
	LIST_OF_BINARIES,
};

/* A zeroed struct is safe to release. */
struct package_list {
	char *path;
	struct digest digest; /* of the file */
	enum package_list_kind kind;
	bool is_of_image; /* what an image has: a manifest, dpkg's status, an image or its index */
	/* False when something of an image or index was not read whole: there may be more. */
	bool is_whole;
	struct manifest packages;
	size_t contradicted; /* lines of which an image has another version */
};

/*
 * Reads a list; which form it has is told by its bytes, and of texts by the end of the name (.csv,
 * .tsv, .yaml, .yml) or by `column` being given. What cannot be read as one, a column that is not
 * there and a list without a package are STATUS_FORMAT, STATUS_NOT_FOUND and STATUS_FORMAT.
 */
enum status package_list_read(const char *path, const struct package_list_options *options,
	struct package_list *list, struct error *err);
/*
 * Gives each package of `list` without a version the one it has in `image`, by its name or by that
 * of its source. A sentence for each that the image does not have, or has in another version, is
 * added to the notes.
 */
void package_list_take_versions(struct package_list *list, const struct package_list *image);
/* Whether it names a package, or the source of one, like that. */
bool package_list_has(const struct package_list *list, const char *name);
void package_list_release(struct package_list *list);

#endif
