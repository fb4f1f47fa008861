/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"

#include "base/alloc.h"
#include "base/array.h"

#define IMAGE_CONTAINER 1 /* the artifact is the image */
#define FIXED                                                                                      \
	"E2FSPROGS_FAKE_TIME=1000000000 mke2fs -q -F -U 01234567-89ab-cdef-0123-456789abcdef "     \
	"-E hash_seed=01234567-89ab-cdef-0123-456789abcdef "

/* Every kind of inode, sparse files, many extents, a slow link, shared and large xattrs. */
static void make_tree(void)
{
	shell("mkdir -p tree/d/e tree/many; cd tree; echo hi >a; ln a d/hard; ln -s a s;"
	      "ln -s $(printf %0200d 7) long; : >nothing; mknod c c 5 300; mkfifo p;"
	      "head -c 700000 /dev/urandom >big; head -c 8192 /dev/urandom >even;"
	      "for i in $(seq 90); do"
	      "  printf $i | dd of=sparse bs=1 seek=$((i * 20000)) conv=notrunc status=none; done;"
	      "for i in $(seq 500); do echo $i >many/a-name-that-is-not-short-$i; done;"
	      "for f in a big d; do"
	      "  setfattr -n user.shared -v $(printf %0400d 1) $f; done");
}

static uint64_t image_size(void)
{
	int fd = file_open("image");
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return (uint64_t)size;
}

static int64_t count_regions(const char *where)
{
	char *sql = xasprintf("SELECT count(*) FROM region WHERE container = 1 AND %s", where);
	int64_t count = index_number(sql);

	free(sql);
	return count;
}

/* Why it was not inspected; "" when it was. */
static const char *index_reason(void)
{
	static struct buffer text;
	sqlite3_stmt *statement =
		index_select("SELECT reason FROM member WHERE container = 0 AND NOT inspected");

	buffer_clear(&text);
	if (sqlite3_step(statement) == SQLITE_ROW)
		buffer_add_text(&text, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return buffer_text(&text);
}

static void index_image(void)
{
	index_file("image");
	ck_assert_msg(index_number("SELECT inspected FROM member WHERE container = 0") == 1, "%s",
		index_regions(IMAGE_CONTAINER));
	index_assert_covered(IMAGE_CONTAINER, image_size());
}

static const struct {
	const char *options;
	bool has_checksums;
} forms[] = {
	{"-t ext2 -b 1024", false},
	{"-t ext2 -b 4096 -I 128 -O ^filetype", false},
	{"-t ext2 -r 0 -O none", false},
	{"-t ext3 -b 2048", false},
	{"-t ext4", true},
	{"-t ext4 -b 1024 -O ^metadata_csum,uninit_bg", false},
	{"-t ext4 -b 4096 -O inline_data,64bit,metadata_csum", true},
	{"-t ext4 -b 1024 -O inline_data,64bit,metadata_csum -I 512", true},
	{"-t ext4 -b 2048 -O ^flex_bg,^resize_inode", true},
	{"-t ext4 -b 65536", true},
	{"-t ext4 -O ^extent,^64bit,^metadata_csum", false},
	{"-t ext4 -O bigalloc", true},
	{"-t ext4 -b 1024 -C 4096 -O bigalloc", true},
	{"-t ext4 -O ea_inode,large_dir,project,quota", true},
	{"-t ext4 -b 1024 -O meta_bg,^resize_inode,^flex_bg", true},
	{"-t ext4 -b 1024 -O sparse_super2 -E num_backup_sb=2", true},
	{"-t ext4 -b 1024 -O ^sparse_super,^resize_inode", true},
	{"-t ext4 -O ^has_journal,metadata_csum_seed", true},
	{"-t ext4 -O mmp", true},
	{"-t ext4 -b 1024 -O orphan_file", true},
};

START_TEST(every_byte_has_a_region)
{
	char *command =
		xasprintf("mke2fs -q -F %s -d tree image 56M >log 2>&1; echo behind >>image",
			forms[_i].options);

	make_tree();
	shell(command);
	free(command);
	index_image();
	ck_assert_int_eq(count_regions("name = 'unreferenced-blocks'"), 0);
	ck_assert_int_eq(count_regions("name = 'unnamed-inodes'"), 0);
	ck_assert(count_regions("name = 'checksum' AND kind = 3") > 20 || !forms[_i].has_checksums);
	/* What mke2fs counts, it counts right, and so do we. */
	ck_assert_int_gt(count_regions("name = 'block-bitmap' AND kind = 3"), 0);
	ck_assert_int_gt(count_regions("name = 'inode-bitmap' AND kind = 3"), 0);
	ck_assert_int_eq(count_regions("name = 'group-counters' AND kind = 2"), 0);
	ck_assert_int_eq(count_regions("name = 'filesystem-free-blocks' AND kind = 2"), 0);
	ck_assert_int_eq(count_regions("name = 'filesystem-uuid' AND kind = 2"), 1);
	ck_assert_int_eq(count_regions("name = 'filesystem-trailing-data' AND length = 7"), 1);
}
END_TEST

/* A bit more than a block has: the last ones would be read behind it. */
static const struct {
	const char *script, *says;
} too_many[] = {
	/* Of the superblock: blocks and clusters; or inodes, and those of all groups. */
	{"put 32 8193; put 36 8193", "too many blocks in a group"},
	{"put 32 8199; put 36 8199", "too many blocks in a group"},
	{"put 0 8193; put 40 8193", "too many inodes in a group"},
	{"put 0 8199; put 40 8199", "too many inodes in a group"},
};

START_TEST(refuses_groups_of_more_than_a_bitmap_has)
{
	char *command = xasprintf(
		"mke2fs -q -F -t ext2 -b 1024 -I 128 -N 8192 -O ^resize_inode image 8M >log 2>&1;"
		"put() { printf \"\\\\%%03o\\\\%%03o\" $(($2 %% 256)) $(($2 / 256)) >n;"
		" printf \"$(cat n)\" | dd of=image bs=1 seek=$((1024 + $1)) conv=notrunc"
		" status=none; }; %s",
		too_many[_i].script);

	shell(command);
	free(command);
	index_file("image");
	expect_has(index_reason(), too_many[_i].says);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ext_regions");
	TCase *tests = tcase_create("ext_regions");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_loop_test(tests, every_byte_has_a_region, 0, (int)ARRAY_SIZE(forms));
	tcase_add_loop_test(
		tests, refuses_groups_of_more_than_a_bitmap_has, 0, (int)ARRAY_SIZE(too_many));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
