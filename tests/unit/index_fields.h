/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_INDEX_FIELDS_H
#define TESTS_UNIT_INDEX_FIELDS_H

#include "tests/unit/indexing.h"

/* The value of a field of the first member with this path, at any depth; NULL when it has none. */
MAYBE const char *index_field(const char *path, const char *name)
{
	static struct buffer fields;
	sqlite3_stmt *statement =
		index_select("SELECT fields FROM member WHERE path = CAST(?1 AS BLOB)"
			     " ORDER BY id");
	const char *found = NULL;

	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "%s is not listed", path);
	buffer_clear(&fields);
	buffer_add(&fields, sqlite3_column_blob(statement, 0),
		(size_t)sqlite3_column_bytes(statement, 0));
	sqlite3_finalize(statement);
	for (size_t at = 0; at < fields.len && found == NULL;) {
		const char *key = fields.data + at;
		const char *value = key + strlen(key) + 1;

		found = strcmp(key, name) == 0 ? value : NULL;
		at += strlen(key) + strlen(value) + 2;
	}
	return found;
}

#define assert_field(path, name, value)                                                            \
	do {                                                                                       \
		const char *got_ = index_field(path, name);                                        \
		ck_assert_msg(got_ != NULL && strcmp(got_, value) == 0, "%s: %s is %s, not %s",    \
			path, name, got_ != NULL ? got_ : "absent", value);                        \
	} while (0)

#define assert_no_field(path, name) ck_assert_ptr_null(index_field(path, name))

/* The id of a member, which must be there. */
MAYBE int64_t index_id(const char *path)
{
	sqlite3_stmt *statement =
		index_select("SELECT id FROM member WHERE path = CAST(?1 AS BLOB) ORDER BY id");
	int64_t id;

	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "%s is not listed", path);
	id = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return id;
}

/* What a member was opened as, "leaf" for none, or "not inspected: REASON". */
MAYBE const char *index_outcome(const char *path)
{
	static struct buffer text;
	sqlite3_stmt *statement = index_select("SELECT format, inspected, reason FROM member"
					       " WHERE path = CAST(?1 AS BLOB) ORDER BY id");

	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "%s is not listed", path);
	buffer_clear(&text);
	if (sqlite3_column_int(statement, 1) == 0)
		buffer_add_format(&text, "not inspected: %s", sqlite3_column_text(statement, 2));
	else if (sqlite3_column_type(statement, 0) == SQLITE_NULL)
		buffer_add_text(&text, "leaf");
	else
		buffer_add_text(&text, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return buffer_text(&text);
}

/* The paths of a container's members in their order, one a line. */
MAYBE const char *index_paths(int64_t container)
{
	static struct buffer text;
	sqlite3_stmt *statement =
		index_select("SELECT path FROM member WHERE container = ?1 ORDER BY position");

	buffer_clear(&text);
	sqlite3_bind_int64(statement, 1, container);
	while (sqlite3_step(statement) == SQLITE_ROW)
		buffer_add_format(&text, "%.*s\n", sqlite3_column_bytes(statement, 0),
			(const char *)sqlite3_column_blob(statement, 0));
	sqlite3_finalize(statement);
	return buffer_text(&text);
}

#endif
