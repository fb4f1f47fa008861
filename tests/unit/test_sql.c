/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sql.h"

#include <check.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/tempfile.h"

enum statement {
	ADD,
	LIST,
	WRONG,
	COUNT,
};

static const char *const texts[] = {
	[ADD] = "INSERT INTO thing (id, name, data) VALUES (?1, ?2, ?3)",
	[LIST] = "SELECT id, name, data FROM thing ORDER BY id",
	[WRONG] = "SELECT something FROM nowhere",
};

static const char schema[] = "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, data BLOB)"
			     " STRICT; PRAGMA user_version = 7;";

static char *directory;
static char *path;

static void set_up(void)
{
	struct error err;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	path = path_join(directory, "a.db");
}

static void tear_down(void)
{
	struct error err;

	path_remove_tree(directory, &err);
	free(directory);
	free(path);
}

static void open_with_schema(struct sql *sql, enum sql_mode mode)
{
	struct error err = {0};

	ck_assert_msg(sql_open(sql, path, mode, texts, COUNT, &err) == STATUS_OK, "%s", err.text);
	ck_assert_msg(sql_exec(sql, schema, &err) == STATUS_OK, "%s", err.text);
}

static void add(struct sql *sql, int64_t id, const char *name)
{
	struct error err = {0};
	sqlite3_stmt *statement = sql_statement(sql, ADD, &err);

	sql_bind_integer(statement, 1, id);
	sql_bind_text(statement, 2, name);
	sql_bind_blob(statement, 3, "\0\xff", 2);
	ck_assert_msg(sql_run(sql, statement, &err) == STATUS_OK, "%s", err.text);
}

static int count(struct sql *sql)
{
	struct error err = {0};
	sqlite3_stmt *statement = sql_statement(sql, LIST, &err);
	int rows = 0;
	enum status status;

	while ((status = sql_step(sql, statement, &err)) == STATUS_OK)
		rows++;
	ck_assert_int_eq(status, STATUS_END);
	return rows;
}

START_TEST(rows_come_back)
{
	struct sql sql;
	struct error err = {0};
	int version = 0;

	open_with_schema(&sql, SQL_CREATE);
	add(&sql, INT64_MAX, "ä\xff");
	add(&sql, INT64_MIN, NULL);
	sql_release(&sql);
	ck_assert_int_eq(sql_open(&sql, path, SQL_READ, texts, COUNT, &err), STATUS_OK);
	ck_assert_int_eq(sql_version(&sql, &version, &err), STATUS_OK);
	ck_assert_int_eq(version, 7);
	sqlite3_stmt *statement = sql_statement(&sql, LIST, &err);
	ck_assert_int_eq(sql_step(&sql, statement, &err), STATUS_OK);
	ck_assert(sqlite3_column_int64(statement, 0) == INT64_MIN);
	ck_assert_str_eq(sql_column_text(statement, 1), "");
	ck_assert_int_eq(sql_step(&sql, statement, &err), STATUS_OK);
	ck_assert_str_eq(sql_column_text(statement, 1), "ä\xff");
	ck_assert_int_eq(sqlite3_column_bytes(statement, 2), 2);
	ck_assert_int_eq(sql_step(&sql, statement, &err), STATUS_END);
	sql_release(&sql);
	sql_release(&sql);
}
END_TEST

START_TEST(what_must_exist_is_not_made)
{
	struct sql sql;
	struct error err = {0};

	ck_assert_int_eq(sql_open(&sql, path, SQL_READ, texts, COUNT, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(sql_open(&sql, path, SQL_WRITE, texts, COUNT, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(reading_does_not_write)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	sql_release(&sql);
	ck_assert_int_eq(sql_open(&sql, path, SQL_READ, texts, COUNT, &err), STATUS_OK);
	sqlite3_stmt *statement = sql_statement(&sql, ADD, &err);
	ck_assert_int_eq(sql_run(&sql, statement, &err), STATUS_DATABASE);
	ck_assert_ptr_nonnull(strstr(err.text, "readonly"));
	ck_assert_ptr_nonnull(strstr(err.text, path));
	sql_release(&sql);
}
END_TEST

START_TEST(a_temporary_database_leaves_nothing)
{
	struct sql sql;
	struct error err = {0};

	ck_assert_int_eq(sql_open(&sql, NULL, SQL_TEMPORARY, texts, COUNT, &err), STATUS_OK);
	ck_assert_int_eq(sql_exec(&sql, schema, &err), STATUS_OK);
	ck_assert_int_eq(sql_begin(&sql, &err), STATUS_OK);
	for (int i = 0; i < 1000; i++)
		add(&sql, i, "x");
	sql_rollback(&sql);
	ck_assert_int_eq(count(&sql), 0);
	add(&sql, 1, "x");
	ck_assert_int_eq(count(&sql), 1);
	ck_assert_int_eq(sql_exec(&sql, "nonsense", &err), STATUS_DATABASE);
	ck_assert_ptr_nonnull(strstr(err.text, "temporary"));
	sql_release(&sql);
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused)
{
	struct sql sql;
	struct error err = {0};
	static const char junk[] = "This is 100 bytes and more of something that no one would take "
				   "for an SQLite database file, header or not.";

	ck_assert_int_eq(tempfile_write_all(path, junk, sizeof(junk), 0644, &err), STATUS_OK);
	for (enum sql_mode mode = SQL_READ; mode <= SQL_CREATE; mode++) {
		ck_assert_int_eq(sql_open(&sql, path, mode, texts, COUNT, &err), STATUS_DATABASE);
		ck_assert_ptr_nonnull(strstr(err.text, path));
		ck_assert_ptr_null(sql.db);
	}
}
END_TEST

START_TEST(a_name_is_a_file_name)
{
	static const char *const names[] = {":memory:", "file:x?mode=memory"};
	struct sql sql;
	struct error err = {0};

	ck_assert_int_eq(chdir(directory), 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(
			sql_open(&sql, names[i], SQL_CREATE, texts, COUNT, &err), STATUS_OK);
		ck_assert_int_eq(sql_exec(&sql, schema, &err), STATUS_OK);
		sql_release(&sql);
		ck_assert_int_eq(access(names[i], F_OK), 0);
	}
}
END_TEST

START_TEST(a_wrong_statement_says_why)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	ck_assert_ptr_null(sql_statement(&sql, WRONG, &err));
	ck_assert_int_eq(err.status, STATUS_DATABASE);
	ck_assert_msg(strstr(err.text, "no such table: nowhere") != NULL, "%s", err.text);
	ck_assert_ptr_null(sql_statement(&sql, COUNT, &err));
	add(&sql, 1, "x");
	sqlite3_stmt *statement = sql_statement(&sql, LIST, &err);
	ck_assert_int_eq(sql_run(&sql, statement, &err), STATUS_DATABASE);
	sql_release(&sql);
}
END_TEST

START_TEST(a_broken_constraint_says_which)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	add(&sql, 1, "x");
	sqlite3_stmt *statement = sql_statement(&sql, ADD, &err);
	sql_bind_integer(statement, 1, 1);
	ck_assert_int_eq(sql_run(&sql, statement, &err), STATUS_DATABASE);
	ck_assert_ptr_nonnull(strstr(err.text, "UNIQUE"));
	/* The statement is usable again. */
	add(&sql, 2, "y");
	ck_assert_int_eq(count(&sql), 2);
	sql_release(&sql);
}
END_TEST

START_TEST(bindings_do_not_stay)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	add(&sql, 1, "secret");
	sqlite3_stmt *statement = sql_statement(&sql, ADD, &err);
	sql_bind_integer(statement, 1, 2);
	ck_assert_int_eq(sql_run(&sql, statement, &err), STATUS_OK);
	statement = sql_statement(&sql, LIST, &err);
	sql_step(&sql, statement, &err);
	sql_step(&sql, statement, &err);
	ck_assert_int_eq(sqlite3_column_type(statement, 1), SQLITE_NULL);
	ck_assert_int_eq(sqlite3_column_type(statement, 2), SQLITE_NULL);
	sql_release(&sql);
}
END_TEST

START_TEST(foreign_keys_hold)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	ck_assert_int_eq(sql_exec(&sql,
				 "CREATE TABLE part (thing INTEGER NOT NULL REFERENCES thing (id))"
				 " STRICT",
				 &err),
		STATUS_OK);
	ck_assert_int_eq(sql_exec(&sql, "INSERT INTO part VALUES (5)", &err), STATUS_DATABASE);
	ck_assert_ptr_nonnull(strstr(err.text, "FOREIGN KEY"));
	sql_release(&sql);
}
END_TEST

START_TEST(a_schema_cannot_be_tampered_with)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	sql_exec(&sql, "PRAGMA writable_schema = ON", &err);
	ck_assert_int_eq(
		sql_exec(&sql, "UPDATE sqlite_schema SET sql = 'x'", &err), STATUS_DATABASE);
	/* A double-quoted word is a name, never a text in disguise. */
	ck_assert_int_eq(sql_exec(&sql, "SELECT \"nobody\" FROM thing", &err), STATUS_DATABASE);
	sql_release(&sql);
}
END_TEST

START_TEST(a_full_database_is_told)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	ck_assert_int_eq(sql_exec(&sql, "PRAGMA max_page_count = 4", &err), STATUS_OK);
	ck_assert_int_eq(sql_begin(&sql, &err), STATUS_OK);
	ck_assert_int_eq(
		sql_exec(&sql, "INSERT INTO thing (data) VALUES (zeroblob(1000000))", &err),
		STATUS_DATABASE);
	ck_assert_ptr_nonnull(strstr(err.text, "full"));
	sql_rollback(&sql);
	sql_rollback(&sql);
	sql_release(&sql);
}
END_TEST

START_TEST(an_uncommitted_transaction_is_gone)
{
	struct sql sql;
	struct error err = {0};

	open_with_schema(&sql, SQL_CREATE);
	ck_assert_int_eq(sql_begin(&sql, &err), STATUS_OK);
	add(&sql, 1, "x");
	ck_assert_int_eq(sql_commit(&sql, &err), STATUS_OK);
	ck_assert_int_eq(sql_begin(&sql, &err), STATUS_OK);
	add(&sql, 2, "y");
	sql_release(&sql);
	ck_assert_int_eq(sql_open(&sql, path, SQL_WRITE, texts, COUNT, &err), STATUS_OK);
	ck_assert_int_eq(count(&sql), 1);
	sql_release(&sql);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sql");
	TCase *test = tcase_create("sql");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, rows_come_back);
	tcase_add_test(test, what_must_exist_is_not_made);
	tcase_add_test(test, reading_does_not_write);
	tcase_add_test(test, a_temporary_database_leaves_nothing);
	tcase_add_test(test, a_file_that_is_no_database_is_refused);
	tcase_add_test(test, a_name_is_a_file_name);
	tcase_add_test(test, a_wrong_statement_says_why);
	tcase_add_test(test, a_broken_constraint_says_which);
	tcase_add_test(test, bindings_do_not_stay);
	tcase_add_test(test, foreign_keys_hold);
	tcase_add_test(test, a_schema_cannot_be_tampered_with);
	tcase_add_test(test, a_full_database_is_told);
	tcase_add_test(test, an_uncommitted_transaction_is_gone);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
