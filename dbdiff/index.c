/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/index.h"

#include "base/array.h"
#include "base/sql_fd.h"
#include "dbdiff/index_check.h"

extern const char index_sql[];

enum {
	INSERT_MEMBER,
	NEXT_OCCURRENCE,
	INSERT_BLOCKS,
	INSERT_REGION,
	NEXT_SEQUENCE,
	OPEN_LEAF,
	RENAME,
	SELECT_OPENED,
	SELECT_REGION_BEFORE,
	SELECT_REGION_BEHIND,
	SELECT_SHARED_BEFORE,
	SELECT_SHARED_BEHIND,
	SELECT_TOLD,
	SELECT_LAST_ID,
	SELECT_PATH,
	SELECT_BLOCKS,
};

static const char *const statements[] = {
	[INSERT_MEMBER] = "INSERT OR IGNORE INTO member (container, path, occurrence, id, position,"
			  " fields, content, size, sha256, format, inspected, reason, lazy,"
			  " place)"
			  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	[NEXT_OCCURRENCE] =
		"SELECT max(occurrence) + 1 FROM member WHERE container = ?1 AND path = ?2",
	[INSERT_BLOCKS] = "INSERT INTO block (member, hashes) VALUES (?1, ?2)",
	[INSERT_REGION] = "INSERT OR IGNORE INTO region (container, start, sequence, length, kind,"
			  " name, owner, content, detail)"
			  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[NEXT_SEQUENCE] =
		"SELECT max(sequence) + 1 FROM region WHERE container = ?1 AND start = ?2",
	[OPEN_LEAF] = "UPDATE member SET format = ?4, inspected = ?5, reason = ?6,"
		      " fields = CAST(fields || ?7 AS BLOB)"
		      " WHERE container = ?1 AND path = ?2 AND id = ?3",
	[RENAME] = "UPDATE member SET path = ?3 WHERE container = ?1 AND path = ?2"
		   " AND occurrence = 0",
	[SELECT_OPENED] = "SELECT id FROM member INDEXED BY member_opened WHERE container = ?1 AND "
			  "position = ?2"
			  " AND format IS NOT NULL",
	[SELECT_REGION_BEFORE] = "SELECT start, length, kind, name, owner, content, detail FROM"
				 " region WHERE container = ?1 AND sequence = ?3 AND start <= ?2"
				 " ORDER BY start DESC LIMIT 1",
	[SELECT_REGION_BEHIND] = "SELECT start, length, kind, name, owner, content, detail FROM"
				 " region WHERE container = ?1 AND sequence = ?3 AND start > ?2"
				 " ORDER BY start LIMIT 1",
	[SELECT_SHARED_BEFORE] =
		"SELECT start, length, kind, name, owner, content, detail FROM region"
		" INDEXED BY region_shared WHERE container = ?1 AND sequence = ?3 AND sequence <> 0"
		" AND start <= ?2 ORDER BY start DESC LIMIT 1",
	[SELECT_SHARED_BEHIND] =
		"SELECT start, length, kind, name, owner, content, detail FROM region"
		" INDEXED BY region_shared WHERE container = ?1 AND sequence = ?3 AND sequence <> 0"
		" AND start > ?2 ORDER BY start LIMIT 1",
	[SELECT_TOLD] = "SELECT start, length, kind, name, owner, content, detail FROM region"
			" INDEXED BY region_told WHERE container = ?1 AND owner = ?2 AND owner IS "
			"NOT NULL AND kind >= 3"
			" AND content IS NOT NULL AND start >= ?3 ORDER BY start LIMIT 1",
	[SELECT_LAST_ID] = "SELECT max(id) FROM member",
	[SELECT_PATH] = "SELECT path FROM member WHERE container = ?1 AND position = ?2",
	[SELECT_BLOCKS] = "SELECT hashes FROM block WHERE member = ?1",
};

static const char select_members[] =
	"SELECT path, occurrence, id, position, fields, content, size, sha256, format, inspected,"
	" reason, lazy, place FROM member WHERE container = ?1 ORDER BY path, occurrence";

#define CELL_MOST (64 * 1024 * 1024) /* bytes of one row: far over the largest of ours */

/*
 * The file is thrown away when its writer dies, so it needs neither journal nor sync; the page
 * cache is what bounds the memory of a walk.
 */
static const char writer_pragmas[] = "PRAGMA cache_size = -16384";
static const char reader_pragmas[] = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
				     " PRAGMA cache_size = -8192;";

enum status index_create(struct index *index, int fd, struct error *err)
{
	enum status status;

	*index = (struct index){0};
	status = sql_open_fd(&index->sql, fd, SQL_CREATE, statements, ARRAY_SIZE(statements), err);
	if (status == STATUS_OK)
		status = sql_exec(&index->sql, writer_pragmas, err);
	if (status == STATUS_OK)
		status = sql_exec(&index->sql, index_sql, err);
	if (status == STATUS_OK)
		status = sql_begin(&index->sql, err);
	return status;
}

enum status index_open_again(struct index *index, int fd, struct error *err)
{
	enum status status;

	*index = (struct index){0};
	status = sql_open_fd(&index->sql, fd, SQL_WRITE, statements, ARRAY_SIZE(statements), err);
	if (status == STATUS_OK)
		status = sql_exec(&index->sql, writer_pragmas, err);
	if (status == STATUS_OK)
		status = sql_begin(&index->sql, err);
	return status;
}

enum status index_open(struct index *index, int fd, struct error *err)
{
	enum status status;

	*index = (struct index){0};
	status = sql_open_fd(&index->sql, fd, SQL_READ, statements, ARRAY_SIZE(statements), err);
	if (status != STATUS_OK)
		return status;
	sqlite3_limit(index->sql.db, SQLITE_LIMIT_LENGTH, CELL_MOST);
	status = sql_exec(&index->sql, reader_pragmas, err);
	if (status == STATUS_OK)
		status = index_check_schema(&index->sql, err);
	if (status == STATUS_OK)
		status = index_check_pages(&index->sql, err);
	if (status != STATUS_OK)
		index_release(index);
	return status;
}

void index_release(struct index *index)
{
	sql_release(&index->sql);
}

static void bind_row(sqlite3_stmt *insert, const struct index_row *row)
{
	sql_bind_integer(insert, 1, row->container);
	sql_bind_blob(insert, 2, row->path, row->path_len);
	sql_bind_integer(insert, 3, row->occurrence);
	sql_bind_integer(insert, 4, row->id);
	sql_bind_integer(insert, 5, row->position);
	sql_bind_blob(insert, 6, row->fields != NULL ? row->fields : "", row->fields_len);
	sql_bind_integer(insert, 7, row->has_content);
	if (row->is_read || row->is_hashed)
		sql_bind_integer(insert, 8, (int64_t)row->size);
	if (row->is_hashed)
		sql_bind_blob(insert, 9, row->sha256.bytes, SHA256_SIZE);
	sql_bind_text(insert, 10, row->format);
	sql_bind_integer(insert, 11, row->inspected);
	sql_bind_text(insert, 12, row->reason);
	sql_bind_text(insert, 13, row->lazy);
	if (row->has_place)
		sql_bind_integer(insert, 14, (int64_t)row->place);
}

static enum status insert_row(
	struct index *index, const struct index_row *row, bool *added, struct error *err)
{
	sqlite3_stmt *insert = sql_statement(&index->sql, INSERT_MEMBER, err);
	enum status status;

	if (insert == NULL)
		return err->status;
	bind_row(insert, row);
	status = sql_run(&index->sql, insert, err);
	*added = sqlite3_changes(index->sql.db) == 1;
	return status;
}

enum status index_add(struct index *index, struct index_row *row, struct error *err)
{
	sqlite3_stmt *select;
	enum status status;
	bool added = false;

	row->occurrence = 0;
	status = insert_row(index, row, &added, err);
	if (status != STATUS_OK || added)
		return status;
	select = sql_statement(&index->sql, NEXT_OCCURRENCE, err);
	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, row->container);
	sql_bind_blob(select, 2, row->path, row->path_len);
	status = sql_step(&index->sql, select, err);
	if (status != STATUS_OK)
		return status;
	row->occurrence = sqlite3_column_int64(select, 0);
	sqlite3_reset(select);
	status = insert_row(index, row, &added, err);
	if (status == STATUS_OK && !added)
		return error_set(err, STATUS_DATABASE, "index: a member could not be added");
	return status;
}

enum status index_add_blocks(
	struct index *index, int64_t member, const void *hashes, size_t len, struct error *err)
{
	sqlite3_stmt *insert = sql_statement(&index->sql, INSERT_BLOCKS, err);

	if (insert == NULL)
		return err->status;
	sql_bind_integer(insert, 1, member);
	sql_bind_blob(insert, 2, hashes, len);
	return sql_run(&index->sql, insert, err);
}

enum status index_open_leaf(struct index *index, const struct index_row *row, struct error *err)
{
	sqlite3_stmt *update = sql_statement(&index->sql, OPEN_LEAF, err);

	if (update == NULL)
		return err->status;
	sql_bind_integer(update, 1, row->container);
	sql_bind_blob(update, 2, row->path, row->path_len);
	sql_bind_integer(update, 3, row->id);
	sql_bind_text(update, 4, row->format);
	sql_bind_integer(update, 5, row->inspected);
	sql_bind_text(update, 6, row->reason);
	sql_bind_blob(update, 7, row->fields != NULL ? row->fields : "", row->fields_len);
	return sql_run(&index->sql, update, err);
}

enum status index_rename(
	struct index *index, int64_t container, const char *from, const char *to, struct error *err)
{
	sqlite3_stmt *update = sql_statement(&index->sql, RENAME, err);

	if (update == NULL)
		return err->status;
	sql_bind_integer(update, 1, container);
	sql_bind_blob(update, 2, from, strlen(from));
	sql_bind_blob(update, 3, to, strlen(to));
	return sql_run(&index->sql, update, err);
}

static enum status insert_region(struct index *index, int64_t container,
	const struct region *region, int64_t sequence, bool *added, struct error *err)
{
	sqlite3_stmt *insert = sql_statement(&index->sql, INSERT_REGION, err);
	enum status status;

	if (insert == NULL)
		return err->status;
	sql_bind_integer(insert, 1, container);
	sql_bind_integer(insert, 2, (int64_t)region->offset);
	sql_bind_integer(insert, 3, sequence);
	sql_bind_integer(insert, 4, (int64_t)region->len);
	sql_bind_integer(insert, 5, region->kind);
	sql_bind_text(insert, 6, region->name);
	if (region->owner != REGION_NO_OWNER)
		sql_bind_integer(insert, 7, region->owner);
	if (region->content_offset != REGION_PACKED)
		sql_bind_integer(insert, 8, (int64_t)region->content_offset);
	sql_bind_text(insert, 9, region->detail);
	status = sql_run(&index->sql, insert, err);
	*added = sqlite3_changes(index->sql.db) == 1;
	return status;
}

/* Several owners of the same bytes are counted on, as members of one path are. */
enum status index_add_region(
	struct index *index, int64_t container, const struct region *region, struct error *err)
{
	bool added = false;
	enum status status = insert_region(index, container, region, 0, &added, err);
	sqlite3_stmt *select;
	int64_t sequence;

	if (status != STATUS_OK || added)
		return status;
	select = sql_statement(&index->sql, NEXT_SEQUENCE, err);
	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, container);
	sql_bind_integer(select, 2, (int64_t)region->offset);
	status = sql_step(&index->sql, select, err);
	if (status != STATUS_OK)
		return status;
	sequence = sqlite3_column_int64(select, 0);
	sqlite3_reset(select);
	return insert_region(index, container, region, sequence, &added, err);
}

enum status index_commit(struct index *index, struct error *err)
{
	return sql_commit(&index->sql, err);
}

static enum status database_error(struct index *index, struct error *err)
{
	return error_set(err, STATUS_DATABASE, "index: %s", sqlite3_errmsg(index->sql.db));
}

enum status index_cursor_open(
	struct index_cursor *cursor, struct index *index, int64_t container, struct error *err)
{
	if (index->cursors >= INDEX_DEPTH_MOST)
		return error_set(err, STATUS_LIMIT,
			"index: more than %d containers inside each other", INDEX_DEPTH_MOST);
	index->cursors++;
	/* Not one of the handle's statements: cursors are nested, one a depth. */
	cursor->index = index;
	if (sqlite3_prepare_v2(index->sql.db, select_members, -1, &cursor->statement, NULL) !=
		SQLITE_OK)
		return database_error(index, err);
	sql_bind_integer(cursor->statement, 1, container);
	cursor->row.container = container;
	return STATUS_OK;
}

enum status index_cursor_next(struct index_cursor *cursor, struct error *err)
{
	sqlite3_stmt *statement = cursor->statement;
	struct index_row *row = &cursor->row;
	int result;

	if (row->path != NULL) {
		cursor->has_last = true;
		buffer_clear(&cursor->last_path);
		buffer_add(&cursor->last_path, row->path, row->path_len);
		cursor->last_occurrence = row->occurrence;
	}
	result = sqlite3_step(statement);
	if (result == SQLITE_DONE)
		return STATUS_END;
	if (result != SQLITE_ROW)
		return database_error(cursor->index, err);
	row->path = sqlite3_column_blob(statement, 0);
	row->path_len = (size_t)sqlite3_column_bytes(statement, 0);
	row->occurrence = sqlite3_column_int64(statement, 1);
	row->id = sqlite3_column_int64(statement, 2);
	row->position = sqlite3_column_int64(statement, 3);
	row->fields = sqlite3_column_blob(statement, 4);
	row->fields_len = (size_t)sqlite3_column_bytes(statement, 4);
	if (row->fields == NULL)
		row->fields = "";
	row->has_content = sqlite3_column_int(statement, 5) != 0;
	row->is_read = sqlite3_column_type(statement, 6) != SQLITE_NULL;
	row->size = (uint64_t)sqlite3_column_int64(statement, 6);
	row->is_hashed = sqlite3_column_bytes(statement, 7) == SHA256_SIZE;
	if (row->is_hashed)
		memcpy(row->sha256.bytes, sqlite3_column_blob(statement, 7), SHA256_SIZE);
	row->format = (const char *)sqlite3_column_text(statement, 8);
	row->inspected = sqlite3_column_int(statement, 9) != 0;
	row->reason = (const char *)sqlite3_column_text(statement, 10);
	row->lazy = (const char *)sqlite3_column_text(statement, 11);
	row->has_place = sqlite3_column_type(statement, 12) != SQLITE_NULL;
	row->place = (uint64_t)sqlite3_column_int64(statement, 12);
	return index_check_row(cursor, err);
}

void index_cursor_release(struct index_cursor *cursor)
{
	if (cursor->index != NULL)
		cursor->index->cursors--;
	sqlite3_finalize(cursor->statement);
	buffer_release(&cursor->last_path);
	*cursor = (struct index_cursor){0};
}

/* Adds the first column of the one row that `select` gives, if it gives one. */
static enum status read_blob(
	struct index *index, sqlite3_stmt *select, struct buffer *out, struct error *err)
{
	enum status status = sql_step(&index->sql, select, err);

	if (status == STATUS_OK && sqlite3_column_bytes(select, 0) > 0)
		buffer_add(out, sqlite3_column_blob(select, 0),
			(size_t)sqlite3_column_bytes(select, 0));
	sqlite3_reset(select);
	return status;
}

static enum status read_number(
	struct index *index, sqlite3_stmt *select, int64_t *number, struct error *err)
{
	enum status status = sql_step(&index->sql, select, err);

	if (status == STATUS_OK)
		*number = sqlite3_column_int64(select, 0);
	sqlite3_reset(select);
	return status;
}

enum status index_opened_at(
	struct index *index, int64_t container, int64_t position, int64_t *id, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&index->sql, SELECT_OPENED, err);

	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, container);
	sql_bind_integer(select, 2, position);
	return read_number(index, select, id, err);
}

static enum status read_region(struct index *index, int statement_index, int64_t container,
	int64_t second, int64_t third, struct region_row *region, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&index->sql, (size_t)statement_index, err);
	enum status status;

	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, container);
	sql_bind_integer(select, 2, second);
	sql_bind_integer(select, 3, third);
	status = sql_step(&index->sql, select, err);
	if (status != STATUS_OK)
		return status;
	*region = (struct region_row){
		.start = (uint64_t)sqlite3_column_int64(select, 0),
		.len = (uint64_t)sqlite3_column_int64(select, 1),
		.kind = (enum region_kind)sqlite3_column_int(select, 2),
		.name = sql_column_text(select, 3),
		.owner = REGION_NO_OWNER,
		.content_offset = REGION_PACKED,
		.detail = (const char *)sqlite3_column_text(select, 6),
	};
	if (sqlite3_column_type(select, 4) != SQLITE_NULL)
		region->owner = sqlite3_column_int64(select, 4);
	if (sqlite3_column_type(select, 5) != SQLITE_NULL)
		region->content_offset = (uint64_t)sqlite3_column_int64(select, 5);
	return index_check_region(region, err);
}

enum status index_region_at(struct index *index, int64_t container, uint64_t offset, int64_t sharer,
	struct region_row *region, struct error *err)
{
	int before = sharer > 0 ? SELECT_SHARED_BEFORE : SELECT_REGION_BEFORE;
	int behind = sharer > 0 ? SELECT_SHARED_BEHIND : SELECT_REGION_BEHIND;
	enum status status =
		read_region(index, before, container, (int64_t)offset, sharer, region, err);

	if (status < 0 || (status == STATUS_OK && offset - region->start < region->len))
		return status;
	return read_region(index, behind, container, (int64_t)offset, sharer, region, err);
}

enum status index_told_at(struct index *index, int64_t container, int64_t owner, uint64_t from,
	struct region_row *region, struct error *err)
{
	return from > INT64_MAX
		? STATUS_END
		: read_region(index, SELECT_TOLD, container, owner, (int64_t)from, region, err);
}

enum status index_last_id(struct index *index, int64_t *id, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&index->sql, SELECT_LAST_ID, err);

	return select != NULL ? read_number(index, select, id, err) : err->status;
}

enum status index_path_at(struct index *index, int64_t container, int64_t position,
	struct buffer *path, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&index->sql, SELECT_PATH, err);
	enum status status;

	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, container);
	sql_bind_integer(select, 2, position);
	status = read_blob(index, select, path, err);
	if (status == STATUS_END)
		return error_set(err, STATUS_NOT_FOUND, "index: no member at that position");
	return status;
}

enum status index_blocks(
	struct index *index, int64_t member, struct buffer *hashes, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&index->sql, SELECT_BLOCKS, err);
	enum status status;

	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, member);
	status = read_blob(index, select, hashes, err);
	return status == STATUS_END ? STATUS_OK : status;
}
