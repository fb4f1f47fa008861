/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"

#include "base/alloc.h"
#include "base/array.h"

/* Tails of files, duplicates, a file that grows over another's blocks, holes, many inodes. */
static void make_tree(void)
{
	shell("mkdir -p tree/d tree/many tree/empty; cd tree; echo hi >a; ln a d/hard; ln -s a s;"
	      "mknod c c 5 300; head -c 700000 /dev/urandom >big; cp big d/same; seq 90000 >text;"
	      "head -c 131072 /dev/urandom >block; cat block block >d/twice; cp text d/text;"
	      "head -c 400000 /dev/zero >zeros; setfattr -n user.x -v y a;"
	      "for i in $(seq 700); do echo $i >many/a-name-that-is-not-short-$i; done");
}

static void index_image(void)
{
	int fd = file_open("image");
	uint64_t size = (uint64_t)lseek(fd, 0, SEEK_END);

	close(fd);
	index_file("image");
	ck_assert_int_eq(index_number("SELECT inspected FROM member WHERE container = 0"), 1);
	index_assert_covered(1, size);
}

static int64_t count_regions(const char *where)
{
	char *sql = xasprintf("SELECT count(*) FROM region WHERE container = 1 AND %s", where);
	int64_t count = index_number(sql);

	free(sql);
	return count;
}

static const char *const makers[] = {
	"mksquashfs tree image -quiet -no-progress",
	"mksquashfs tree image -quiet -no-progress -comp zstd -Xcompression-level 1 -b 16K",
	"mksquashfs tree image -quiet -no-progress -comp xz",
	"mksquashfs tree image -quiet -no-progress -no-fragments -no-exports -no-xattrs",
	"mksquashfs tree image -quiet -no-progress -always-use-fragments",
	"mksquashfs tree image -quiet -no-progress -noI -noD -noF -noX",
	"mksquashfs tree image -quiet -no-progress -no-duplicates -nopad",
	"gensquashfs -q -c gzip -k -x -D tree image",
	"gensquashfs -q -c lz4 -e -D tree image",
};

START_TEST(every_byte_has_a_region)
{
	char *command = xasprintf("%s >log 2>&1; echo behind >>image", makers[_i]);

	make_tree();
	shell(command);
	free(command);
	index_image();
	ck_assert_int_eq(count_regions("name = 'unreferenced-data' OR name = 'fragment-unused'"
				       " OR name LIKE '%-invalid'"),
		0);
	ck_assert_int_eq(count_regions("name = 'filesystem-created' AND start = 8"), 1);
	ck_assert_int_eq(count_regions("name = 'filesystem-trailing-data'"), 1);
	ck_assert_int_eq(
		count_regions("name IN ('inode-table', 'directory-table') AND kind = 2"), 0);
	/* Every file with bytes has some, and every member an inode. */
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE container = 1"
			     " AND size > 0 AND path <> CAST('zeros' AS BLOB) AND position NOT IN"
			     " (SELECT owner FROM region WHERE kind = 0)"
			     " AND instr(fields, CAST('hard-link' AS BLOB)) = 0"),
		0);
	ck_assert_int_eq(
		index_number("SELECT count(*) FROM member WHERE container = 1 AND position"
			     " NOT IN (SELECT owner FROM region WHERE name = 'inode-table')"),
		0);
}
END_TEST

/* Stored as they are, the bytes of a region are those of the file at that place. */
START_TEST(data_is_where_it_says)
{
	make_tree();
	shell("mksquashfs tree image -quiet -no-progress -noI -noD -noF -noX -b 64K >log 2>&1");
	index_image();
	for (const char *const *name = (const char *const[]){"big", "text", "d/twice", "a", NULL};
		*name != NULL; name++) {
		char *sql = xasprintf(
			"SELECT '%s', start, length, region.content FROM region"
			" JOIN member ON member.container = region.container"
			" AND position = owner WHERE region.kind = 0 AND path = CAST('%s' AS BLOB)",
			*name, *name);
		sqlite3_stmt *statement = index_select(sql);
		int64_t bytes = 0;

		while (sqlite3_step(statement) == SQLITE_ROW) {
			char *command = xasprintf("cmp -n %lld -i %lld:%lld tree/%s image",
				sqlite3_column_int64(statement, 2),
				sqlite3_column_int64(statement, 3),
				sqlite3_column_int64(statement, 1), *name);

			shell(command);
			free(command);
			bytes += sqlite3_column_int64(statement, 2);
		}
		ck_assert_int_gt(bytes, 2);
		sqlite3_finalize(statement);
		free(sql);
	}
}
END_TEST

START_TEST(shared_bytes_have_all_their_owners)
{
	make_tree();
	shell("mksquashfs tree image -quiet -no-progress >log 2>&1");
	index_image();
	ck_assert_int_ge(count_regions("kind = 0 AND sequence = 1"), 2);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region a JOIN region b USING"
				      " (container, start) WHERE a.length <> b.length"),
		0);
	ck_assert_int_ge(count_regions("name = 'inode-table' AND sequence > 100"), 1);
}
END_TEST

/* The blocks in which something is wrong are no member's, whatever else differs in these. */
START_TEST(what_is_wrong_is_nobodys)
{
	make_tree();
	shell("mksquashfs tree image -quiet -no-progress -noI >log 2>&1; at=$(od -An -t u8 -j 72 "
	      "-N 8"
	      " image); printf 9 | dd of=image bs=1 seek=$((at - 12)) conv=notrunc status=none;"
	      "at=$(od -An -t u8 -j 88 -N 8 image); at=$(od -An -t u8 -j $((at)) -N 8 image);"
	      "printf 9 | dd of=image bs=1 seek=$((at + 2)) conv=notrunc status=none");
	index_image();
	ck_assert_int_eq(count_regions("name = 'inode-table-invalid' AND kind = 2"), 1);
	ck_assert_int_eq(count_regions("name = 'export-table-invalid' AND kind = 2"), 1);
	ck_assert_int_eq(count_regions("name = 'export-table'"), 0);
	ck_assert_int_ge(count_regions("name = 'inode-table' AND kind = 1"), 100);
	ck_assert_int_eq(index_number("SELECT count(*) FROM region a JOIN region b USING"
				      " (container, start) WHERE a.name <> b.name"),
		0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("squashfs_regions");
	TCase *tests = tcase_create("squashfs_regions");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_loop_test(tests, every_byte_has_a_region, 0, (int)ARRAY_SIZE(makers));
	tcase_add_test(tests, data_is_where_it_says);
	tcase_add_test(tests, what_is_wrong_is_nobodys);
	tcase_add_test(tests, shared_bytes_have_all_their_owners);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
