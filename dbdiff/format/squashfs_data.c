/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of files in a squashfs. Blocks are read here and not by sqfs_data_reader_t, which
 * takes a block that unpacks to less than it should for a whole one, allocates and clears memory
 * for each, and looks for a block by adding up the sizes of all before it.
 */
#include "dbdiff/format/squashfs.h"

#include <inttypes.h>
#include <sqfs/block.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/format/filesystem.h"

#define NO_BLOCK	 UINT32_MAX
#define FRAGMENTS_CACHED 8 /* of at most 1 MiB each; files written together share one or two */

struct squashfs_fragments {
	sqfs_frag_table_t *table; /* owned */
	uint64_t clock;
	unsigned char *packed; /* one block as it is stored */
	struct cached_fragment {
		uint32_t index; /* NO_BLOCK when there is none */
		uint64_t used;
		size_t len;
		unsigned char *data;
	} cached[FRAGMENTS_CACHED];
};

struct file_content {
	struct content content;
	struct squashfs_data data;
	const sqfs_inode_generic_t *inode;
	size_t block_count;
	uint64_t *offsets; /* of each block in the container */
	unsigned char *block;
	uint32_t block_index; /* which one `block` holds, or NO_BLOCK */
};

struct squashfs_fragments *squashfs_fragments_new(sqfs_frag_table_t *table, size_t block_size)
{
	struct squashfs_fragments *fragments = xcalloc(1, sizeof(*fragments));

	fragments->table = table;
	fragments->packed = xmalloc(block_size);
	for (size_t i = 0; i < FRAGMENTS_CACHED; i++)
		fragments->cached[i].index = NO_BLOCK;
	return fragments;
}

void squashfs_fragments_free(struct squashfs_fragments *fragments)
{
	if (!fragments)
		return;
	for (size_t i = 0; i < FRAGMENTS_CACHED; i++)
		free(fragments->cached[i].data);
	free(fragments->packed);
	sqfs_destroy(fragments->table);
	free(fragments);
}

/* Unpacks the block stored at `offset`, of `word` as inodes give its size, into `len` bytes. */
static enum status unpack(const struct squashfs_data *data, uint64_t offset, uint32_t word,
	unsigned char *to, size_t room, size_t *len, struct error *err)
{
	uint32_t size = SQFS_ON_DISK_BLOCK_SIZE(word);
	unsigned char *packed = data->fragments->packed;
	sqfs_s32 got;
	int number;

	if (size > data->super->block_size || (!SQFS_IS_BLOCK_COMPRESSED(word) && size > room))
		return error_set(err, STATUS_FORMAT, "a block is larger than blocks are");
	if (!SQFS_IS_BLOCK_COMPRESSED(word)) {
		number = data->file->base.read_at(&data->file->base, offset, to, size);
		*len = size;
		return number ? squashfs_error_set(data->file, number, err) : STATUS_OK;
	}
	number = data->file->base.read_at(&data->file->base, offset, packed, size);
	if (number)
		return squashfs_error_set(data->file, number, err);
	got = data->compressor->do_block(data->compressor, packed, size, to, (sqfs_u32)room);
	if (got <= 0)
		return error_set(
			err, STATUS_FORMAT, "the block at %" PRIu64 " does not unpack", offset);
	*len = (size_t)got;
	return STATUS_OK;
}

static enum status fragment_block(const struct squashfs_data *data, uint32_t index,
	const struct cached_fragment **found, struct error *err)
{
	struct squashfs_fragments *fragments = data->fragments;
	struct cached_fragment *oldest = &fragments->cached[0];
	sqfs_fragment_t where;
	enum status status;

	for (size_t i = 0; i < FRAGMENTS_CACHED; i++) {
		struct cached_fragment *cached = &fragments->cached[i];

		if (cached->used < oldest->used)
			oldest = cached;
		if (cached->index != index || index == NO_BLOCK)
			continue;
		cached->used = ++fragments->clock;
		*found = cached;
		return STATUS_OK;
	}
	if (sqfs_frag_table_lookup(fragments->table, index, &where))
		return error_set(err, STATUS_FORMAT, "there is no fragment block %" PRIu32, index);
	oldest->index = NO_BLOCK;
	if (!oldest->data)
		oldest->data = xmalloc(data->super->block_size);
	status = unpack(data, where.start_offset, where.size, oldest->data, data->super->block_size,
		&oldest->len, err);
	if (status < 0)
		return status;
	oldest->index = index;
	oldest->used = ++fragments->clock;
	*found = oldest;
	return STATUS_OK;
}

/* Bytes that block `index` of the file has when unpacked. */
static size_t block_len(const struct file_content *file, uint64_t index)
{
	uint64_t size = file->data.super->block_size;
	uint64_t left = file->content.source.size - index * size;

	return (size_t)(left < size ? left : size);
}

static enum status read_block(
	struct file_content *file, size_t index, unsigned char *to, struct error *err)
{
	uint32_t word = file->inode->extra[index];
	size_t want = block_len(file, index);
	size_t len = 0;
	enum status status;

	if (SQFS_IS_SPARSE_BLOCK(word)) {
		memset(to, 0, want);
		return STATUS_OK;
	}
	status = unpack(&file->data, file->offsets[index], word, to, want, &len, err);
	if (status == STATUS_OK && len != want)
		status = error_set(err, STATUS_FORMAT, "block %zu unpacks to %zu bytes and not %zu",
			index, len, want);
	return status;
}

static enum status read_tail(
	struct file_content *file, size_t begin, unsigned char *to, size_t len, struct error *err)
{
	const struct cached_fragment *fragment = NULL;
	sqfs_u32 index = 0, offset = 0;
	enum status status;

	sqfs_inode_get_frag_location(file->inode, &index, &offset);
	status = fragment_block(&file->data, index, &fragment, err);
	if (status < 0)
		return status;
	if (offset > fragment->len || begin + len > fragment->len - offset)
		return error_set(err, STATUS_FORMAT,
			"short read: fragment block %" PRIu32 " has no %zu bytes at %" PRIu32,
			index, begin + len, offset);
	memcpy(to, fragment->data + offset + begin, len);
	return STATUS_OK;
}

/* One block's share of a read: straight into place when all of it is wanted. */
static enum status read_part(struct file_content *file, size_t index, size_t begin,
	unsigned char *to, size_t len, struct error *err)
{
	enum status status;

	if (index >= file->block_count)
		return read_tail(file, begin, to, len, err);
	if (begin == 0 && len == block_len(file, index) && file->block_index != index)
		return read_block(file, index, to, err);
	if (file->block_index != index) {
		if (!file->block)
			file->block = xmalloc(file->data.super->block_size);
		file->block_index = NO_BLOCK;
		status = read_block(file, index, file->block, err);
		if (status < 0)
			return status;
		file->block_index = (uint32_t)index;
	}
	memcpy(to, file->block + begin, len);
	return STATUS_OK;
}

static enum status file_read_at(struct content *content, uint64_t offset, unsigned char *data,
	size_t len, struct error *err)
{
	struct file_content *file = (struct file_content *)content;
	uint64_t block_size = file->data.super->block_size;
	enum status status = STATUS_OK;

	while (len && status == STATUS_OK) {
		uint64_t index = offset / block_size;
		size_t begin = (size_t)(offset % block_size);
		size_t part = block_len(file, index) - begin;

		if (part > len)
			part = len;
		status = read_part(file, (size_t)index, begin, data, part, err);
		offset += part;
		data += part;
		len -= part;
	}
	return status < 0 ? error_context(err, "inode %" PRIu32, file->inode->base.inode_number)
			  : STATUS_OK;
}

static void file_free(struct content *content)
{
	struct file_content *file = (struct file_content *)content;

	free(file->offsets);
	free(file->block);
	free(file);
}

static const struct content_ops file_ops = {
	.read_at = file_read_at,
	.free = file_free,
};

enum status squashfs_content_new(const struct squashfs_data *data,
	const sqfs_inode_generic_t *inode, struct source **content, struct error *err)
{
	size_t count = sqfs_inode_get_file_block_count(inode);
	sqfs_u64 size = 0, offset = 0;
	struct file_content *file;

	if (sqfs_inode_get_file_size(inode, &size) ||
		sqfs_inode_get_file_block_start(inode, &offset))
		return error_set(err, STATUS_USAGE, "only regular files have content");
	/* Two bits of a block number are never needed, so NO_BLOCK stays none. */
	if (count >= NO_BLOCK)
		return error_set(err, STATUS_LIMIT, "a file has %zu blocks", count);
	file = xcalloc(1, sizeof(*file));
	content_init(&file->content, &file_ops, size);
	file->data = *data;
	file->inode = inode;
	file->block_count = count;
	file->block_index = NO_BLOCK;
	file->offsets = count ? xmalloc(count * sizeof(*file->offsets)) : NULL;
	for (size_t i = 0; i < count; i++) {
		file->offsets[i] = offset;
		offset += SQFS_ON_DISK_BLOCK_SIZE(inode->extra[i]);
	}
	*content = &file->content.source;
	return STATUS_OK;
}

enum status squashfs_fragment_len(
	const struct squashfs_data *data, uint32_t index, size_t *len, struct error *err)
{
	const struct cached_fragment *fragment = NULL;
	sqfs_fragment_t where;
	enum status status = STATUS_OK;

	*len = 0;
	if (sqfs_frag_table_lookup(data->fragments->table, index, &where))
		return error_set(err, STATUS_FORMAT, "there is no fragment block %" PRIu32, index);
	if (!SQFS_IS_BLOCK_COMPRESSED(where.size))
		return STATUS_OK;
	status = fragment_block(data, index, &fragment, err);
	if (status == STATUS_OK)
		*len = fragment->len;
	return status;
}

void squashfs_data_add_unused(
	const struct squashfs_data *data, uint32_t index, struct squashfs_regions *regions)
{
	sqfs_fragment_t where;

	if (sqfs_frag_table_lookup(data->fragments->table, index, &where) == 0)
		squashfs_regions_take(regions, SQUASHFS_FRAGMENT_UNUSED, where.start_offset,
			SQFS_ON_DISK_BLOCK_SIZE(where.size), 0, REGION_PACKED);
}

enum status squashfs_data_add_regions(const struct squashfs_data *data,
	const sqfs_inode_generic_t *inode, int64_t owner, struct squashfs_regions *regions,
	struct squashfs_tails *tails, struct error *err)
{
	size_t count = sqfs_inode_get_file_block_count(inode);
	uint64_t block_size = data->super->block_size;
	sqfs_u64 size = 0, offset = 0;
	sqfs_u32 index = 0, begin = 0;
	sqfs_fragment_t where;

	sqfs_inode_get_file_size(inode, &size);
	sqfs_inode_get_file_block_start(inode, &offset);
	for (size_t i = 0; i < count; i++) {
		uint32_t word = inode->extra[i];
		uint64_t len = SQFS_ON_DISK_BLOCK_SIZE(word);

		squashfs_regions_take(regions, SQUASHFS_DATA, offset, len, owner,
			SQFS_IS_BLOCK_COMPRESSED(word) ? REGION_PACKED : i * block_size);
		offset += len;
	}
	if (size <= count * block_size)
		return STATUS_OK;
	sqfs_inode_get_frag_location(inode, &index, &begin);
	if (sqfs_frag_table_lookup(data->fragments->table, index, &where))
		return error_set(err, STATUS_FORMAT, "there is no fragment block %" PRIu32, index);
	if (SQFS_IS_BLOCK_COMPRESSED(where.size) &&
		!squashfs_tails_take(tails, index, begin, (uint32_t)(size - count * block_size)))
		return error_set(err, STATUS_LIMIT, "more than %zu tails", SQUASHFS_BLOCKS_MAX);
	if (SQFS_IS_BLOCK_COMPRESSED(where.size))
		squashfs_regions_take(regions, SQUASHFS_DATA, where.start_offset,
			SQFS_ON_DISK_BLOCK_SIZE(where.size), owner, REGION_PACKED);
	else
		squashfs_regions_take(regions, SQUASHFS_DATA, where.start_offset + begin,
			size - count * block_size, owner, count * block_size);
	return STATUS_OK;
}
