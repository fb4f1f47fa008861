/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/indexing.h"

#include "base/alloc.h"
#include "base/array.h"

#define IMAGE_CONTAINER 1 /* the artifact is the image */
#define FIXED                                                                                      \
	"E2FSPROGS_FAKE_TIME=1000000000 mke2fs -q -F -U 01234567-89ab-cdef-0123-456789abcdef "     \
	"-E hash_seed=01234567-89ab-cdef-0123-456789abcdef "

/* Ninety extents; as many runs of dd would be what this test spends its time on. */
static void make_sparse(void)
{
	char *path = path_join(comparing.directory, "tree/sparse"), number[16];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	for (int i = 1; i <= 90; i++) {
		int len = snprintf(number, sizeof(number), "%d", i);

		ck_assert_int_eq(pwrite(fd, number, (size_t)len, (off_t)i * 20000), len);
	}
	close(fd);
	free(path);
}

/* Every kind of inode, sparse files, many extents, a slow link, shared and large xattrs. */
static void make_tree(void)
{
	shell("mkdir -p tree/d/e tree/many; cd tree; echo hi >a; ln a d/hard; ln -s a s;"
	      "ln -s $(printf %0200d 7) long; : >nothing; mknod c c 5 300; mkfifo p;"
	      "head -c 700000 /dev/urandom >big; head -c 8192 /dev/urandom >even;"
	      "for i in $(seq 500); do echo $i >many/a-name-that-is-not-short-$i; done;"
	      "for f in a big d; do"
	      "  setfattr -n user.shared -v $(printf %0400d 1) $f; done");
	make_sparse();
}

/* Made once for all of them, and read only: it takes longer than to make an image of it. */
static char *shared;

static void shared_setup(void)
{
	comparing_setup();
	make_tree();
	shared = comparing.directory;
}

static void shared_teardown(void)
{
	path_remove_tree(shared, &comparing.err);
	free(shared);
}

static void setup(void)
{
	char *script;

	comparing_setup();
	script = xasprintf("ln -s '%s/tree' tree", shared);
	shell(script);
	free(script);
}

static uint64_t image_size(void)
{
	int fd = file_open("image");
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return (uint64_t)size;
}

/* Of what was computed again and is wrong, of bytes behind what is in use. */
#define WRONG                                                                                      \
	"(name LIKE '%-invalid' OR name LIKE '%-unlike' OR name IN ('extent-slack',"               \
	" 'inode-slack', 'group-descriptors-rest'))"

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
	{"-t ext4 -b 1024 -E lazy_itable_init=1", true},
	{"-t ext4 -b 1024 -E lazy_itable_init=0,resize=500000", true},
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

	shell(command);
	free(command);
	index_image();
	ck_assert_int_eq(count_regions("name = 'unreferenced-blocks'"), 0);
	ck_assert_int_eq(count_regions("name = 'unnamed-inodes'"), 0);
	ck_assert(count_regions("name = 'checksum' AND kind = 3") > 20 || !forms[_i].has_checksums);
	/* What mke2fs counts, it counts right, and so do we. */
	ck_assert_int_gt(count_regions("name = 'block-bitmap' AND kind = 3"), 0);
	ck_assert_int_gt(count_regions("name = 'inode-bitmap' AND kind = 3"), 0);
	ck_assert_int_eq(count_regions(WRONG), 0);
	ck_assert_int_eq(count_regions("name = 'group-counters' AND kind = 2"), 0);
	ck_assert_int_eq(count_regions("name = 'filesystem-free-blocks' AND kind = 2"), 0);
	ck_assert_int_eq(count_regions("name = 'filesystem-uuid' AND kind = 2"), 1);
	ck_assert_int_eq(count_regions("name = 'filesystem-trailing-data' AND length = 7"), 1);
}
END_TEST

/* ---- what is not wrong, and what is ---- */

#define MAKE(options)	   "mke2fs -q -F " options " image 56M >log 2>&1; "
#define MAKE_TREE(options) MAKE(options "-d tree")
/* Without loop devices debugfs writes; in one group no backup is left behind. */
#define WRITE                                                                                      \
	"mkdir -p mnt; if mount -o loop image mnt 2>log; then cp -a tree/. mnt/tree; seq 9999 "    \
	">mnt/x;"                                                                                  \
	" rm -r mnt/tree/many; ln -s short mnt/short; umount mnt;"                                 \
	" else debugfs -w -R 'mkdir /x' image >log 2>&1; tune2fs -c 7 image >log; fi"

static const struct {
	const char *script;
} written[] = {
	{MAKE_TREE("-t ext4 -b 1024 ") "tune2fs -L name -c 7 -m 1 -e panic image >log"},
	{MAKE_TREE(
		"-t ext2 -b 1024 ") "tune2fs -U 77777777-89ab-cdef-0123-456789abcdef image >log"},
	{MAKE_TREE("-t ext4 -b 1024 ") "tune2fs -O ^has_journal image >log"},
	{MAKE_TREE("-t ext2 -b 1024 ") "tune2fs -j image >log"},
	{MAKE_TREE("-t ext4 -b 1024 -O ^metadata_csum ") "tune2fs -O metadata_csum image >log"},
	{MAKE_TREE("-t ext4 -b 1024 ") "resize2fs image 20M >log 2>&1"},
	{MAKE_TREE("-t ext4 -b 4096 ") "e2fsck -fyD image >log 2>&1 || [ $? = 1 ]"},
	{MAKE_TREE("-t ext4 -b 4096 ") WRITE},
	{MAKE_TREE("-t ext4 -b 4096 ") "debugfs -w -R 'write tree/a x' image >log 2>&1"},
	/* Backups are older than the rest here, and as mke2fs left them. */
	{MAKE("-t ext4 -b 1024") WRITE},
	{MAKE("-t ext4 -b 1024 -E lazy_itable_init=1") WRITE},
	{MAKE("-t ext4 -b 1024 -O ^metadata_csum,uninit_bg") WRITE},
	{MAKE("-t ext4 -b 1024 -O ^metadata_csum") WRITE},
	{MAKE("-t ext4 -b 1024 -O sparse_super2") WRITE},
	{MAKE("-t ext4 -b 1024 -O inline_data") WRITE},
	{MAKE("-t ext4 -b 1024 -C 4096 -O bigalloc") WRITE},
	{MAKE("-t ext4 -b 1024 -O meta_bg,^resize_inode") WRITE},
	{MAKE("-t ext2 -b 1024") WRITE},
};

START_TEST(nothing_is_wrong_that_a_tool_wrote)
{
	shell(written[_i].script);
	index_image();
	ck_assert_msg(count_regions(WRONG) == 0, "%s: %s", written[_i].script,
		index_regions(IMAGE_CONTAINER));
}
END_TEST

#define SUMMED "-t ext4 -b 1024"
#define PLAIN  "-t ext4 -b 1024 -O ^metadata_csum,^64bit"
/* `set_bg` of the first group, with its checksum. */
#define GROUP_SET(what) "edit 'set_bg 0 " what "' 'set_bg 0 checksum calc'"

/* put PLACE TEXT writes bytes, number PLACE reads four; edit has debugfs do it. */
static const struct {
	const char *options, *script, *name;
} lies[] = {
	{SUMMED, "edit \"freeb $(blocks /big)\"", "block-bitmap-invalid"},
	{PLAIN, "put $(($(number 2048) * 1024 + 1000)) used", "block-bitmap-invalid"},
	{SUMMED, "edit 'freei /big'", "inode-bitmap-invalid"},
	/* The journal's: what is fixed is in use, whatever the bitmap says. */
	{PLAIN, "put $(($(number 2052) * 1024)) '\\177'", "inode-bitmap-invalid"},
	{PLAIN, "put 2060 '\\1'", "group-counters-invalid"},
	{SUMMED, GROUP_SET("free_inodes_count 3"), "group-counters-invalid"},
	{SUMMED, GROUP_SET("used_dirs_count 9"), "group-counters-invalid"},
	{PLAIN, "put 1036 '\\1'", "filesystem-free-blocks-invalid"},
	{PLAIN, "put 1040 '\\1'", "filesystem-free-inodes-invalid"},
	{SUMMED, GROUP_SET("flags 5"), "group-flags-invalid"},
	{SUMMED, GROUP_SET("flags 6"), "group-flags-invalid"},
	{SUMMED, GROUP_SET("flags 0x4004"), "group-flags-invalid"},
	{PLAIN, "put 2066 '\\2'", "group-flags-invalid"},
	{SUMMED, GROUP_SET("itable_unused 2040"), "group-flags-invalid"},
	{SUMMED, GROUP_SET("block_bitmap_csum 77"), "checksum-invalid"},
	{PLAIN, "put 2068 hide", "group-descriptors-rest"},
	{SUMMED, "edit 'clri <7>'", "resize-inode-invalid"},
	{SUMMED, "edit 'sif <7> size 99'", "resize-inode-invalid"},
	{SUMMED, "edit 'sif <7> block[0] 99'", "resize-inode-invalid"},
	{PLAIN, "put $(($(blocks '<7>') * 1024 + 900)) hide", "resize-inode-invalid"},
	{PLAIN, "put 8390664 else", "group-descriptors-unlike"},
	{PLAIN, "put 8390668 '\\1'", "group-descriptors-unlike"},
	{PLAIN, "put 8389736 another", "superblock-backup-unlike"},
	{PLAIN, "put 8389636 '\\1'", "superblock-backup-unlike"},
	{PLAIN, "put 8389644 '\\1'", "superblock-backup-unlike"},
	{SUMMED, "put 8390652 none", "superblock-backup-unlike"},
	{PLAIN, "put $(($(blocks '<8>') * 1024 + 48)) another", "journal-uuid-unlike"},
	{PLAIN, "put $(($(blocks /sparse) * 1024 + 8)) hide", "extent-slack"},
	{PLAIN, "put $(($(blocks /sparse) * 1024 + 1020)) hide", "extent-slack"},
	{PLAIN, "put $(($(inode /a) + 40 + 24)) hide", "extent-slack"},
	{PLAIN, "put $(($(inode /s) + 40 + 24)) hide", "inode-slack"},
	{PLAIN, "put $(($(inode /c) + 40 + 24)) hide", "inode-slack"},
	{PLAIN, "put $(($(inode /p) + 40)) hide", "inode-slack"},
	{PLAIN ",inline_data", "put $(($(inode /a) + 40 + 24)) hide", "inode-slack"},
};

/* Each is told as itself, which nobody explains, and there was none before. */
START_TEST(what_does_not_fit_is_unexplained)
{
	char *make = xasprintf("mke2fs -q -F %s -d tree image 20M >log 2>&1", lies[_i].options);
	char *lie = xasprintf(
		"ask() { debugfs -R \"$1\" image 2>>log; }; "
		"edit() { for r in \"$@\"; do echo \"$r\"; done >cmds;"
		" debugfs -w -f cmds image >log 2>&1; }; "
		"put() { printf \"$2\" | dd of=image bs=1 seek=$1 conv=notrunc status=none; }; "
		"number() { od -An -tu4 -j$1 -N4 image; }; "
		"blocks() { ask \"blocks $1\" | cut -d' ' -f1; }; "
		"inode() { ask \"imap $1\" | sed -n 's/.*block \\([0-9]*\\), offset \\(0x.*\\)/"
		"\\1 \\2/p' | { read block at; echo $((block * 1024 + at)); }; }; "
		"cp image before; %s; ! cmp -s image before",
		lies[_i].script);
	char *where = xasprintf("name = '%s' AND kind = 2", lies[_i].name);

	shell(make);
	index_image();
	ck_assert_int_eq(count_regions(WRONG), 0);
	shell(lie);
	index_image();
	ck_assert_msg(count_regions(where) > 0, "%s: no %s: %s", lies[_i].script, lies[_i].name,
		index_regions(IMAGE_CONTAINER));
	ck_assert_str_eq(field_find(lies[_i].name)->cause, "unexplained");
	free(make);
	free(lie);
	free(where);
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
	tcase_add_unchecked_fixture(tests, shared_setup, shared_teardown);
	tcase_add_checked_fixture(tests, setup, comparing_teardown);
	tcase_add_loop_test(tests, every_byte_has_a_region, 0, (int)ARRAY_SIZE(forms));
	tcase_add_loop_test(tests, nothing_is_wrong_that_a_tool_wrote, 0, (int)ARRAY_SIZE(written));
	tcase_add_loop_test(tests, what_does_not_fit_is_unexplained, 0, (int)ARRAY_SIZE(lies));
	tcase_add_loop_test(
		tests, refuses_groups_of_more_than_a_bitmap_has, 0, (int)ARRAY_SIZE(too_many));
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
