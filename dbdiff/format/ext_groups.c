/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/ext.h"

/* Blocks in which a group keeps what belongs to the file system. */
struct area {
	enum area_kind {
		AREA_SUPER,
		AREA_DESCRIPTORS,
		AREA_RESERVED, /* for descriptors of groups to come */
		AREA_BLOCK_BITMAP,
		AREA_INODE_BITMAP,
		AREA_INODE_TABLE,
	} kind;
	uint64_t block;
	uint64_t count;
	uint32_t index; /* of the first block of descriptors, in all descriptors */
};

#define AREAS_MAX 7

/* One group while its regions are given. */
struct group {
	struct ext_layout *layout;
	dgrp_t number;
	uint64_t first; /* block */
	uint64_t blocks;
	unsigned char *block_bitmap; /* a block; NULL when there is none yet */
	unsigned char *inode_bitmap;
};

static size_t find_areas(const ext2_filsys fs, dgrp_t group, struct area areas[AREAS_MAX])
{
	blk64_t super = 0, old = 0, new = 0;
	bool is_meta = ext2fs_has_feature_meta_bg(fs->super);
	uint64_t first_meta = is_meta ? fs->super->s_first_meta_bg : fs->desc_blocks;
	uint64_t left;
	size_t count = 0;

	ext2fs_super_and_bgd_loc2(fs, group, &super, &old, &new, NULL);
	if (super != 0 || group == 0)
		areas[count++] = (struct area){AREA_SUPER, super, 1, 0};
	if (old != 0) {
		left = ext2fs_blocks_count(fs->super) - old;
		if (first_meta > fs->desc_blocks)
			first_meta = fs->desc_blocks;
		areas[count++] = (struct area){AREA_DESCRIPTORS, old, first_meta, 0};
		if (!is_meta && fs->super->s_reserved_gdt_blocks > 0 && left > first_meta)
			areas[count++] = (struct area){AREA_RESERVED, old + first_meta,
				fs->super->s_reserved_gdt_blocks < left - first_meta
					? fs->super->s_reserved_gdt_blocks
					: left - first_meta,
				0};
	}
	if (new != 0)
		areas[count++] = (struct area){
			AREA_DESCRIPTORS, new, 1, group / ext_descriptors_in_block(fs)};
	areas[count++] = (struct area){AREA_BLOCK_BITMAP, ext2fs_block_bitmap_loc(fs, group), 1, 0};
	areas[count++] = (struct area){AREA_INODE_BITMAP, ext2fs_inode_bitmap_loc(fs, group), 1, 0};
	areas[count++] = (struct area){
		AREA_INODE_TABLE, ext2fs_inode_table_loc(fs, group), fs->inode_blocks_per_group, 0};
	return count;
}

uint64_t ext_groups_own_blocks(const ext2_filsys fs, dgrp_t group)
{
	struct area areas[AREAS_MAX];
	size_t count = find_areas(fs, group, areas);
	uint64_t first = ext2fs_group_first_block2(fs, group), blocks = 0;
	uint64_t behind = ext2fs_group_last_block2(fs, group) + 1;

	for (size_t i = 0; i < count; i++) {
		uint64_t begin = areas[i].block, end = begin + areas[i].count;

		begin = begin < first ? first : begin;
		end = end > behind ? behind : end;
		blocks += begin < end ? end - begin : 0;
	}
	return blocks;
}

enum status ext_groups_take(struct ext_layout *layout, struct error *err)
{
	ext2_filsys fs = layout->fs;

	for (dgrp_t group = 0; group < fs->group_desc_count; group++) {
		struct area areas[AREAS_MAX];
		size_t count = find_areas(fs, group, areas);

		for (size_t i = 0; i < count; i++) {
			if (ext_layout_take_made(layout, areas[i].block, areas[i].count, err) < 0)
				return error_context(err, "group %" PRIu32, (uint32_t)group);
		}
	}
	/* Small blocks in clusters: the first is for a boot loader. */
	if (fs->blocksize == EXT_SUPER_OFFSET && layout->first == 0)
		return ext_layout_take_made(layout, 0, 1, err);
	return STATUS_OK;
}

/* ---- inodes ---- */

/* In use, and not met in any directory. */
static const char *special_name(struct ext2_super_block *super, uint32_t number)
{
	if (number == super->s_journal_inum)
		return "journal";
	if (number == super->s_orphan_file_inum)
		return "orphan-file";
	if (number == EXT4_USR_QUOTA_INO || number == EXT4_GRP_QUOTA_INO ||
		number == super->s_prj_quota_inum)
		return "quota";
	if (number == EXT2_RESIZE_INO && ext2fs_has_feature_resize_inode(super))
		return "resize-inode";
	if (number < EXT2_FIRST_INO(super))
		return "reserved-inodes";
	return ext2fs_has_feature_ea_inode(super) ? "xattr-inode" : "unnamed-inodes";
}

static enum status read_bitmap(struct ext_layout *layout, uint64_t block, bool is_there,
	unsigned char **bitmap, struct error *err)
{
	size_t size = layout->fs->blocksize;

	*bitmap = NULL;
	if (!is_there)
		return STATUS_OK;
	*bitmap = xmalloc(size);
	if (source_pread(layout->source, block * size, *bitmap, size, err) == STATUS_OK)
		return STATUS_OK;
	free(*bitmap);
	*bitmap = NULL;
	return err->status;
}

static enum status read_inode_bitmap(
	struct ext_layout *layout, dgrp_t group, unsigned char **bitmap, struct error *err)
{
	bool is_there = !(ext2fs_has_group_desc_csum(layout->fs) &&
		ext2fs_bg_flags_test(layout->fs, group, EXT2_BG_INODE_UNINIT));

	return read_bitmap(
		layout, ext2fs_inode_bitmap_loc(layout->fs, group), is_there, bitmap, err);
}

static bool has_bit(const unsigned char *bits, uint64_t at)
{
	return bits != NULL && bits[at / 8] & 1u << at % 8;
}

/* Inodes of a group that are no member's. */
static enum status add_other_inodes(struct ext_layout *layout, dgrp_t group, struct error *err)
{
	struct ext2_super_block *super = layout->fs->super;
	uint64_t size = EXT2_INODE_SIZE(super), block_size = layout->fs->blocksize;
	uint64_t table = ext2fs_inode_table_loc(layout->fs, group) * block_size;
	uint64_t used = size * super->s_inodes_per_group;
	unsigned char *bitmap;
	enum status status = read_inode_bitmap(layout, group, &bitmap, err);

	for (uint32_t i = 0; i < super->s_inodes_per_group && status == STATUS_OK; i++) {
		uint32_t number = group * super->s_inodes_per_group + i + 1;

		if (ext_layout_is_met(layout, number))
			continue;
		if (has_bit(bitmap, i) || ext_usage_is_fixed(super, number))
			status = ext_layout_add_special(
				layout, number, special_name(super, number), err);
		else
			members_add_structure(
				layout->members, table + i * size, size, "free-inodes");
	}
	if (status == STATUS_OK)
		members_add_structure(layout->members, table + used,
			layout->fs->inode_blocks_per_group * block_size - used, "padding");
	free(bitmap);
	return status;
}

/* ---- bitmaps ---- */

/*
 * `used` bytes of a block are the bitmap, of `bits` bits. One that is not there yet is nothing but
 * zeros, or the bitmap already.
 */
static void add_bitmap(struct ext_layout *layout, uint64_t block, const unsigned char *raw,
	const unsigned char *right, uint64_t bits, const char *const names[2], bool is_unset)
{
	uint64_t size = layout->fs->blocksize, at = block * size, used = bits / 8;
	bool is_right = true, is_filled = true;

	for (uint64_t i = 0; i < bits && is_right; i++)
		is_right = has_bit(raw, i) == has_bit(right, i);
	for (uint64_t i = used; i < size && is_filled; i++)
		is_filled = raw[i] == (is_unset && raw[used] == 0 ? 0 : 0xff);
	if (is_right)
		members_add_derived(layout->members, at, used, names[0]);
	else
		members_add_structure(
			layout->members, at, used, names[!is_unset || !bytes_are_zero(raw, used)]);
	members_add_structure(
		layout->members, at + used, size - used, is_filled ? names[0] : "padding");
}

/* Of a bitmap that is not there yet the block is read here only. */
static enum status add_block_bitmap(const struct group *group, uint64_t block, struct error *err)
{
	static const char *const names[2] = {"block-bitmap", "block-bitmap-invalid"};
	struct ext_layout *layout = group->layout;
	const struct ext_usage *usage = ext_usage_of(layout, EXT_STATE_NOW, group->number);
	unsigned char *right = xcalloc(1, layout->fs->blocksize + 1), *raw = NULL;
	enum status status = read_bitmap(layout, block, true, &raw, err);

	ext_usage_block_bitmap(layout, EXT_STATE_NOW, group->number, right);
	if (status == STATUS_OK)
		add_bitmap(layout, block, raw, right, layout->fs->super->s_clusters_per_group,
			names, group->block_bitmap == NULL && !usage->has_others);
	free(raw);
	free(right);
	return status;
}

static enum status add_inode_bitmap(const struct group *group, uint64_t block, struct error *err)
{
	static const char *const names[2] = {"inode-bitmap", "inode-bitmap-invalid"};
	struct ext_layout *layout = group->layout;
	const struct ext_usage *usage = ext_usage_of(layout, EXT_STATE_NOW, group->number);
	uint32_t inodes = layout->fs->super->s_inodes_per_group;
	unsigned char *right = xcalloc(1, layout->fs->blocksize + 1), *raw = NULL;
	enum status status = read_bitmap(layout, block, true, &raw, err);

	ext_usage_inode_bitmap(layout, EXT_STATE_NOW, group->number, right);
	if (status == STATUS_OK)
		add_bitmap(layout, block, raw, right, inodes, names,
			group->inode_bitmap == NULL && usage->free_inodes == inodes);
	free(raw);
	free(right);
	return status;
}

/* Of the bits that are there, or of those that one that is not there yet stands for. */
static uint32_t bitmap_checksum(
	ext2_filsys fs, const unsigned char *bits, uint64_t count, uint32_t implied)
{
	return bits != NULL && ext2fs_has_feature_metadata_csum(fs->super)
		? ext2fs_crc32c_le(fs->csum_seed, bits, count / 8)
		: implied;
}

/* ---- superblocks ---- */

static enum status add_super(
	struct ext_layout *layout, dgrp_t group, uint64_t block, struct error *err)
{
	unsigned char super[EXT_SUPER_SIZE];
	uint64_t size = layout->fs->blocksize;
	uint64_t at = block == 0 ? EXT_SUPER_OFFSET : block * size;

	if (group == 0) {
		ext_super_add_regions(layout, at);
	} else {
		if (source_pread(layout->source, at, super, sizeof(super), err) < 0)
			return err->status;
		ext_super_add_backup(layout, at, super, group);
	}
	members_add_structure(layout->members, at + EXT_SUPER_SIZE,
		(block + 1) * size - at - EXT_SUPER_SIZE, "padding");
	return STATUS_OK;
}

/* ---- all of it ---- */

/* Blocks of the group that nothing was found in. */
static void add_unused(const struct group *group)
{
	struct ext_layout *layout = group->layout;
	uint64_t size = layout->fs->blocksize;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(layout->fs);

	for (uint64_t i = 0; i < group->blocks; i++) {
		const char *name = "free-space";

		if (ext_layout_is_used(layout, group->first + i))
			continue;
		if (has_bit(group->block_bitmap, i / ratio))
			name = ratio > 1 ? "slack" : "unreferenced-blocks";
		members_add_structure(layout->members, (group->first + i) * size, size, name);
	}
}

static enum status add_areas(const struct group *group, struct error *err)
{
	struct ext_layout *layout = group->layout;
	uint64_t size = layout->fs->blocksize;
	struct area areas[AREAS_MAX];
	size_t count = find_areas(layout->fs, group->number, areas);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const struct area *area = &areas[i];

		switch (area->kind) {
		case AREA_SUPER:
			if (group->number > 0)
				status = add_super(layout, group->number, area->block, err);
			break;
		case AREA_DESCRIPTORS:
			status = ext_descriptor_add_backups(
				layout, area->block, area->count, area->index, err);
			break;
		case AREA_RESERVED:
			members_add_structure(layout->members, area->block * size,
				area->count * size, "reserved-group-descriptors");
			break;
		case AREA_BLOCK_BITMAP:
			status = add_block_bitmap(group, area->block, err);
			break;
		case AREA_INODE_BITMAP:
			status = add_inode_bitmap(group, area->block, err);
			break;
		case AREA_INODE_TABLE:
			break;
		}
	}
	return status;
}

static enum status add_descriptor(const struct group *group, struct error *err)
{
	ext2_filsys fs = group->layout->fs;
	const struct ext_usage *usage = ext_usage_of(group->layout, EXT_STATE_NOW, group->number);
	struct ext_descriptor descriptor = {
		.group = group->number,
		.block_checksum = bitmap_checksum(fs, group->block_bitmap,
			fs->super->s_clusters_per_group, usage->block_checksum),
		.inode_checksum = bitmap_checksum(fs, group->inode_bitmap,
			fs->super->s_inodes_per_group, usage->inode_checksum),
	};

	return ext_descriptor_add(group->layout, &descriptor, err);
}

static enum status add_group(struct ext_layout *layout, dgrp_t number, struct error *err)
{
	ext2_filsys fs = layout->fs;
	struct group group = {.layout = layout, .number = number};
	bool is_there = !(ext2fs_has_group_desc_csum(fs) &&
		ext2fs_bg_flags_test(fs, number, EXT2_BG_BLOCK_UNINIT));
	enum status status;

	group.first = ext2fs_group_first_block2(fs, number);
	group.blocks = ext2fs_group_last_block2(fs, number) - group.first + 1;
	status = read_bitmap(
		layout, ext2fs_block_bitmap_loc(fs, number), is_there, &group.block_bitmap, err);
	if (status == STATUS_OK)
		status = read_inode_bitmap(layout, number, &group.inode_bitmap, err);
	if (status == STATUS_OK)
		status = add_descriptor(&group, err);
	if (status == STATUS_OK)
		status = add_areas(&group, err);
	if (status == STATUS_OK)
		add_unused(&group);
	free(group.block_bitmap);
	free(group.inode_bitmap);
	return status;
}

enum status ext_groups_add(struct ext_layout *layout, struct error *err)
{
	ext2_filsys fs = layout->fs;
	uint64_t end = ext2fs_blocks_count(fs->super) * fs->blocksize;
	enum status status = STATUS_OK;

	for (dgrp_t group = 0; group < fs->group_desc_count && status == STATUS_OK; group++)
		status = add_other_inodes(layout, group, err);
	if (status == STATUS_OK && ext2fs_has_feature_mmp(fs->super) &&
		fs->super->s_mmp_block != 0) {
		status = ext_layout_take_made(layout, fs->super->s_mmp_block, 1, err);
		if (status == STATUS_OK)
			members_add_structure(layout->members,
				fs->super->s_mmp_block * fs->blocksize, fs->blocksize,
				"mount-protection");
	}
	for (dgrp_t group = 0; group < fs->group_desc_count && status == STATUS_OK; group++)
		status = add_group(layout, group, err);
	if (status == STATUS_OK)
		status = add_super(layout, 0, fs->blocksize == EXT_SUPER_OFFSET ? 1 : 0, err);
	if (status < 0)
		return status;
	members_add_structure(layout->members, 0, EXT_SUPER_OFFSET, "filesystem-boot-block");
	members_add_structure(
		layout->members, end, layout->source->size - end, "filesystem-trailing-data");
	return STATUS_OK;
}
