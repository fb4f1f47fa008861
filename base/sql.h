/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SQL_H
#define BASE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A database handle with its prepared statements, one slot a statement of the module's own
 * enum-indexed table. A zeroed struct is safe to release.
 */
struct sql {
	sqlite3 *db;
	const char *const *texts; /* the module's statements */
	size_t text_count;
	sqlite3_stmt **statements; /* prepared on first use */
};

enum sql_mode {
	SQL_READ,      /* must exist; read only */
	SQL_WRITE,     /* must exist */
	SQL_CREATE,    /* made when absent */
	SQL_TEMPORARY, /* private, on disk, gone when closed; `path` is not used */
};

/*
 * Opens it, with foreign keys on, a busy time of 30 s, and WAL for SQL_CREATE and SQL_WRITE.
 * `texts` must outlive it.
 */
enum status sql_open(struct sql *sql, const char *path, enum sql_mode mode,
	const char *const *texts, size_t text_count, struct error *err);
/* For a handle that was opened otherwise, in `db`: hardens it, and gives it its statements. */
enum status sql_adopt(
	struct sql *sql, const char *const *texts, size_t text_count, struct error *err);
void sql_release(struct sql *sql);

/* Runs statements without parameters or results, such as a schema. */
enum status sql_exec(struct sql *sql, const char *text, struct error *err);

/* Statement `index`, reset, without bindings; NULL with err set when it cannot be prepared. */
sqlite3_stmt *sql_statement(struct sql *sql, size_t index, struct error *err);

/* STATUS_OK for a row, STATUS_END for none. */
enum status sql_step(struct sql *sql, sqlite3_stmt *statement, struct error *err);
/* Steps a statement that gives no row, and resets it. */
enum status sql_run(struct sql *sql, sqlite3_stmt *statement, struct error *err);

void sql_bind_text(sqlite3_stmt *statement, int parameter, const char *text); /* NULL binds NULL */
void sql_bind_blob(sqlite3_stmt *statement, int parameter, const void *data, size_t len);
void sql_bind_integer(sqlite3_stmt *statement, int parameter, int64_t value);

/* "" for NULL; valid until the next step. */
const char *sql_column_text(sqlite3_stmt *statement, int column);

enum status sql_begin(struct sql *sql, struct error *err);
enum status sql_commit(struct sql *sql, struct error *err);
/* Undoes an open transaction; does nothing when none is open. */
void sql_rollback(struct sql *sql);

/* PRAGMA user_version. */
enum status sql_version(struct sql *sql, int *version, struct error *err);

#endif
