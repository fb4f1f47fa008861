/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of an inode are. */
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "dbdiff/format/ext.h"

static const char record[] = "inode-record"; /* what no field stands for, or not all of it */
static const char times[] = "inode-times";
static const char checksum[] = "checksum";

/*
 * Where parts of an inode end that are told apart; each begins where the one before ends. Those
 * that a field of the member gives in full have its name.
 */
static const struct {
	uint16_t end;
	const char *name; /* NULL: extents or blocks, or what else is there */
} inode_parts[] = {
	{0x02, "mode"},
	{0x04, "uid"},
	{0x08, "size"},
	{0x10, times}, /* of access and change: a member's mtime is its own */
	{0x14, "mtime"},
	{0x18, record},
	{0x1a, "gid"},
	{0x28, record},
	{0x64, NULL},
	{0x68, "generation"},
	{0x6c, "layout"}, /* of xattrs */
	{0x70, "size"},
	{0x76, record},
	{0x78, "layout"},
	{0x7a, "uid"},
	{0x7c, "gid"},
	{0x7e, checksum},
	{0x82, record},
	{0x84, checksum}, /* from here on if the inode reaches so far */
	{0x88, times},
	{0x8c, "mtime"},
	{0x98, times},
	{0x9c, record},
	{0xa0, "project"},
};

/* The region that a part of a member's inode is, but for where its blocks are. */
static const char *part_name(
	const struct ext_layout *layout, const struct ext_inode *inode, size_t part)
{
	const char *name = inode_parts[part].name;
	mode_t mode = inode->raw->i_mode;
	bool is_there = inode_parts[part].end <= EXT2_GOOD_OLD_INODE_SIZE ||
		EXT2_GOOD_OLD_INODE_SIZE + (unsigned)inode->raw->i_extra_isize >=
			inode_parts[part].end;

	if (!is_there || name == NULL)
		return record;
	if (name == checksum && !ext2fs_has_feature_metadata_csum(layout->fs->super))
		return record;
	if (strcmp(name, "size") == 0 && !S_ISREG(mode) && !S_ISLNK(mode) && !S_ISDIR(mode))
		return record;
	if (strcmp(name, "project") == 0 && !ext2fs_has_feature_project(layout->fs->super))
		return record;
	return name;
}

static uint64_t inode_offset(const struct ext_layout *layout, uint32_t number)
{
	const struct ext2_super_block *super = layout->fs->super;
	uint32_t index = (number - 1) % super->s_inodes_per_group;
	dgrp_t group = (number - 1) / super->s_inodes_per_group;

	return ext2fs_inode_table_loc(layout->fs, group) * layout->fs->blocksize +
		(uint64_t)index * EXT2_INODE_SIZE(super);
}

void ext_record_add(
	struct ext_layout *layout, const struct ext_inode *inode, const char *name, int64_t owner)
{
	uint64_t size = EXT2_INODE_SIZE(layout->fs->super), begin = 0;
	uint64_t at = inode_offset(layout, inode->number);

	for (size_t i = 0; i < ARRAY_SIZE(inode_parts) && inode_parts[i].end <= size; i++) {
		const char *part = part_name(layout, inode, i);
		uint64_t end = inode_parts[i].end;

		if (part == checksum)
			members_add_derived(layout->members, at + begin, end - begin, part);
		else if (name == NULL && inode_parts[i].name == NULL)
			ext_slack_add_places(layout, inode, at + begin, owner);
		else
			ext_layout_add(
				layout, at + begin, end - begin, name != NULL ? name : part, owner);
		begin = end;
	}
	ext_layout_add(layout, at + begin, size - begin, name != NULL ? name : record, owner);
}

static void add_resize_part(struct ext_layout *layout, uint64_t offset, uint64_t len, bool is_right)
{
	if (is_right)
		members_add_derived(layout->members, offset, len, "resize-inode");
	else
		members_add_structure(layout->members, offset, len, "resize-inode-invalid");
}

enum status ext_record_add_resize(
	struct ext_layout *layout, const struct ext_inode *inode, struct error *err)
{
	uint64_t size = EXT2_INODE_SIZE(layout->fs->super), begin = 0;
	uint64_t at = inode_offset(layout, inode->number);
	uint64_t block = inode->raw->i_block[EXT2_DIND_BLOCK];
	bool is_right = ext_resize_inode_is_right(layout->fs, inode);

	for (size_t i = 0; i < ARRAY_SIZE(inode_parts) && inode_parts[i].end <= size; i++) {
		const char *part = part_name(layout, inode, i);
		uint64_t end = inode_parts[i].end;

		if (part == checksum)
			members_add_derived(layout->members, at + begin, end - begin, part);
		else if (is_right && (part == times || strcmp(part, "mtime") == 0))
			members_add_structure(layout->members, at + begin, end - begin, times);
		else
			add_resize_part(layout, at + begin, end - begin, is_right);
		begin = end;
	}
	add_resize_part(layout, at + begin, size - begin, is_right);
	if (block == 0)
		return STATUS_OK;
	if (ext_layout_take_made(layout, block, 1, err) < 0 ||
		ext_resize_check_block(layout, block, &is_right, err) < 0)
		return err->status;
	add_resize_part(layout, block * layout->fs->blocksize, layout->fs->blocksize, is_right);
	return STATUS_OK;
}
