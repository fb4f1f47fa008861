/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_API_CATALOG_H
#define SNAPSHOT_API_CATALOG_H

#include <sys/stat.h>

#include "base/sql.h"
#include "snapshot/snapshot.h"
#include "snapshot/store_sha1.h"

/* For the Snapshot API only: what the pins of a store name (api_catalog.sql), to be looked up. */

enum catalog_statement {
	CATALOG_FILE_FIND,
	CATALOG_FILE_ADD,
	CATALOG_SOURCE_FIND,
	CATALOG_SOURCE_ADD,
	CATALOG_SOURCE_FILE_ADD,
	CATALOG_BINARY_FIND,
	CATALOG_BINARY_ADD,
	CATALOG_LISTING_ADD,
	CATALOG_LISTED_ADD,
	CATALOG_SOURCES,	  /* name */
	CATALOG_SOURCE_VERSIONS,  /* name → version, newest first */
	CATALOG_SOURCE_FILES,	  /* name, version → digest */
	CATALOG_SOURCE_BINARIES,  /* source, its version → name, version */
	CATALOG_BINARY_VERSIONS,  /* name → version, source, its version, newest first */
	CATALOG_BINARY_FILES,	  /* name, version → architecture, digest */
	CATALOG_BINARY_OF_SOURCE, /* name, version, source, its version → architecture, digest */
	CATALOG_PLACES,		  /* digest → archive, first_seen, name, directory, size */
	CATALOG_RANGES, /* archive, architecture, name, version → suite, component, first, last */
	CATALOG_STATEMENTS
};

/* One thread at a time may use it. */
struct catalog {
	struct store *store;
	struct sql sql;
	struct sha1_names names;
	struct stat names_state; /* of the store's file, when `names` was read */
};

/*
 * Reads the verified `pins`, whose order is that of their times, from the store: Release, Packages
 * and Sources, each checked by its hash.
 */
enum status catalog_open(struct store *store, const struct pin_list *pins, struct catalog *catalog,
	struct error *err);
void catalog_release(struct catalog *catalog);

/* Reads again which SHA-1 names there are, when the store has got files since. */
enum status catalog_refresh(struct catalog *catalog, struct error *err);

/* A statement with its texts bound to the parameters from 1 on. */
sqlite3_stmt *catalog_ask(struct catalog *catalog, enum catalog_statement statement,
	const char *const *texts, size_t count, struct error *err);
/* The digest in a column of its row. */
struct digest catalog_column_digest(sqlite3_stmt *row, int column);

/* Reads one pin; used by catalog_open(). */
enum status catalog_load(struct catalog *catalog, const struct pin *pin, struct error *err);

#endif
