/* SPDX-License-Identifier: Apache-2.0 */
/* The inode of the blocks that are kept for descriptors of groups to come: all of it follows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/ext.h"

/* Each has an indirect block, which leads to the same place in every backup. */
static uint64_t count_blocks(ext2_filsys fs)
{
	uint64_t backups = 0;

	for (dgrp_t group = 1; group < fs->group_desc_count; group++)
		backups += ext2fs_bg_has_super(fs, group) != 0;
	return 1 + fs->super->s_reserved_gdt_blocks * (1 + backups);
}

bool ext_resize_inode_is_right(ext2_filsys fs, const struct ext_inode *inode)
{
	uint64_t addresses = fs->blocksize / 4;
	uint64_t size = (addresses * addresses + addresses + EXT2_NDIR_BLOCKS) * fs->blocksize;
	uint64_t sectors =
		count_blocks(fs) * (fs->blocksize / 512) * (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	size_t allocated = inode->size < sizeof(*inode->raw) ? sizeof(*inode->raw) : inode->size;
	const struct ext2_inode_large *raw = inode->raw;
	struct ext2_inode_large *right = xcalloc(1, allocated);
	bool is_right;

	right->i_mode = S_IFREG | 0600;
	right->i_links_count = 1;
	right->i_size = (uint32_t)size;
	right->i_size_high = (uint32_t)(size >> 32);
	right->i_blocks = (uint32_t)sectors;
	right->osd2.linux2.l_i_blocks_hi = (uint16_t)(sectors >> 32);
	/* Where it lies, when it was made, and what was verified before. */
	right->i_block[EXT2_DIND_BLOCK] = raw->i_block[EXT2_DIND_BLOCK];
	right->i_atime = raw->i_atime;
	right->i_ctime = raw->i_ctime;
	right->i_mtime = raw->i_mtime;
	right->osd2.linux2.l_i_checksum_lo = raw->osd2.linux2.l_i_checksum_lo;
	if (inode->size > EXT2_GOOD_OLD_INODE_SIZE) {
		right->i_extra_isize = sizeof(*right) - EXT2_GOOD_OLD_INODE_SIZE;
		right->i_checksum_hi = raw->i_checksum_hi;
		right->i_ctime_extra = raw->i_ctime_extra;
		right->i_mtime_extra = raw->i_mtime_extra;
		right->i_atime_extra = raw->i_atime_extra;
		right->i_crtime = raw->i_crtime;
		right->i_crtime_extra = raw->i_crtime_extra;
	}
	is_right = raw->i_block[EXT2_DIND_BLOCK] != 0 && memcmp(raw, right, inode->size) == 0;
	free(right);
	return is_right;
}

enum status ext_resize_check_block(
	struct ext_layout *layout, uint64_t block, bool *is_right, struct error *err)
{
	ext2_filsys fs = layout->fs;
	uint64_t addresses = fs->blocksize / 4;
	uint64_t super = fs->super->s_first_data_block;
	unsigned char *raw = xmalloc(fs->blocksize);
	enum status status =
		source_pread(layout->source, block * fs->blocksize, raw, fs->blocksize, err);

	/* With clusters of small blocks there is one in front of it. */
	if (fs->blocksize == EXT_SUPER_OFFSET && super == 0)
		super = 1;
	*is_right = status == STATUS_OK;
	for (uint64_t i = 0; i < addresses && *is_right; i++) {
		uint64_t index = (i + addresses - fs->desc_blocks % addresses) % addresses;
		uint64_t expected = index < fs->super->s_reserved_gdt_blocks
			? super + 1 + fs->desc_blocks + index
			: 0;

		*is_right = bytes_le32(raw + 4 * i) == expected;
	}
	free(raw);
	return status;
}
