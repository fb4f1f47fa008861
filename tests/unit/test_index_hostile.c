/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "dbdiff/index.h"
#include "tests/unit/comparing.h"

/* What a worker that was taken over could leave in the place of its index. */
static struct index idx;
static int fd;
static char *path;

static void setup(void)
{
	comparing_setup();
	path = path_join(comparing.directory, "x.index");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(index_create(&idx, fd, &comparing.err), STATUS_OK);
	for (int i = 0; i < 2000; i++) {
		struct buffer name = {0};
		struct index_row row = {
			.container = i == 0 ? 0 : 1, .id = 1 + i, .inspected = true};

		buffer_add_format(&name, "member-%04d", i);
		row.path = buffer_text(&name);
		row.path_len = name.len;
		row.position = i == 0 ? 0 : i - 1;
		ck_assert_int_eq(index_add(&idx, &row, &comparing.err), STATUS_OK);
		buffer_release(&name);
	}
	ck_assert_int_eq(index_commit(&idx, &comparing.err), STATUS_OK);
	index_release(&idx);
}

static void teardown(void)
{
	index_release(&idx);
	close(fd);
	free(path);
	comparing_teardown();
}

static void change(const char *text)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", text,
		sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* Goes through the members of a container; what ends it. */
static enum status walk_container(int64_t container)
{
	struct index_cursor cursor = {0};
	enum status status = index_cursor_open(&cursor, &idx, container, &comparing.err);

	while (status == STATUS_OK)
		status = index_cursor_next(&cursor, &comparing.err);
	index_cursor_release(&cursor);
	return status;
}

START_TEST(ours_is_taken)
{
	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_OK);
	ck_assert_int_eq(walk_container(0), STATUS_END);
	ck_assert_int_eq(walk_container(1), STATUS_END);
	ck_assert_int_eq(
		index_add(&idx, &(struct index_row){.path = "x", .path_len = 1}, &comparing.err),
		STATUS_DATABASE);
}
END_TEST

START_TEST(another_schema_is_refused)
{
	static const char *const changes[] = {
		"CREATE TRIGGER t AFTER INSERT ON block BEGIN DELETE FROM member; END",
		"CREATE VIEW v AS SELECT * FROM member",
		"ALTER TABLE block RENAME TO b; CREATE VIEW block AS SELECT * FROM b",
		"CREATE TABLE more (x)",
		"CREATE INDEX i ON member (position)",
		"DROP TABLE block",
		"ALTER TABLE block ADD COLUMN more INTEGER",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'of the"
		" walk', 'of a walk')",
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'Block' WHERE name ="
		" 'block'",
	};

	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_OK);
	index_release(&idx);
	change(changes[_i]);
	ck_assert_int_lt(index_open(&idx, fd, &comparing.err), 0);
	expect_has(comparing.err.text, "index: ");
	ck_assert_ptr_null(idx.sql.db);
}
END_TEST

START_TEST(what_is_no_database_is_refused)
{
	static const char junk[8192] = "SQLite format 3";

	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_FORMAT);
	ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), 0), (ssize_t)sizeof(junk));
	ck_assert_int_lt(index_open(&idx, fd, &comparing.err), 0);
}
END_TEST

/* A file that says it has a write-ahead log would have files beside it opened. */
START_TEST(one_with_a_log_is_refused)
{
	ck_assert_int_eq(pwrite(fd, "\2\2", 2, 18), 2);
	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_DATABASE);
}
END_TEST

/* Whatever bytes are in a page: refused, or read to an end. */
START_TEST(damaged_pages_end)
{
	struct stat st;
	unsigned char page[4096];
	off_t at, other;
	int refused = 0;

	ck_assert_int_eq(fstat(fd, &st), 0);
	for (at = 4096; at < st.st_size; at += 4096) {
		unsigned char before[4096];

		/* The page is another one a second time. */
		other = at + 4096 < st.st_size ? at + 4096 : 4096;
		ck_assert_int_eq(pread(fd, before, 4096, at), 4096);
		ck_assert_int_eq(pread(fd, page, 4096, other), 4096);
		ck_assert_int_eq(pwrite(fd, page, 4096, at), 4096);
		if (index_open(&idx, fd, &comparing.err) != STATUS_OK)
			refused++;
		else if (walk_container(1) < 0)
			refused++;
		index_release(&idx);
		ck_assert_int_eq(pwrite(fd, before, 4096, at), 4096);
	}
	ck_assert_int_gt(refused, 10);
	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_OK);
}
END_TEST

START_TEST(rows_that_cannot_be_ours_are_refused)
{
	static const char *const changes[] = {
		"UPDATE member SET id = 1 WHERE position = 5 AND container = 1",
		"UPDATE member SET id = -7 WHERE position = 5 AND container = 1",
		"UPDATE member SET position = -1 WHERE position = 5",
		"UPDATE member SET occurrence = -1 WHERE position = 5",
		"UPDATE member SET path = x'' WHERE position = 5",
		"UPDATE member SET sha256 = zeroblob(32), size = -1 WHERE position = 5",
		"UPDATE member SET reason = hex(zeroblob(5000)) WHERE position = 5",
		"UPDATE member SET format = hex(zeroblob(50)) WHERE position = 5",
	};

	change(changes[_i]);
	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_OK);
	ck_assert_int_eq(walk_container(0), STATUS_END);
	ck_assert_int_eq(walk_container(1), STATUS_FORMAT);
	expect_has(comparing.err.text, "none of ours");
}
END_TEST

/* Each container holds the next one, 300 times; whoever follows them is stopped. */
START_TEST(depth_is_bounded)
{
	struct index_cursor cursors[INDEX_DEPTH_MOST + 1] = {0};
	enum status status = STATUS_OK;
	int depth = 0;

	change("UPDATE member SET container = id - 1 WHERE id > 1");
	ck_assert_int_eq(index_open(&idx, fd, &comparing.err), STATUS_OK);
	while (depth <= INDEX_DEPTH_MOST && status == STATUS_OK) {
		status = index_cursor_open(&cursors[depth], &idx, depth, &comparing.err);
		if (status == STATUS_OK)
			status = index_cursor_next(&cursors[depth], &comparing.err);
		depth++;
	}
	ck_assert_int_eq(status, STATUS_LIMIT);
	ck_assert_int_eq(depth, INDEX_DEPTH_MOST + 1);
	while (depth > 0)
		index_cursor_release(&cursors[--depth]);
	ck_assert_int_eq(walk_container(1), STATUS_END);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("index_hostile");
	TCase *tests = tcase_create("index_hostile");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, ours_is_taken);
	tcase_add_loop_test(tests, another_schema_is_refused, 0, 9);
	tcase_add_test(tests, what_is_no_database_is_refused);
	tcase_add_test(tests, one_with_a_log_is_refused);
	tcase_add_test(tests, damaged_pages_end);
	tcase_add_loop_test(tests, rows_that_cannot_be_ours_are_refused, 0, 8);
	tcase_add_test(tests, depth_is_bounded);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
