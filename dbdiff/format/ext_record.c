/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of an inode are. */
#include <string.h>

#include "base/array.h"
#include "dbdiff/format/ext.h"

/* Where parts of an inode end that are told apart; each begins where the one before ends. */
static const struct {
	uint16_t end;
	enum {
		INODE_RECORD,
		INODE_TIMES,
		INODE_MTIME,
		INODE_PLACES,
		INODE_CHECKSUM
	} part;
} inode_parts[] = {
	{0x08, INODE_RECORD},
	{0x10, INODE_TIMES}, /* of access and change: a member's mtime is its own */
	{0x14, INODE_MTIME},
	{0x28, INODE_RECORD},
	{0x64, INODE_PLACES}, /* extents or blocks, or what else is there */
	{0x7c, INODE_RECORD},
	{0x7e, INODE_CHECKSUM},
	{0x82, INODE_RECORD},
	{0x84, INODE_CHECKSUM}, /* from here on if the inode reaches so far */
	{0x88, INODE_TIMES},
	{0x8c, INODE_MTIME},
	{0x98, INODE_TIMES},
};

/* The region that a part of a member's inode is, but for where its blocks are. */
static const char *part_name(
	const struct ext_layout *layout, const struct ext_inode *inode, size_t part)
{
	static const char record[] = "inode-record";
	bool is_there = inode_parts[part].end <= EXT2_GOOD_OLD_INODE_SIZE ||
		EXT2_GOOD_OLD_INODE_SIZE + (unsigned)inode->raw->i_extra_isize >=
			inode_parts[part].end;

	if (!is_there)
		return record;
	switch (inode_parts[part].part) {
	case INODE_RECORD:
	case INODE_MTIME:
	case INODE_PLACES:
		break;
	case INODE_TIMES:
		return "inode-times";
	case INODE_CHECKSUM:
		return ext2fs_has_feature_metadata_csum(layout->fs->super) ? "checksum" : record;
	}
	return record;
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

		if (strcmp(part, "checksum") == 0)
			members_add_derived(layout->members, at + begin, end - begin, part);
		else if (name == NULL && inode_parts[i].part == INODE_PLACES)
			ext_slack_add_places(layout, inode, at + begin, owner);
		else
			ext_layout_add(
				layout, at + begin, end - begin, name != NULL ? name : part, owner);
		begin = end;
	}
	ext_layout_add(
		layout, at + begin, size - begin, name != NULL ? name : "inode-record", owner);
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

		if (strcmp(part, "checksum") == 0)
			members_add_derived(layout->members, at + begin, end - begin, part);
		else if (is_right &&
			(inode_parts[i].part == INODE_TIMES || inode_parts[i].part == INODE_MTIME))
			members_add_structure(
				layout->members, at + begin, end - begin, "inode-times");
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
