/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left behind the entries that a node of an extent tree has in use, and in the place where
 * an inode keeps blocks, a short link or a device: zeros belong to what is in front of them, and so
 * does an entry that was moved to where the tree has it now. Anything else has a name of its own
 * and is nobody's.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/ext.h"

#define HEADER_USED  8	/* the generation behind it is of nothing */
#define HEADER_SIZE  12 /* struct ext3_extent_header */
#define ENTRY_SIZE   12 /* struct ext3_extent, struct ext3_extent_idx */
#define INDEX_UNUSED 10 /* ei_unused */

/* Bytes of one inode or block, and how they are told. */
struct room {
	struct ext_layout *layout;
	const unsigned char *raw;
	uint64_t at;
	const char *name;
	const char *slack;
	int64_t owner;
	uint32_t number; /* of the inode */
	const struct ext2_inode *inode;
};

static void add_used(const struct room *room, size_t begin, size_t end)
{
	ext_layout_add(room->layout, room->at + begin, end - begin, room->name, room->owner);
}

static void add_slack(const struct room *room, size_t begin, size_t end)
{
	if (bytes_are_zero(room->raw + begin, end - begin))
		add_used(room, begin, end);
	else
		members_add_structure(
			room->layout->members, room->at + begin, end - begin, room->slack);
}

/* ---- entries that are left over where a node was split ---- */

static bool is_in_leaf(ext2_extent_handle_t tree, const unsigned char *entry)
{
	uint64_t block = bytes_le32(entry), len = bytes_le16(entry + 4);
	uint64_t physical = bytes_le32(entry + 8) | (uint64_t)bytes_le16(entry + 6) << 32;
	bool is_unwritten = len > EXT_INIT_MAX_LEN;
	struct ext2fs_extent now;

	len -= is_unwritten ? EXT_INIT_MAX_LEN : 0;
	if (len == 0 || ext2fs_extent_goto(tree, block) != 0 ||
		ext2fs_extent_get(tree, EXT2_EXTENT_CURRENT, &now) != 0)
		return false;
	/* What was not written then may be by now. */
	return now.e_flags & EXT2_EXTENT_FLAGS_LEAF &&
		(is_unwritten || !(now.e_flags & EXT2_EXTENT_FLAGS_UNINIT)) &&
		now.e_lblk <= block && block + len <= now.e_lblk + now.e_len &&
		physical == now.e_pblk + (block - now.e_lblk);
}

static bool is_in_index(ext2_extent_handle_t tree, const unsigned char *entry)
{
	uint64_t block = bytes_le32(entry);
	uint64_t physical = bytes_le32(entry + 4) | (uint64_t)bytes_le16(entry + 8) << 32;
	struct ext2_extent_info info;
	struct ext2fs_extent now;

	if (!bytes_are_zero(entry + INDEX_UNUSED, ENTRY_SIZE - INDEX_UNUSED) ||
		ext2fs_extent_get_info(tree, &info) != 0)
		return false;
	for (int level = 1; level <= info.max_depth; level++) {
		if (ext2fs_extent_goto2(tree, level, block) == 0 &&
			ext2fs_extent_get(tree, EXT2_EXTENT_CURRENT, &now) == 0 &&
			now.e_lblk == block && now.e_pblk == physical)
			return true;
	}
	return false;
}

/* Entries behind those in use. The tree is only looked into as often as there is time for. */
static void add_left_over(const struct room *room, size_t begin, size_t size)
{
	struct ext2_inode inode = *room->inode;
	ext2_extent_handle_t tree = NULL;

	if (bytes_are_zero(room->raw + begin, size - begin) ||
		bytes_le16((const unsigned char *)inode.i_block + 6) > EXT_DEPTH_MAX ||
		ext2fs_extent_open2(room->layout->fs, room->number, &inode, &tree) != 0) {
		add_slack(room, begin, size);
		return;
	}
	for (; begin + ENTRY_SIZE <= size; begin += ENTRY_SIZE) {
		const unsigned char *entry = room->raw + begin;

		if (!bytes_are_zero(entry, ENTRY_SIZE) && room->layout->lookups > 0 &&
			(room->layout->lookups--,
				is_in_leaf(tree, entry) || is_in_index(tree, entry)))
			add_used(room, begin, begin + ENTRY_SIZE);
		else
			add_slack(room, begin, begin + ENTRY_SIZE);
	}
	add_slack(room, begin, size);
	ext2fs_extent_free(tree);
}

static void add_entries(const struct room *room, size_t size)
{
	size_t count = bytes_le16(room->raw + 2), most = (size - HEADER_SIZE) / ENTRY_SIZE;
	bool is_index = bytes_le16(room->raw + 6) > 0;

	if (count > most)
		count = most;
	add_used(room, 0, HEADER_USED);
	add_slack(room, HEADER_USED, HEADER_SIZE);
	for (size_t i = 0; i < count; i++) {
		size_t begin = HEADER_SIZE + i * ENTRY_SIZE, end = begin + ENTRY_SIZE;
		size_t used = is_index ? begin + INDEX_UNUSED : end;

		add_used(room, begin, used);
		add_slack(room, used, end);
	}
	add_left_over(room, HEADER_SIZE + count * ENTRY_SIZE, size);
}

void ext_slack_add_node(struct ext_layout *layout, const struct ext_node *node)
{
	add_entries(&(struct room){layout, node->raw, node->at, node->name, "extent-slack",
			    node->owner, node->number, node->inode},
		node->size);
}

/* A device in the old form is two bytes of the first number; in the new one the second. */
static void add_device(const struct room *room, size_t size)
{
	bool is_old = !bytes_are_zero(room->raw, 4);

	add_slack(room, 0, is_old ? 0 : 4);
	add_used(room, is_old ? 0 : 4, is_old ? 2 : 8);
	add_slack(room, is_old ? 2 : 8, size);
}

/* Linux begins every inode with an empty extent tree, and writes a short target over it. */
static void add_short_link(const struct room *room, size_t used, size_t size)
{
	static const unsigned char empty[HEADER_USED] = {0x0a, 0xf3, 0, 0, 4, 0, 0, 0};
	bool is_empty = room->raw[used] == 0;

	for (size_t i = used + 1; i < size && is_empty; i++)
		is_empty = room->raw[i] == (i < sizeof(empty) ? empty[i] : 0);
	add_used(room, 0, is_empty ? size : used);
	if (!is_empty)
		add_slack(room, used, size);
}

void ext_slack_add_places(
	struct ext_layout *layout, const struct ext_inode *inode, uint64_t at, int64_t owner)
{
	struct ext2_inode *basic = (struct ext2_inode *)inode->raw;
	size_t size = sizeof(basic->i_block), used = 0;
	uint64_t length = EXT2_I_SIZE(basic);
	struct room room = {layout, (const unsigned char *)basic->i_block, at, "inode-record",
		"inode-slack", owner, inode->number, basic};

	if (S_ISCHR(basic->i_mode) || S_ISBLK(basic->i_mode)) {
		room.name = "device";
		add_device(&room, size);
	} else if (ext_inode_is_inline(inode)) {
		room.name = S_ISDIR(basic->i_mode) ? "directory-block" : "inline-data";
		used = S_ISDIR(basic->i_mode) || length > size ? size : (size_t)length;
		add_used(&room, 0, used);
		add_slack(&room, used, size);
	} else if (S_ISLNK(basic->i_mode) && ext2fs_is_fast_symlink(basic)) {
		room.name = "link-target";
		add_short_link(&room, (size_t)length, size);
	} else if (!ext2fs_inode_has_valid_blocks2(layout->fs, basic)) {
		add_slack(&room, 0, size);
	} else if (basic->i_flags & EXT4_EXTENTS_FL) {
		room.name = "layout";
		room.slack = "extent-slack";
		add_entries(&room, size);
	} else {
		room.name = "layout";
		add_used(&room, 0, size);
	}
}

/* ---- blocks of extended attributes (Linux, filesystems/ext4/attributes.rst) ---- */

#define XATTR_HEAD	 32
#define XATTR_ENTRY	 16 /* without its name */
#define XATTR_VALUE_AT	 2
#define XATTR_VALUE_NODE 4
#define XATTR_VALUE_LEN	 8

/* Marks the bytes that header, entries and values fill; what is marked twice is damaged anyway. */
static void mark_xattrs(const unsigned char *raw, size_t size, bool *used)
{
	size_t at = XATTR_HEAD;

	memset(used, true, XATTR_HEAD);
	/* Four bytes of zeros are behind the last entry. */
	while (at + 4 <= size && !bytes_are_zero(raw + at, 4)) {
		size_t name = raw[at], value_at, value_len;

		if (at + XATTR_ENTRY + name > size)
			break;
		value_at = bytes_le16(raw + at + XATTR_VALUE_AT);
		value_len = bytes_le32(raw + at + XATTR_VALUE_LEN);
		memset(used + at, true, XATTR_ENTRY + name);
		if (bytes_le32(raw + at + XATTR_VALUE_NODE) == 0 && value_at <= size &&
			value_len <= size - value_at)
			memset(used + value_at, true, value_len);
		at += (XATTR_ENTRY + name + 3) / 4 * 4;
	}
	if (at + 4 <= size)
		memset(used + at, true, 4);
}

void ext_slack_add_xattrs(struct ext_layout *layout, const unsigned char *raw, uint64_t at,
	struct ext_stretch stretch, bool is_first, int64_t owner)
{
	size_t size = layout->fs->blocksize, begin = stretch.begin;
	bool *used = xcalloc(size, sizeof(used[0]));

	mark_xattrs(raw, size, used);
	while (begin < stretch.end) {
		size_t end = begin;

		while (end < stretch.end && used[end] == used[begin])
			end++;
		if (used[begin] || bytes_are_zero(raw + begin, end - begin))
			ext_layout_add(layout, at + begin, end - begin, "xattr-block", owner);
		else if (is_first)
			members_add_structure(
				layout->members, at + begin, end - begin, "xattr-slack");
		begin = end;
	}
	free(used);
}

/* ---- blocks of directories ---- */

#define DIRENT_HEAD 8 /* struct ext2_dir_entry_2 without its name */

/* Of an index of hashes, what the only entry passes over is the index. */
static bool is_index_block(const unsigned char *raw, bool is_first, size_t size)
{
	return is_first || (bytes_le32(raw) == 0 && bytes_le16(raw + 4) == size);
}

void ext_slack_add_directory(struct ext_layout *layout, const unsigned char *raw, uint64_t at,
	const struct ext_directory_block *block, int64_t owner)
{
	struct room room = {
		.layout = layout,
		.raw = raw,
		.at = at,
		.name = "directory-block",
		.slack = "directory-slack",
		.owner = owner,
	};
	size_t begin = 0;

	if (block->is_indexed && is_index_block(raw, block->is_first, layout->fs->blocksize)) {
		add_used(&room, 0, block->size);
		return;
	}
	while (begin + DIRENT_HEAD <= block->size) {
		size_t used = DIRENT_HEAD + (bytes_le32(raw + begin) != 0 ? raw[begin + 6] : 0);
		unsigned len = 0;

		/* Whether it makes sense is looked at where its names are listed. */
		if (ext2fs_get_rec_len(layout->fs, (struct ext2_dir_entry *)(raw + begin), &len) !=
				0 ||
			len < used || len > block->size - begin)
			break;
		add_used(&room, begin, begin + used);
		add_slack(&room, begin + used, begin + len);
		begin += len;
	}
	add_used(&room, begin, block->size);
}
