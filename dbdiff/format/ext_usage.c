/* SPDX-License-Identifier: Apache-2.0 */
/* What bitmaps, counters and flags of a group must say, from what was walked. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/format/ext.h"

static bool bit_is_set(const unsigned char *bits, uint64_t at)
{
	return bits[at / 8] & 1u << at % 8;
}

static void bit_set(unsigned char *bits, uint64_t at)
{
	bits[at / 8] = (unsigned char)(bits[at / 8] | 1u << at % 8);
}

/* Besides those that are reserved mke2fs makes lost+found, and files of its own behind it. */
bool ext_usage_is_made(const struct ext2_super_block *super, uint32_t number)
{
	return number <= EXT2_FIRST_INO(super) || number == super->s_orphan_file_inum ||
		number == super->s_prj_quota_inum;
}

/* What the superblock names, or has reserved, is in use whatever the bitmap says. */
bool ext_usage_is_fixed(const struct ext2_super_block *super, uint32_t number)
{
	return number < EXT2_FIRST_INO(super) || number == super->s_journal_inum ||
		number == super->s_orphan_file_inum || number == super->s_prj_quota_inum;
}

static bool block_is_used(const struct ext_layout *layout, enum ext_state state, uint64_t block)
{
	return bit_is_set(
		state == EXT_STATE_MADE ? layout->made : layout->used, block - layout->first);
}

/* A bit stands for a cluster: in use when one of its blocks is; those behind the end are, too. */
void ext_usage_block_bitmap(
	const struct ext_layout *layout, enum ext_state state, dgrp_t group, unsigned char *bits)
{
	ext2_filsys fs = layout->fs;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	uint64_t first = ext2fs_group_first_block2(fs, group);
	uint64_t blocks = ext2fs_group_last_block2(fs, group) - first + 1;

	/* There may be more blocks than bits, in a superblock that does not fit itself. */
	if (blocks > fs->super->s_clusters_per_group * ratio)
		blocks = fs->super->s_clusters_per_group * ratio;
	for (uint64_t at = 0; at < blocks; at++) {
		if (block_is_used(layout, state, first + at))
			bit_set(bits, at / ratio);
	}
	for (uint64_t i = (blocks + ratio - 1) / ratio; i < fs->super->s_clusters_per_group; i++)
		bit_set(bits, i);
}

void ext_usage_inode_bitmap(
	const struct ext_layout *layout, enum ext_state state, dgrp_t group, unsigned char *bits)
{
	const struct ext2_super_block *super = layout->fs->super;

	for (uint32_t i = 0; i < super->s_inodes_per_group; i++) {
		uint32_t number = group * super->s_inodes_per_group + i + 1;

		if (state == EXT_STATE_MADE ? ext_usage_is_made(super, number)
					    : ext_layout_is_met(layout, number) ||
					ext_usage_is_fixed(super, number))
			bit_set(bits, i);
	}
}

static bool has_others(const struct ext_layout *layout, enum ext_state state, dgrp_t group)
{
	uint64_t first = ext2fs_group_first_block2(layout->fs, group);
	uint64_t last = ext2fs_group_last_block2(layout->fs, group), used = 0;

	for (uint64_t block = first; block <= last; block++)
		used += block_is_used(layout, state, block);
	return used > ext_groups_own_blocks(layout->fs, group);
}

static void find(const struct ext_layout *layout, enum ext_state state, dgrp_t group,
	struct ext_usage *usage)
{
	ext2_filsys fs = layout->fs;
	struct ext2_super_block *super = fs->super;
	unsigned char *blocks = xcalloc(1, fs->blocksize + 1);
	unsigned char *inodes = xcalloc(1, fs->blocksize + 1);

	*usage = (struct ext_usage){
		.is_known = true, .has_others = has_others(layout, state, group)};
	ext_usage_block_bitmap(layout, state, group, blocks);
	ext_usage_inode_bitmap(layout, state, group, inodes);
	for (uint32_t i = 0; i < super->s_clusters_per_group; i++)
		usage->free_clusters += !bit_is_set(blocks, i);
	for (uint32_t i = 0; i < super->s_inodes_per_group; i++) {
		bool is_used = bit_is_set(inodes, i);

		usage->free_inodes += !is_used;
		usage->unused_tail = is_used ? 0 : usage->unused_tail + 1;
	}
	/* The root and lost+found. */
	usage->directories = layout->directories[group];
	if (state == EXT_STATE_MADE)
		usage->directories = group == 0 ? 2 : 0;
	if (ext2fs_has_feature_metadata_csum(super)) {
		usage->block_checksum =
			ext2fs_crc32c_le(fs->csum_seed, blocks, super->s_clusters_per_group / 8);
		usage->inode_checksum =
			ext2fs_crc32c_le(fs->csum_seed, inodes, super->s_inodes_per_group / 8);
	}
	free(blocks);
	free(inodes);
}

const struct ext_usage *ext_usage_of(struct ext_layout *layout, enum ext_state state, dgrp_t group)
{
	struct ext_usage **usages = &layout->usages[state];

	if (*usages == NULL)
		*usages = xcalloc((size_t)layout->fs->group_desc_count, sizeof(**usages));
	if (!(*usages)[group].is_known)
		find(layout, state, group, &(*usages)[group]);
	return &(*usages)[group];
}

const struct ext_usage *ext_usage_of_all(struct ext_layout *layout, enum ext_state state)
{
	struct ext_usage *all = &layout->all[state];

	if (all->is_known)
		return all;
	all->is_known = true;
	for (dgrp_t group = 0; group < layout->fs->group_desc_count; group++) {
		const struct ext_usage *usage = ext_usage_of(layout, state, group);

		all->free_clusters += usage->free_clusters;
		all->free_inodes += usage->free_inodes;
	}
	return all;
}
