/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_INDEXING_FORMAT_H
#define TESTS_UNIT_INDEXING_FORMAT_H

#include "dbdiff/fields.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/regions.h"
#include "tests/unit/indexing.h"

/*
 * Beside indexing.h: fields of members, members as text, and formats that are opened only where
 * two sides differ, by their row.
 */

/* The value of a field of the first member of that path at any depth, or NULL; kept until the next
 * call. The artifact itself is called as its file. */
MAYBE const char *indexed_field(const char *path, const char *name)
{
	static struct buffer value;
	sqlite3_stmt *statement = index_select(
		"SELECT fields FROM member WHERE CAST(path AS TEXT) = ?1 ORDER BY id LIMIT 1");
	struct field_cursor cursor;
	const char *found = NULL;

	sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
	ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "no member %s", path);
	field_cursor_init(&cursor, sqlite3_column_blob(statement, 0),
		(size_t)sqlite3_column_bytes(statement, 0));
	buffer_clear(&value);
	while (found == NULL && field_cursor_next(&cursor)) {
		if (strcmp(cursor.name, name) != 0)
			continue;
		buffer_add_text(&value, cursor.value);
		found = buffer_text(&value);
	}
	sqlite3_finalize(statement);
	return found;
}

MAYBE void expect_field(const char *path, const char *name, const char *expected)
{
	const char *value = indexed_field(path, name);

	if (expected == NULL)
		ck_assert_msg(value == NULL, "%s: %s is %s", path, name, value);
	else
		ck_assert_msg(value != NULL && strcmp(value, expected) == 0,
			"%s: %s is %s and not %s", path, name, value ? value : "absent", expected);
}

/* "PATH[ FORMAT][ SIZE]" a line, of the members of a container, in its order. */
MAYBE const char *index_members(int64_t container)
{
	static struct buffer text;
	sqlite3_stmt *statement = index_select(
		"SELECT CAST(path AS TEXT), format, size FROM member WHERE container = ?1"
		" ORDER BY position");

	buffer_clear(&text);
	sqlite3_bind_int64(statement, 1, container);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		buffer_add_text(&text, (const char *)sqlite3_column_text(statement, 0));
		if (sqlite3_column_type(statement, 1) != SQLITE_NULL)
			buffer_add_format(
				&text, " %s", (const char *)sqlite3_column_text(statement, 1));
		if (sqlite3_column_type(statement, 2) != SQLITE_NULL)
			buffer_add_format(&text, " %lld", sqlite3_column_int64(statement, 2));
		buffer_add_char(&text, '\n');
	}
	sqlite3_finalize(statement);
	return buffer_text(&text);
}

static void index_content(struct members *members, struct index_row *row)
{
	struct source *content = NULL;
	const unsigned char *window;
	struct hash hash;
	size_t len = 1;

	hash_init(&hash);
	ck_assert_int_eq(members->ops->open(members, &content, &comparing.err), STATUS_OK);
	while (len > 0) {
		ck_assert_msg(source_peek(content, 1, &window, &len, &comparing.err) == STATUS_OK,
			"%s: %s", row->path, comparing.err.text);
		hash_update(&hash, window, len);
		ck_assert_int_eq(source_skip(content, len, &comparing.err), STATUS_OK);
	}
	row->size = content->offset;
	row->is_hashed = true;
	hash_finish(&hash, &row->sha256);
	hash_release(&hash);
	source_free(content);
}

static enum status index_opened(struct members *members, struct member *container)
{
	/* The members keep its address until they are freed below. */
	static struct region_sink sink;
	static uint64_t left;
	struct member member = {0};
	struct error unused = {0};
	enum status status;

	left = 1000000;
	sink = (struct region_sink){
		.index = &indexing, .container = INDEX_ARTIFACT_ID, .left = &left};
	members->regions = &sink;
	for (int64_t position = 0;; position++) {
		struct index_row row = {.container = INDEX_ARTIFACT_ID, .position = position};

		member_clear(&member);
		status = members->ops->next(members, &member, &comparing.err);
		if (status != STATUS_OK)
			break;
		row.id = position + 2;
		row.path = buffer_text(&member.path);
		row.path_len = member.path.len;
		row.fields = buffer_text(&member.fields);
		row.fields_len = member.fields.len;
		row.inspected = true;
		row.has_content = member.has_content;
		if (member.has_content)
			index_content(members, &row);
		ck_assert_int_eq(index_add(&indexing, &row, &comparing.err), STATUS_OK);
	}
	if (members->ops->describe != NULL)
		members->ops->describe(members, container);
	ck_assert_int_eq(
		region_sink_finish(&sink, status < 0 ? &unused : &comparing.err), STATUS_OK);
	members->ops->free(members);
	member_release(&member);
	return status;
}

/* Opens bytes as a format does, and indexes what it says; STATUS_END when all was read. */
MAYBE enum status index_as(const struct format *format, const char *name, struct source *source)
{
	char *path = path_join(comparing.directory, "indexing.index");
	struct index_row row = {.id = INDEX_ARTIFACT_ID,
		.path = name,
		.path_len = strlen(name),
		.has_content = true,
		.inspected = true,
		.format = format->name};
	struct members *members = NULL;
	struct member container = {0};
	enum status status;

	index_close();
	unlink(path);
	indexing_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(indexing_fd, 0);
	ck_assert_int_eq(index_create(&indexing, indexing_fd, &(struct error){0}), STATUS_OK);
	status = format->open(source, name, &limits_default, &members, &comparing.err);
	if (status == STATUS_OK)
		status = index_opened(members, &container);
	row.fields = buffer_text(&container.fields);
	row.fields_len = container.fields.len;
	ck_assert_int_eq(index_add(&indexing, &row, &(struct error){0}), STATUS_OK);
	ck_assert_int_eq(index_commit(&indexing, &(struct error){0}), STATUS_OK);
	member_release(&container);
	free(path);
	return status;
}

MAYBE enum status index_text_as(const struct format *format, const char *name, const char *text)
{
	struct source *source = source_memory_new(text, strlen(text));
	enum status status = index_as(format, name, source);

	source_free(source);
	return status;
}

MAYBE enum status index_file_as(const struct format *format, const char *name)
{
	int fd = file_open(name);
	struct source *source = source_file_new(fd, (uint64_t)lseek(fd, 0, SEEK_END));
	enum status status = index_as(format, name, source);

	source_free(source);
	close(fd);
	return status;
}

MAYBE void index_assert_read(enum status status)
{
	ck_assert_msg(status == STATUS_END, "%d: %s", status, comparing.err.text);
}

MAYBE int run_cases(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
