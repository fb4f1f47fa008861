/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/api_catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"
#include "snapshot/store.h"

extern const char api_catalog_sql[];

#define NEWEST_FIRST "ORDER BY version COLLATE debian_version DESC, version DESC"

static const char *const texts[] = {
	[CATALOG_FILE_FIND] = "SELECT id FROM file WHERE name = ?1 AND directory = ?2 "
			      "AND archive = ?3 AND sha256 = ?4",
	[CATALOG_FILE_ADD] =
		"INSERT INTO file (name, directory, archive, sha256, size, first_seen) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[CATALOG_SOURCE_FIND] = "SELECT id FROM source WHERE name = ?1 AND version = ?2",
	[CATALOG_SOURCE_ADD] = "INSERT INTO source (name, version) VALUES (?1, ?2)",
	[CATALOG_SOURCE_FILE_ADD] = "INSERT OR IGNORE INTO source_file VALUES (?1, ?2)",
	[CATALOG_BINARY_FIND] = "SELECT id FROM binary WHERE name = ?1 AND version = ?2 "
				"AND architecture = ?3 AND file = ?4",
	[CATALOG_BINARY_ADD] = "INSERT INTO binary (name, version, architecture, file, source, "
			       "source_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[CATALOG_LISTING_ADD] = "INSERT INTO listing (archive, suite, component, architecture, "
				"timestamp) VALUES (?1, ?2, ?3, ?4, ?5)",
	[CATALOG_LISTED_ADD] = "INSERT OR IGNORE INTO listed VALUES (?1, ?2)",
	[CATALOG_SOURCES] = "SELECT DISTINCT name FROM source ORDER BY name",
	[CATALOG_SOURCE_VERSIONS] = "SELECT version FROM source WHERE name = ?1 " NEWEST_FIRST,
	[CATALOG_SOURCE_FILES] =
		"SELECT DISTINCT sha256 FROM source JOIN source_file ON source = source.id "
		"JOIN file ON file.id = file WHERE source.name = ?1 AND version = ?2 "
		"ORDER BY sha256",
	[CATALOG_SOURCE_BINARIES] = "SELECT DISTINCT name, version FROM binary WHERE source = ?1 "
				    "AND source_version = ?2 ORDER BY name, version",
	[CATALOG_BINARY_VERSIONS] = "SELECT DISTINCT version, source, source_version FROM binary "
				    "WHERE name = ?1 " NEWEST_FIRST ", source, source_version",
	[CATALOG_BINARY_FILES] =
		"SELECT DISTINCT architecture, sha256 FROM binary JOIN file ON file.id = file "
		"WHERE binary.name = ?1 AND version = ?2 ORDER BY architecture, sha256",
	[CATALOG_BINARY_OF_SOURCE] =
		"SELECT DISTINCT architecture, sha256 FROM binary JOIN file ON file.id = file "
		"WHERE binary.name = ?1 AND version = ?2 AND source = ?3 AND source_version = ?4 "
		"ORDER BY architecture, sha256",
	[CATALOG_PLACES] = "SELECT archive, first_seen, name, directory, size FROM file "
			   "WHERE sha256 = ?1 ORDER BY first_seen, archive, directory, name",
	/* Times that follow each other make a range: their ordinals grow as their numbers do. */
	[CATALOG_RANGES] =
		"SELECT suite, component, min(timestamp), max(timestamp) FROM ("
		"SELECT *, ordinal - row_number() OVER "
		"(PARTITION BY suite, component ORDER BY ordinal) AS island FROM ("
		"SELECT DISTINCT suite, component, timestamp, ordinal FROM binary "
		"JOIN listed ON binary = binary.id JOIN listing ON listing.id = listing "
		"WHERE name = ?3 AND version = ?4 AND binary.architecture IN (?2, 'all') "
		"AND archive = ?1 AND listing.architecture IN (?2, 'all'))) "
		"GROUP BY suite, component, island ORDER BY suite, component, min(timestamp)",
};

static const char settings[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; "
			       "PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF;";

static const char ordinals_set[] =
	"UPDATE listing SET ordinal = place FROM (SELECT id AS ranked, dense_rank() OVER "
	"(PARTITION BY archive, suite, component ORDER BY timestamp) AS place FROM listing) "
	"WHERE id = ranked; ANALYZE;";

/* SQLite's texts have a length and no end. */
static int versions_compare(
	void *context, int left_len, const void *left, int right_len, const void *right)
{
	char *a = xstrndup(left, (size_t)left_len), *b = xstrndup(right, (size_t)right_len);
	int order = debversion_compare(a, b);

	(void)context;
	free(a);
	free(b);
	return order;
}

enum status catalog_open(struct store *store, const struct pin_list *pins, struct catalog *catalog,
	struct error *err)
{
	enum status status;

	*catalog = (struct catalog){.store = store};
	status = sql_open(&catalog->sql, NULL, SQL_TEMPORARY, texts, CATALOG_STATEMENTS, err);
	if (status == STATUS_OK &&
		sqlite3_create_collation(catalog->sql.db, "debian_version", SQLITE_UTF8, NULL,
			versions_compare) != SQLITE_OK)
		status = error_set(
			err, STATUS_DATABASE, "database: %s", sqlite3_errmsg(catalog->sql.db));
	if (status == STATUS_OK)
		status = sql_exec(&catalog->sql, settings, err);
	if (status == STATUS_OK)
		status = sql_exec(&catalog->sql, api_catalog_sql, err);
	for (size_t i = 0; i < pins->count && status == STATUS_OK; i++)
		status = catalog_load(catalog, &pins->items[i], err);
	if (status == STATUS_OK)
		status = sql_exec(&catalog->sql, ordinals_set, err);
	if (status == STATUS_OK)
		status = catalog_refresh(catalog, err);
	if (status < 0)
		catalog_release(catalog);
	return status;
}

void catalog_release(struct catalog *catalog)
{
	sql_release(&catalog->sql);
	sha1_names_release(&catalog->names);
	*catalog = (struct catalog){0};
}

enum status catalog_refresh(struct catalog *catalog, struct error *err)
{
	struct sha1_names names;
	struct stat st = {0};

	if (fstatat(store_fd(catalog->store), "sha1", &st, AT_SYMLINK_NOFOLLOW) != 0 &&
		errno != ENOENT)
		return error_set_errno(
			err, "store: cannot look at %s/sha1", store_directory(catalog->store));
	if (st.st_ino == catalog->names_state.st_ino && st.st_size == catalog->names_state.st_size)
		return STATUS_OK;
	if (sha1_names_read(catalog->store, &names, err) < 0)
		return err->status;
	sha1_names_release(&catalog->names);
	catalog->names = names;
	catalog->names_state = st;
	return STATUS_OK;
}

sqlite3_stmt *catalog_ask(struct catalog *catalog, enum catalog_statement statement,
	const char *const *arguments, size_t count, struct error *err)
{
	sqlite3_stmt *prepared = sql_statement(&catalog->sql, statement, err);

	for (size_t i = 0; prepared && i < count; i++)
		sql_bind_text(prepared, (int)i + 1, arguments[i]);
	return prepared;
}

struct digest catalog_column_digest(sqlite3_stmt *row, int column)
{
	struct digest digest = {0};
	const void *bytes = sqlite3_column_blob(row, column);

	if (bytes && sqlite3_column_bytes(row, column) == SHA256_SIZE)
		memcpy(digest.bytes, bytes, SHA256_SIZE);
	return digest;
}
