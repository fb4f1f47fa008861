/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/index_file.h"
#include "dbdiff/make_index.h"
#include "dbdiff/single.h"

static enum status read_counts(struct index *index, struct indexed *indexed, struct error *err)
{
	sqlite3_stmt *select = NULL;
	enum status status = STATUS_OK;

	if (sqlite3_prepare_v2(index->sql.db,
		    "SELECT count(*) - 1, count(*) FILTER (WHERE inspected = 0) FROM member", -1,
		    &select, NULL) != SQLITE_OK ||
		sqlite3_step(select) != SQLITE_ROW) {
		status =
			error_set(err, STATUS_DATABASE, "index: %s", sqlite3_errmsg(index->sql.db));
	} else {
		indexed->members = (uint64_t)sqlite3_column_int64(select, 0);
		indexed->uninspected = (uint64_t)sqlite3_column_int64(select, 1);
	}
	sqlite3_finalize(select);
	return status;
}

/* What the worker wrote is of the bytes that were hashed here. */
static enum status check_artifact(
	struct index *index, const struct comparison_side *side, struct error *err)
{
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, index, 0, err);

	if (status == STATUS_OK)
		status = index_cursor_next(&cursor, err);
	if (status == STATUS_END)
		status = error_set(err, STATUS_DATABASE, "index: it is empty");
	if (status == STATUS_OK && !cursor.row.is_hashed)
		status = error_set(err, STATUS_LIMIT, "it could not be read whole: %s",
			cursor.row.reason != NULL ? cursor.row.reason : "for no known reason");
	else if (status == STATUS_OK && !digest_equal(&cursor.row.sha256, &side->sha256))
		status = error_set(err, STATUS_CONFLICT, "it changed while it was indexed");
	index_cursor_release(&cursor);
	return status;
}

enum status dbdiff_index(const char *name, int fd, const struct limits *limits,
	struct tempfile *out, struct indexed *indexed, struct error *err)
{
	struct index_head head = {.name = (char *)name};
	struct single single;
	enum status status = single_index(&single, name, fd, limits, err);

	*indexed = (struct indexed){0};
	if (status == STATUS_OK)
		status = check_artifact(single.index, &single.side, err);
	if (status == STATUS_OK)
		status = read_counts(single.index, indexed, err);
	indexed->size = head.size = single.side.size;
	indexed->sha256 = head.sha256 = single.side.sha256;
	if (status == STATUS_OK)
		status = index_file_write(out, &head, single.index, err);
	single_release(&single);
	return status;
}
