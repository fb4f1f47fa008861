/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks with a GPT (UEFI specification 2.10, chapter 5) or an MBR. Partitions are members p1, p2, …
 * with their bytes as they are.
 */
#include "dbdiff/format/disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/fat.h"
#include "dbdiff/format/formats.h"

#define SECTOR_SIZE_MAX 4096
#define ISO9660_MAGIC	32769 /* "CD001", in the first volume descriptor (ECMA-119, 8.1) */

/* How sure a bid is: less than any file system where a table may be there by chance. */
#define SURE_GPT     64
#define SURE_GPT_END 32
#define SURE_MBR     20
#define SURE_ISO     8 /* what is an ISO 9660 image as well is read as one */

/* ---- pieces and regions ---- */

void disk_add_piece(struct disk *disk, uint64_t offset, uint64_t len, enum region_kind kind,
	const char *name, int64_t owner)
{
	ARRAY_GROW(disk->pieces, disk->piece_count, disk->piece_capacity);
	disk->pieces[disk->piece_count++] = (struct region){
		.offset = offset,
		.len = len,
		.kind = kind,
		.name = name,
		.owner = owner,
		.content_offset = kind == REGION_CONTENT ? 0 : REGION_PACKED,
	};
}

struct disk_partition *disk_add_partition(
	struct disk *disk, uint32_t number, uint64_t first, uint64_t sectors)
{
	uint64_t disk_sectors = disk->source->size / disk->sector;
	struct disk_partition *partition;

	ARRAY_GROW(disk->partitions, disk->partition_count, disk->partition_capacity);
	partition = &disk->partitions[disk->partition_count++];
	*partition = (struct disk_partition){.number = number};
	if (first > disk_sectors) {
		partition->problem = "it begins behind the end of the disk";
		return partition;
	}
	partition->start = first * disk->sector;
	partition->len = sectors > disk_sectors ? disk->source->size - partition->start
						: sectors * disk->sector;
	if (sectors > disk_sectors - first)
		partition->problem = "it ends behind the end of the disk";
	disk_add_piece(disk, partition->start, partition->len, REGION_CONTENT, "data",
		(int64_t)disk->partition_count - 1);
	return partition;
}

/* Tables before partitions, so that one laid over a table does not take its bytes. */
static int piece_compare(const void *a, const void *b)
{
	const struct region *piece_a = a;
	const struct region *piece_b = b;
	bool is_content_a = piece_a->kind == REGION_CONTENT;
	bool is_content_b = piece_b->kind == REGION_CONTENT;

	if (piece_a->offset != piece_b->offset)
		return piece_a->offset < piece_b->offset ? -1 : 1;
	if (is_content_a != is_content_b)
		return is_content_a - is_content_b;
	return (piece_a->owner > piece_b->owner) - (piece_a->owner < piece_b->owner);
}

/* The number of the first partition behind the tables, 0 when there is none. */
static uint32_t first_partition(const struct disk *disk)
{
	for (size_t i = 0; i < disk->piece_count; i++) {
		if (disk->pieces[i].kind == REGION_CONTENT && disk->pieces[i].len > 0)
			return disk->partitions[disk->pieces[i].owner].number;
	}
	return 0;
}

static void emit_gap(struct disk *disk, uint64_t offset, uint64_t end, uint32_t last)
{
	char name[32] = "gap:disk";

	if (last != 0)
		snprintf(name, sizeof(name), "gap:after-p%" PRIu32, last);
	else if (first_partition(disk) != 0)
		snprintf(name, sizeof(name), "gap:before-p%" PRIu32, first_partition(disk));
	members_add_structure(&disk->members, offset, end - offset, name);
}

/*
 * Every byte once: what a piece shares with one before it is the one's before it. Gaps are named
 * by the partition that they follow.
 */
static void emit_regions(struct disk *disk)
{
	uint64_t size = disk->source->size;
	uint64_t gaps_end = disk->end != 0 && disk->end < size ? disk->end : size;
	uint32_t last = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < disk->piece_count && at < size; i++) {
		struct region piece = disk->pieces[i];
		uint64_t left = piece.offset < size ? size - piece.offset : 0;
		uint64_t end = piece.offset + (piece.len < left ? piece.len : left);

		if (left == 0 || piece.len == 0 || end <= at)
			continue;
		if (piece.offset > at) {
			emit_gap(disk, at, piece.offset, last);
			at = piece.offset;
		}
		if (piece.kind == REGION_CONTENT) {
			piece.content_offset = at - piece.offset;
			last = disk->partitions[piece.owner].number;
		}
		piece.offset = at;
		piece.len = end - at;
		members_add_region(&disk->members, &piece);
		at = end;
	}
	if (at < gaps_end) {
		emit_gap(disk, at, gaps_end, last);
		at = gaps_end;
	}
	members_add_structure(&disk->members, at, size - at, "trailing-data");
}

static void find_overlaps(struct disk *disk)
{
	uint64_t end = 0;
	uint32_t number = 0;

	for (size_t i = 0; i < disk->piece_count; i++) {
		const struct region *piece = &disk->pieces[i];
		struct disk_partition *partition;

		if (piece->kind != REGION_CONTENT || piece->len == 0)
			continue;
		partition = &disk->partitions[piece->owner];
		if (piece->offset < end)
			partition->overlaps = number;
		if (piece->offset + piece->len > end) {
			end = piece->offset + piece->len;
			number = partition->number;
		}
	}
}

/* ---- members ---- */

static enum status disk_next(struct members *members, struct member *member, struct error *err)
{
	struct disk *disk = (struct disk *)members;
	const struct disk_partition *partition;
	char name[16];

	if (!disk->is_emitted)
		emit_regions(disk);
	disk->is_emitted = true;
	member_clear(member);
	if (disk->next >= disk->partition_count) {
		if (disk->broken.status < 0)
			*err = disk->broken;
		return disk->broken.status < 0 ? disk->broken.status : STATUS_END;
	}
	partition = &disk->partitions[disk->next++];
	snprintf(name, sizeof(name), "p%" PRIu32, partition->number);
	member_set_name(member, name, strlen(name));
	member->has_content = true;
	member->size = partition->len;
	if (disk->gpt != NULL)
		gpt_describe_partition(disk, partition, member);
	else
		mbr_describe_partition(disk, partition, member);
	if (partition->overlaps != 0)
		member_add_field(member, "partition-overlap", "shares bytes with p%" PRIu32,
			partition->overlaps);
	if (partition->problem != NULL)
		member_add_field(member, "partition-invalid", "%s", partition->problem);
	return STATUS_OK;
}

static enum status disk_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct disk *disk = (struct disk *)members;
	const struct disk_partition *partition;

	if (disk->next == 0)
		return error_set(err, STATUS_USAGE, "disk: no partition was asked for");
	partition = &disk->partitions[disk->next - 1];
	if (partition->problem != NULL)
		return error_set(err, STATUS_FORMAT, "disk: p%" PRIu32 ": %s", partition->number,
			partition->problem);
	*content = source_range_new(disk->source, partition->start, partition->len);
	return STATUS_OK;
}

static void disk_describe(struct members *members, struct member *container)
{
	const struct disk *disk = (const struct disk *)members;

	member_add_field(container, "disk-sector-size", "%" PRIu32, disk->sector);
	mbr_describe(disk, container);
	if (disk->gpt != NULL)
		gpt_describe(disk, container);
}

static void disk_free(struct members *members)
{
	struct disk *disk = (struct disk *)members;

	gpt_free(disk->gpt);
	free(disk->partitions);
	free(disk->pieces);
	free(disk);
}

static const struct members_ops disk_ops = {
	.next = disk_next,
	.open = disk_open_member,
	.describe = disk_describe,
	.free = disk_free,
};

/* ---- opening ---- */

/* Where both sector sizes have a header, or none, the smaller one is meant. */
static enum status detect(struct disk *disk, bool *has_gpt, struct error *err)
{
	unsigned char head[SECTOR_SIZE_MAX + 512] = {0};
	size_t len = disk->source->size < sizeof(head) ? (size_t)disk->source->size : sizeof(head);
	enum status status;

	if (len < sizeof(disk->mbr))
		return error_set(err, STATUS_FORMAT, "short read: no whole sector");
	status = source_pread(disk->source, 0, head, len, err);
	if (status < 0)
		return status;
	memcpy(disk->mbr, head, sizeof(disk->mbr));
	disk->sector = 512;
	*has_gpt = gpt_is_at(head, len, &disk->sector) ||
		(mbr_is_protective(disk->mbr) && gpt_is_at_end(disk->source, &disk->sector));
	return STATUS_OK;
}

static enum status disk_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct disk *disk = xcalloc(1, sizeof(*disk));
	bool has_gpt = false;
	enum status status;

	(void)name;
	disk->members.ops = &disk_ops;
	disk->limits = limits;
	disk->source = source;
	status = detect(disk, &has_gpt, err);
	if (status == STATUS_OK)
		status = has_gpt ? gpt_read(disk, err) : mbr_read(disk, err);
	if (status < 0) {
		disk_free(&disk->members);
		return error_context(err, "disk");
	}
	if (disk->piece_count > 1)
		qsort(disk->pieces, disk->piece_count, sizeof(disk->pieces[0]), piece_compare);
	find_overlaps(disk);
	*members = &disk->members;
	return STATUS_OK;
}

static unsigned disk_bid(const struct candidate *candidate)
{
	const unsigned char *data = candidate->data;
	uint64_t size = candidate->source != NULL ? candidate->source->size : SOURCE_SIZE_UNKNOWN;
	bool is_iso = candidate->len >= ISO9660_MAGIC + 5 &&
		memcmp(data + ISO9660_MAGIC, "CD001", 5) == 0;
	uint32_t sector;

	if (candidate->len < 512)
		return 0;
	/* Sector 1 of a file system may still hold the header of a disk that was there before. */
	if (gpt_is_at(data, candidate->len, &sector))
		return is_iso						? SURE_ISO
			: mbr_is_protective(data)			? SURE_GPT
			: fat_bid_boot_sector(data, candidate->len) > 0 ? 0
									: SURE_GPT_END;
	if (mbr_is_protective(data))
		return candidate->source != NULL && gpt_is_at_end(candidate->source, &sector)
			? is_iso ? SURE_ISO : SURE_GPT_END
			: 0;
	if (!mbr_is_plausible(data, size) || fat_bid_boot_sector(data, candidate->len) > 0)
		return 0;
	return is_iso ? SURE_ISO : SURE_MBR;
}

const struct format format_disk = {
	.name = "disk",
	.bid_bytes = ISO9660_MAGIC + 5,
	.needs_seek = true,
	.bid_more = disk_bid,
	.open = disk_open,
};
