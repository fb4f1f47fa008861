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
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/squashfs.h"

#define PLACES_MAX    ((size_t)1 << 20) /* 32 MiB */
#define PLACE_LEN_MAX (UINT64_C(1) << 30)

struct place {
	uint64_t offset;
	uint64_t content_offset; /* or REGION_PACKED */
	uint32_t len;
	uint32_t owner;
	enum squashfs_place_kind kind;
};

/* A stretch of the file system, and what those of its bytes are that are no place. */
struct area {
	uint64_t offset, end;
	const char *name;
};

struct squashfs_regions {
	struct place *places;
	size_t count, capacity;
	struct squashfs_blocks inodes;
	struct squashfs_blocks directories;
	struct area areas[8];
	size_t area_count;
	bool are_invalid[SQUASHFS_CHECKED_COUNT];
	bool is_full;
};

/* What is right only where it was checked has another name where it is not. */
static const struct {
	const char *name, *invalid;
} table_names[SQUASHFS_CHECKED_COUNT] = {
	[SQUASHFS_INODES] = {"inode-table", "inode-table-invalid"},
	[SQUASHFS_DIRECTORIES] = {"directory-table", "directory-table-invalid"},
	[SQUASHFS_FRAGMENTS] = {"fragment-table", "fragment-table-invalid"},
	[SQUASHFS_EXPORTS] = {"export-table", "export-table-invalid"},
	[SQUASHFS_IDS] = {"id-table", "id-table-invalid"},
	[SQUASHFS_XATTRS] = {"xattr-table", "xattr-table-invalid"},
	[SQUASHFS_INODE_COUNT] = {"filesystem-inodes", "filesystem-inodes-invalid"},
	[SQUASHFS_UNUSED] = {"fragment-unused", "fragment-unused"},
};

const char *squashfs_invalid_name(enum squashfs_checked checked)
{
	return table_names[checked].invalid;
}

void squashfs_regions_invalidate(struct squashfs_regions *regions, enum squashfs_checked checked)
{
	regions->are_invalid[checked] = true;
}

static const char *name_of(const struct squashfs_regions *regions, const char *name)
{
	for (size_t i = 0; i < SQUASHFS_CHECKED_COUNT; i++) {
		if (regions->are_invalid[i] && strcmp(name, table_names[i].name) == 0)
			return table_names[i].invalid;
	}
	return name;
}

/* ---- the areas ---- */

static int area_compare(const void *a, const void *b)
{
	const struct area *first = a, *second = b;

	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

static void add_area(
	struct squashfs_regions *regions, uint64_t offset, uint64_t end, const char *name)
{
	regions->areas[regions->area_count++] = (struct area){offset, end, name};
}

/*
 * From the first block of a table up to the end of the list of its blocks, which is behind them;
 * `head` bytes are in front of the list, and all is `size` bytes when it is unpacked.
 */
static enum status add_table(struct squashfs_regions *regions, struct squashfs_file *file,
	uint64_t list, uint64_t head, uint64_t size, enum squashfs_checked checked,
	struct error *err)
{
	unsigned char data[8];
	uint64_t first;

	if (source_pread(file->source, list, data, sizeof(data), err) < 0)
		return err->status;
	first = bytes_le64(data);
	add_area(regions, first < list ? first : list,
		list + head + (size + SQUASHFS_META_BYTES - 1) / SQUASHFS_META_BYTES * sizeof(data),
		table_names[checked].name);
	return STATUS_OK;
}

static enum status add_xattr_table(struct squashfs_regions *regions, const sqfs_super_t *super,
	struct squashfs_file *file, struct error *err)
{
	unsigned char head[SQUASHFS_XATTR_HEAD];
	uint64_t list = super->xattr_id_table_start;

	if (list == UINT64_MAX)
		return STATUS_OK;
	if (source_pread(file->source, list, head, sizeof(head), err) < 0)
		return err->status;
	return add_table(regions, file, list, sizeof(head),
		(uint64_t)bytes_le32(head + 8) * SQUASHFS_XATTR_ENTRY, SQUASHFS_XATTRS, err);
}

static enum status add_tables(struct squashfs_regions *regions, const sqfs_super_t *super,
	struct squashfs_file *file, struct error *err)
{
	enum status status = STATUS_OK;

	if (super->fragment_entry_count > 0 && super->fragment_table_start != UINT64_MAX)
		status = add_table(regions, file, super->fragment_table_start, 0,
			(uint64_t)super->fragment_entry_count * SQUASHFS_FRAGMENT_ENTRY,
			SQUASHFS_FRAGMENTS, err);
	if (status == STATUS_OK && squashfs_has_exports(super))
		status = add_table(regions, file, super->export_table_start, 0,
			(uint64_t)super->inode_count * SQUASHFS_EXPORT_ENTRY, SQUASHFS_EXPORTS,
			err);
	if (status == STATUS_OK)
		status = add_table(regions, file, super->id_table_start, 0,
			(uint64_t)super->id_count * SQUASHFS_ID_ENTRY, SQUASHFS_IDS, err);
	if (status == STATUS_OK && !(super->flags & SQFS_FLAG_NO_XATTRS))
		status = add_xattr_table(regions, super, file, err);
	return status;
}

static enum status find_areas(struct squashfs_regions *regions, const sqfs_super_t *super,
	struct squashfs_file *file, struct error *err)
{
	static const char options[] = "filesystem-compressor-options";
	uint64_t data = sizeof(*super), end = super->bytes_used;
	unsigned char head[SQUASHFS_META_HEADER];
	enum status status;

	if (super->flags & SQFS_FLAG_COMPRESSOR_OPTIONS) {
		status = source_pread(file->source, data, head, sizeof(head), err);
		if (status < 0)
			return status;
		add_area(regions, data,
			data + sizeof(head) + ((head[0] | head[1] << 8) & SQUASHFS_META_SIZE),
			options);
	}
	status = add_tables(regions, super, file, err);
	for (size_t i = 0; i < regions->area_count; i++) {
		uint64_t offset = regions->areas[i].offset;

		if (offset >= super->directory_table_start && offset < end)
			end = offset;
	}
	add_area(regions, super->inode_table_start, super->directory_table_start,
		table_names[SQUASHFS_INODES].name);
	add_area(
		regions, super->directory_table_start, end, table_names[SQUASHFS_DIRECTORIES].name);
	qsort(regions->areas, regions->area_count, sizeof(regions->areas[0]), area_compare);
	if (status == STATUS_OK)
		status = squashfs_blocks_find(&regions->inodes, file, super->inode_table_start,
			super->directory_table_start, err);
	if (status == STATUS_OK)
		status = squashfs_blocks_find(
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
	squashfs_blocks_release(&regions->inodes);
	squashfs_blocks_release(&regions->directories);
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

static const struct squashfs_blocks *blocks_of(
	const struct squashfs_regions *regions, enum squashfs_place_kind kind)
{
	return kind == SQUASHFS_INODE || kind == SQUASHFS_INODE_INVALID ? &regions->inodes
									: &regions->directories;
}

static void take_blocks(struct squashfs_regions *regions, enum squashfs_place_kind kind,
	size_t first, size_t last, int64_t owner)
{
	const struct squashfs_blocks *blocks = blocks_of(regions, kind);

	for (size_t i = first; i <= last && i < blocks->count; i++)
		squashfs_regions_take(regions, kind, blocks->offsets[i],
			blocks->offsets[i + 1] - blocks->offsets[i], owner, REGION_PACKED);
}

void squashfs_regions_take_table(struct squashfs_regions *regions, enum squashfs_place_kind kind,
	uint64_t from, uint64_t to, int64_t owner)
{
	const struct squashfs_blocks *blocks = blocks_of(regions, kind);

	take_blocks(regions, kind, squashfs_blocks_at(blocks, from), squashfs_blocks_at(blocks, to),
		owner);
}

uint64_t squashfs_regions_position(const struct squashfs_regions *regions,
	enum squashfs_place_kind kind, uint64_t block, uint64_t offset)
{
	return squashfs_blocks_position(blocks_of(regions, kind), block, offset);
}

uint64_t squashfs_regions_end(const struct squashfs_regions *regions, enum squashfs_place_kind kind)
{
	return blocks_of(regions, kind)->count * (uint64_t)SQUASHFS_META_BYTES;
}

void squashfs_regions_take_invalid(
	struct squashfs_regions *regions, enum squashfs_place_kind kind, uint64_t from, uint64_t to)
{
	uint64_t end = squashfs_regions_end(regions, kind);

	if (from >= end)
		from = end > 0 ? end - 1 : 0;
	if (to > end || to <= from)
		to = to > end ? end : from + 1;
	take_blocks(regions, kind, (size_t)(from / SQUASHFS_META_BYTES),
		(size_t)((to - 1) / SQUASHFS_META_BYTES), 0);
}

/* ---- in their order ---- */

static bool is_invalid(const struct place *place)
{
	return place->kind >= SQUASHFS_INODE_INVALID;
}

/*
 * Those of the same bytes come together; of those that begin together the invalid one is first,
 * and then the longest.
 */
static int place_compare(const void *a, const void *b)
{
	const struct place *first = a, *second = b;

	if (first->offset != second->offset)
		return first->offset < second->offset ? -1 : 1;
	if (is_invalid(first) != is_invalid(second))
		return is_invalid(first) ? -1 : 1;
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
		[SQUASHFS_INODE_INVALID] = "inode-table-invalid",
		[SQUASHFS_DIRECTORY_INVALID] = "directory-table-invalid",
		[SQUASHFS_FRAGMENT_UNUSED] = "fragment-unused",
	};

	if (is_invalid(place)) {
		members_add_structure(members, place->offset, place->len, names[place->kind]);
		return;
	}
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

/* What lies between places, area by area; what is in none of them is nobody's. */
static void add_between(const struct squashfs_regions *regions, struct members *members,
	uint64_t begin, uint64_t end)
{
	for (size_t i = 0; i < regions->area_count && begin < end; i++) {
		const struct area *area = &regions->areas[i];
		uint64_t from = area->offset < end ? area->offset : end;
		uint64_t to = area->end < end ? area->end : end;

		if (from > begin) {
			members_add_structure(members, begin, from - begin, "unreferenced-data");
			begin = from;
		}
		if (to > begin) {
			members_add_structure(
				members, begin, to - begin, name_of(regions, area->name));
			begin = to;
		}
	}
	if (end > begin)
		members_add_structure(members, begin, end - begin, "unreferenced-data");
}

/* Parts of the superblock, by the field that stands for them (doc/format.adoc, 4.1). */
static void add_super(const struct squashfs_regions *regions, struct members *members)
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
			parts[i + 1].offset - parts[i].offset, name_of(regions, parts[i].name));
}

enum status squashfs_regions_add(struct squashfs_regions *regions, struct members *members,
	const sqfs_super_t *super, uint64_t size, const char *behind, struct error *err)
{
	uint64_t at = sizeof(*super);
	const struct place *last = NULL;

	if (regions->is_full)
		return error_set(err, STATUS_LIMIT, "more than %zu stretches of data", PLACES_MAX);
	add_super(regions, members);
	if (regions->count > 1)
		qsort(regions->places, regions->count, sizeof(regions->places[0]), place_compare);
	for (size_t i = 0; i < regions->count; i++) {
		struct place place = regions->places[i];

		if (last != NULL && place.offset == last->offset && place.len == last->len) {
			/* What is wrong is nobody's, and one may have been met twice in a block. */
			if (is_invalid(last))
				continue;
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
