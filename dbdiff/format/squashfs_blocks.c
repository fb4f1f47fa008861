/* SPDX-License-Identifier: Apache-2.0 */
/* Tables in blocks of metadata (doc/format.adoc of squashfs-tools-ng, 3 and 4). */
#include "dbdiff/format/squashfs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/bytes.h"

#define BLOCKS_MAX ((size_t)1 << 20) /* of a table: 8 GiB of it */
#define IS_STORED  0x8000	     /* in a block's header: as it is */

/* ---- where blocks are ---- */

enum status squashfs_blocks_find(struct squashfs_blocks *blocks, struct squashfs_file *file,
	uint64_t begin, uint64_t end, struct error *err)
{
	unsigned char data[SQUASHFS_META_HEADER];

	while (begin < end) {
		if (blocks->count == BLOCKS_MAX)
			return error_set(
				err, STATUS_LIMIT, "more than %zu blocks of a table", BLOCKS_MAX);
		ARRAY_GROW(blocks->offsets, blocks->count, blocks->capacity);
		blocks->offsets[blocks->count++] = begin;
		if (end - begin < sizeof(data))
			break;
		if (source_pread(file->source, begin, data, sizeof(data), err) < 0)
			return err->status;
		begin += sizeof(data) + ((data[0] | data[1] << 8) & SQUASHFS_META_SIZE);
	}
	ARRAY_GROW(blocks->offsets, blocks->count, blocks->capacity);
	blocks->offsets[blocks->count] = begin < end ? end : begin;
	return begin > end ? error_set(err, STATUS_FORMAT, "a table does not end where it does")
			   : STATUS_OK;
}

void squashfs_blocks_release(struct squashfs_blocks *blocks)
{
	free(blocks->offsets);
	*blocks = (struct squashfs_blocks){0};
}

size_t squashfs_blocks_at(const struct squashfs_blocks *blocks, uint64_t offset)
{
	size_t low = 0, high = blocks->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (blocks->offsets[middle] <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? low - 1 : 0;
}

uint64_t squashfs_blocks_position(
	const struct squashfs_blocks *blocks, uint64_t block, uint64_t offset)
{
	size_t at = squashfs_blocks_at(blocks, block);

	if (block == blocks->offsets[blocks->count] && offset == 0)
		return blocks->count * (uint64_t)SQUASHFS_META_BYTES;
	if (blocks->count == 0 || blocks->offsets[at] != block || offset > SQUASHFS_META_BYTES)
		return SQUASHFS_NOWHERE;
	return at * (uint64_t)SQUASHFS_META_BYTES + offset;
}

/* ---- tables that are read whole ---- */

/* One block of it, which has to be full but for the last; *next is where the next has to be. */
static enum status read_block(struct squashfs_file *file, sqfs_compressor_t *compressor,
	uint64_t offset, struct squashfs_table *table, size_t at, uint64_t *next, struct error *err)
{
	unsigned char packed[SQUASHFS_META_BYTES], head[SQUASHFS_META_HEADER];
	unsigned char unpacked[SQUASHFS_META_BYTES];
	size_t want = table->len - at < sizeof(unpacked) ? table->len - at : sizeof(unpacked);
	sqfs_s32 got;
	size_t len;

	if (source_pread(file->source, offset, head, sizeof(head), err) < 0)
		return err->status;
	len = bytes_le16(head) & SQUASHFS_META_SIZE;
	*next = offset + sizeof(head) + len;
	if (len == 0 || len > sizeof(packed))
		return error_set(err, STATUS_FORMAT, "a block of a table of %zu bytes", len);
	if (source_pread(file->source, offset + sizeof(head), packed, len, err) < 0)
		return err->status;
	got = (sqfs_s32)len;
	if (!(bytes_le16(head) & IS_STORED))
		got = compressor->do_block(
			compressor, packed, (sqfs_u32)len, unpacked, sizeof(unpacked));
	if (got <= 0 || (size_t)got < want)
		return error_set(
			err, STATUS_FORMAT, "the table's block at %" PRIu64 " is short", offset);
	table->is_exact = table->is_exact && (size_t)got == want;
	memcpy(table->data + at, bytes_le16(head) & IS_STORED ? packed : unpacked, want);
	return STATUS_OK;
}

enum status squashfs_table_read(struct squashfs_file *file, sqfs_compressor_t *compressor,
	uint64_t list, uint64_t size, struct squashfs_table *table, struct error *err)
{
	unsigned char data[8];
	uint64_t next = 0;
	enum status status = STATUS_OK;

	*table = (struct squashfs_table){.is_exact = true};
	if (size > SQUASHFS_TABLE_MAX)
		return error_set(err, STATUS_LIMIT, "a table of %" PRIu64 " bytes", size);
	table->data = xmalloc(size > 0 ? (size_t)size : 1);
	table->len = (size_t)size;
	for (size_t at = 0, i = 0; at < size && status == STATUS_OK;
		at += SQUASHFS_META_BYTES, i++) {
		uint64_t offset;

		status = source_pread(
			file->source, list + i * sizeof(data), data, sizeof(data), err);
		if (status < 0)
			break;
		offset = bytes_le64(data);
		if (i == 0)
			table->first = offset;
		else
			table->is_exact = table->is_exact && offset == next;
		status = read_block(file, compressor, offset, table, at, &next, err);
	}
	table->behind = next;
	return status;
}

void squashfs_table_release(struct squashfs_table *table)
{
	free(table->data);
	*table = (struct squashfs_table){0};
}
