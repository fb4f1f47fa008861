/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind the directories: every entry is in use, and they hold nothing else. */
#include "dbdiff/format/squashfs_check.h"

#include <inttypes.h>
#include <sqfs/xattr.h>
#include <stdlib.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"

/* A table of `size` bytes; is_exact, too, says that the list of its blocks is behind them. */
static enum status read_table(struct squashfs_checks *checks, uint64_t list, uint64_t head,
	uint64_t size, struct squashfs_table *table, struct error *err)
{
	enum status status = squashfs_table_read(
		checks->reading.file, checks->reading.compressor, list + head, size, table, err);

	if (size > 0 && table->behind != list)
		table->is_exact = false;
	return status;
}

static enum status check_exports(struct squashfs_checks *checks, struct error *err)
{
	const sqfs_super_t *super = checks->reading.super;
	struct squashfs_table table = {0};
	enum status status = STATUS_OK;

	if (!squashfs_has_exports(super))
		return STATUS_OK;
	status = read_table(checks, super->export_table_start, 0,
		(uint64_t)super->inode_count * SQUASHFS_EXPORT_ENTRY, &table, err);
	for (size_t i = 0; i < table.len / SQUASHFS_EXPORT_ENTRY && status == STATUS_OK; i++) {
		uint64_t reference = bytes_le64(table.data + i * SQUASHFS_EXPORT_ENTRY);
		const struct squashfs_met *met = i < checks->met_capacity ? &checks->met[i] : NULL;

		if (met != NULL && met->to != 0 &&
			met->from ==
				squashfs_regions_position(checks->reading.regions, SQUASHFS_INODE,
					super->inode_table_start + (reference >> 16),
					reference & 0xffff))
			continue;
		squashfs_complain(
			checks, SQUASHFS_EXPORTS, "inode %zu is not where it says", i + 1);
	}
	if (status == STATUS_OK && !table.is_exact)
		squashfs_complain(checks, SQUASHFS_EXPORTS, "it holds more than it should");
	squashfs_table_release(&table);
	return status;
}

static enum status check_ids(struct squashfs_checks *checks, struct error *err)
{
	const sqfs_super_t *super = checks->reading.super;
	struct squashfs_table table = {0};
	enum status status = read_table(checks, super->id_table_start, 0,
		(uint64_t)super->id_count * SQUASHFS_ID_ENTRY, &table, err);

	for (size_t i = 0; i < super->id_count && status == STATUS_OK; i++) {
		if (!checks->used_ids[i])
			squashfs_complain(checks, SQUASHFS_IDS, "nobody has the id %" PRIu32,
				bytes_le32(table.data + i * SQUASHFS_ID_ENTRY));
	}
	if (status == STATUS_OK && !table.is_exact)
		squashfs_complain(checks, SQUASHFS_IDS, "it holds more than it should");
	squashfs_table_release(&table);
	return status;
}

static enum status check_fragments(struct squashfs_checks *checks, struct error *err)
{
	const sqfs_super_t *super = checks->reading.super;
	struct squashfs_table table = {0};
	enum status status;

	if (super->fragment_entry_count == 0)
		return STATUS_OK;
	status = read_table(checks, super->fragment_table_start, 0,
		(uint64_t)super->fragment_entry_count * SQUASHFS_FRAGMENT_ENTRY, &table, err);
	for (size_t i = 0; i < super->fragment_entry_count && status == STATUS_OK; i++) {
		const unsigned char *entry = table.data + i * SQUASHFS_FRAGMENT_ENTRY;

		if (bytes_le32(entry + 12) != 0)
			squashfs_complain(checks, SQUASHFS_FRAGMENTS,
				"fragment block %zu has unused bits set", i);
	}
	if (status == STATUS_OK && !table.is_exact)
		squashfs_complain(checks, SQUASHFS_FRAGMENTS, "it holds more than it should");
	squashfs_table_release(&table);
	return status;
}

/* ---- xattrs ---- */

/* The keys and values of all inodes, while it is looked whose each of their bytes is. */
struct sets {
	struct squashfs_blocks blocks;
	sqfs_meta_reader_t *reader;
	uint64_t room; /* bytes that are not read yet, if none is read twice */
	struct squashfs_extents extents;
	uint64_t *outside; /* references of values that are elsewhere */
	size_t outside_count, outside_capacity;
};

static bool take_bytes(struct sets *sets, void *data, uint32_t len)
{
	if (sets->room < len || sqfs_meta_reader_read(sets->reader, data, len) != 0)
		return false;
	sets->room -= len;
	return true;
}

static bool skip_bytes(struct sets *sets, uint32_t len)
{
	unsigned char data[SQUASHFS_META_BYTES];

	while (len > 0) {
		uint32_t part = len < sizeof(data) ? len : (uint32_t)sizeof(data);

		if (!take_bytes(sets, data, part))
			return false;
		len -= part;
	}
	return true;
}

/* A key and its value: its length, and as many bytes or where they are. */
static bool take_pair(struct sets *sets)
{
	unsigned char head[4], reference[8];
	bool is_outside;

	if (!take_bytes(sets, head, sizeof(head)) || !skip_bytes(sets, bytes_le16(head + 2)))
		return false;
	is_outside = (bytes_le16(head) & SQFS_XATTR_FLAG_OOL) != 0;
	if (!take_bytes(sets, head, sizeof(head)))
		return false;
	if (!is_outside)
		return skip_bytes(sets, bytes_le32(head));
	if (bytes_le32(head) != sizeof(reference) ||
		!take_bytes(sets, reference, sizeof(reference)))
		return false;
	ARRAY_GROW(sets->outside, sets->outside_count, sets->outside_capacity);
	sets->outside[sets->outside_count++] = bytes_le64(reference);
	return true;
}

/* `count` pairs at a reference, or the one value that is there when it is 0. */
static bool take_set(struct sets *sets, uint64_t reference, uint32_t count)
{
	uint64_t block = sets->blocks.offsets[0] + (reference >> 16), offset = reference & 0xffff;
	struct squashfs_extent extent = {
		.from = squashfs_blocks_position(&sets->blocks, block, offset)};
	unsigned char head[4];
	sqfs_u64 behind = 0;
	size_t behind_offset = 0;

	if (sqfs_meta_reader_seek(sets->reader, block, offset) != 0)
		return false;
	if (count == 0 &&
		(!take_bytes(sets, head, sizeof(head)) || !skip_bytes(sets, bytes_le32(head))))
		return false;
	for (; count > 0; count--) {
		if (!take_pair(sets))
			return false;
	}
	sqfs_meta_reader_get_position(sets->reader, &behind, &behind_offset);
	extent.to = squashfs_blocks_position(&sets->blocks, behind, behind_offset);
	ARRAY_GROW(sets->extents.items, sets->extents.count, sets->extents.capacity);
	sets->extents.items[sets->extents.count++] = extent;
	return true;
}

static int number_compare(const void *a, const void *b)
{
	const uint64_t *first = a, *second = b;

	return *first < *second ? -1 : *first > *second;
}

/* mksquashfs keeps a value that several have apart, and gensquashfs with the first of them. */
static bool take_outside(struct sets *sets)
{
	uint64_t room = sets->room;

	if (sets->outside_count > 1)
		qsort(sets->outside, sets->outside_count, sizeof(sets->outside[0]), number_compare);
	sets->room = sets->blocks.count * (uint64_t)SQUASHFS_META_BYTES;
	for (size_t i = 0; i < sets->outside_count; i++) {
		if (i > 0 && sets->outside[i] == sets->outside[i - 1])
			continue;
		if (!take_set(sets, sets->outside[i], 0))
			return false;
	}
	sets->room = room;
	return true;
}

static bool are_covered(const struct sets *sets)
{
	const struct squashfs_extents *extents = &sets->extents;
	uint64_t at = 0;

	if (extents->count > 1)
		qsort(extents->items, extents->count, sizeof(extents->items[0]),
			squashfs_extent_compare);
	for (size_t i = 0; i < extents->count; i++) {
		if (extents->items[i].from > at)
			return false;
		if (extents->items[i].to > at)
			at = extents->items[i].to;
	}
	return at == sets->blocks.count * (uint64_t)SQUASHFS_META_BYTES;
}

static void check_sets(
	struct squashfs_checks *checks, const struct squashfs_table *table, struct sets *sets)
{
	bool is_right = true;

	sets->room = sets->blocks.count * (uint64_t)SQUASHFS_META_BYTES;
	for (size_t i = 0; i < table->len / SQUASHFS_XATTR_ENTRY && is_right; i++) {
		const unsigned char *entry = table->data + i * SQUASHFS_XATTR_ENTRY;

		if (i >= checks->xattr_count || !checks->used_xattrs[i])
			squashfs_complain(
				checks, SQUASHFS_XATTRS, "nobody has the attributes %zu", i);
		is_right = bytes_le32(entry + 8) > 0 &&
			take_set(sets, bytes_le64(entry), bytes_le32(entry + 8));
	}
	if (!is_right || !take_outside(sets) || !are_covered(sets))
		squashfs_complain(checks, SQUASHFS_XATTRS, "it holds bytes of no attribute");
}

static enum status check_xattrs(struct squashfs_checks *checks, struct error *err)
{
	const struct squashfs_reading *reading = &checks->reading;
	uint64_t list = reading->super->xattr_id_table_start;
	unsigned char head[SQUASHFS_XATTR_HEAD];
	struct squashfs_table table = {0};
	struct sets sets = {0};
	enum status status;

	if (reading->super->flags & SQFS_FLAG_NO_XATTRS || list == UINT64_MAX)
		return STATUS_OK;
	status = source_pread(reading->file->source, list, head, sizeof(head), err);
	if (status == STATUS_OK)
		status = read_table(checks, list, sizeof(head),
			(uint64_t)bytes_le32(head + 8) * SQUASHFS_XATTR_ENTRY, &table, err);
	if (status == STATUS_OK)
		status = squashfs_blocks_find(
			&sets.blocks, reading->file, bytes_le64(head), table.first, err);
	if (status < 0)
		goto out;
	sets.reader = sqfs_meta_reader_create(
		&reading->file->base, reading->compressor, bytes_le64(head), table.first);
	if (sets.reader == NULL)
		status = error_set(err, STATUS_LIMIT, "no memory for its xattrs");
	else
		check_sets(checks, &table, &sets);
	if (status == STATUS_OK && (!table.is_exact || bytes_le32(head + 12) != 0))
		squashfs_complain(checks, SQUASHFS_XATTRS, "it holds more than it should");
out:
	if (sets.reader != NULL)
		sqfs_destroy(sets.reader);
	squashfs_blocks_release(&sets.blocks);
	free(sets.extents.items);
	free(sets.outside);
	squashfs_table_release(&table);
	return status;
}

enum status squashfs_checks_take_tables(struct squashfs_checks *checks, struct error *err)
{
	enum status status = check_exports(checks, err);

	if (status == STATUS_OK)
		status = check_ids(checks, err);
	if (status == STATUS_OK)
		status = check_fragments(checks, err);
	if (status == STATUS_OK)
		status = check_xattrs(checks, err);
	return status;
}
