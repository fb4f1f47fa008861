/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_INDEXING_H
#define TESTS_UNIT_INDEXING_H

#include <inttypes.h>

#include "dbdiff/fields.h"
#include "dbdiff/walk.h"
#include "tests/unit/comparing.h"

/*
 * For tests of what a format says of the bytes of its container: comparing.h's directory, an index
 * of one of its files, and the regions of a member as text. Names and positions are those of the
 * index.
 */
static struct index indexing;
static int indexing_fd = -1;
static const struct walk_setup *index_setup; /* for walks to come */
static const struct limits *index_limits = &limits_default;

MAYBE void index_close(void)
{
	index_release(&indexing);
	if (indexing_fd >= 0)
		close(indexing_fd);
	indexing_fd = -1;
}

/* Indexes a file of the directory, called by its name. */
MAYBE void index_file(const char *name)
{
	char *path = path_join(comparing.directory, "indexing.index");
	int fd = file_open(name);
	off_t size = lseek(fd, 0, SEEK_END);
	struct source *source = source_file_new(fd, (uint64_t)size);

	index_close();
	unlink(path);
	indexing_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(indexing_fd, 0);
	ck_assert_int_eq(index_create(&indexing, indexing_fd, &comparing.err), STATUS_OK);
	ck_assert_msg(walk_index(source, name, index_limits, index_setup, &indexing,
			      &comparing.err) == STATUS_OK,
		"%s", comparing.err.text);
	ck_assert_int_eq(index_commit(&indexing, &comparing.err), STATUS_OK);
	source_free(source);
	close(fd);
	free(path);
}

MAYBE sqlite3_stmt *index_select(const char *sql)
{
	sqlite3_stmt *statement;

	ck_assert_msg(sqlite3_prepare_v2(indexing.sql.db, sql, -1, &statement, NULL) == SQLITE_OK,
		"%s", sqlite3_errmsg(indexing.sql.db));
	return statement;
}

/* The one number or text that a query gives; the text is kept until the next call. */
MAYBE int64_t index_number(const char *sql)
{
	sqlite3_stmt *statement = index_select(sql);
	int64_t number;

	ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "no row: %s", sql);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/* A field of a member by its id, or "(none)"; kept until the next call. */
MAYBE const char *index_field_of(int64_t id, const char *name)
{
	static struct buffer text;
	sqlite3_stmt *statement = index_select("SELECT fields FROM member WHERE id = ?1");
	struct field_cursor cursor;

	buffer_clear(&text);
	sqlite3_bind_int64(statement, 1, id);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	field_cursor_init(&cursor, sqlite3_column_blob(statement, 0),
		(size_t)sqlite3_column_bytes(statement, 0));
	while (field_cursor_next(&cursor)) {
		if (strcmp(cursor.name, name) == 0)
			buffer_add_text(&text, cursor.value);
	}
	sqlite3_finalize(statement);
	return text.len > 0 ? buffer_text(&text) : "(none)";
}

/* One line a region: "START+LENGTH KIND NAME[ of MEMBER PATH][@CONTENT OFFSET]". */
MAYBE const char *index_regions(int64_t container)
{
	static const char *const kinds[] = {
		"content", "metadata", "structure", "derived", "wrapper"};
	static struct buffer text;
	sqlite3_stmt *statement = index_select(
		"SELECT start, length, kind, name, owner, content, (SELECT path FROM member"
		" WHERE member.container = region.container AND position = owner)"
		" FROM region WHERE container = ?1 ORDER BY start, sequence");

	buffer_clear(&text);
	sqlite3_bind_int64(statement, 1, container);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		buffer_add_format(&text, "%lld+%lld %s %s", sqlite3_column_int64(statement, 0),
			sqlite3_column_int64(statement, 1), kinds[sqlite3_column_int(statement, 2)],
			(const char *)sqlite3_column_text(statement, 3));
		if (sqlite3_column_type(statement, 4) != SQLITE_NULL)
			buffer_add_format(&text, " of %.*s", sqlite3_column_bytes(statement, 6),
				(const char *)sqlite3_column_blob(statement, 6));
		if (sqlite3_column_type(statement, 5) != SQLITE_NULL)
			buffer_add_format(&text, "@%lld", sqlite3_column_int64(statement, 5));
		buffer_add_char(&text, '\n');
	}
	sqlite3_finalize(statement);
	return buffer_text(&text);
}

/*
 * Fails unless the regions of a container cover every one of its `size` bytes, and overlap only
 * where several owners share the same bytes.
 */
MAYBE void index_assert_covered(int64_t container, uint64_t size)
{
	sqlite3_stmt *statement = index_select("SELECT start, length, name FROM region"
					       " WHERE container = ?1 AND sequence = 0 ORDER BY"
					       " start");
	uint64_t at = 0;

	sqlite3_bind_int64(statement, 1, container);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		uint64_t start = (uint64_t)sqlite3_column_int64(statement, 0);

		ck_assert_msg(start == at, "%s: %" PRIu64 " after %" PRIu64,
			sqlite3_column_text(statement, 2), start, at);
		at = start + (uint64_t)sqlite3_column_int64(statement, 1);
	}
	sqlite3_finalize(statement);
	ck_assert_uint_eq(at, size);
}

#endif
