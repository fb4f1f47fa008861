/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of blocks, so that a file is read in as few pieces as it is stored in: ext2fs_file_read()
 * looks each block up for itself and copies it twice.
 */
#include "dbdiff/format/ext.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/format/filesystem.h"

struct ext_map {
	ext2_filsys fs;
	struct ext_io *io;
	struct source *source;
	ext2_ino_t number;
	struct ext2_inode inode; /* the handle points to it */
	bool is_inline;
	struct buffer data; /* inline */
	ext2_extent_handle_t extents;
	/* The extent met last, with the hole in front of it; empty before the first. */
	struct {
		uint64_t hole; /* where the extent before ends */
		uint64_t block;
		uint64_t count;
		uint64_t physical; /* 0 when unwritten */
	} run;
	bool ended;
	char *scratch; /* for ext2fs_bmap2() */
};

struct map_content {
	struct content content;
	struct ext_map *map;
};

struct ext_map *ext_map_new(ext2_filsys fs, struct ext_io *io, struct source *source,
	ext2_ino_t number, const struct ext2_inode *inode, const struct buffer *data)
{
	struct ext_map *map = xcalloc(1, sizeof(*map));

	map->fs = fs;
	map->io = io;
	map->source = source;
	map->number = number;
	map->inode = *inode;
	map->is_inline = data != NULL;
	if (data)
		buffer_add(&map->data, buffer_text(data), data->len);
	return map;
}

void ext_map_free(struct ext_map *map)
{
	if (!map)
		return;
	if (map->extents)
		ext2fs_extent_free(map->extents);
	buffer_release(&map->data);
	free(map->scratch);
	free(map);
}

static enum status extents_begin(struct ext_map *map, struct error *err)
{
	struct ext3_extent_header *header = (struct ext3_extent_header *)map->inode.i_block;
	errcode_t code;

	if (map->extents)
		ext2fs_extent_free(map->extents);
	map->extents = NULL;
	map->run.hole = map->run.block = map->run.count = map->run.physical = 0;
	map->ended = false;
	if (ext2fs_le16_to_cpu(header->eh_depth) > EXT_DEPTH_MAX)
		return error_set(err, STATUS_FORMAT, "its extent tree is too deep");
	code = ext2fs_extent_open2(map->fs, map->number, &map->inode, &map->extents);
	if (code)
		map->extents = NULL;
	return code ? ext_error_set(map->io, code, err) : STATUS_OK;
}

/* Goes on to the next extent. They must rise, or a tree that leads back to itself has no end. */
static enum status extents_next(struct ext_map *map, struct error *err)
{
	struct ext2fs_extent extent;
	uint64_t behind = map->run.block + map->run.count;
	errcode_t code = ext2fs_extent_get(map->extents, EXT2_EXTENT_NEXT_LEAF, &extent);

	if (code == EXT2_ET_EXTENT_NO_NEXT) {
		map->ended = true;
		map->run.hole = behind;
		return STATUS_OK;
	}
	if (code)
		return ext_error_set(map->io, code, err);
	if (extent.e_len == 0 || extent.e_lblk < behind)
		return error_set(err, STATUS_FORMAT, "its extents overlap");
	if (extent.e_pblk < map->fs->super->s_first_data_block || extent.e_pblk == 0 ||
		extent.e_pblk + extent.e_len > ext2fs_blocks_count(map->fs->super))
		return error_set(err, STATUS_FORMAT, "an extent is outside the file system");
	map->run.hole = behind;
	map->run.block = extent.e_lblk;
	map->run.count = extent.e_len;
	map->run.physical = extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT ? 0 : extent.e_pblk;
	return STATUS_OK;
}

static enum status find_in_extents(struct ext_map *map, uint64_t block, uint64_t want,
	uint64_t *physical, uint64_t *count, struct error *err)
{
	enum status status = STATUS_OK;
	uint64_t until;

	if (!map->extents || block < map->run.hole)
		status = extents_begin(map, err);
	while (status == STATUS_OK && !map->ended && block >= map->run.block + map->run.count)
		status = extents_next(map, err);
	if (status < 0)
		return status;
	*physical = 0;
	if (map->ended) {
		until = UINT64_MAX;
	} else if (block < map->run.block) {
		until = map->run.block;
	} else {
		until = map->run.block + map->run.count;
		if (map->run.physical)
			*physical = map->run.physical + (block - map->run.block);
	}
	*count = until - block < want ? until - block : want;
	return STATUS_OK;
}

static enum status find_in_blocks(struct ext_map *map, uint64_t block, uint64_t want,
	uint64_t *physical, uint64_t *count, struct error *err)
{
	if (!map->scratch)
		map->scratch = xmalloc((size_t)map->fs->blocksize * 2);
	for (*count = 0; *count < want; ++*count) {
		blk64_t at = 0;
		errcode_t code = ext2fs_bmap2(map->fs, map->number, &map->inode, map->scratch, 0,
			block + *count, NULL, &at);

		if (code)
			return ext_error_set(map->io, code, err);
		if (at &&
			(at < map->fs->super->s_first_data_block ||
				at >= ext2fs_blocks_count(map->fs->super)))
			return error_set(err, STATUS_FORMAT, "a block is outside the file system");
		if (*count == 0)
			*physical = at;
		else if (at != (*physical ? *physical + *count : 0))
			break;
	}
	return STATUS_OK;
}

enum status ext_map_find(struct ext_map *map, uint64_t block, uint64_t want, uint64_t *physical,
	uint64_t *count, struct error *err)
{
	if (map->inode.i_flags & EXT4_EXTENTS_FL)
		return find_in_extents(map, block, want, physical, count, err);
	return find_in_blocks(map, block, want, physical, count, err);
}

static enum status read_run(struct ext_map *map, uint64_t offset, unsigned char *data, size_t len,
	size_t *got, struct error *err)
{
	uint64_t size = map->fs->blocksize;
	uint64_t begin = offset % size;
	uint64_t physical = 0, count = 0;
	enum status status = ext_map_find(
		map, offset / size, (begin + len + size - 1) / size, &physical, &count, err);

	if (status < 0)
		return status;
	*got = count * size - begin < len ? (size_t)(count * size - begin) : len;
	if (physical)
		return source_pread(map->source, physical * size + begin, data, *got, err);
	memset(data, 0, *got);
	return STATUS_OK;
}

enum status ext_map_read(
	struct ext_map *map, uint64_t offset, void *data, size_t len, struct error *err)
{
	unsigned char *to = data;
	enum status status = STATUS_OK;

	/* mke2fs -d makes files inline that are all hole; Linux reads zeros behind the data. */
	if (map->is_inline) {
		size_t stored = offset < map->data.len ? map->data.len - (size_t)offset : 0;

		if (stored > len)
			stored = len;
		if (stored)
			memcpy(to, map->data.data + offset, stored);
		memset(to + stored, 0, len - stored);
		return STATUS_OK;
	}
	while (len && status == STATUS_OK) {
		size_t got = 0;

		status = read_run(map, offset, to, len, &got, err);
		offset += got;
		to += got;
		len -= got;
	}
	return status;
}

/* ---- all runs of an inode ---- */

struct each {
	struct ext_map *map;
	enum status (*take)(void *context, const struct ext_run *run, struct error *err);
	void *context;
	struct ext_run run; /* that blocks are gathered into */
	struct error *err;
	enum status status;
};

static enum status each_give(struct each *each)
{
	if (each->run.count > 0 && each->status == STATUS_OK)
		each->status = each->take(each->context, &each->run, each->err);
	each->run.count = 0;
	return each->status;
}

/* One more step through the tree; false at its end. A node is given once it was read and holds. */
static bool each_step(struct each *each, uint64_t *behind)
{
	struct ext_map *map = each->map;
	struct ext2fs_extent extent;
	errcode_t code = ext2fs_extent_get(map->extents, EXT2_EXTENT_NEXT, &extent);

	if (code != 0 && code != EXT2_ET_EXTENT_NO_NEXT)
		each->status = ext_error_set(map->io, code, each->err);
	if (each_give(each) < 0 || code != 0)
		return false;
	if (extent.e_flags & EXT2_EXTENT_FLAGS_SECOND_VISIT)
		return true;
	if (extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) {
		if (extent.e_len == 0 || extent.e_lblk < *behind)
			each->status = error_set(each->err, STATUS_FORMAT, "its extents overlap");
		*behind = extent.e_lblk + extent.e_len;
		each->run = (struct ext_run){extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT
				? EXT_RUN_UNWRITTEN
				: EXT_RUN_DATA,
			extent.e_lblk, extent.e_pblk, extent.e_len};
		return each_give(each) == STATUS_OK;
	}
	each->run = (struct ext_run){EXT_RUN_EXTENTS, extent.e_lblk, extent.e_pblk, 1};
	return true;
}

static int each_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t number, blk64_t parent,
	int offset, void *context)
{
	struct each *each = context;
	struct ext_run *run = &each->run;
	enum ext_run_kind kind = number < 0 ? EXT_RUN_INDIRECT : EXT_RUN_DATA;

	(void)fs;
	(void)parent;
	(void)offset;
	if (run->count > 0 && kind == EXT_RUN_DATA && run->physical + run->count == *block &&
		run->block + run->count == (uint64_t)number) {
		run->count++;
		return 0;
	}
	if (each_give(each) < 0)
		return BLOCK_ABORT;
	*run = (struct ext_run){kind, number < 0 ? 0 : (uint64_t)number, *block, 1};
	return kind == EXT_RUN_INDIRECT && each_give(each) < 0 ? BLOCK_ABORT : 0;
}

enum status ext_map_each(struct ext_map *map,
	enum status (*take)(void *context, const struct ext_run *run, struct error *err),
	void *context, struct error *err)
{
	struct each each = {.map = map, .take = take, .context = context, .err = err};
	uint64_t behind = 0;
	errcode_t code;

	if (map->is_inline || !ext2fs_inode_has_valid_blocks2(map->fs, &map->inode))
		return STATUS_OK;
	if (map->inode.i_flags & EXT4_EXTENTS_FL) {
		each.status = extents_begin(map, err);
		while (each.status == STATUS_OK && each_step(&each, &behind))
			;
		if (each.status == STATUS_OK)
			each.status = extents_begin(map, err);
		return each.status;
	}
	code = ext2fs_block_iterate3(
		map->fs, map->number, BLOCK_FLAG_READ_ONLY, NULL, each_block, &each);
	if (code != 0 && each.status == STATUS_OK)
		each.status = ext_error_set(map->io, code, err);
	return each_give(&each);
}

static enum status content_read_at(struct content *content, uint64_t offset, unsigned char *data,
	size_t len, struct error *err)
{
	struct ext_map *map = ((struct map_content *)content)->map;

	if (ext_map_read(map, offset, data, len, err) < 0)
		return error_context(err, "ext4: inode %" PRIu32, (uint32_t)map->number);
	return STATUS_OK;
}

static void content_free(struct content *content)
{
	ext_map_free(((struct map_content *)content)->map);
	free(content);
}

static const struct content_ops map_content_ops = {
	.read_at = content_read_at,
	.free = content_free,
};

/* In one piece and without a hole, as most files are. */
static void find_place(struct map_content *content, uint64_t size)
{
	struct ext_map *map = content->map;
	uint64_t blocks = size / map->fs->blocksize + (size % map->fs->blocksize != 0);
	uint64_t physical = 0, count = 0;
	struct error err;

	if (map->is_inline || size == 0 || !(map->inode.i_flags & EXT4_EXTENTS_FL) ||
		ext_map_find(map, 0, blocks, &physical, &count, &err) < 0 || physical == 0 ||
		count < blocks)
		return;
	content->content.under = map->source;
	content->content.under_offset = physical * map->fs->blocksize;
}

struct source *ext_content_new(struct ext_map *map, uint64_t size)
{
	struct map_content *content = xcalloc(1, sizeof(*content));

	content_init(&content->content, &map_content_ops, size);
	content->map = map;
	find_place(content, size);
	return &content->content.source;
}
