/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of groups: the parts of each, and the backups of all. */
#include "dbdiff/format/ext.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/bytes.h"

#define KNOWN_FLAGS (EXT2_BG_INODE_UNINIT | EXT2_BG_BLOCK_UNINIT | EXT2_BG_INODE_ZEROED)

uint32_t ext_descriptors_in_block(ext2_filsys fs)
{
	return (uint32_t)(fs->blocksize / EXT2_DESC_SIZE(fs->super));
}

/* Parts of a descriptor (struct ext4_group_desc), in their order. */
static const struct {
	uint16_t offset;
	enum part {
		PART_PLACES,
		PART_COUNTERS,
		PART_FLAGS,
		PART_UNUSED, /* inodes at the end of the table */
		PART_RESERVED,
		PART_BLOCK_CHECKSUM, /* of a bitmap */
		PART_INODE_CHECKSUM,
		PART_CHECKSUM
	} part;
} descriptor_parts[] = {
	{0, PART_PLACES},
	{12, PART_COUNTERS},
	{18, PART_FLAGS},
	{20, PART_RESERVED},
	{24, PART_BLOCK_CHECKSUM},
	{26, PART_INODE_CHECKSUM},
	{28, PART_UNUSED},
	{30, PART_CHECKSUM},
	{32, PART_PLACES},
	{44, PART_COUNTERS},
	{50, PART_UNUSED},
	{52, PART_RESERVED},
	{56, PART_BLOCK_CHECKSUM},
	{58, PART_INODE_CHECKSUM},
	{60, PART_RESERVED},
};

/* ---- one descriptor against what was walked ---- */

enum finding {
	FINDING_RIGHT,	  /* what it must be */
	FINDING_POSSIBLE, /* what it may be: nothing follows from it */
	FINDING_WRONG,
	FINDING_LEFT_OVER, /* where nothing should be */
};

static uint32_t number_at(const unsigned char *raw, uint64_t size, size_t low, size_t high)
{
	uint32_t number = bytes_le16(raw + low);

	return high + 2 <= size ? number | (uint32_t)bytes_le16(raw + high) << 16 : number;
}

static enum finding check_counters(
	const unsigned char *raw, uint64_t size, const struct ext_usage *usage)
{
	return number_at(raw, size, 12, 44) == usage->free_clusters &&
			number_at(raw, size, 14, 46) == usage->free_inodes &&
			number_at(raw, size, 16, 48) == usage->directories
		? FINDING_RIGHT
		: FINDING_WRONG;
}

/* A table that nobody set up holds nothing; who never says so is not wrong either. */
static enum finding check_flags(
	ext2_filsys fs, const unsigned char *raw, const struct ext_usage *usage)
{
	unsigned flags = bytes_le16(raw + 18);
	unsigned wrong = ~(unsigned)KNOWN_FLAGS;

	if (!ext2fs_has_group_desc_csum(fs) || usage->has_others)
		wrong |= EXT2_BG_BLOCK_UNINIT;
	if (!ext2fs_has_group_desc_csum(fs) || usage->free_inodes < fs->super->s_inodes_per_group)
		wrong |= EXT2_BG_INODE_UNINIT;
	return flags & wrong ? FINDING_WRONG : FINDING_POSSIBLE;
}

static enum finding check_unused(
	ext2_filsys fs, const unsigned char *raw, uint64_t size, const struct ext_usage *usage)
{
	uint32_t most = ext2fs_has_group_desc_csum(fs) ? usage->unused_tail : 0;

	return number_at(raw, size, 28, 50) <= most ? FINDING_POSSIBLE : FINDING_WRONG;
}

/* A bitmap that is not there has none, or that of what it means. */
static enum finding check_checksum(ext2_filsys fs, const unsigned char *raw, uint64_t size,
	bool is_of_blocks, uint32_t expected)
{
	unsigned flag = is_of_blocks ? EXT2_BG_BLOCK_UNINIT : EXT2_BG_INODE_UNINIT;
	size_t low = is_of_blocks ? 24 : 26, high = is_of_blocks ? 56 : 58;
	uint32_t stored = number_at(raw, size, low, high);
	bool is_there = ext2fs_has_feature_metadata_csum(fs->super);

	if (high + 2 > size)
		expected &= 0xffff;
	if (is_there && stored == expected)
		return FINDING_RIGHT;
	if (!is_there)
		return stored == 0 ? FINDING_POSSIBLE : FINDING_LEFT_OVER;
	return stored == 0 && bytes_le16(raw + 18) & flag ? FINDING_POSSIBLE : FINDING_WRONG;
}

/* Its own: of these bytes, in the place of that in use. */
static bool own_checksum_holds(ext2_filsys fs, dgrp_t group, const unsigned char *raw)
{
	size_t size = EXT2_DESC_SIZE(fs->super);
	struct ext2_group_desc *used = ext2fs_group_desc(fs, fs->group_desc, group);
	unsigned char *kept = xmalloc(size);
	bool holds;

	memcpy(kept, used, size);
	memcpy(used, raw, size);
	if (ext2fs_cpu_to_le16(1) != 1)
		ext2fs_swap_group_desc2(fs, used);
	holds = ext2fs_group_desc_csum_verify(fs, group) != 0;
	memcpy(used, kept, size);
	free(kept);
	return holds;
}

static enum finding check_reserved(const unsigned char *raw, size_t begin, size_t end)
{
	return bytes_are_zero(raw + begin, end - begin) ? FINDING_POSSIBLE : FINDING_LEFT_OVER;
}

static size_t part_end(size_t i, size_t size)
{
	size_t end = i + 1 < ARRAY_SIZE(descriptor_parts) ? descriptor_parts[i + 1].offset : size;

	return end < size ? end : size;
}

/* `usage` of the state that the descriptor is of; places are judged by what they lead to. */
static enum finding check_part(ext2_filsys fs, dgrp_t group, const unsigned char *raw, size_t i,
	const struct ext_usage *usage)
{
	size_t size = EXT2_DESC_SIZE(fs->super);
	size_t begin = descriptor_parts[i].offset;

	switch (descriptor_parts[i].part) {
	case PART_PLACES:
		break;
	case PART_COUNTERS:
		return check_counters(raw, size, usage);
	case PART_FLAGS:
		return check_flags(fs, raw, usage);
	case PART_UNUSED:
		return check_unused(fs, raw, size, usage);
	case PART_RESERVED:
		return check_reserved(raw, begin, part_end(i, size));
	case PART_BLOCK_CHECKSUM:
		return check_checksum(fs, raw, size, true, usage->block_checksum);
	case PART_INODE_CHECKSUM:
		return check_checksum(fs, raw, size, false, usage->inode_checksum);
	case PART_CHECKSUM:
		if (!ext2fs_has_group_desc_csum(fs))
			return check_reserved(raw, begin, part_end(i, size));
		return own_checksum_holds(fs, group, raw) ? FINDING_RIGHT : FINDING_WRONG;
	}
	return FINDING_POSSIBLE;
}

/* ---- regions ---- */

enum status ext_descriptor_add(
	struct ext_layout *layout, const struct ext_descriptor *descriptor, struct error *err)
{
	static const struct {
		const char *right, *wrong;
	} names[] = {
		[PART_PLACES] = {"group-descriptors", "group-descriptors"},
		[PART_COUNTERS] = {"group-counters", "group-counters-invalid"},
		[PART_FLAGS] = {"group-descriptors", "group-flags-invalid"},
		[PART_UNUSED] = {"group-descriptors", "group-flags-invalid"},
		[PART_RESERVED] = {"group-descriptors", "group-descriptors-rest"},
		[PART_BLOCK_CHECKSUM] = {"checksum", "checksum-invalid"},
		[PART_INODE_CHECKSUM] = {"checksum", "checksum-invalid"},
		[PART_CHECKSUM] = {"checksum", "checksum-invalid"},
	};
	ext2_filsys fs = layout->fs;
	uint32_t in_block = ext_descriptors_in_block(fs), index = descriptor->group / in_block;
	size_t size = EXT2_DESC_SIZE(fs->super);
	uint64_t at = ext2fs_descriptor_block_loc2(fs, layout->first, index) * fs->blocksize +
		descriptor->group % in_block * size;
	struct ext_usage usage = *ext_usage_of(layout, EXT_STATE_NOW, descriptor->group);
	unsigned char *raw = xmalloc(size);
	enum status status = source_pread(layout->source, at, raw, size, err);

	/* They are of the bitmaps that are there, whatever those say. */
	usage.block_checksum = descriptor->block_checksum;
	usage.inode_checksum = descriptor->inode_checksum;
	for (size_t i = 0; i < ARRAY_SIZE(descriptor_parts) && status == STATUS_OK; i++) {
		enum part part = descriptor_parts[i].part;
		uint64_t begin = descriptor_parts[i].offset, len = part_end(i, size) - begin;
		enum finding finding;

		if (begin >= size)
			break;
		finding = check_part(fs, descriptor->group, raw, i, &usage);
		if (finding == FINDING_RIGHT)
			members_add_derived(layout->members, at + begin, len, names[part].right);
		else if (finding == FINDING_WRONG)
			members_add_structure(layout->members, at + begin, len, names[part].wrong);
		else
			members_add_structure(layout->members, at + begin, len,
				finding == FINDING_POSSIBLE ? "group-descriptors"
							    : "group-descriptors-rest");
	}
	free(raw);
	if (status == STATUS_OK && descriptor->group + 1 == fs->group_desc_count)
		members_add_structure(layout->members, at + size,
			(in_block - descriptor->group % in_block - 1) * size, "padding");
	return status;
}

/*
 * The kernel, e2fsck and debugfs leave backups as they were: what is not as in use now must be as
 * mke2fs left it, and nothing else is known to be right.
 */
static void add_older(struct ext_layout *layout, dgrp_t group, const unsigned char *used,
	const unsigned char *raw, uint64_t at)
{
	static const char name[] = "group-descriptors-backup";
	ext2_filsys fs = layout->fs;
	size_t size = EXT2_DESC_SIZE(fs->super);
	const struct ext_usage *usage = ext_usage_of(layout, EXT_STATE_MADE, group);

	for (size_t i = 0; i < ARRAY_SIZE(descriptor_parts); i++) {
		size_t begin = descriptor_parts[i].offset, len;
		enum finding finding = FINDING_WRONG;

		if (begin >= size)
			break;
		len = part_end(i, size) - begin;
		if (memcmp(used + begin, raw + begin, len) == 0)
			finding = FINDING_RIGHT;
		else if (descriptor_parts[i].part != PART_PLACES)
			finding = check_part(fs, group, raw, i, usage);
		if (finding == FINDING_RIGHT)
			members_add_derived(layout->members, at + begin, len, name);
		else
			members_add_structure(layout->members, at + begin, len,
				finding == FINDING_POSSIBLE ? "group-descriptors"
							    : "group-descriptors-unlike");
	}
}

/* One block of a backup, at `at`, that is not as `used`; the first descriptor is of `group`. */
static void add_unlike(struct ext_layout *layout, dgrp_t group, const unsigned char *used,
	const unsigned char *raw, uint64_t at)
{
	ext2_filsys fs = layout->fs;
	uint64_t size = EXT2_DESC_SIZE(fs->super), done = 0;

	for (; done + size <= fs->blocksize && group < fs->group_desc_count; done += size, group++)
		add_older(layout, group, used + done, raw + done, at + done);
	if (memcmp(used + done, raw + done, fs->blocksize - done) == 0)
		members_add_derived(layout->members, at + done, fs->blocksize - done,
			"group-descriptors-backup");
	else
		members_add_structure(layout->members, at + done, fs->blocksize - done,
			"group-descriptors-unlike");
}

enum status ext_descriptor_add_backups(struct ext_layout *layout, uint64_t block, uint64_t count,
	uint32_t index, struct error *err)
{
	ext2_filsys fs = layout->fs;
	size_t size = fs->blocksize;
	unsigned char *data = xmalloc(2 * size);
	enum status status = STATUS_OK;

	for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
		uint64_t used = ext2fs_descriptor_block_loc2(fs, layout->first, index + i);
		uint64_t here = block + i;

		if (here == used)
			continue;
		status = source_pread(layout->source, used * size, data, size, err);
		if (status == STATUS_OK)
			status = source_pread(layout->source, here * size, data + size, size, err);
		if (status == STATUS_OK && memcmp(data, data + size, size) == 0)
			members_add_derived(
				layout->members, here * size, size, "group-descriptors-backup");
		else if (status == STATUS_OK)
			add_unlike(layout, (index + i) * ext_descriptors_in_block(fs), data,
				data + size, here * size);
	}
	free(data);
	return status;
}
