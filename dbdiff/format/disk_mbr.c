/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition table in the first sector (UEFI specification 2.10, 5.2), and the chain of extended
 * boot records, which no specification describes: each holds one partition, counted from itself,
 * and a link to the next, counted from where the extended partition begins.
 */
#include "dbdiff/format/disk.h"

#include <inttypes.h>
#include <string.h>

#include "dbdiff/format/bytes.h"

#define AT_DISK_ID   440
#define AT_RESERVED  444
#define AT_ENTRIES   446
#define AT_SIGNATURE 510
#define ENTRY_SIZE   16
#define ENTRIES	     4

#define TYPE_PROTECTIVE 0xee
#define FIRST_LOGICAL	5
#define LOGICAL_MAX	256 /* more than Linux numbers */

static const char *const entry_names[ENTRIES] = {
	"mbr-partition:1", "mbr-partition:2", "mbr-partition:3", "mbr-partition:4"};

struct entry {
	unsigned flags;
	unsigned type;
	uint32_t first;
	uint32_t sectors;
	const unsigned char *bytes;
};

static struct entry entry_at(const unsigned char *sector, unsigned index)
{
	const unsigned char *bytes = sector + AT_ENTRIES + (size_t)index * ENTRY_SIZE;

	return (struct entry){
		bytes[0], bytes[4], bytes_le32(bytes + 8), bytes_le32(bytes + 12), bytes};
}

static bool has_signature(const unsigned char *sector)
{
	return sector[AT_SIGNATURE] == 0x55 && sector[AT_SIGNATURE + 1] == 0xaa;
}

static bool is_extended(unsigned type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* ---- what is a table and what is not ---- */

bool mbr_is_protective(const unsigned char sector[512])
{
	if (!has_signature(sector))
		return false;
	for (unsigned i = 0; i < ENTRIES; i++) {
		if (entry_at(sector, i).type == TYPE_PROTECTIVE)
			return true;
	}
	return false;
}

static bool entries_overlap(const struct entry *a, const struct entry *b)
{
	return a->first < (uint64_t)b->first + b->sectors &&
		b->first < (uint64_t)a->first + a->sectors;
}

/* A boot sector of these begins like code and ends in 55 AA, and has no table. */
static bool is_boot_sector(const unsigned char sector[512])
{
	return memcmp(sector + 3, "NTFS    ", 8) == 0 || memcmp(sector + 3, "EXFAT   ", 8) == 0 ||
		memcmp(sector, "MZ", 2) == 0;
}

/*
 * At least one partition, none overlapping, all beginning on the disk and one wholly on it. What
 * the sectors are is not known here: 512 bytes asks least of the disk.
 */
bool mbr_is_plausible(const unsigned char sector[512], uint64_t size)
{
	struct entry entries[ENTRIES];
	unsigned used = 0, whole = 0;

	if (!has_signature(sector) || is_boot_sector(sector))
		return false;
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry entry = entry_at(sector, i);

		if (entry.type == 0) {
			if (!bytes_are_zero(entry.bytes, ENTRY_SIZE))
				return false;
			continue;
		}
		if ((entry.flags & 0x7f) != 0 || entry.first == 0 || entry.sectors == 0)
			return false;
		if (size != SOURCE_SIZE_UNKNOWN && entry.first >= size / 512)
			return false;
		for (unsigned j = 0; j < used; j++) {
			if (entries_overlap(&entries[j], &entry))
				return false;
		}
		whole += size == SOURCE_SIZE_UNKNOWN ||
			(uint64_t)entry.first + entry.sectors <= size / 512;
		entries[used++] = entry;
	}
	return whole > 0;
}

/* ---- the size of sectors ---- */

/* A boot sector, an ext or a squashfs superblock is where a partition would begin. */
static bool is_something_at(struct disk *disk, uint64_t offset)
{
	unsigned char head[2048];
	struct error err;

	if (source_pread(disk->source, offset, head, sizeof(head), &err) < 0)
		return false;
	return has_signature(head) || memcmp(head, "hsqs", 4) == 0 ||
		(head[1080] == 0x53 && head[1081] == 0xef);
}

/*
 * Nothing in an MBR says it. It is 512 unless the table fits the disk with 4096 as well, and
 * something begins where a partition would then, and nothing where it would with 512.
 */
static void guess_sector_size(struct disk *disk)
{
	uint64_t sectors = disk->source->size / 4096;
	unsigned small = 0, large = 0;

	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry entry = entry_at(disk->mbr, i);

		if (entry.type == 0)
			continue;
		if ((uint64_t)entry.first + entry.sectors > sectors)
			return;
		small += is_something_at(disk, (uint64_t)entry.first * 512);
		large += is_something_at(disk, (uint64_t)entry.first * 4096);
	}
	if (large > 0 && small == 0)
		disk->sector = 4096;
}

/* ---- reading ---- */

static void add_boot_pieces(struct disk *disk)
{
	disk_add_piece(disk, 0, AT_DISK_ID, REGION_STRUCTURE, "boot-code", REGION_NO_OWNER);
	disk_add_piece(disk, AT_DISK_ID, AT_RESERVED - AT_DISK_ID, REGION_STRUCTURE, "disk-id",
		REGION_NO_OWNER);
	disk_add_piece(disk, AT_RESERVED, AT_ENTRIES - AT_RESERVED, REGION_STRUCTURE,
		"mbr-reserved", REGION_NO_OWNER);
	disk_add_piece(disk, AT_SIGNATURE, disk->sector - AT_SIGNATURE, REGION_STRUCTURE,
		"mbr-signature", REGION_NO_OWNER);
}

/* The 16 bytes at `offset` are the entry of the partition added last. */
static void add_entry_pieces(struct disk *disk, uint64_t offset)
{
	static const struct {
		unsigned at, len;
		const char *name;
	} parts[] = {
		{0, 1, "partition-flags"},
		{1, 3, "partition-chs"},
		{4, 1, "partition-type"},
		{5, 3, "partition-chs"},
		{8, 8, "partition-extent"},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		disk_add_piece(disk, offset + parts[i].at, parts[i].len, REGION_METADATA,
			parts[i].name, (int64_t)disk->partition_count - 1);
}

static void add_partition(struct disk *disk, uint32_t number, uint64_t base,
	const struct entry *entry, uint64_t entry_offset)
{
	struct disk_partition *partition =
		disk_add_partition(disk, number, base + entry->first, entry->sectors);

	memcpy(partition->entry, entry->bytes, ENTRY_SIZE);
	partition->base = base;
	add_entry_pieces(disk, entry_offset);
}

/* The pieces of one extended boot record, and its partition if it has one. */
static void take_record(
	struct disk *disk, uint64_t record, const unsigned char *sector, uint32_t *number)
{
	uint64_t offset = record * disk->sector;
	struct entry entry = entry_at(sector, 0);

	disk_add_piece(disk, offset, AT_ENTRIES, REGION_STRUCTURE, "ebr-code", REGION_NO_OWNER);
	if (entry.type != 0)
		add_partition(disk, (*number)++, record, &entry, offset + AT_ENTRIES);
	else
		disk_add_piece(disk, offset + AT_ENTRIES, ENTRY_SIZE, REGION_STRUCTURE,
			"unused-entries", REGION_NO_OWNER);
	disk_add_piece(disk, offset + AT_ENTRIES + ENTRY_SIZE, ENTRY_SIZE, REGION_STRUCTURE,
		"ebr-link", REGION_NO_OWNER);
	disk_add_piece(disk, offset + AT_ENTRIES + 2 * ENTRY_SIZE, 2 * ENTRY_SIZE, REGION_STRUCTURE,
		"unused-entries", REGION_NO_OWNER);
	disk_add_piece(disk, offset + AT_SIGNATURE, disk->sector - AT_SIGNATURE, REGION_STRUCTURE,
		"mbr-signature", REGION_NO_OWNER);
}

static enum status read_chain(struct disk *disk, uint64_t base, uint32_t *number, struct error *err)
{
	uint64_t seen[LOGICAL_MAX] = {0};
	unsigned char sector[512];
	uint64_t record = base;

	for (size_t count = 0;; count++) {
		struct entry link;
		enum status status;

		if (count == LOGICAL_MAX)
			return error_set(err, STATUS_LIMIT,
				"more than %d partitions in the extended one", LOGICAL_MAX);
		for (size_t i = 0; i < count; i++) {
			if (seen[i] == record)
				return error_set(err, STATUS_FORMAT,
					"the chain of extended boot records leads back to sector "
					"%" PRIu64,
					record);
		}
		seen[count] = record;
		if (record >= disk->source->size / disk->sector)
			return error_set(err, STATUS_FORMAT,
				"an extended boot record is behind the end of the disk, in sector "
				"%" PRIu64,
				record);
		status = source_pread(
			disk->source, record * disk->sector, sector, sizeof(sector), err);
		if (status < 0)
			return status;
		if (!has_signature(sector))
			return error_set(err, STATUS_FORMAT,
				"there is no extended boot record in sector %" PRIu64, record);
		take_record(disk, record, sector, number);
		link = entry_at(sector, 1);
		if (!is_extended(link.type) || link.first == 0)
			return STATUS_OK;
		record = base + link.first;
	}
}

/* Only trouble of the machine is an error; what is wrong with the tables is told later. */
enum status mbr_read(struct disk *disk, struct error *err)
{
	uint32_t number = FIRST_LOGICAL;
	enum status status = STATUS_OK;

	guess_sector_size(disk);
	add_boot_pieces(disk);
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry entry = entry_at(disk->mbr, i);
		uint64_t offset = AT_ENTRIES + i * ENTRY_SIZE;

		if (entry.type == 0)
			disk_add_piece(disk, offset, ENTRY_SIZE, REGION_STRUCTURE, "unused-entries",
				REGION_NO_OWNER);
		else if (is_extended(entry.type))
			disk_add_piece(disk, offset, ENTRY_SIZE, REGION_STRUCTURE, entry_names[i],
				REGION_NO_OWNER);
		else
			add_partition(disk, i + 1, 0, &entry, offset);
	}
	for (unsigned i = 0; i < ENTRIES && status == STATUS_OK; i++) {
		struct entry entry = entry_at(disk->mbr, i);

		if (is_extended(entry.type))
			status = read_chain(disk, entry.first, &number, &disk->broken);
	}
	if (status == STATUS_FORMAT || status == STATUS_LIMIT) {
		error_context(&disk->broken, "disk");
		return STATUS_OK;
	}
	if (status < 0)
		*err = disk->broken;
	return status;
}

/* ---- of a disk with a GPT ---- */

/* The one entry that follows from the size of the disk alone. */
static bool follows_from_size(const struct disk *disk, const struct entry *entry)
{
	uint64_t sectors = disk->source->size / disk->sector - 1;

	return entry->flags == 0 && entry->type == TYPE_PROTECTIVE && entry->first == 1 &&
		entry->sectors == (sectors < UINT32_MAX ? sectors : UINT32_MAX);
}

void mbr_add_protective(struct disk *disk)
{
	add_boot_pieces(disk);
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry entry = entry_at(disk->mbr, i);
		uint64_t offset = AT_ENTRIES + i * ENTRY_SIZE;

		if (!follows_from_size(disk, &entry)) {
			disk_add_piece(disk, offset, ENTRY_SIZE, REGION_STRUCTURE, entry_names[i],
				REGION_NO_OWNER);
			continue;
		}
		disk_add_piece(disk, offset, 1, REGION_DERIVED, "protective-mbr", REGION_NO_OWNER);
		disk_add_piece(disk, offset + 1, 3, REGION_STRUCTURE, "mbr-chs", REGION_NO_OWNER);
		disk_add_piece(
			disk, offset + 4, 1, REGION_DERIVED, "protective-mbr", REGION_NO_OWNER);
		disk_add_piece(disk, offset + 5, 3, REGION_STRUCTURE, "mbr-chs", REGION_NO_OWNER);
		disk_add_piece(
			disk, offset + 8, 8, REGION_DERIVED, "protective-mbr", REGION_NO_OWNER);
	}
}

/* ---- fields ---- */

static void add_chs(struct member *member, const char *name, const unsigned char *entry)
{
	member_add_field(member, name, "%02x%02x%02x %02x%02x%02x", entry[1], entry[2], entry[3],
		entry[5], entry[6], entry[7]);
}

void mbr_describe(const struct disk *disk, struct member *container)
{
	member_add_field(container, "disk-label", "%s", disk->gpt != NULL ? "gpt" : "mbr");
	member_add_field(container, "disk-id", "%08" PRIx32, bytes_le32(disk->mbr + AT_DISK_ID));
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct entry entry = entry_at(disk->mbr, i);

		if (disk->gpt != NULL && follows_from_size(disk, &entry))
			add_chs(container, "mbr-chs", entry.bytes);
		else if (disk->gpt != NULL ? !bytes_are_zero(entry.bytes, ENTRY_SIZE)
					   : is_extended(entry.type))
			member_add_field(container, entry_names[i],
				"type 0x%02x, flags 0x%02x, %" PRIu32 " sectors from %" PRIu32,
				entry.type, entry.flags, entry.sectors, entry.first);
	}
}

void mbr_describe_partition(
	const struct disk *disk, const struct disk_partition *partition, struct member *member)
{
	const unsigned char *entry = partition->entry;

	(void)disk;
	member_add_field(member, "partition-type", "0x%02x", entry[4]);
	member_add_field(member, "partition-flags", "0x%02x", entry[0]);
	member_add_field(member, "partition-extent", "%" PRIu32 " sectors from %" PRIu64,
		bytes_le32(entry + 12), partition->base + bytes_le32(entry + 8));
	add_chs(member, "partition-chs", entry);
}
