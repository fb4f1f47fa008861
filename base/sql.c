/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sql.h"

#include <unistd.h>

#include "base/alloc.h"

#define BUSY_MILLISECONDS 30000

static enum status set_error(struct sql *sql, const char *path, struct error *err)
{
	const char *name = path;

	if (!name && sql->db)
		name = sqlite3_db_filename(sql->db, "main");
	/* Unless it is a path: one by its descriptor has none. */
	if (!name || (name != path && *name != '/'))
		name = "(temporary)";
	return error_set(err, STATUS_DATABASE, "database %s: %s (SQLite code %d)", name,
		sql->db ? sqlite3_errmsg(sql->db) : "out of memory",
		sql->db ? sqlite3_extended_errcode(sql->db) : SQLITE_NOMEM);
}

/* The file may come from elsewhere: what its schema says must not act. */
static enum status harden(struct sql *sql, struct error *err)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},
		{SQLITE_DBCONFIG_DQS_DDL, 0},
		{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (sqlite3_db_config(sql->db, options[i].option, options[i].value, NULL) !=
			SQLITE_OK)
			return set_error(sql, NULL, err);
	return STATUS_OK;
}

static enum status open_handle(
	struct sql *sql, const char *path, enum sql_mode mode, struct error *err)
{
	static const int flags[] = {
		[SQL_READ] = SQLITE_OPEN_READONLY,
		[SQL_WRITE] = SQLITE_OPEN_READWRITE,
		[SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		[SQL_TEMPORARY] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	};

	if ((mode == SQL_READ || mode == SQL_WRITE) && access(path, F_OK) != 0)
		return error_set_errno(err, "database %s", path);
	/* "./" keeps a name such as ":memory:" or "file:…" a plain file name. */
	char *name = mode == SQL_TEMPORARY ? xstrdup("")
		: path[0] == '/'	   ? xstrdup(path)
					   : xasprintf("./%s", path);
	int code = sqlite3_open_v2(name, &sql->db, flags[mode] | SQLITE_OPEN_EXRESCODE, NULL);
	enum status status = code == SQLITE_OK
		? STATUS_OK
		: set_error(sql, mode == SQL_TEMPORARY ? NULL : path, err);
	free(name);
	return status;
}

enum status sql_open(struct sql *sql, const char *path, enum sql_mode mode,
	const char *const *texts, size_t text_count, struct error *err)
{
	*sql = (struct sql){0};
	enum status status = open_handle(sql, path, mode, err);

	if (status == STATUS_OK)
		status = sql_adopt(sql, texts, text_count, err);
	if (status == STATUS_OK && sqlite3_busy_timeout(sql->db, BUSY_MILLISECONDS) != SQLITE_OK)
		status = set_error(sql, NULL, err);
	if (status == STATUS_OK && (mode == SQL_WRITE || mode == SQL_CREATE))
		status = sql_exec(sql, "PRAGMA journal_mode = WAL", err);
	/* Opening reads nothing: a file that is no database shows itself only here. */
	if (status == STATUS_OK)
		status = sql_exec(sql, "PRAGMA schema_version", err);
	if (status != STATUS_OK)
		sql_release(sql);
	return status;
}

enum status sql_adopt(
	struct sql *sql, const char *const *texts, size_t text_count, struct error *err)
{
	if (harden(sql, err) < 0)
		return err->status;
	sql->texts = texts;
	sql->text_count = text_count;
	sql->statements = xcalloc(text_count + 1, sizeof(sql->statements[0]));
	return STATUS_OK;
}

void sql_release(struct sql *sql)
{
	for (size_t i = 0; sql->statements && i < sql->text_count; i++)
		sqlite3_finalize(sql->statements[i]);
	free(sql->statements);
	sqlite3_close_v2(sql->db);
	*sql = (struct sql){0};
}

enum status sql_exec(struct sql *sql, const char *text, struct error *err)
{
	if (sqlite3_exec(sql->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return set_error(sql, NULL, err);
	return STATUS_OK;
}

sqlite3_stmt *sql_statement(struct sql *sql, size_t index, struct error *err)
{
	if (index >= sql->text_count) {
		error_set(err, STATUS_DATABASE, "database: no statement %zu", index);
		return NULL;
	}
	sqlite3_stmt **statement = &sql->statements[index];
	if (!*statement &&
		sqlite3_prepare_v3(sql->db, sql->texts[index], -1, SQLITE_PREPARE_PERSISTENT,
			statement, NULL) != SQLITE_OK) {
		set_error(sql, NULL, err);
		return NULL;
	}
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
	return *statement;
}

enum status sql_step(struct sql *sql, sqlite3_stmt *statement, struct error *err)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return STATUS_OK;
	if (code == SQLITE_DONE)
		return STATUS_END;
	set_error(sql, NULL, err);
	sqlite3_reset(statement);
	return STATUS_DATABASE;
}

enum status sql_run(struct sql *sql, sqlite3_stmt *statement, struct error *err)
{
	enum status status = sql_step(sql, statement, err);

	sqlite3_reset(statement);
	if (status == STATUS_OK)
		return error_set(err, STATUS_DATABASE, "database: unexpected row from: %s",
			sqlite3_sql(statement));
	return status == STATUS_END ? STATUS_OK : status;
}

/*
 * A failed binding can only be want of memory or a parameter that the statement does not have. To
 * go on with NULL in its place would store something else than was said.
 */
static void check_binding(sqlite3_stmt *statement, int parameter, int code)
{
	if (code == SQLITE_OK)
		return;
	fprintf(stderr, "reproof: cannot bind parameter %d of: %s: %s\n", parameter,
		sqlite3_sql(statement), sqlite3_errstr(code));
	abort();
}

void sql_bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
	int code = text ? sqlite3_bind_text64(statement, parameter, text, strlen(text),
				  SQLITE_TRANSIENT, SQLITE_UTF8)
			: sqlite3_bind_null(statement, parameter);

	check_binding(statement, parameter, code);
}

void sql_bind_blob(sqlite3_stmt *statement, int parameter, const void *data, size_t len)
{
	int code = len > 0 ? sqlite3_bind_blob64(statement, parameter, data, len, SQLITE_TRANSIENT)
			   : sqlite3_bind_zeroblob(statement, parameter, 0);

	check_binding(statement, parameter, code);
}

void sql_bind_integer(sqlite3_stmt *statement, int parameter, int64_t value)
{
	check_binding(statement, parameter, sqlite3_bind_int64(statement, parameter, value));
}

const char *sql_column_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text ? (const char *)text : "";
}

enum status sql_begin(struct sql *sql, struct error *err)
{
	/* A reader that turns into a writer can fail at once with SQLITE_BUSY; a writer waits. */
	return sql_exec(sql, "BEGIN IMMEDIATE", err);
}

enum status sql_commit(struct sql *sql, struct error *err)
{
	return sql_exec(sql, "COMMIT", err);
}

void sql_rollback(struct sql *sql)
{
	if (sql->db && !sqlite3_get_autocommit(sql->db))
		sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
}

enum status sql_version(struct sql *sql, int *version, struct error *err)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(sql->db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
		return set_error(sql, NULL, err);
	enum status status = sql_step(sql, statement, err);
	if (status == STATUS_OK)
		*version = sqlite3_column_int(statement, 0);
	else if (status == STATUS_END)
		status = error_set(err, STATUS_DATABASE, "database: no user_version");
	sqlite3_finalize(statement);
	return status;
}
