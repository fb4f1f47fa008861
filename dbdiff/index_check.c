/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/index_check.h"

#define FORMAT_NAME_MOST 64

extern const char index_sql[];

static const char select_schema[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
				    " ORDER BY type, name, tbl_name, sql";

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
	for (int i = 0; i < 4; i++) {
		int len = sqlite3_column_bytes(a, i);

		if (sqlite3_column_type(a, i) != sqlite3_column_type(b, i) ||
			sqlite3_column_bytes(b, i) != len)
			return false;
		if (len > 0 &&
			memcmp(sqlite3_column_blob(a, i), sqlite3_column_blob(b, i), (size_t)len) !=
				0)
			return false;
	}
	return true;
}

static bool same_schema(sqlite3_stmt *ours, sqlite3_stmt *theirs)
{
	int our_code, their_code;

	do {
		our_code = sqlite3_step(ours);
		their_code = sqlite3_step(theirs);
	} while (our_code == SQLITE_ROW && their_code == SQLITE_ROW && same_row(ours, theirs));
	return our_code == SQLITE_DONE && their_code == SQLITE_DONE;
}

/* Not a text kept beside index.sql: what SQLite itself makes of that. */
enum status index_check_schema(struct sql *sql, struct error *err)
{
	sqlite3_stmt *ours = NULL, *theirs = NULL;
	sqlite3 *model = NULL;
	bool is_same = sqlite3_open(":memory:", &model) == SQLITE_OK &&
		sqlite3_exec(model, index_sql, NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(model, select_schema, -1, &ours, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(sql->db, select_schema, -1, &theirs, NULL) == SQLITE_OK &&
		same_schema(ours, theirs);

	sqlite3_finalize(ours);
	sqlite3_finalize(theirs);
	sqlite3_close(model);
	if (!is_same)
		return error_set(err, STATUS_FORMAT, "index: it is not one of ours");
	return STATUS_OK;
}

/* 0.1 s for 300,000 members. A page that is used twice could keep a query busy for ever. */
enum status index_check_pages(struct sql *sql, struct error *err)
{
	sqlite3_stmt *check = NULL;
	bool is_sound = sqlite3_prepare_v2(sql->db, "PRAGMA quick_check(1)", -1, &check, NULL) ==
			SQLITE_OK &&
		sqlite3_step(check) == SQLITE_ROW && strcmp(sql_column_text(check, 0), "ok") == 0;

	sqlite3_finalize(check);
	return is_sound ? STATUS_OK : error_set(err, STATUS_FORMAT, "index: it is damaged");
}

static bool is_behind_last(const struct index_cursor *cursor)
{
	const struct index_row *row = &cursor->row;
	const struct buffer *last = &cursor->last_path;
	size_t least = row->path_len < last->len ? row->path_len : last->len;
	int result = memcmp(row->path, buffer_text(last), least);

	if (result != 0)
		return result > 0;
	if (row->path_len != last->len)
		return row->path_len > last->len;
	return row->occurrence > cursor->last_occurrence;
}

enum status index_check_row(const struct index_cursor *cursor, struct error *err)
{
	const struct index_row *row = &cursor->row;

	if (row->path_len == 0 || row->id <= row->container || row->position < 0 ||
		row->occurrence < 0 || (int64_t)row->size < 0 || (int64_t)row->place < 0 ||
		(row->is_hashed && !row->is_read) ||
		(row->format != NULL && strlen(row->format) > FORMAT_NAME_MOST) ||
		(row->lazy != NULL && strlen(row->lazy) > FORMAT_NAME_MOST) ||
		(row->reason != NULL && strlen(row->reason) >= ERROR_TEXT_SIZE))
		return error_set(err, STATUS_FORMAT, "index: a row that is none of ours");
	if (cursor->has_last && !is_behind_last(cursor))
		return error_set(err, STATUS_FORMAT, "index: its rows are in no order");
	return STATUS_OK;
}

enum status index_check_region(const struct region_row *region, struct error *err)
{
	const uint64_t most = INT64_MAX;

	if (region->start > most || region->len == 0 || region->len > most - region->start ||
		region->kind > REGION_WRAPPER || region->owner < REGION_NO_OWNER ||
		(region->content_offset != REGION_PACKED &&
			(region->content_offset > most ||
				region->len > most - region->content_offset)))
		return error_set(err, STATUS_FORMAT, "index: a region that is none of ours");
	return STATUS_OK;
}
