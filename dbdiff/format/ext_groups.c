/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
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
	bool block_bitmap_is_right; /* as what was walked says */
	bool inode_bitmap_is_right;
	bool counters_are_right;
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

enum status ext_groups_take(struct ext_layout *layout, struct error *err)
{
	ext2_filsys fs = layout->fs;

	for (dgrp_t group = 0; group < fs->group_desc_count; group++) {
		struct area areas[AREAS_MAX];
		size_t count = find_areas(fs, group, areas);

		for (size_t i = 0; i < count; i++) {
			if (ext_layout_take(layout, areas[i].block, areas[i].count, err) < 0)
				return error_context(err, "group %" PRIu32, (uint32_t)group);
		}
	}
	/* Small blocks in clusters: the first is for a boot loader. */
	if (fs->blocksize == EXT_SUPER_OFFSET && layout->first == 0)
		return ext_layout_take(layout, 0, 1, err);
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
	if (number == EXT2_RESIZE_INO)
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
		if (has_bit(bitmap, i))
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

/* Whether any block of a cluster is in use; a bit of the block bitmap stands for one. */
static bool cluster_is_used(const struct group *group, uint64_t cluster)
{
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(group->layout->fs);
	uint64_t at = group->first + cluster * ratio;

	for (uint64_t i = 0; i < ratio && at + i < group->first + group->blocks; i++) {
		if (ext_layout_is_used(group->layout, at + i))
			return true;
	}
	return false;
}

static void check_block_bitmap(struct group *group)
{
	ext2_filsys fs = group->layout->fs;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	uint64_t here = (group->blocks + ratio - 1) / ratio, unused = 0;

	group->block_bitmap_is_right = group->block_bitmap != NULL;
	for (uint64_t i = 0; i < fs->super->s_clusters_per_group; i++) {
		bool is_used = i >= here || cluster_is_used(group, i);

		unused += !is_used;
		if (group->block_bitmap != NULL && has_bit(group->block_bitmap, i) != is_used)
			group->block_bitmap_is_right = false;
	}
	group->counters_are_right = unused == ext2fs_bg_free_blocks_count(fs, group->number);
	group->layout->free_clusters += unused;
}

static void imply_block_bitmap(const struct group *group, unsigned char *bits)
{
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(group->layout->fs);
	uint64_t here = (group->blocks + ratio - 1) / ratio;

	for (uint64_t i = 0; i < group->layout->fs->super->s_clusters_per_group; i++) {
		if (i >= here || cluster_is_used(group, i))
			bits[i / 8] = (unsigned char)(bits[i / 8] | 1u << i % 8);
	}
}

static void check_inode_bitmap(struct group *group)
{
	struct ext_layout *layout = group->layout;
	ext2_filsys fs = layout->fs;
	uint32_t count = fs->super->s_inodes_per_group, unused = 0;

	group->inode_bitmap_is_right = group->inode_bitmap != NULL;
	for (uint32_t i = 0; i < count; i++) {
		bool is_met = ext_layout_is_met(layout, group->number * count + i + 1);

		unused += !is_met;
		if (group->inode_bitmap != NULL && has_bit(group->inode_bitmap, i) != is_met)
			group->inode_bitmap_is_right = false;
	}
	group->counters_are_right = group->counters_are_right &&
		unused == ext2fs_bg_free_inodes_count(fs, group->number) &&
		layout->directories[group->number] == ext2fs_bg_used_dirs_count(fs, group->number);
	layout->free_inodes += unused;
}

/* `used` bytes of a block are the bitmap. */
static void add_bitmap(
	struct ext_layout *layout, uint64_t block, uint64_t used, bool is_right, const char *name)
{
	uint64_t size = layout->fs->blocksize;

	if (is_right)
		members_add_derived(layout->members, block * size, used, name);
	else
		members_add_structure(layout->members, block * size, used, name);
	members_add_structure(layout->members, block * size + used, size - used, "padding");
}

/* A bitmap that is not there yet has the checksum of what was walked, which is what it means. */
static bool checksum_holds(const struct group *group, bool is_of_blocks)
{
	ext2_filsys fs = group->layout->fs;
	size_t size =
		(is_of_blocks ? fs->super->s_clusters_per_group : fs->super->s_inodes_per_group) /
		8;
	const unsigned char *stored = is_of_blocks ? group->block_bitmap : group->inode_bitmap;
	unsigned char *bits;
	bool holds;

	if (!ext2fs_has_feature_metadata_csum(fs->super))
		return false;
	bits = xcalloc(1, size + 1);
	if (stored != NULL)
		memcpy(bits, stored, size);
	else if (is_of_blocks)
		imply_block_bitmap(group, bits);
	holds = is_of_blocks
		? ext2fs_block_bitmap_csum_verify(fs, group->number, (char *)bits, (int)size) != 0
		: ext2fs_inode_bitmap_csum_verify(fs, group->number, (char *)bits, (int)size) != 0;
	free(bits);
	return holds;
}

/* ---- superblocks ---- */

static enum status add_super(
	struct ext_layout *layout, dgrp_t group, uint64_t block, struct error *err)
{
	unsigned char super[EXT_SUPER_SIZE];
	uint64_t size = layout->fs->blocksize;
	uint64_t at = block == 0 ? EXT_SUPER_OFFSET : block * size;
	bool has_checksum = ext2fs_has_feature_metadata_csum(layout->fs->super);

	if (group == 0) {
		bool are_right = layout->is_sound &&
			layout->free_clusters * (uint64_t)EXT2FS_CLUSTER_RATIO(layout->fs) ==
				ext2fs_free_blocks_count(layout->fs->super) &&
			layout->free_inodes == layout->fs->super->s_free_inodes_count;

		ext_super_add_regions(layout->members, at, has_checksum, are_right);
	} else {
		if (source_pread(layout->source, at, super, sizeof(super), err) < 0)
			return err->status;
		if (ext_super_is_backup(layout->fs, layout->super, super, group))
			members_add_derived(
				layout->members, at, sizeof(super), "superblock-backup");
		else
			ext_super_add_regions(layout->members, at, false, false);
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
	const struct ext2_super_block *super = layout->fs->super;
	uint64_t size = layout->fs->blocksize;
	struct area areas[AREAS_MAX];
	size_t count = find_areas(layout->fs, group->number, areas);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const struct area *area = &areas[i];

		switch (area->kind) {
		case AREA_SUPER:
			/* The first counts what is free in all groups. */
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
			add_bitmap(layout, area->block, super->s_clusters_per_group / 8,
				group->block_bitmap_is_right, "block-bitmap");
			break;
		case AREA_INODE_BITMAP:
			add_bitmap(layout, area->block, super->s_inodes_per_group / 8,
				group->inode_bitmap_is_right, "inode-bitmap");
			break;
		case AREA_INODE_TABLE:
			break;
		}
	}
	return status;
}

static void add_descriptor(const struct group *group)
{
	struct ext_descriptor descriptor = {
		.group = group->number,
		.counters_are_right = group->counters_are_right,
		.block_checksum_holds = checksum_holds(group, true),
		.inode_checksum_holds = checksum_holds(group, false),
	};

	ext_descriptor_add(group->layout, &descriptor);
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
	if (status == STATUS_OK) {
		check_block_bitmap(&group);
		check_inode_bitmap(&group);
		layout->is_sound = layout->is_sound && group.counters_are_right;
		add_descriptor(&group);
		status = add_areas(&group, err);
	}
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
		status = ext_layout_take(layout, fs->super->s_mmp_block, 1, err);
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
