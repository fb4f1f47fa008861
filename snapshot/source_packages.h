/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOURCE_PACKAGES_H
#define SNAPSHOT_SOURCE_PACKAGES_H

#include "base/array.h"
#include "snapshot/archive_files.h"

/*
 * The source packages that the pins list, and which of them each binary package is made of: read
 * out of the signed Sources and Packages, both at once. About 35 MB for a whole Debian suite. The
 * store then keeps both unpacked (100 MB for one): unpacking is two thirds of a reading.
 * A child that is forked while it is open does not have it.
 * Sources that are only kept for others' sake (Extra-Source-Only) are left out.
 */
struct source_catalog;

/*
 * One version of a source package. Texts are borrowed of the catalog, on one line each, and "" for
 * a field that is not there.
 */
struct pin_source {
	const char *name, *version, *maintainer;
	const char *binary;		  /* comma list of the binary packages it makes */
	const char *testsuite, *triggers; /* Testsuite, Testsuite-Triggers */
	const char *build_depends; /* with Build-Depends-Arch and -Indep behind it, comma list */
	const char *suite;	   /* the first of the pins' suites that lists it */
	/* The .dsc first, then what it lists; for archive_files_fetch(). The caller frees. */
	struct archive_file *files;
	size_t file_count;
};

void pin_source_release(struct pin_source *source);

/*
 * `architectures` are those whose Packages are read; a pin without one of them is
 * STATUS_NOT_FOUND, and so are pins that list no source package at all (taken without deb-src).
 */
enum status source_catalog_open(struct store *store, const struct pin_list *pins,
	const struct text_list *architectures, struct source_catalog **catalog, struct error *err);
void source_catalog_free(struct source_catalog *catalog);

/*
 * The source package of that version, which is compared as text; without one the newest, of suites
 * from which apt takes packages unasked if one of them has it. STATUS_NOT_FOUND when it is not
 * listed, with what versions are; STATUS_FORMAT when its list of files is damaged.
 */
enum status source_catalog_find(const struct source_catalog *catalog, const char *name,
	const char *version, struct pin_source *source, struct error *err);
/* Adds the versions that are listed, oldest first, each once. */
void source_catalog_versions(
	const struct source_catalog *catalog, const char *name, struct text_list *versions);

/* Of which source package, in which version, a binary package is made. Borrowed of the catalog. */
struct binary_source {
	const char *name, *version; /* of the source package */
	const char *binary_version;
};

/* A binary package as the pins list it. Borrowed of the catalog; texts are "" for none. */
struct catalog_binary {
	const char *name, *version;
	const char *source, *source_version;
	const char *depends, *pre_depends;
	const struct digest *sha256; /* of its .deb; NULL when the index says none */
};

/* Calls `visit` for each version of a binary package, oldest first. */
void source_catalog_each_binary(const struct source_catalog *catalog, const char *name,
	void (*visit)(void *context, const struct catalog_binary *binary), void *context);

/* The same for a binary package; without a version the newest, as above. */
enum status source_catalog_of_binary(const struct source_catalog *catalog, const char *name,
	const char *version, struct binary_source *source, struct error *err);

#endif
