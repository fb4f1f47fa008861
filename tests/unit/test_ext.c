/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/filesystem_image.h"

#include <ext2fs/ext2_fs.h>

#define FIXED		 "E2FSPROGS_FAKE_TIME=1000000000 mke2fs -q -F -U 01234567-89ab-cdef-0123-456789abcdef "
#define DEBUGFS(request) "debugfs -w -R '" request "' image >log 2>&1"
#define SUPER		 1024

static const char *const forms[] = {
	"-t ext2 -b 1024",
	"-t ext2 -b 4096 -I 128 -O ^filetype",
	"-t ext3 -b 2048",
	"-t ext4",
	"-t ext4 -b 4096 -O inline_data,64bit,metadata_csum",
	"-t ext4 -b 1024 -O inline_data,64bit,metadata_csum -I 512",
	"-t ext4 -b 65536",
	"-t ext4 -O ^extent,^64bit,^metadata_csum",
	"-t ext4 -O bigalloc",
	"-t ext4 -O ea_inode,large_dir,project,quota",
	"-t ext4 -O meta_bg,^resize_inode",
};

START_TEST(lists_the_tree)
{
	struct listing listing;

	make_tree();
	sh("mke2fs -q -F %s -d tree image 48M >log 2>&1", forms[_i]);
	listing = list_image(&format_ext, "image");
	compare_tree(&listing, 1);
	ck_assert_ptr_nonnull(listed_find(&listing, "lost+found"));
	listing_release(&listing);
}
END_TEST

/* Of the first revision: no features, not even for xattrs. */
START_TEST(lists_what_has_no_features)
{
	struct listing listing;

	make_tree();
	sh("mke2fs -q -F -r 0 -O none -t ext2 -d tree image 16M >log 2>&1");
	listing = list_image(&format_ext, "image");
	ck_assert_msg(listing.status == STATUS_END, "%s", listing.err.text);
	compared = &listing;
	ck_assert_int_eq(nftw("tree", compare_file, 16, FTW_PHYS), 0);
	listing_release(&listing);
}
END_TEST

START_TEST(lists_a_directory_with_an_index)
{
	struct listing listing;

	make_tree();
	sh("mke2fs -q -F -t ext4 -b 1024 -O metadata_csum -d tree image 48M;"
	   "e2fsck -fyD image >log 2>&1 || [ $? = 1 ];"
	   "debugfs -R 'htree_dump many' image 2>&1 | grep -q 'Root node dump'");
	listing = list_image(&format_ext, "image");
	compare_tree(&listing, 1);
	listing_release(&listing);
}
END_TEST

START_TEST(reads_blocks_that_are_not_written_as_zeros)
{
	struct listing listing;

	sh("mkdir tree; : >tree/f; head -c 40960 /dev/zero >zeros;"
	   "mke2fs -q -F -t ext4 -b 4096 -d tree image 8M;" DEBUGFS("fallocate /f 0 9") ";" DEBUGFS(
		   "set_inode_field /f size 40960"));
	listing = list_image(&format_ext, "image");
	ck_assert_int_eq(listing.status, STATUS_END);
	{
		struct digest digest;
		char hex[SHA256_HEX_SIZE];

		ck_assert_int_eq(hash_file("zeros", &digest, NULL, &failure), STATUS_OK);
		digest_hex(&digest, hex);
		ck_assert_str_eq(listed_find(&listing, "f")->sha256, hex);
	}
	listing_release(&listing);
}
END_TEST

START_TEST(reads_acls_and_large_xattrs)
{
	static const unsigned char acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 6, 0,
		0xe8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 6, 0, 255, 255, 255, 255, 32,
		0, 4, 0, 255, 255, 255, 255};
	struct listing listing;

	sh("mkdir tree; echo x >tree/f; head -c 6000 /dev/zero | tr '\\0' z >large");
	set_xattr("tree/f", "system.posix_acl_access", acl, sizeof(acl));
	sh("mke2fs -q -F -t ext4 -b 4096 -O ea_inode,metadata_csum -d tree image 8M;" DEBUGFS(
		"ea_set -f large /f user.large"));
	listing = list_image(&format_ext, "image");
	ck_assert_msg(listing.status == STATUS_END, "%s", listing.err.text);
	/* As ext4 stores it: version 1, and no id where none is meant. */
	ck_assert_str_eq(listed_field(&listing, "f", "xattr:system.posix_acl_access"),
		"\\x01\\x00\\x00\\x00\\x01\\x00\\x06\\x00\\x02\\x00\\x06\\x00\\xe8\\x03\\x00\\x00"
		"\\x04\\x00\\x04\\x00\\x10\\x00\\x06\\x00 \\x00\\x04\\x00");
	/* Too long for a block with a header: it has an inode of its own. debugfs reads 4 KiB. */
	ck_assert_uint_eq(strspn(listed_field(&listing, "f", "xattr:user.large"), "z"), 4096);
	listing_release(&listing);
}
END_TEST

/* ---- each field ---- */

static const struct {
	const char *change, *path, *field;
} changes[] = {
	{DEBUGFS("sif /a mode 0100600"), "a", "mode"},
	{DEBUGFS("sif /a uid 5"), "a", "uid"},
	{DEBUGFS("sif /a gid 70001"), "a", "gid"},
	{DEBUGFS("sif /a mtime @77"), "a", "mtime"},
	{DEBUGFS("sif /a mtime_extra 4"), "a", "mtime"},
	{DEBUGFS("sif /a atime @77"), "a", "atime"},
	{DEBUGFS("sif /a ctime @77"), "a", "ctime"},
	{DEBUGFS("sif /a crtime @77"), "a", "birthtime"},
	{DEBUGFS("sif /a generation 77"), "a", "generation"},
	{DEBUGFS("sif /a flags 0x10000010"), "a", "flags"},
	{DEBUGFS("sif /a size 2"), "a", "size"},
	{DEBUGFS("rm /d/fast") ";" DEBUGFS("symlink /d/fast /y"), "d/fast", "link-target"},
	{DEBUGFS("rm /c") ";" DEBUGFS("mknod c c 5 301"), "c", "device"},
	{DEBUGFS("rm /c") ";" DEBUGFS("mknod c p"), "c", "type"},
	{DEBUGFS("unlink /d/hard") ";" DEBUGFS("write tree/a /d/hard"), "d/hard", "hard-link"},
	{DEBUGFS("ea_set /a user.small other"), "a", "xattr:user.small"},
	{DEBUGFS("ea_set /a user.new x"), "a", "xattr:user.new"},
	{DEBUGFS("ea_rm /big security.capability"), "big", "xattr:security.capability"},
	{"tune2fs -U 11111111-89ab-cdef-0123-456789abcdef image >log 2>&1", "", "filesystem-uuid"},
	{"tune2fs -L name image >log", "", "filesystem-label"},
	{"tune2fs -M /mnt image >log", "", "filesystem-last-mounted"},
	{"tune2fs -C 7 image >log", "", "filesystem-mount-count"},
	{"tune2fs -T 20200101 image >log", "", "filesystem-last-checked"},
	{"tune2fs -o journal_data image >log", "", "filesystem-default-mount-options"},
	{"tune2fs -E mount_opts=noatime image >log", "", "filesystem-mount-options"},
	{"tune2fs -O ^large_file image >log", "", "filesystem-features"},
	{"tune2fs -e panic image >log", "", "filesystem-errors-behaviour"},
	{"tune2fs -m 9 image >log", "", "filesystem-reserved-blocks"},
	{DEBUGFS("ssv hash_seed 11111111-89ab-cdef-0123-456789abcdef"), "", "filesystem-hash-seed"},
	{DEBUGFS("ssv mkfs_time 77"), "", "filesystem-created"},
	{DEBUGFS("ssv wtime 77"), "", "filesystem-written"},
	{DEBUGFS("ssv kbytes_written 77"), "", "filesystem-written-kib"},
	{DEBUGFS("ssv state 2"), "", "filesystem-state"},
	{DEBUGFS("ssv raid_stride 7"), "", "filesystem-superblock-rest"},
	{DEBUGFS("feature needs_recovery"), "", "filesystem-needs-recovery"},
	{"echo boot | dd of=image conv=notrunc status=none", "", "filesystem-boot-block"},
	{"echo behind >>image", "", "filesystem-trailing-data"},
};

START_TEST(shows_each_change)
{
	struct listing before, after;
	const char *path = changes[_i].path, *field = changes[_i].field;

	make_tree();
	sh(FIXED "-t ext4 -O metadata_csum,inline_data -d tree image 16M");
	before = list_image(&format_ext, "image");
	sh("%s", changes[_i].change);
	after = list_image(&format_ext, "image");
	ck_assert_msg(before.status == STATUS_END, "%s", before.err.text);
	ck_assert_msg(after.status == STATUS_END, "%s", after.err.text);
	ck_assert_msg(
		!same_text(listed_field(&before, path, field), listed_field(&after, path, field)),
		"%s of %s", field, path);
	listing_release(&before);
	listing_release(&after);
}
END_TEST

/* What a rebuild that is the same gives is the same. */
START_TEST(same_image_same_fields)
{
	struct listing a, b;

	make_tree();
	sh(FIXED "-t ext4 -d tree image 16M; cp image copy");
	a = list_image(&format_ext, "image");
	b = list_image(&format_ext, "copy");
	ck_assert_uint_eq(a.count, b.count);
	for (size_t i = 0; i < a.count; i++) {
		ck_assert_uint_eq(a.items[i].fields.len, b.items[i].fields.len);
		ck_assert_mem_eq(
			a.items[i].fields.data, b.items[i].fields.data, a.items[i].fields.len);
	}
	listing_release(&a);
	listing_release(&b);
}
END_TEST

/* ---- damage ---- */

/* A number that debugfs prints, found by a shell pipeline. */
static unsigned long number_of(const char *pipeline)
{
	char *data = NULL;
	size_t len;
	unsigned long number;

	sh("{ %s; } >number 2>log", pipeline);
	ck_assert_int_eq(path_read_file("number", 100, &data, &len, &failure), STATUS_OK);
	number = strtoul(data, NULL, 0);
	free(data);
	ck_assert_uint_gt(number, 0);
	return number;
}

/* Where an inode is in the image; 1 KiB blocks. */
static size_t inode_place(const char *path)
{
	char *command = xasprintf(
		"debugfs -R 'imap %s' image | sed -n 's/.*block \\([0-9]*\\), offset.*/\\1/p'",
		path);
	size_t at = number_of(command) * 1024;

	free(command);
	command = xasprintf(
		"debugfs -R 'imap %s' image | sed -n 's/.*offset 0x\\(.*\\)/0x1\\1/p'", path);
	at += number_of(command) - 0x10000;
	free(command);
	return at;
}

#define SMALL "-b 1024 -N 64 -O ^has_journal,^resize_inode,"

static unsigned char *make_small(const char *form, size_t *len)
{
	sh("mkdir -p tree/dddd/eeee; cd tree; head -c 5000 /dev/urandom >dddd/f; echo hi >a;"
	   "ln -s \"$(printf %%0200d 7)\" long;"
	   "for i in 1 2 3 4 5 6 7 8 9; do "
	   "printf $i | dd of=holes bs=1 seek=${i}0000 conv=notrunc status=none; done");
	set_xattr("tree/a", "user.block",
		"0123456789012345678901234567890123456789"
		"01234567890123456789012345678901234567890123456789",
		90);
	sh("mke2fs -q -F -t ext4 %s%s -d tree image 512k", SMALL, form);
	return read_image("image", len);
}

START_TEST(refuses_a_truncated_image)
{
	size_t len;
	unsigned char *image = make_small("metadata_csum", &len);

	for (size_t cut = len - 1; cut > 0; cut = cut * 3 / 4)
		expect_error(&format_ext, image, cut, STATUS_FORMAT, "short read");
	free(image);
}
END_TEST

START_TEST(refuses_every_flipped_byte_of_the_superblock)
{
	size_t len;
	unsigned char *image = make_small("metadata_csum", &len);

	for (size_t at = SUPER; at < SUPER + 1024; at++) {
		struct listing listing;

		image[at] ^= 0x10;
		listing = list_memory(&format_ext, image, len);
		ck_assert_msg(listing.status < 0, "byte %zu", at - SUPER);
		ck_assert_uint_eq(listing.count, 0);
		listing_release(&listing);
		image[at] ^= 0x10;
	}
	free(image);
}
END_TEST

START_TEST(checks_every_checksum)
{
	size_t len;
	unsigned char *image = make_small("metadata_csum,64bit", &len);
	size_t inode = inode_place("/dddd/f");
	char *name = xasprintf("inode %lu: ",
		number_of("debugfs -R 'stat /dddd/f' image | sed -n 's/Inode: "
			  "*\\([0-9]*\\).*/\\1/p'"));
	size_t directory_block = number_of("debugfs -R 'blocks /dddd' image") * 1024;
	size_t extents = number_of("debugfs -R 'stat /holes' image | "
				   "sed -n 's/.*(ETB0):\\([0-9]*\\).*/\\1/p'") *
		1024;
	size_t xattrs =
		number_of(
			"debugfs -R 'stat /a' image | sed -n 's/File ACL: *\\([0-9]*\\).*/\\1/p'") *
		1024;
	const struct {
		size_t at;
		const char *text;
	} flips[] = {
		{inode + offsetof(struct ext2_inode, i_mtime), name},
		{inode + offsetof(struct ext2_inode, i_mode), name},
		{inode + offsetof(struct ext2_inode, i_block) + 20, name},
		{inode + 140, name},
		{directory_block + 8, "checksum of a directory"},
		{extents + 20, "xtent"},
		{xattrs + 1000, "xtended attribute"},
		{2048 + 4, "checksum of group 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
		image[flips[i].at] ^= 1;
		expect_error(&format_ext, image, len, STATUS_FORMAT, flips[i].text);
		expect_error(&format_ext, image, len, STATUS_FORMAT, "ext4: ");
		image[flips[i].at] ^= 1;
	}
	free(name);
	free(image);
}
END_TEST

START_TEST(refuses_impossible_extents)
{
	size_t len;
	unsigned char *image = make_small("^metadata_csum", &len);
	unsigned char *root = image + inode_place("/dddd/f") + offsetof(struct ext2_inode, i_block);
	unsigned char saved[60];

	memcpy(saved, root, sizeof(saved));
	memset(root + 12 + 8, 0xff, 4); /* where the extent begins */
	expect_error(&format_ext, image, len, STATUS_FORMAT, "outside the file system");
	memcpy(root, saved, sizeof(saved));
	root[12 + 4] = root[12 + 5] = 0; /* how long it is */
	expect_error(&format_ext, image, len, STATUS_FORMAT, "overlap");
	memcpy(root, saved, sizeof(saved));
	root[2] = 2; /* the same extent twice, the first cut */
	memcpy(root + 24, root + 12, 12);
	root[12 + 4] = 1;
	expect_error(&format_ext, image, len, STATUS_FORMAT, "overlap");
	memcpy(root, saved, sizeof(saved));
	root[6] = 200; /* depth */
	expect_error(&format_ext, image, len, STATUS_FORMAT, "too deep");
	free(image);
}
END_TEST

START_TEST(refuses_impossible_entries)
{
	size_t len;
	unsigned char *image = make_small("^metadata_csum", &len);
	unsigned char *name = find_text(image, len, "eeee");

	memcpy(name, "e/ee", 4);
	expect_error(&format_ext, image, len, STATUS_FORMAT, "a slash");
	memcpy(name, "e\0ee", 4);
	expect_error(&format_ext, image, len, STATUS_FORMAT, "a NUL byte");
	memcpy(name, "eeee", 4);
	name[-2] = 2;
	memcpy(name, "..", 2);
	expect_error(&format_ext, image, len, STATUS_FORMAT, "is . or ..");
	name[-2] = 4;
	memcpy(name, "eeee", 4);
	name[-4] = 6; /* length of the record */
	expect_error(&format_ext, image, len, STATUS_FORMAT, "entry of its directory");
	name[-4] = 12;
	name[-1] = EXT2_FT_REG_FILE;
	expect_error(&format_ext, image, len, STATUS_FORMAT, "another type");
	name[-1] = EXT2_FT_DIR;
	name[-8] = 63; /* an inode that is not in use */
	expect_error(&format_ext, image, len, STATUS_FORMAT, "inode 63: ");
	free(image);
}
END_TEST

START_TEST(refuses_a_directory_met_twice)
{
	size_t len;

	free(make_small("metadata_csum", &len));
	sh(DEBUGFS("ln /dddd /dddd/eeee/loop"));
	{
		unsigned char *image = read_image("image", &len);

		expect_error(
			&format_ext, image, len, STATUS_FORMAT, "this directory is /dddd as well");
		free(image);
	}
}
END_TEST

START_TEST(survives_flipped_bytes)
{
	static const char *const without[] = {
		"^metadata_csum", "^metadata_csum,inline_data", "^metadata_csum,^extent,^64bit"};
	size_t len, failed = 0;
	unsigned char *image = make_small(without[_i], &len);
	size_t tables = inode_place("<1>");

	for (size_t at = SUPER; at < len; at += at < tables ? 13 : at < tables + 8192 ? 7 : 997) {
		struct listing listing;

		image[at] ^= 0x83;
		listing = list_memory(&format_ext, image, len);
		failed += listing.status < 0;
		ck_assert(listing.status == STATUS_END || listing.err.status == listing.status);
		listing_release(&listing);
		image[at] ^= 0x83;
	}
	ck_assert_uint_gt(failed, 50);
	free(image);
}
END_TEST

START_TEST(bounds_depth)
{
	struct listing listing;

	/* mke2fs -d cannot copy a tree as deep as this. */
	sh("mke2fs -q -F -t ext4 -b 1024 -N 2000 image 16M;"
	   "for i in $(seq 1100); do echo mkdir d; echo cd d; done >script;"
	   "debugfs -w -f script image >log 2>&1");
	listing = list_image(&format_ext, "image");
	ck_assert_int_eq(listing.status, STATUS_LIMIT);
	listing_release(&listing);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ext");
	TCase *tcase = tcase_create("ext");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, lists_the_tree, 0, (int)ARRAY_SIZE(forms));
	tcase_add_test(tcase, lists_what_has_no_features);
	tcase_add_test(tcase, lists_a_directory_with_an_index);
	tcase_add_test(tcase, reads_blocks_that_are_not_written_as_zeros);
	tcase_add_test(tcase, reads_acls_and_large_xattrs);
	tcase_add_loop_test(tcase, shows_each_change, 0, (int)ARRAY_SIZE(changes));
	tcase_add_test(tcase, same_image_same_fields);
	tcase_add_test(tcase, refuses_a_truncated_image);
	tcase_add_test(tcase, refuses_every_flipped_byte_of_the_superblock);
	tcase_add_test(tcase, checks_every_checksum);
	tcase_add_test(tcase, refuses_impossible_extents);
	tcase_add_test(tcase, refuses_impossible_entries);
	tcase_add_test(tcase, refuses_a_directory_met_twice);
	tcase_add_loop_test(tcase, survives_flipped_bytes, 0, 3);
	tcase_add_test(tcase, bounds_depth);
	return run_suite(suite);
}
