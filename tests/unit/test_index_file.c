/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <zstd.h>

#include "dbdiff/index_file.h"
#include "dbdiff/make_index.h"
#include "tests/unit/comparing.h"

static const struct index_head head = {.name = (char *)"x", .size = 3};
static struct limits limits;
static struct index idx;
static struct buffer rows;

static void setup(void)
{
	comparing_setup();
	limits = limits_default;
}

static void teardown(void)
{
	buffer_release(&rows);
	index_release(&idx);
	comparing_teardown();
}

/* A file of these bytes behind the lines of `head`, with or without a right checksum. */
static int index_of(const void *packed, size_t len, bool is_right)
{
	int fd = memfd_create("index", 0);
	struct digest checksum = {0};
	struct buffer text = {0};
	struct hash hash;

	index_head_lines(&head, &text);
	hash_init(&hash);
	hash_update(&hash, text.data, text.len);
	hash_update(&hash, packed, len);
	if (is_right)
		hash_finish(&hash, &checksum);
	hash_release(&hash);
	index_head_checksum(&checksum, &text);
	buffer_add(&text, packed, len);
	ck_assert_int_eq(write(fd, text.data, text.len), (ssize_t)text.len);
	buffer_release(&text);
	return fd;
}

static int index_of_rows(size_t behind)
{
	char packed[8192];
	size_t len = ZSTD_compress(packed, sizeof(packed), rows.data, rows.len, 1);

	ck_assert(!ZSTD_isError(len));
	memset(packed + len, 'x', behind);
	return index_of(packed, len + behind, true);
}

/* What loading a file comes to; `fd` is closed. */
static enum status load(int fd)
{
	struct source *source = source_file_new(fd, (uint64_t)lseek(fd, 0, SEEK_END));
	int index_fd = memfd_create("loaded", 0);
	enum status status;

	index_release(&idx);
	ck_assert_int_eq(index_create(&idx, index_fd, &comparing.err), STATUS_OK);
	status = index_file_load(source, &limits, &idx, &comparing.err);
	source_free(source);
	close(fd);
	return status;
}

static void put(const char *bytes, size_t len)
{
	buffer_add(&rows, bytes, len);
}

#define PUT(literal) put(literal, sizeof(literal) - 1)

/* A member of container 0 with the id 1: the columns of index.sql after one another. */
static void put_member(const char *path)
{
	PUT("\1\1\0\3");
	buffer_add_char(&rows, (char)strlen(path));
	buffer_add_text(&rows, path);
	PUT("\1\0\1\2\1\0\3\0\1\2\1\6\0\0\0\1\2\0\0");
}

static void begin(void)
{
	buffer_clear(&rows);
	put_member("x");
}

static enum status load_rows(void)
{
	return load(index_of_rows(0));
}

START_TEST(rows_are_what_the_format_says)
{
	begin();
	PUT("\0");
	ck_assert_msg(load_rows() == STATUS_OK, "%s", comparing.err.text);
	sqlite3_stmt *select = NULL;
	ck_assert_int_eq(sqlite3_prepare_v2(idx.sql.db,
				 "SELECT container, path, occurrence, id, position, size, inspected"
				 " FROM member WHERE sha256 IS NULL AND lazy IS NULL",
				 -1, &select, NULL),
		SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(select), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_int(select, 0), 0);
	ck_assert_str_eq((const char *)sqlite3_column_text(select, 1), "x");
	ck_assert_int_eq(sqlite3_column_int(select, 3), 1);
	ck_assert_int_eq(sqlite3_column_int(select, 5), 3);
	ck_assert_int_eq(sqlite3_column_int(select, 6), 1);
	sqlite3_finalize(select);
}
END_TEST

static void refuse(enum status expected, const char *what)
{
	enum status status = load_rows();

	ck_assert_msg(status == expected, "%s: %d %s", what, status, comparing.err.text);
}

START_TEST(rows_that_are_none_of_ours)
{
	begin();
	refuse(STATUS_FORMAT, "no end");
	PUT("\0\0");
	refuse(STATUS_FORMAT, "more behind the end");
	begin();
	put_member("x");
	PUT("\0");
	refuse(STATUS_FORMAT, "a row twice");
	begin();
	PUT("\4");
	refuse(STATUS_FORMAT, "a table that there is not");
	begin();
	PUT("\2\1\2\2\1x\0");
	refuse(STATUS_FORMAT, "a text in place of a blob");
	begin();
	PUT("\2\1\2\0\0");
	refuse(STATUS_FORMAT, "no value where one must be");
	begin();
	PUT("\2\1\2\4\0\0");
	refuse(STATUS_FORMAT, "a value that there is not");
	begin();
	PUT("\2\1\2\3\xff\xff\xff\xff\x7f");
	refuse(STATUS_FORMAT, "a length over all bounds");
	begin();
	PUT("\2\1\2\3\x80\0\0");
	refuse(STATUS_FORMAT, "a number with a byte too many");
	begin();
	PUT("\2\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\2\3\0\0");
	refuse(STATUS_FORMAT, "a number of more than 64 bits");
	begin();
	PUT("\0");
	ck_assert_int_eq(load(index_of_rows(1)), STATUS_FORMAT);
	ck_assert_int_eq(load(index_of("no zstd", 7, true)), STATUS_FORMAT);
	ck_assert_int_eq(load(index_of("", 0, true)), STATUS_FORMAT);
}
END_TEST

START_TEST(more_rows_than_an_artifact_may_have)
{
	limits.members = 1;
	begin();
	PUT("\0");
	ck_assert_int_eq(load_rows(), STATUS_OK);
	begin();
	put_member("y");
	PUT("\0");
	refuse(STATUS_LIMIT, "a second member");
}
END_TEST

/* A value that is longer than one block of the frame. */
START_TEST(long_values_stay_whole)
{
	size_t size = 1000000, packed_size = ZSTD_compressBound(size + 100);
	char *packed = malloc(packed_size), *blob = malloc(size);
	struct buffer loaded = {0};

	ck_assert(packed != NULL && blob != NULL);
	for (size_t i = 0; i < size; i++)
		blob[i] = (char)(i * i >> 7);
	begin();
	PUT("\2\1\2\3\xc0\x84\x3d");
	put(blob, size);
	PUT("\0");
	packed_size = ZSTD_compress(packed, packed_size, rows.data, rows.len, 1);
	ck_assert_int_eq(load(index_of(packed, packed_size, true)), STATUS_OK);
	ck_assert_int_eq(index_blocks(&idx, 1, &loaded, &comparing.err), STATUS_OK);
	ck_assert_uint_eq(loaded.len, size);
	ck_assert_mem_eq(loaded.data, blob, size);
	buffer_release(&loaded);
	free(packed);
	free(blob);
}
END_TEST

START_TEST(lines_that_are_none_of_ours)
{
	struct index_head read;
	int fd;

	fd = index_of("zstd", 4, true);
	ck_assert_int_eq(index_file_check(fd, &read, &comparing.err), STATUS_OK);
	ck_assert_str_eq(read.name, "x");
	ck_assert_uint_eq(read.size, 3);
	index_head_release(&read);
	/* Every byte counts, and every length. */
	for (off_t at = 0, end = lseek(fd, 0, SEEK_END); at < end; at++) {
		char byte, other;

		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		other = (char)(byte ^ 1);
		ck_assert_int_eq(pwrite(fd, &other, 1, at), 1);
		ck_assert_int_lt(index_file_check(fd, &read, &comparing.err), 0);
		ck_assert_ptr_null(read.name);
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	for (off_t len = lseek(fd, 0, SEEK_END) - 1; len >= 0; len--) {
		ck_assert_int_eq(ftruncate(fd, len), 0);
		ck_assert_int_lt(index_file_check(fd, &read, &comparing.err), 0);
	}
	close(fd);
	fd = index_of("zstd", 4, false);
	ck_assert_int_eq(index_file_check(fd, &read, &comparing.err), STATUS_FORMAT);
	close(fd);
}
END_TEST

/* Whoever makes an index knows how to make a checksum. */
START_TEST(an_index_that_says_two_things_is_refused)
{
	struct comparison_side published = {.is_index = true, .size = 3}, rebuilt = {0};
	struct difference_sink sink = {.take = take, .context = &comparing};

	begin();
	PUT("\0");
	published.fd = index_of_rows(0);
	rebuilt.fd = memfd_create("rebuilt", 0);
	ck_assert_int_eq(dbdiff_hash(&published, &rebuilt, &comparing.err), STATUS_OK);
	ck_assert_int_eq(dbdiff_compare("x", &published, &rebuilt, &comparing.options, &sink,
				 &comparing.result, &comparing.err),
		STATUS_FORMAT);
	ck_assert_str_eq(comparing.err.text,
		"the published index: the index says two things of its artifact");
	close(published.fd);
	close(rebuilt.fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("index_file");
	TCase *tests = tcase_create("index_file");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, rows_are_what_the_format_says);
	tcase_add_test(tests, rows_that_are_none_of_ours);
	tcase_add_test(tests, more_rows_than_an_artifact_may_have);
	tcase_add_test(tests, long_values_stay_whole);
	tcase_add_test(tests, lines_that_are_none_of_ours);
	tcase_add_test(tests, an_index_that_says_two_things_is_refused);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
