/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/findings.h"
#include "dbdiff/findings_sql.h"

enum status findings_add_place(struct findings *findings, int side, int64_t container,
	int64_t position, const struct finding_range *range, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, PLACE_ADD, err);

	if (statement == NULL)
		return err->status;
	sql_bind_integer(statement, 1, side);
	sql_bind_integer(statement, 2, container);
	sql_bind_integer(statement, 3, position);
	sql_bind_integer(statement, 4, range->first);
	sql_bind_integer(statement, 5, range->last);
	sql_bind_integer(statement, 6, range->content);
	return sql_run(&findings->sql, statement, err);
}

enum status findings_find_place(struct findings *findings, int side, int64_t container,
	int64_t position, struct finding_range *range, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, PLACE_FIND, err);
	enum status status;

	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, side);
	sql_bind_integer(select, 2, container);
	sql_bind_integer(select, 3, position);
	status = sql_step(&findings->sql, select, err);
	if (status == STATUS_OK)
		*range = (struct finding_range){sqlite3_column_int64(select, 0),
			sqlite3_column_int64(select, 1), sqlite3_column_int(select, 2) != 0};
	sqlite3_reset(select);
	return status;
}

enum status findings_add_opened(struct findings *findings, const int64_t containers[SIDES],
	const struct buffer *path, int64_t occurrence, int64_t finding, bool is_partial,
	struct error *err)
{
	for (int side = 0; side < SIDES; side++) {
		sqlite3_stmt *statement = sql_statement(&findings->sql, OPENED_ADD, err);

		if (statement == NULL)
			return err->status;
		sql_bind_integer(statement, 1, side);
		sql_bind_integer(statement, 2, containers[side]);
		sql_bind_blob(statement, 3, path->data, path->len);
		sql_bind_integer(statement, 4, occurrence);
		sql_bind_integer(statement, 5, finding);
		sql_bind_integer(statement, 6, containers[PUBLISHED]);
		sql_bind_integer(statement, 7, is_partial);
		if (sql_run(&findings->sql, statement, err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

enum status findings_find_opened(struct findings *findings, int side, int64_t container,
	struct opened_pair *pair, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, OPENED_FIND, err);
	enum status status;

	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, side);
	sql_bind_integer(select, 2, container);
	status = sql_step(&findings->sql, select, err);
	if (status == STATUS_OK) {
		buffer_clear(&pair->path);
		buffer_add(&pair->path, sqlite3_column_blob(select, 0),
			(size_t)sqlite3_column_bytes(select, 0));
		pair->occurrence = sqlite3_column_int64(select, 1);
		pair->finding = sqlite3_column_int64(select, 2);
		pair->pair = sqlite3_column_int64(select, 3);
		pair->is_partial = sqlite3_column_int(select, 4) != 0;
	}
	sqlite3_reset(select);
	return status;
}

enum status findings_set_opened(
	struct findings *findings, int64_t pair, int64_t finding, struct error *err)
{
	sqlite3_stmt *update = sql_statement(&findings->sql, OPENED_SET, err);

	if (update == NULL)
		return err->status;
	sql_bind_integer(update, 1, pair);
	sql_bind_integer(update, 2, finding);
	return sql_run(&findings->sql, update, err);
}

enum status findings_add_claim(
	struct findings *findings, const struct claim_row *claim, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, CLAIM_ADD, err);

	if (statement == NULL)
		return err->status;
	sql_bind_integer(statement, 1, claim->finding);
	sql_bind_integer(statement, 2, claim->side);
	sql_bind_integer(statement, 3, (int64_t)claim->start);
	sql_bind_integer(statement, 4, (int64_t)claim->len);
	sql_bind_text(statement, 5, claim->cause);
	return sql_run(&findings->sql, statement, err);
}

enum status findings_find_claim(struct findings *findings, int64_t id, int side, uint64_t offset,
	struct buffer *cause, uint64_t *end, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, CLAIM_FIND, err);
	enum status status;

	buffer_clear(cause);
	if (select == NULL)
		return err->status;
	sql_bind_integer(select, 1, id);
	sql_bind_integer(select, 2, side);
	sql_bind_integer(select, 3, (int64_t)offset);
	status = sql_step(&findings->sql, select, err);
	if (status == STATUS_OK) {
		uint64_t start = (uint64_t)sqlite3_column_int64(select, 0);

		*end = start;
		if (start <= offset) {
			*end = start + (uint64_t)sqlite3_column_int64(select, 1);
			buffer_add_text(cause, sql_column_text(select, 2));
		}
	}
	sqlite3_reset(select);
	return status;
}

enum status findings_add_digests(struct findings *findings, const struct digest *published,
	const struct digest *rebuilt, const struct buffer *path, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, DIGESTS_ADD, err);

	if (statement == NULL)
		return err->status;
	sql_bind_blob(statement, 1, published->bytes, SHA256_SIZE);
	sql_bind_blob(statement, 2, rebuilt->bytes, SHA256_SIZE);
	sql_bind_blob(statement, 3, path->data, path->len);
	return sql_run(&findings->sql, statement, err);
}

enum status findings_find_digests(struct findings *findings, const struct digest *published,
	const struct digest *rebuilt, struct buffer *path, struct error *err)
{
	sqlite3_stmt *select = sql_statement(&findings->sql, DIGESTS_FIND, err);
	enum status status;

	if (select == NULL)
		return err->status;
	sql_bind_blob(select, 1, published->bytes, SHA256_SIZE);
	sql_bind_blob(select, 2, rebuilt->bytes, SHA256_SIZE);
	status = sql_step(&findings->sql, select, err);
	if (status == STATUS_OK)
		buffer_add(path, sqlite3_column_blob(select, 0),
			(size_t)sqlite3_column_bytes(select, 0));
	sqlite3_reset(select);
	return status;
}

enum status findings_add_wrapper(struct findings *findings, const struct buffer *path,
	const char *kind, const char *signer, struct error *err)
{
	sqlite3_stmt *statement = sql_statement(&findings->sql, WRAPPER_ADD, err);

	if (statement == NULL)
		return err->status;
	sql_bind_blob(statement, 1, path->data, path->len);
	sql_bind_text(statement, 2, kind);
	sql_bind_text(statement, 3, signer);
	return sql_run(&findings->sql, statement, err);
}
