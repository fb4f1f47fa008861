/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/filesystem_image.h"

#include "dbdiff/fields.h"
#include "dbdiff/format/squashfs.h"

#define MAKE "mksquashfs tree image -noappend -quiet -no-progress -reproducible "

static const char *const forms[] = {
	"-comp gzip",
	"-comp gzip -Xcompression-level 2 -Xwindow-size 10",
	"-comp xz",
	"-comp xz -Xbcj x86 -b 256K",
	"-comp lz4",
	"-comp lz4 -Xhc",
	"-comp zstd",
	"-b 4K",
	"-b 1M",
	"-no-fragments",
	"-always-use-fragments",
	"-noI -noD -noF -noX",
	"-no-duplicates -no-exports",
	"-nopad",
};

/* Fields of what is wrong in a table, or in a block of tails. */
static void expect_right(const struct listing *listing)
{
	const struct buffer *fields = &listing->container.fields;
	struct field_cursor cursor;

	field_cursor_init(&cursor, buffer_text(fields), fields->len);
	while (field_cursor_next(&cursor))
		ck_assert_msg(strstr(cursor.name, "-invalid") == NULL &&
				strcmp(cursor.name, "fragment-unused") != 0,
			"%s: %s", cursor.name, cursor.value);
}

START_TEST(lists_the_tree)
{
	struct listing listing;

	make_tree();
	sh(MAKE "%s >log 2>&1", forms[_i]);
	listing = list_image(&format_squashfs, "image");
	expect_right(&listing);
	compare_tree(&listing, 0);
	listing_release(&listing);
}
END_TEST

START_TEST(lists_what_gensquashfs_makes)
{
	static const char *const compressors[] = {"gzip", "lzma", "xz", "lz4", "zstd"};

	make_tree();
	for (size_t i = 0; i < ARRAY_SIZE(compressors); i++) {
		struct listing listing;

		sh("gensquashfs -q -f -c %s -k -x -D tree image >log 2>&1", compressors[i]);
		listing = list_image(&format_squashfs, "image");
		ck_assert_str_eq(
			listed_field(&listing, "", "filesystem-compressor"), compressors[i]);
		ck_assert_int_eq(listing.status, STATUS_END);
		expect_right(&listing);
		compared = &listing;
		ck_assert_int_eq(nftw("tree/d", compare_file, 16, FTW_PHYS), 0);
		ck_assert_int_eq(nftw("tree/big", compare_file, 16, FTW_PHYS), 0);
		ck_assert_int_eq(nftw("tree/many", compare_file, 16, FTW_PHYS), 0);
		listing_release(&listing);
	}
}
END_TEST

START_TEST(says_that_lzo_cannot_be_read)
{
	struct listing listing;

	make_tree();
	sh(MAKE "-comp lzo >log 2>&1");
	listing = list_image(&format_squashfs, "image");
	ck_assert_int_eq(listing.status, STATUS_UNSUPPORTED);
	listing_release(&listing);
}
END_TEST

/* What is done to the tree or the options, and the field in which it must show. */
static const struct {
	const char *change, *options, *path, *field;
} changes[] = {
	{"chmod 600 tree/a", "", "a", "mode"},
	{"chown 5 tree/a", "", "a", "uid"},
	{"chgrp 5 tree/a", "", "a", "gid"},
	{"touch -d @5 tree/a", "", "a", "mtime"},
	{"echo more >>tree/a", "", "a", "size"},
	{"rm tree/d/fast; ln -s /y tree/d/fast", "", "d/fast", "link-target"},
	{"rm tree/c; mknod tree/c c 5 301", "", "c", "device"},
	{"rm tree/c; mkfifo tree/c", "", "c", "type"},
	{"cp -a tree/d/hard t; rm tree/d/hard; mv t tree/d/hard", "", "d/hard", "hard-link"},
	{"python3 -c 'import os; os.setxattr(\"tree/a\", \"user.small\", b\"other\")'", "", "a",
		"xattr:user.small"},
	{"python3 -c 'import os; os.setxattr(\"tree/a\", \"user.new\", b\"\")'", "", "a",
		"xattr:user.new"},
	{":", "-mkfs-time 77", "", "filesystem-created"},
	{":", "-comp xz", "", "filesystem-compressor"},
	{":", "-Xcompression-level 3", "", "filesystem-compressor-options"},
	{":", "-b 64K", "", "filesystem-block-size"},
	{":", "-no-exports", "", "filesystem-flags"},
	{"echo x >tree/new", "", "", "filesystem-inodes"},
	{"chown 987 tree/a", "", "", "filesystem-ids"},
	{":", "-no-fragments", "", "filesystem-fragments"},
	{"echo behind >>image", NULL, "", "filesystem-trailing-data"},
};

START_TEST(shows_each_change)
{
	const char *options = changes[_i].options;
	struct listing before, after;

	make_tree();
	sh(MAKE "-mkfs-time 1 >log 2>&1");
	before = list_image(&format_squashfs, "image");
	sh("%s", changes[_i].change);
	if (options)
		sh(MAKE "%s %s >log 2>&1", strstr(options, "mkfs") ? "" : "-mkfs-time 1", options);
	after = list_image(&format_squashfs, "image");
	ck_assert_int_eq(before.status, STATUS_END);
	ck_assert_int_eq(after.status, STATUS_END);
	ck_assert_msg(!same_text(listed_field(&before, changes[_i].path, changes[_i].field),
			      listed_field(&after, changes[_i].path, changes[_i].field)),
		"%s", changes[_i].field);
	listing_release(&before);
	listing_release(&after);
}
END_TEST

START_TEST(content_can_seek)
{
	size_t len;
	unsigned char *image;
	char *want = NULL;
	unsigned char got[5000];
	struct source *source, *content = NULL;
	struct members *members = NULL;
	struct member member = {0};

	make_tree();
	sh(MAKE "-b 16K >log 2>&1");
	ck_assert_int_eq(path_read_file("tree/big", 1 << 20, &want, &len, &failure), STATUS_OK);
	image = read_image("image", &len);
	source = source_memory_new(image, len);
	ck_assert_int_eq(format_squashfs.open(source, "image", &limits_default, &members, &failure),
		STATUS_OK);
	do {
		ck_assert_int_eq(members->ops->next(members, &member, &failure), STATUS_OK);
	} while (strcmp(buffer_text(&member.path), "big") != 0);
	ck_assert_int_eq(members->ops->open(members, &content, &failure), STATUS_OK);
	for (size_t at = 700000 - sizeof(got); at > 70000; at -= 65000) {
		ck_assert_int_eq(source_pread(content, at, got, sizeof(got), &failure), STATUS_OK);
		ck_assert_mem_eq(got, want + at, sizeof(got));
	}
	ck_assert_int_eq(source_pread(content, 699999, got, 2, &failure), STATUS_FORMAT);
	source_free(content);
	members->ops->free(members);
	member_release(&member);
	source_free(source);
	free(image);
	free(want);
}
END_TEST

/* ---- damage ---- */

static unsigned char *make_plain(size_t *len)
{
	sh("mkdir -p tree/dddd/eeee; head -c 5000 /dev/urandom >tree/dddd/eeee/f;"
	   "touch -d @9 tree tree/dddd tree/dddd/eeee;" MAKE
	   "-noI -noD -noF -noX -nopad -b 4K >log 2>&1");
	return read_image("image", len);
}

START_TEST(refuses_a_truncated_image)
{
	size_t len;
	unsigned char *image = make_plain(&len);

	for (size_t cut = len - 1; cut > 0; cut = cut * 3 / 4)
		expect_error(&format_squashfs, image, cut, STATUS_FORMAT, "short read");
	free(image);
}
END_TEST

START_TEST(survives_every_flipped_byte)
{
	size_t len, failed = 0;
	unsigned char *image = make_plain(&len);

	for (size_t at = 0; at < len; at += at < 5000 && at > 120 ? 97 : 1) {
		struct listing listing;

		image[at] ^= 0x81;
		listing = list_memory(&format_squashfs, image, len);
		failed += listing.status < 0;
		ck_assert(listing.status == STATUS_END || listing.err.status == listing.status);
		listing_release(&listing);
		image[at] ^= 0x81;
	}
	ck_assert_uint_gt(failed, 50);
	free(image);
}
END_TEST

START_TEST(refuses_a_directory_met_twice)
{
	size_t len;
	unsigned char *image = make_plain(&len);
	unsigned char *outer = find_text(image, len, "dddd") - 8;
	unsigned char *inner = find_text(image, len, "eeee") - 8;
	uint32_t base_outer, base_inner;
	int16_t diff;

	/* Each is the first behind its header, which ends with the base of inode numbers. */
	memcpy(&base_outer, outer - 4, 4);
	memcpy(&base_inner, inner - 4, 4);
	memcpy(&diff, outer + 2, 2);
	diff = (int16_t)((int)base_outer + diff - (int)base_inner);
	memcpy(inner + 2, &diff, 2);
	memcpy(inner, outer, 2);
	memcpy(inner - 8, outer - 8, 4);
	expect_error(
		&format_squashfs, image, len, STATUS_FORMAT, "this directory is /dddd as well");
	free(image);
}
END_TEST

START_TEST(refuses_impossible_names)
{
	size_t len;
	unsigned char *image = make_plain(&len);
	unsigned char *name = find_text(image, len, "eeee");

	memcpy(name, "e/ee", 4);
	expect_error(&format_squashfs, image, len, STATUS_FORMAT, "a slash");
	memcpy(name, "e\0ee", 4);
	expect_error(&format_squashfs, image, len, STATUS_FORMAT, "a NUL byte");
	/* The name's length before it is one less than it is. */
	memcpy(name, "..ee", 4);
	name[-2] = 1;
	expect_error(&format_squashfs, image, len, STATUS_FORMAT, "is . or ..");
	free(image);
}
END_TEST

START_TEST(refuses_a_block_that_unpacks_short)
{
	/* The first block's size word: 4096, with the bit for "stored as it is". */
	static const unsigned char word[4] = {0, 0x10, 0, 1};
	size_t len;
	unsigned char *image = make_plain(&len);
	unsigned char *at = memmem(image, len, word, sizeof(word));

	ck_assert_ptr_nonnull(at);
	at[1] = 0x08;
	expect_error(&format_squashfs, image, len, STATUS_FORMAT, "unpacks to 2048 bytes");
	free(image);
}
END_TEST

/* ---- what is not so ---- */

/* Directories with an index, names of every length, values that several have, files alike. */
START_TEST(what_is_written_is_right)
{
	static const char *const makers[] = {
		MAKE,
		MAKE "-no-exports -b 4K -comp zstd",
		MAKE "-no-xattrs -no-fragments",
		MAKE "-no-duplicates -no-hardlinks -no-sparse",
		"gensquashfs -q -f -x -D tree image",
		"gensquashfs -q -f -x -e -b 4096 -D tree image",
		"tar --xattrs -C tree -cf - . | tar2sqfs -q -f image",
		"tar --xattrs -C tree -cf - . | tar2sqfs -q -f -e image",
		("rm -rf tree/*; " MAKE),
		"gensquashfs -q -f -D tree image",
	};

	sh("mkdir -p tree/e tree/f; cd tree; for n in 40 41 53 60; do mkdir n$n; for i in "
	   "$(seq 1000 1400); do : >n$n/$(printf \"%%0${n}d\" $i); done; done; truncate -s 400000 "
	   "hole; ln hole hole2; head -c 140000 /dev/zero >zeros; echo x >>zeros; ln -s x l; ln l "
	   "l2;"
	   "for i in $(seq 200); do seq $i 400 >n40/f$i; cp n40/f$i n41/g$i; done; printf 1 >"
	   "\"$(printf '\\377')\"");
	for (int i = 0; i < 30; i++) {
		char path[64], value[64] = "";

		snprintf(path, sizeof(path), "tree/n40/f%d", i + 1);
		memset(value, 'a' + i % 5, sizeof(value) - 1);
		set_xattr(path, "user.some", value, sizeof(value));
		set_xattr(path, "user.own", path, strlen(path));
	}
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		struct listing listing;

		sh("%s >log 2>&1", makers[i]);
		listing = list_image(&format_squashfs, "image");
		ck_assert_msg(listing.status == STATUS_END, "%s: %s", makers[i], listing.err.text);
		expect_right(&listing);
		listing_release(&listing);
	}
}
END_TEST

/* The inodes of eeee, dddd and the root are the last, of 32 bytes each. */
static const struct {
	int before; /* where, in front of the table of directories; or in the superblock */
	unsigned char value;
	const char *field;
} lies[] = {
	{44, 9, "inode-table-invalid"},	      /* links of dddd */
	{36, 1, "inode-table-invalid"},	      /* its parent */
	{4, 1, "inode-table-invalid"},	      /* the parent of the root */
	{12, 9, "inode-table-invalid"},	      /* links of the root */
	{61, 0xc1, "inode-table-invalid"},    /* a bit of the type in a mode */
	{-4, 9, "filesystem-inodes-invalid"}, /* the number of inodes */
};

START_TEST(tells_what_is_not_so)
{
	size_t len;
	unsigned char *image;
	uint32_t directories;
	struct listing listing;

	sh("mkdir -p tree/dddd/eeee; head -c 5000 /dev/urandom >tree/dddd/eeee/f; " MAKE
	   "-noI -no-exports >log 2>&1");
	image = read_image("image", &len);
	memcpy(&directories, image + 72, sizeof(directories));
	if (lies[_i].before > 0)
		image[directories - (unsigned)lies[_i].before] = lies[_i].value;
	else
		image[-lies[_i].before] = lies[_i].value;
	listing = list_memory(&format_squashfs, image, len);
	ck_assert_int_eq(listing.status, STATUS_END);
	ck_assert_ptr_nonnull(listed_field(&listing, "", lies[_i].field));
	listing_release(&listing);
	free(image);
}
END_TEST

START_TEST(tells_of_a_wrong_export_table)
{
	size_t len;
	unsigned char *image = make_plain(&len);
	uint32_t list, block;
	struct listing listing;

	memcpy(&list, image + 88, sizeof(list));
	memcpy(&block, image + list, sizeof(block));
	image[block + 2] ^= 1;
	listing = list_memory(&format_squashfs, image, len);
	ck_assert_int_eq(listing.status, STATUS_END);
	ck_assert_ptr_nonnull(listed_field(&listing, "", "export-table-invalid"));
	listing_release(&listing);
	free(image);
}
END_TEST

/* The index of a directory leads past a name; and names that are not in their order. */
START_TEST(tells_of_names_that_are_not_found)
{
	size_t len;
	unsigned char *image, *name;
	struct listing listing;

	sh("mkdir -p tree/d; for i in $(seq 1000 1900); do : >tree/d/a-name-that-is-long-$i; "
	   "done;" MAKE "-noI -noD -noF -noX >log 2>&1");
	image = read_image("image", &len);
	/* The inodes, and with them the index, are in front of the names. */
	name = memmem(image, len, "a-name-that-is-long-", 20);
	name[-8] ^= 1;
	listing = list_memory(&format_squashfs, image, len);
	ck_assert_msg(listing.status == STATUS_END, "%s", listing.err.text);
	ck_assert_ptr_nonnull(listed_field(&listing, "", "inode-table-invalid"));
	ck_assert_ptr_null(listed_field(&listing, "", "directory-table-invalid"));
	listing_release(&listing);
	name[-8] ^= 1;
	name = find_text(image, len, "a-name-that-is-long-1007");
	name[23] = '0';
	listing = list_memory(&format_squashfs, image, len);
	ck_assert_int_eq(listing.status, STATUS_END);
	ck_assert_ptr_nonnull(listed_field(&listing, "", "directory-table-invalid"));
	listing_release(&listing);
	free(image);
}
END_TEST

START_TEST(tells_what_no_file_has_of_a_fragment)
{
	/* Of the file with 3,893 bytes, as an inode has its size. */
	static const unsigned char size[4] = {0x35, 0x0f, 0, 0};
	size_t len;
	unsigned char *image, *at;
	struct listing listing;

	sh("mkdir tree; seq 1000 >tree/a; cp tree/a tree/b; echo x >>tree/b; " MAKE
	   "-noI >log 2>&1");
	image = read_image("image", &len);
	listing = list_memory(&format_squashfs, image, len);
	expect_right(&listing);
	listing_release(&listing);
	at = memmem(image, len, size, sizeof(size));
	ck_assert_ptr_nonnull(at);
	at[0] -= 5;
	listing = list_memory(&format_squashfs, image, len);
	ck_assert_int_eq(listing.status, STATUS_END);
	ck_assert_str_eq(listed_field(&listing, "", "fragment-unused"), "5 bytes, in 1 block");
	listing_release(&listing);
	free(image);
}
END_TEST

/* Each compressor's stream ends where its block does. */
START_TEST(refuses_bytes_behind_a_stream)
{
	static const int ids[] = {
		SQFS_COMP_GZIP, SQFS_COMP_LZMA, SQFS_COMP_XZ, SQFS_COMP_LZ4, SQFS_COMP_ZSTD};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		unsigned char data[8192] = "", packed[8192] = "", unpacked[8192];
		sqfs_compressor_config_t config;
		sqfs_compressor_t *packer = NULL, *unpacker = NULL;
		sqfs_s32 len;

		sqfs_compressor_config_init(&config, ids[i], sizeof(data), 0);
		ck_assert_int_eq(sqfs_compressor_create(&config, &packer), 0);
		config.flags = SQFS_COMP_FLAG_UNCOMPRESS;
		ck_assert_int_eq(sqfs_compressor_create(&config, &unpacker), 0);
		squashfs_unpack_wholly(unpacker, ids[i]);
		for (size_t at = 0; at < sizeof(data); at++)
			data[at] = (unsigned char)(at / 7);
		len = packer->do_block(packer, data, sizeof(data), packed, sizeof(packed));
		ck_assert_int_gt(len, 0);
		ck_assert_int_eq(unpacker->do_block(unpacker, packed, (sqfs_u32)len, unpacked,
					 sizeof(unpacked)),
			sizeof(data));
		ck_assert_mem_eq(unpacked, data, sizeof(data));
		ck_assert_int_lt(unpacker->do_block(unpacker, packed, (sqfs_u32)len + 1, unpacked,
					 sizeof(unpacked)),
			0);
		sqfs_destroy(packer);
		sqfs_destroy(unpacker);
	}
}
END_TEST

/* 5,000 inodes of two links, below a path of some 3,900 bytes. */
START_TEST(bounds_paths_of_links)
{
	struct listing listing;

	sh("mkdir tree; (cd tree; n=$(printf %%0194d 0); for i in $(seq 20); do mkdir $n; cd $n;"
	   " done; mkdir a b; seq 5000 | (cd a; xargs touch); cp -al a/. b); " MAKE ">log 2>&1");
	listing = list_image(&format_squashfs, "image");
	ck_assert_int_eq(listing.status, STATUS_LIMIT);
	ck_assert_ptr_nonnull(strstr(listing.err.text, "bytes to keep"));
	listing_release(&listing);
}
END_TEST

/* All holes, so that their list packs to nearly nothing. */
START_TEST(bounds_blocks_of_a_file)
{
	struct listing listing;

	sh("mkdir tree; truncate -s $(((1048576 + 1) * 4096)) tree/sparse; " MAKE
	   "-b 4K >log 2>&1");
	listing = list_image(&format_squashfs, "image");
	ck_assert_int_eq(listing.status, STATUS_LIMIT);
	ck_assert_ptr_nonnull(strstr(listing.err.text, "a file of 4294971392 bytes"));
	listing_release(&listing);
}
END_TEST

START_TEST(what_was_met_has_bounds)
{
	struct inode_map map = {0};
	const char *first = NULL;
	struct error err;
	char path[4096];

	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	for (uint64_t key = 1; key <= INODE_MAP_MAX; key++) {
		ck_assert_int_eq(inode_map_meet(&map, key, path, &first, &err), STATUS_OK);
		ck_assert_ptr_null(first);
	}
	ck_assert_int_eq(kept_check(&map.kept, &err), STATUS_LIMIT);
	ck_assert_uint_le(map.paths.len, KEPT_BYTES_MAX);
	ck_assert_int_eq(inode_map_meet(&map, 1, "", &first, &err), STATUS_OK);
	ck_assert_str_eq(first, path);
	ck_assert_int_eq(inode_map_meet(&map, INODE_MAP_MAX, "", &first, &err), STATUS_OK);
	ck_assert_ptr_nonnull(first);
	ck_assert_int_eq(inode_map_meet(&map, INODE_MAP_MAX + 1, "", &first, &err), STATUS_LIMIT);
	inode_map_release(&map);
}
END_TEST

START_TEST(bounds_depth)
{
	struct listing listing;

	sh("mkdir tree; (cd tree; for i in $(seq 1100); do mkdir d; cd d; done); " MAKE
	   ">log 2>&1");
	listing = list_image(&format_squashfs, "image");
	ck_assert_int_eq(listing.status, STATUS_LIMIT);
	listing_release(&listing);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("squashfs");
	TCase *tcase = tcase_create("squashfs");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, lists_the_tree, 0, (int)ARRAY_SIZE(forms));
	tcase_add_test(tcase, lists_what_gensquashfs_makes);
	tcase_add_test(tcase, says_that_lzo_cannot_be_read);
	tcase_add_loop_test(tcase, shows_each_change, 0, (int)ARRAY_SIZE(changes));
	tcase_add_test(tcase, content_can_seek);
	tcase_add_test(tcase, refuses_a_truncated_image);
	tcase_add_test(tcase, survives_every_flipped_byte);
	tcase_add_test(tcase, refuses_a_directory_met_twice);
	tcase_add_test(tcase, refuses_impossible_names);
	tcase_add_test(tcase, refuses_a_block_that_unpacks_short);
	tcase_add_test(tcase, what_is_written_is_right);
	tcase_add_loop_test(tcase, tells_what_is_not_so, 0, (int)ARRAY_SIZE(lies));
	tcase_add_test(tcase, tells_of_a_wrong_export_table);
	tcase_add_test(tcase, tells_of_names_that_are_not_found);
	tcase_add_test(tcase, tells_what_no_file_has_of_a_fragment);
	tcase_add_test(tcase, refuses_bytes_behind_a_stream);
	tcase_add_test(tcase, bounds_depth);
	tcase_add_test(tcase, bounds_paths_of_links);
	tcase_add_test(tcase, bounds_blocks_of_a_file);
	tcase_add_test(tcase, what_was_met_has_bounds);
	return run_suite(suite);
}
