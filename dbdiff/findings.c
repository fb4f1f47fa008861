/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/findings.h"

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/causes.h"
#include "dbdiff/fields.h"
#include "dbdiff/findings_sql.h"

extern const char findings_sql[];

/* In the order of enum findings_statement. */
static const char *const statements[] = {
	[FINDING_INSERT] = "INSERT INTO difference (path, occurrence, change, inspected, reason,"
			   " fields, published, rebuilt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[FINDING_SET_DIFF] = "UPDATE difference SET diff = ?2 WHERE id = ?1",
	[FINDING_NOTE] = "UPDATE difference SET reason = coalesce(reason || '; ', '') || ?2"
			 " WHERE id = ?1",
	[FINDING_CLOSE] = "UPDATE difference SET inspected = 0, reason = CASE"
			  " WHEN instr(coalesce(reason, ''), ?3) > 0 THEN reason"
			  " ELSE coalesce(reason || '; ', '') || ?2 || ?3 END WHERE id = ?1",
	[FINDING_FIELDS] = "SELECT fields FROM difference WHERE id = ?1",
	[FINDING_SET_FIELDS] = "UPDATE difference SET fields = ?2 WHERE id = ?1",
	[FIELDS_SELECT] = "SELECT fields FROM difference WHERE length(fields) > 0 ORDER BY path,"
			  " occurrence, id",
	[FINDING_SELECT] = "SELECT path, occurrence, change, inspected, reason, fields, diff, id,"
			   " published, rebuilt FROM difference ORDER BY path, occurrence, id",
	[CAUSE_ADD] = "INSERT INTO difference_cause (difference, cause, bytes, evidence)"
		      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET bytes = bytes + ?3,"
		      " evidence = coalesce(evidence, ?4)",
	[CAUSE_SETTLE] = "DELETE FROM difference_cause WHERE difference = ?1"
			 " AND cause = '" UNEXPLAINED "' AND bytes = 0 AND EXISTS (SELECT 1"
			 " FROM difference_cause o WHERE o.difference = ?1"
			 " AND o.cause <> '" UNEXPLAINED "') AND EXISTS (SELECT 1 FROM difference d"
			 " WHERE d.id = ?1 AND d.inspected = 1)",
	[CAUSES_SELECT] = "SELECT cause, bytes, evidence FROM difference_cause"
			  " WHERE difference = ?1 ORDER BY cause",
	[CAUSE_MAIN] = "SELECT cause, difference FROM difference_cause"
		       " WHERE difference BETWEEN ?1 AND ?2"
		       " ORDER BY cause <> '" UNEXPLAINED "', difference, cause LIMIT 1",
	[VALUE_ADD] = "INSERT OR IGNORE INTO cause_value (difference, cause, published, rebuilt)"
		      " VALUES (?1, ?2, ?3, ?4)",
	[VALUES_SELECT] = "SELECT cause, published, rebuilt FROM cause_value WHERE difference = ?1"
			  " ORDER BY cause, published, rebuilt",
	[PLACE_ADD] = "INSERT OR REPLACE INTO place (side, container, position, first, last,"
		      " content) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[PLACE_FIND] = "SELECT first, last, content FROM place WHERE side = ?1 AND container = ?2"
		       " AND position = ?3",
	[OPENED_ADD] = "INSERT OR REPLACE INTO opened (side, container, path, occurrence, finding,"
		       " pair, partial) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[OPENED_FIND] = "SELECT path, occurrence, finding, pair, partial FROM opened"
			" WHERE side = ?1 AND container = ?2",
	[OPENED_SET] = "UPDATE opened SET finding = ?2 WHERE pair = ?1",
	[CLAIM_ADD] = "INSERT OR REPLACE INTO claim (difference, side, start, length, cause)"
		      " VALUES (?1, ?2, ?3, ?4, ?5)",
	[CLAIM_FIND] = "SELECT start, length, cause FROM claim WHERE difference = ?1 AND side = ?2"
		       " AND start + length > ?3 ORDER BY start LIMIT 1",
	[DIGESTS_ADD] = "INSERT OR IGNORE INTO digests (published, rebuilt, path)"
			" VALUES (?1, ?2, ?3)",
	[DIGESTS_FIND] = "SELECT path FROM digests WHERE published = ?1 AND rebuilt = ?2",
	[WRAPPER_ADD] = "INSERT OR IGNORE INTO wrapper (path, kind, signer)"
			" VALUES (?1, ?2, IFNULL(?3, ''))",
	[WRAPPERS_SELECT] = "SELECT path, kind, NULLIF(signer, '') FROM wrapper"
			    " ORDER BY path, kind, signer",
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

enum status findings_clear(struct findings *findings, struct error *err)
{
	findings->count = 0;
	findings->last_id = 0;
	findings->inspected = true;
	return sql_exec(&findings->sql,
		"DELETE FROM difference; DELETE FROM difference_cause; DELETE FROM cause_value;"
		" DELETE FROM place; DELETE FROM opened; DELETE FROM claim; DELETE FROM digests; "
		"DELETE FROM wrapper;",
		err);
}

/* Why a difference of this kind, with these fields, is there, as far as its fields tell. */
static enum status add_causes(
	struct findings *findings, int64_t id, const struct finding_row *row, struct error *err)
{
	const char *at = row->fields->data;
	const char *end = row->fields->len > 0 ? at + row->fields->len : at;
	const char *cause = row->cause;

	if (cause == NULL && row->change != CHANGE_METADATA && row->change != CHANGE_ORDER)
		cause = UNEXPLAINED;
	if (cause != NULL && findings_add_cause(findings, id, cause, 0, NULL, err) < 0)
		return err->status;
	while (at < end) {
		/* Another size is what other bytes come to. */
		bool follows = row->change == CHANGE_CONTENT && strcmp(at, "size") == 0;
		const char *of_field = follows ? NULL : fields_cause(row->fields, at);

		if (of_field != NULL &&
			findings_add_cause(findings, id, of_field, 0, NULL, err) < 0)
			return err->status;
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	return STATUS_OK;
}

enum status findings_add(
	struct findings *findings, const struct finding_row *row, int64_t *id, struct error *err)
{
	sqlite3_stmt *insert = sql_statement(&findings->sql, FINDING_INSERT, err);

	if (insert == NULL)
		return err->status;
	sql_bind_blob(insert, 1, row->path->data, row->path->len);
	sql_bind_integer(insert, 2, row->occurrence);
	sql_bind_integer(insert, 3, row->change);
	sql_bind_integer(insert, 4, row->inspected);
	sql_bind_text(insert, 5, row->inspected ? NULL : row->reason);
	sql_bind_blob(insert, 6, row->fields->data, row->fields->len);
	if (row->published != NULL)
		sql_bind_blob(insert, 7, row->published->bytes, sizeof(row->published->bytes));
	if (row->rebuilt != NULL)
		sql_bind_blob(insert, 8, row->rebuilt->bytes, sizeof(row->rebuilt->bytes));
	if (sql_run(&findings->sql, insert, err) < 0)
		return err->status;
	findings->count++;
	findings->inspected = findings->inspected && row->inspected;
	*id = findings->last_id = sqlite3_last_insert_rowid(findings->sql.db);
	return add_causes(findings, *id, row, err);
}

static enum status run_with_id(
	struct findings *findings, int statement_index, int64_t id, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, (size_t)statement_index, err);

	if (statement == NULL)
		return err->status;
	sql_bind_integer(statement, 1, id);
	return sql_run(&findings->sql, statement, err);
}

static enum status run_with_texts(struct findings *findings, int statement_index, int64_t id,
	const char *text, const char *more, struct error *err)
{
	sqlite3_stmt *update = sql_statement(&findings->sql, (size_t)statement_index, err);

	if (update == NULL)
		return err->status;
	sql_bind_integer(update, 1, id);
	sql_bind_text(update, 2, text);
	if (more != NULL)
		sql_bind_text(update, 3, more);
	return sql_run(&findings->sql, update, err);
}

enum status findings_set_diff(
	struct findings *findings, int64_t id, const char *diff, struct error *err)
{
	return run_with_texts(findings, FINDING_SET_DIFF, id, diff, NULL, err);
}

enum status findings_add_note(
	struct findings *findings, int64_t id, const char *text, struct error *err)
{
	return run_with_texts(findings, FINDING_NOTE, id, text, NULL, err);
}

enum status findings_close(
	struct findings *findings, int64_t id, const char *what, const char *why, struct error *err)
{
	findings->inspected = false;
	if (run_with_texts(findings, FINDING_CLOSE, id, what, why, err) < 0)
		return err->status;
	return findings_add_cause(findings, id, UNEXPLAINED, 0, NULL, err);
}

enum status findings_add_cause(struct findings *findings, int64_t id, const char *cause,
	uint64_t bytes, const char *evidence, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, CAUSE_ADD, err);

	if (statement == NULL)
		return err->status;
	sql_bind_integer(statement, 1, id);
	sql_bind_text(statement, 2, cause);
	sql_bind_integer(statement, 3, (int64_t)bytes);
	sql_bind_text(statement, 4, evidence);
	return sql_run(&findings->sql, statement, err);
}

static enum status read_fields_of(
	struct findings *findings, int64_t id, struct buffer *fields, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, FINDING_FIELDS, err);
	enum status status;

	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, id);
	status = sql_step(&findings->sql, select, err);
	if (status == STATUS_OK)
		buffer_add(fields, sqlite3_column_blob(select, 0),
			(size_t)sqlite3_column_bytes(select, 0));
	sqlite3_reset(select);
	return status < 0 ? status : STATUS_OK;
}

enum status findings_add_value(struct findings *findings, int64_t id, const char *cause,
	const char *published, const char *rebuilt, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, VALUE_ADD, err);

	if (statement == NULL)
		return err->status;
	sql_bind_integer(statement, 1, id);
	sql_bind_text(statement, 2, cause);
	sql_bind_text(statement, 3, published);
	sql_bind_text(statement, 4, rebuilt);
	return sql_run(&findings->sql, statement, err);
}

enum status findings_settle(struct findings *findings, int64_t id, struct error *err)
{
	struct buffer fields = {0};
	enum status status = read_fields_of(findings, id, &fields, err);
	bool is_open = fields_are_open(&fields);

	buffer_release(&fields);
	return status < 0 || is_open ? status : run_with_id(findings, CAUSE_SETTLE, id, err);
}

enum status findings_main_cause(struct findings *findings, const struct finding_range *range,
	struct buffer *cause, int64_t *id, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, CAUSE_MAIN, err);
	enum status status;

	buffer_clear(cause);
	*id = range->first;
	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, range->first);
	sql_bind_integer(select, 2, range->last);
	status = sql_step(&findings->sql, select, err);
	if (status == STATUS_OK) {
		buffer_add_text(cause, sql_column_text(select, 0));
		*id = sqlite3_column_int64(select, 1);
	}
	sqlite3_reset(select);
	return status < 0 ? status : STATUS_OK;
}

/* ---- fields that are found later ---- */

/* Puts a field where the field table says it belongs. */
static void insert_field(
	struct buffer *fields, const char *name, const char *published, const char *rebuilt)
{
	struct buffer sorted = {0};
	const char *at = fields->data;
	const char *end = fields->len > 0 ? at + fields->len : at;
	const char *from = at;

	while (at < end && field_compare(at, name) <= 0) {
		for (int part = 0; part < 3; part++)
			at += strlen(at) + 1;
	}
	buffer_add(&sorted, from, (size_t)(at - from));
	buffer_add(&sorted, name, strlen(name) + 1);
	buffer_add(&sorted, published, strlen(published) + 1);
	buffer_add(&sorted, rebuilt, strlen(rebuilt) + 1);
	buffer_add(&sorted, at, (size_t)(end - at));
	buffer_release(fields);
	*fields = sorted;
}

enum status findings_add_field(struct findings *findings, int64_t id, const char *name,
	const char *published, const char *rebuilt, const char *cause, uint64_t bytes,
	struct error *err)
{
	struct buffer fields = {0};
	enum status status = read_fields_of(findings, id, &fields, err);

	if (status == STATUS_OK && !fields_has(&fields, name)) {
		sqlite3_stmt *update = sql_statement(&findings->sql, FINDING_SET_FIELDS, err);

		insert_field(&fields, name, published, rebuilt);
		if (update != NULL) {
			sql_bind_integer(update, 1, id);
			sql_bind_blob(update, 2, fields.data, fields.len);
		}
		status = update != NULL ? sql_run(&findings->sql, update, err) : err->status;
	}
	if (status == STATUS_OK)
		status = findings_add_cause(findings, id, cause, bytes, NULL, err);
	buffer_release(&fields);
	return status;
}

enum status findings_field_cause(struct findings *findings, int64_t id, const char *name,
	const char **cause, struct error *err)
{
	struct buffer fields = {0};
	enum status status = read_fields_of(findings, id, &fields, err);
	const char *own = status == STATUS_OK ? fields_cause(&fields, name) : NULL;

	*cause = own != NULL ? own : field_find(name)->cause;
	buffer_release(&fields);
	return status;
}

enum status findings_each_field(struct findings *findings,
	enum status (*visit)(void *context, const char *name, const char *published,
		const char *rebuilt, struct error *err),
	void *context, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, FIELDS_SELECT, err);
	enum status status;

	if (select == NULL)
		return err->status;
	while ((status = sql_step(&findings->sql, select, err)) == STATUS_OK) {
		const char *at = sqlite3_column_blob(select, 0);
		const char *end = at + sqlite3_column_bytes(select, 0);

		while (at < end && status == STATUS_OK) {
			const char *published = at + strlen(at) + 1;
			const char *rebuilt = published + strlen(published) + 1;

			status = visit(context, at, published, rebuilt, err);
			at = rebuilt + strlen(rebuilt) + 1;
		}
		if (status != STATUS_OK)
			break;
	}
	sqlite3_reset(select);
	return status == STATUS_END ? STATUS_OK : status;
}
