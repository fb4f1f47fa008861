/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ext2fs_dir_iterate2() ends quietly at a record length it cannot read, at a hole, and at any
 * error in a directory kept in its inode, so that entries could go unseen. Here each is an error.
 */
#include "dbdiff/format/ext.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define ENTRY_HEAD  8  /* inode, record length, name length, type */
#define INLINE_HEAD 4  /* the parent's inode, instead of "." and ".." */
#define INLINE_NEAR 60 /* what is in i_block; the rest is in an xattr and a region of its own */

struct ext_directory {
	ext2_filsys fs;
	struct ext_layout *layout;
	int64_t owner;
	struct ext_map *map;
	ext2_ino_t number;
	ext2_ino_t parent;
	bool is_inline;
	bool is_indexed; /* by hashes */
	uint64_t size;
	uint64_t offset; /* of the region behind this one */
	unsigned char *region;
	size_t region_len;
	size_t at;     /* in the region */
	unsigned dots; /* how many of "." and ".." were seen */
};

struct ext_directory *ext_directory_new(struct ext_layout *layout, int64_t owner,
	struct ext_map *map, const struct ext_inode *inode, ext2_ino_t parent)
{
	struct ext_directory *directory = xcalloc(1, sizeof(*directory));

	directory->fs = layout->fs;
	directory->layout = layout;
	directory->owner = owner;
	directory->map = map;
	directory->number = inode->number;
	directory->parent = parent;
	directory->is_inline = ext_inode_is_inline(inode);
	directory->is_indexed = (ext_inode_basic(inode)->i_flags & EXT2_INDEX_FL) != 0;
	directory->size =
		directory->is_inline ? inode->inline_data.len : EXT2_I_SIZE(ext_inode_basic(inode));
	return directory;
}

void ext_directory_free(struct ext_directory *directory)
{
	if (!directory)
		return;
	ext_map_free(directory->map);
	free(directory->region);
	free(directory);
}

static enum status load_block(struct ext_directory *directory, struct error *err)
{
	size_t size = directory->fs->blocksize;
	uint64_t physical = 0, count = 0;
	enum status status;

	if (directory->size % size)
		return error_set(err, STATUS_FORMAT,
			"a directory of %" PRIu64 " bytes, which are not whole blocks",
			directory->size);
	status = ext_map_find(directory->map, directory->offset / size, 1, &physical, &count, err);
	if (status == STATUS_OK && physical == 0)
		return error_set(err, STATUS_FORMAT, "a directory with a hole");
	if (status == STATUS_OK)
		status = ext_map_read(
			directory->map, directory->offset, directory->region, size, err);
	if (status < 0)
		return status;
	if (!ext2fs_dir_block_csum_verify(
		    directory->fs, directory->number, (struct ext2_dir_entry *)directory->region))
		return error_set(
			err, STATUS_FORMAT, "the checksum of a directory's block does not hold");
	ext_layout_add_directory_block(directory->layout, directory->region, physical,
		directory->is_indexed, directory->offset == 0, directory->owner);
	directory->region_len = size;
	directory->offset += size;
	return STATUS_OK;
}

static enum status load_inline(struct ext_directory *directory, struct error *err)
{
	uint64_t begin = directory->offset;
	uint64_t end = begin < INLINE_NEAR ? INLINE_NEAR : directory->size;
	unsigned char head[INLINE_HEAD];
	ext2_ino_t parent;
	enum status status;

	if (directory->size < INLINE_NEAR)
		return error_set(err, STATUS_FORMAT, "short read");
	if (begin == 0) {
		status = ext_map_read(directory->map, 0, head, sizeof(head), err);
		if (status < 0)
			return status;
		parent = (ext2_ino_t)head[0] | (ext2_ino_t)head[1] << 8 |
			(ext2_ino_t)head[2] << 16 | (ext2_ino_t)head[3] << 24;
		if (parent != directory->parent)
			return error_set(err, STATUS_FORMAT, "its \"..\" is not where it is");
		directory->dots = 2;
		begin = INLINE_HEAD;
	}
	status = ext_map_read(directory->map, begin, directory->region, (size_t)(end - begin), err);
	if (status < 0)
		return status;
	directory->region_len = (size_t)(end - begin);
	directory->offset = end;
	return STATUS_OK;
}

static enum status load_region(struct ext_directory *directory, struct error *err)
{
	if (!directory->region)
		directory->region = xmalloc(
			directory->is_inline ? (size_t)directory->size : directory->fs->blocksize);
	directory->at = 0;
	directory->region_len = 0;
	return directory->is_inline ? load_inline(directory, err) : load_block(directory, err);
}

/* The entry at `at`, whose record is inside the region; an unused one has the inode 0. */
static enum status parse_entry(
	struct ext_directory *directory, struct ext_entry *entry, struct error *err)
{
	struct ext2_dir_entry *raw = (struct ext2_dir_entry *)(directory->region + directory->at);
	size_t left = directory->region_len - directory->at;
	unsigned record = 0;
	bool has_types = ext2fs_has_feature_filetype(directory->fs->super);

	if (left < ENTRY_HEAD || ext2fs_get_rec_len(directory->fs, raw, &record) ||
		record < ENTRY_HEAD || record % 4 || record > left)
		return error_set(err, STATUS_FORMAT, "an entry of its directory is damaged");
	entry->inode = ext2fs_le32_to_cpu(raw->inode);
	/* Without types in entries the name's length has 16 bits. */
	entry->len = ext2fs_le16_to_cpu(raw->name_len);
	entry->type = EXT2_FT_UNKNOWN;
	if (has_types) {
		entry->type = (unsigned)entry->len >> 8;
		entry->len &= 0xff;
	}
	entry->name = raw->name;
	directory->at += record;
	if (entry->inode && entry->len > record - ENTRY_HEAD)
		return error_set(err, STATUS_FORMAT, "a name is longer than its entry");
	return STATUS_OK;
}

/* The first two entries must be "." and "..". */
static enum status take_dots(
	struct ext_directory *directory, const struct ext_entry *entry, struct error *err)
{
	size_t want = directory->dots + 1;
	ext2_ino_t inode = directory->dots ? directory->parent : directory->number;

	if (entry->len != want || memcmp(entry->name, "..", want) != 0 || entry->inode != inode)
		return error_set(
			err, STATUS_FORMAT, "its \"%.*s\" is not where it is", (int)want, "..");
	directory->dots++;
	return STATUS_OK;
}

enum status ext_directory_next(
	struct ext_directory *directory, struct ext_entry *entry, struct error *err)
{
	for (;;) {
		enum status status = STATUS_OK;

		if (directory->at == directory->region_len) {
			if (directory->offset == directory->size && directory->dots == 2)
				return STATUS_END;
			if (directory->offset == directory->size)
				return error_set(err, STATUS_FORMAT, "a directory without \"..\"");
			status = load_region(directory, err);
			if (status < 0)
				return status;
			continue;
		}
		status = parse_entry(directory, entry, err);
		if (status < 0)
			return status;
		if (directory->dots < 2) {
			status = take_dots(directory, entry, err);
			if (status < 0)
				return status;
		} else if (entry->inode) {
			return STATUS_OK;
		}
	}
}
