/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/findings.h"

#include "base/alloc.h"
#include "base/array.h"

extern const char findings_sql[];

enum {
	INSERT,
	REMOVE,
	SET_DIFF,
	SELECT,
};

static const char *const statements[] = {
	[INSERT] = "INSERT INTO difference (path, occurrence, change, inspected, reason, fields,"
		   " cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[REMOVE] = "DELETE FROM difference WHERE id = ?1",
	[SET_DIFF] = "UPDATE difference SET diff = ?2 WHERE id = ?1",
	[SELECT] = "SELECT path, occurrence, change, inspected, reason, fields, cause, diff"
		   " FROM difference ORDER BY path, occurrence, id",
};

enum status findings_open(struct findings *findings, struct error *err)
{
	enum status status;

	*findings = (struct findings){.inspected = true};
	status = sql_open(
		&findings->sql, NULL, SQL_TEMPORARY, statements, ARRAY_SIZE(statements), err);
	if (status == STATUS_OK)
		status = sql_exec(&findings->sql,
			"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			" PRAGMA cache_size = -8192; PRAGMA temp_store = FILE;",
			err);
	if (status == STATUS_OK)
		status = sql_exec(&findings->sql, findings_sql, err);
	if (status == STATUS_OK)
		status = sql_begin(&findings->sql, err);
	return status;
}

void findings_release(struct findings *findings)
{
	sql_release(&findings->sql);
}

enum status findings_add(
	struct findings *findings, const struct finding_row *row, int64_t *id, struct error *err)
{
	sqlite3_stmt *insert = sql_statement(&findings->sql, INSERT, err);
	enum status status;

	if (insert == NULL)
		return err->status;
	sql_bind_blob(insert, 1, row->path->data, row->path->len);
	sql_bind_integer(insert, 2, row->occurrence);
	sql_bind_integer(insert, 3, row->change);
	sql_bind_integer(insert, 4, row->inspected);
	sql_bind_text(insert, 5, row->inspected ? NULL : row->reason);
	sql_bind_blob(insert, 6, row->fields->data, row->fields->len);
	sql_bind_text(insert, 7, row->cause);
	status = sql_run(&findings->sql, insert, err);
	if (status != STATUS_OK)
		return status;
	findings->count++;
	findings->inspected = findings->inspected && row->inspected;
	*id = sqlite3_last_insert_rowid(findings->sql.db);
	return STATUS_OK;
}

enum status findings_remove(struct findings *findings, int64_t id, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, REMOVE, err);

	if (statement == NULL)
		return err->status;
	sql_bind_integer(statement, 1, id);
	if (sql_run(&findings->sql, statement, err) < 0)
		return err->status;
	findings->count--;
	return STATUS_OK;
}

enum status findings_set_diff(
	struct findings *findings, int64_t id, const char *diff, struct error *err)
{
	sqlite3_stmt *update = sql_statement(&findings->sql, SET_DIFF, err);

	if (update == NULL)
		return err->status;
	sql_bind_integer(update, 1, id);
	sql_bind_text(update, 2, diff);
	return sql_run(&findings->sql, update, err);
}

/* ---- giving out ---- */

struct emission {
	struct buffer path;
	uint64_t occurrence;
	bool has_last;
	struct difference_field *fields;
	size_t field_count;
	size_t field_capacity;
};

static void read_fields(struct emission *emission, const char *data, size_t len)
{
	const char *end = len > 0 ? data + len : data;

	emission->field_count = 0;
	while (data < end) {
		struct difference_field field;

		field.name = data;
		field.published = field.name + strlen(field.name) + 1;
		field.rebuilt = field.published + strlen(field.published) + 1;
		data = field.rebuilt + strlen(field.rebuilt) + 1;
		ARRAY_GROW(emission->fields, emission->field_count, emission->field_capacity);
		emission->fields[emission->field_count++] = field;
	}
}

/* Keeps (path, occurrence) unique, and the path as a text of its own. */
static void read_key(struct emission *emission, sqlite3_stmt *select)
{
	const char *path = sqlite3_column_blob(select, 0);
	size_t len = (size_t)sqlite3_column_bytes(select, 0);
	uint64_t occurrence = (uint64_t)sqlite3_column_int64(select, 1);

	if (emission->has_last && emission->path.len == len &&
		memcmp(emission->path.data, path, len) == 0 && occurrence <= emission->occurrence)
		occurrence = emission->occurrence + 1;
	emission->has_last = true;
	emission->occurrence = occurrence;
	buffer_clear(&emission->path);
	buffer_add(&emission->path, path, len);
}

static enum status emit_row(struct emission *emission, sqlite3_stmt *select,
	const struct difference_sink *sink, struct error *err)
{
	const char *cause = (const char *)sqlite3_column_text(select, 6);
	struct difference difference;

	read_key(emission, select);
	read_fields(
		emission, sqlite3_column_blob(select, 5), (size_t)sqlite3_column_bytes(select, 5));
	difference = (struct difference){
		.path = buffer_text(&emission->path),
		.occurrence = emission->occurrence,
		.change = (enum change)sqlite3_column_int(select, 2),
		.inspected = sqlite3_column_int(select, 3) != 0,
		.reason = (const char *)sqlite3_column_text(select, 4),
		.fields = emission->fields,
		.field_count = emission->field_count,
		.causes = &cause,
		.cause_count = cause != NULL ? 1 : 0,
		.diff = (const char *)sqlite3_column_text(select, 7),
	};
	return sink->take(sink->context, &difference, err);
}

enum status findings_emit(
	struct findings *findings, const struct difference_sink *sink, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, SELECT, err);
	struct emission emission = {0};
	enum status status;

	if (select == NULL)
		return err->status;
	while ((status = sql_step(&findings->sql, select, err)) == STATUS_OK) {
		status = emit_row(&emission, select, sink, err);
		if (status != STATUS_OK)
			break;
	}
	sqlite3_reset(select);
	buffer_release(&emission.path);
	free(emission.fields);
	return status == STATUS_END ? STATUS_OK : status;
}
