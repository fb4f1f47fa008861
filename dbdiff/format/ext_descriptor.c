/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors of groups: the parts of each, and the backups of all. */
#include "dbdiff/format/ext.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

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
		PART_BLOCK_CHECKSUM, /* of a bitmap */
		PART_INODE_CHECKSUM,
		PART_CHECKSUM
	} part;
} descriptor_parts[] = {
	{0, PART_PLACES},
	{12, PART_COUNTERS},
	{18, PART_PLACES},
	{24, PART_BLOCK_CHECKSUM},
	{26, PART_INODE_CHECKSUM},
	{28, PART_PLACES},
	{30, PART_CHECKSUM},
	{32, PART_PLACES},
	{44, PART_COUNTERS},
	{50, PART_PLACES},
	{56, PART_BLOCK_CHECKSUM},
	{58, PART_INODE_CHECKSUM},
	{60, PART_PLACES},
};

void ext_descriptor_add(struct ext_layout *layout, const struct ext_descriptor *descriptor)
{
	ext2_filsys fs = layout->fs;
	uint32_t in_block = ext_descriptors_in_block(fs), index = descriptor->group / in_block;
	uint64_t size = EXT2_DESC_SIZE(fs->super);
	uint64_t at = ext2fs_descriptor_block_loc2(fs, layout->first, index) * fs->blocksize +
		descriptor->group % in_block * size;
	const bool derived[] = {
		[PART_COUNTERS] = descriptor->counters_are_right,
		[PART_BLOCK_CHECKSUM] = descriptor->block_checksum_holds,
		[PART_INODE_CHECKSUM] = descriptor->inode_checksum_holds,
		[PART_CHECKSUM] = ext2fs_has_group_desc_csum(fs),
	};
	static const char *const names[] = {
		[PART_PLACES] = "group-descriptors",
		[PART_COUNTERS] = "group-counters",
		[PART_BLOCK_CHECKSUM] = "checksum",
		[PART_INODE_CHECKSUM] = "checksum",
		[PART_CHECKSUM] = "checksum",
	};

	for (size_t i = 0; i < ARRAY_SIZE(descriptor_parts); i++) {
		enum part part = descriptor_parts[i].part;
		uint64_t begin = descriptor_parts[i].offset;
		uint64_t end = i + 1 < ARRAY_SIZE(descriptor_parts) ? descriptor_parts[i + 1].offset
								    : size;

		if (begin >= size)
			break;
		if (derived[part])
			members_add_derived(layout->members, at + begin, end - begin, names[part]);
		else
			members_add_structure(layout->members, at + begin, end - begin,
				part == PART_COUNTERS ? names[part] : names[PART_PLACES]);
	}
	if (descriptor->group + 1 == fs->group_desc_count)
		members_add_structure(layout->members, at + size,
			(in_block - descriptor->group % in_block - 1) * size, "padding");
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
			members_add_structure(
				layout->members, here * size, size, "group-descriptors-backup");
	}
	free(data);
	return status;
}
