/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files share blocks (duplicates, fragments) and inodes share a metadata block, so regions are
 * gathered as 32 bytes each and given at the end in the order of their bytes, with what lies
 * between them.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/squashfs.h"

#define PLACES_MAX    ((size_t)1 << 20) /* 32 MiB */
#define BLOCKS_MAX    ((size_t)1 << 20) /* of a table: 8 GiB of it */
#define PLACE_LEN_MAX (UINT64_C(1) << 30)
#define META_HEADER   2
#define META_SIZE     0x7fff /* of what a header says; the bit above: stored as it is */

struct place {
	uint64_t offset;
	uint64_t content_offset; /* or REGION_PACKED */
	uint32_t len;
	uint32_t owner;
	enum squashfs_place_kind kind;
};

/* A stretch of the file system, and what those of its bytes are that are no place. */
struct area {
	uint64_t offset;
	const char *name;
};

/* Where each block of a table is, in the container; the last is where it ends. */
struct meta_blocks {
	uint64_t *offsets;
	size_t count, capacity;
};

struct squashfs_regions {
	struct place *places;
	size_t count, capacity;
	struct meta_blocks inodes;
	struct meta_blocks directories;
	struct area areas[8];
	size_t area_count;
	bool is_full;
};

/* ---- the areas ---- */

static int area_compare(const void *a, const void *b)
{
	const struct area *first = a, *second = b;

	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

static void add_area(struct squashfs_regions *regions, uint64_t offset, const char *name)
{
	regions->areas[regions->area_count++] = (struct area){offset, name};
}

/* The first block of a table, which is in front of the list of its blocks at `list`. */
static enum status add_table(struct squashfs_regions *regions, struct squashfs_file *file,
	uint64_t list, const char *name, struct error *err)
{
	unsigned char data[8];
	uint64_t first = 0;

	if (list == UINT64_MAX)
		return STATUS_OK;
	if (source_pread(file->source, list, data, sizeof(data), err) < 0)
		return err->status;
	for (size_t i = sizeof(data); i > 0; i--)
		first = first << 8 | data[i - 1];
	add_area(regions, first < list ? first : list, name);
	return STATUS_OK;
}

/* Where the blocks of a table begin; two bytes in front of each say how long it is. */
static enum status find_blocks(struct meta_blocks *blocks, struct squashfs_file *file,
	uint64_t begin, uint64_t end, struct error *err)
{
	unsigned char data[META_HEADER];

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
		begin += sizeof(data) + ((data[0] | data[1] << 8) & META_SIZE);
	}
	ARRAY_GROW(blocks->offsets, blocks->count, blocks->capacity);
	blocks->offsets[blocks->count] = begin < end ? end : begin;
	return begin > end ? error_set(err, STATUS_FORMAT, "a table does not end where it does")
			   : STATUS_OK;
}

static enum status find_areas(struct squashfs_regions *regions, const sqfs_super_t *super,
	struct squashfs_file *file, struct error *err)
{
	static const char options[] = "filesystem-compressor-options";
	uint64_t data = sizeof(*super), end;
	unsigned char head[META_HEADER];
	enum status status = STATUS_OK;

	if (super->flags & SQFS_FLAG_COMPRESSOR_OPTIONS) {
		status = source_pread(file->source, data, head, sizeof(head), err);
		if (status < 0)
			return status;
		add_area(regions, data, options);
		data += sizeof(head) + ((head[0] | head[1] << 8) & META_SIZE);
	}
	add_area(regions, data, "unreferenced-data");
	add_area(regions, super->inode_table_start, "inode-table");
	add_area(regions, super->directory_table_start, "directory-table");
	if (super->fragment_entry_count > 0)
		status = add_table(
			regions, file, super->fragment_table_start, "fragment-table", err);
	if (status == STATUS_OK && super->flags & SQFS_FLAG_EXPORTABLE)
		status = add_table(regions, file, super->export_table_start, "export-table", err);
	if (status == STATUS_OK)
		status = add_table(regions, file, super->id_table_start, "id-table", err);
	if (status == STATUS_OK && !(super->flags & SQFS_FLAG_NO_XATTRS))
		status = add_table(regions, file, super->xattr_id_table_start, "xattr-table", err);
	qsort(regions->areas, regions->area_count, sizeof(regions->areas[0]), area_compare);
	end = super->bytes_used;
	for (size_t i = regions->area_count; i > 0; i--) {
		if (strcmp(regions->areas[i - 1].name, "directory-table") == 0)
			break;
		end = regions->areas[i - 1].offset;
	}
	if (status == STATUS_OK)
		status = find_blocks(&regions->inodes, file, super->inode_table_start,
			super->directory_table_start, err);
	if (status == STATUS_OK)
		status = find_blocks(
			&regions->directories, file, super->directory_table_start, end, err);
	return status;
}

enum status squashfs_regions_new(const sqfs_super_t *super, struct squashfs_file *file,
	struct squashfs_regions **regions, struct error *err)
{
	*regions = xcalloc(1, sizeof(**regions));
	return find_areas(*regions, super, file, err);
}

void squashfs_regions_free(struct squashfs_regions *regions)
{
	if (regions == NULL)
		return;
	free(regions->places);
	free(regions->inodes.offsets);
	free(regions->directories.offsets);
	free(regions);
}

/* ---- the places ---- */

static bool goes_on(const struct place *last, const struct place *next)
{
	if (last->offset + last->len != next->offset || last->owner != next->owner ||
		last->kind != next->kind || last->kind != SQUASHFS_DATA)
		return false;
	if ((last->content_offset == REGION_PACKED) != (next->content_offset == REGION_PACKED))
		return false;
	return last->content_offset == REGION_PACKED ||
		last->content_offset + last->len == next->content_offset;
}

void squashfs_regions_take(struct squashfs_regions *regions, enum squashfs_place_kind kind,
	uint64_t offset, uint64_t len, int64_t owner, uint64_t content_offset)
{
	struct place place = {offset, content_offset, (uint32_t)len, (uint32_t)owner, kind};
	struct place *last = regions->count > 0 ? &regions->places[regions->count - 1] : &place;

	if (len == 0)
		return;
	if (len > PLACE_LEN_MAX || owner > UINT32_MAX || regions->count >= PLACES_MAX) {
		regions->is_full = true;
		return;
	}
	if (last != &place && goes_on(last, &place) && last->len + len <= PLACE_LEN_MAX) {
		last->len += place.len;
		return;
	}
	ARRAY_GROW(regions->places, regions->count, regions->capacity);
	regions->places[regions->count++] = place;
}

static size_t find_block(const struct meta_blocks *blocks, uint64_t offset)
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

void squashfs_regions_take_table(struct squashfs_regions *regions, enum squashfs_place_kind kind,
	uint64_t from, uint64_t to, int64_t owner)
{
	const struct meta_blocks *blocks =
		kind == SQUASHFS_INODE ? &regions->inodes : &regions->directories;

	if (blocks->count == 0)
		return;
	for (size_t i = find_block(blocks, from), last = find_block(blocks, to); i <= last; i++)
		squashfs_regions_take(regions, kind, blocks->offsets[i],
			blocks->offsets[i + 1] - blocks->offsets[i], owner, REGION_PACKED);
}

/* ---- in their order ---- */

/* Those of the same bytes come together; of those that begin together the longest is first. */
static int place_compare(const void *a, const void *b)
{
	const struct place *first = a, *second = b;

	if (first->offset != second->offset)
		return first->offset < second->offset ? -1 : 1;
	if (first->len != second->len)
		return first->len > second->len ? -1 : 1;
	return first->owner < second->owner ? -1 : first->owner > second->owner;
}

static void add_place(struct members *members, const struct place *place)
{
	static const char *const names[] = {
		[SQUASHFS_DATA] = "data",
		[SQUASHFS_INODE] = "inode-table",
		[SQUASHFS_DIRECTORY] = "directory-table",
	};

	members_add_region(members,
		&(struct region){
			.offset = place->offset,
			.len = place->len,
			.kind = place->kind == SQUASHFS_DATA ? REGION_CONTENT : REGION_METADATA,
			.name = names[place->kind],
			.owner = place->owner,
			.content_offset = place->content_offset,
			.is_shared = true,
		});
}

/* What lies between places, area by area. */
static void add_between(const struct squashfs_regions *regions, struct members *members,
	uint64_t begin, uint64_t end)
{
	for (size_t i = 0; i < regions->area_count && begin < end; i++) {
		uint64_t behind = i + 1 < regions->area_count ? regions->areas[i + 1].offset : end;

		if (behind <= begin)
			continue;
		if (behind > end)
			behind = end;
		members_add_structure(members, begin, behind - begin, regions->areas[i].name);
		begin = behind;
	}
}

/* Parts of the superblock, by the field that stands for them (doc/format.adoc, 4.1). */
static void add_super(struct members *members)
{
	static const struct {
		size_t offset;
		const char *name;
	} parts[] = {
		{0, "superblock"},
		{offsetof(sqfs_super_t, inode_count), "filesystem-inodes"},
		{offsetof(sqfs_super_t, modification_time), "filesystem-created"},
		{offsetof(sqfs_super_t, block_size), "filesystem-block-size"},
		{offsetof(sqfs_super_t, fragment_entry_count), "filesystem-fragments"},
		{offsetof(sqfs_super_t, compression_id), "filesystem-compressor"},
		{offsetof(sqfs_super_t, block_log), "filesystem-block-size"},
		{offsetof(sqfs_super_t, flags), "filesystem-flags"},
		{offsetof(sqfs_super_t, id_count), "filesystem-ids"},
		{offsetof(sqfs_super_t, version_major), "superblock"},
		{offsetof(sqfs_super_t, root_inode_ref), "table-offsets"},
		{offsetof(sqfs_super_t, bytes_used), "filesystem-bytes"},
		{offsetof(sqfs_super_t, id_table_start), "table-offsets"},
		{sizeof(sqfs_super_t), NULL},
	};

	for (size_t i = 0; parts[i].name != NULL; i++)
		members_add_structure(members, parts[i].offset,
			parts[i + 1].offset - parts[i].offset, parts[i].name);
}

enum status squashfs_regions_add(struct squashfs_regions *regions, struct members *members,
	const sqfs_super_t *super, uint64_t size, const char *behind, struct error *err)
{
	uint64_t at = sizeof(*super);
	const struct place *last = NULL;

	if (regions->is_full)
		return error_set(err, STATUS_LIMIT, "more than %zu stretches of data", PLACES_MAX);
	add_super(members);
	if (regions->count > 1)
		qsort(regions->places, regions->count, sizeof(regions->places[0]), place_compare);
	for (size_t i = 0; i < regions->count; i++) {
		struct place place = regions->places[i];

		if (last != NULL && place.offset == last->offset && place.len == last->len) {
			/* One directory's entries may have been met twice in a block. */
			if (place.owner != last->owner)
				add_place(members, &place);
			last = &regions->places[i];
			continue;
		}
		if (place.offset + place.len <= at)
			continue;
		/* A run that shares a part of another: the bytes are the first one's. */
		if (place.offset < at) {
			place.len -= (uint32_t)(at - place.offset);
			if (place.content_offset != REGION_PACKED)
				place.content_offset += at - place.offset;
			place.offset = at;
		} else {
			last = &regions->places[i];
		}
		if (place.offset + place.len > super->bytes_used)
			return error_set(
				err, STATUS_FORMAT, "data behind the end of the file system");
		add_between(regions, members, at, place.offset);
		add_place(members, &place);
		at = place.offset + place.len;
	}
	add_between(regions, members, at, super->bytes_used);
	members_add_structure(members, super->bytes_used, size - super->bytes_used, behind);
	return STATUS_OK;
}
