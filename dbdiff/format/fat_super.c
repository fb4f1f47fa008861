/* SPDX-License-Identifier: Apache-2.0 */
/* The boot sector, the reserved sectors and the tables, as bytes of the container. */
#include "dbdiff/format/fat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"

#define SURE 40

#define AT_OEM	       3
#define AT_GEOMETRY    11
#define AT_HIDDEN      28
#define AT_TOTAL       32
#define AT_EXTENDED    36 /* FAT32 has 28 more bytes of geometry in front of what follows */
#define AT_RESERVED_32 52
#define AT_EXTENDED_32 64
#define EXTENDED_ID    3 /* in the extended part; with the signature 0x28 or 0x29 at 2 */
#define EXTENDED_LABEL 7
#define EXTENDED_TYPE  18
#define EXTENDED_CODE  26
#define LABEL_SIZE     11

#define FSINFO_FREE 488
#define FSINFO_NEXT 492
#define FSINFO_END  496
#define UNKNOWN	    UINT32_MAX

/* As Linux has them: MAX_FAT12, MAX_FAT16, MAX_FAT32. */
#define CLUSTERS_12 4084
#define CLUSTERS_16 65524
#define CLUSTERS_32 0x0ffffff6

/* ---- geometry ---- */

static bool is_power_of_two(uint32_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

static uint64_t fat_sectors(const unsigned char *boot)
{
	return bytes_le16(boot + 22) != 0 ? bytes_le16(boot + 22) : bytes_le32(boot + AT_EXTENDED);
}

static uint64_t total_sectors(const unsigned char *boot)
{
	return bytes_le16(boot + 19) != 0 ? bytes_le16(boot + 19) : bytes_le32(boot + AT_TOTAL);
}

/* Of all that is in front of the first cluster. */
static uint64_t system_sectors(const unsigned char *boot)
{
	uint32_t sector = bytes_le16(boot + 11);
	uint64_t root = ((uint64_t)bytes_le16(boot + 17) * FAT_ENTRY_SIZE + sector - 1) / sector;

	return bytes_le16(boot + 14) + boot[16] * fat_sectors(boot) + root;
}

static bool numbers_make_sense(const unsigned char *boot)
{
	uint32_t sector = bytes_le16(boot + 11);

	if (!is_power_of_two(sector) || sector < 512 || sector > 4096 ||
		!is_power_of_two(boot[13]) || bytes_le16(boot + 14) == 0 || boot[16] == 0 ||
		boot[16] > 4 || (boot[21] < 0xf8 && boot[21] != 0xf0) || fat_sectors(boot) == 0)
		return false;
	/* The root directory of FAT12 and FAT16 has a place of its own. */
	if ((bytes_le16(boot + 22) == 0) != (bytes_le16(boot + 17) == 0))
		return false;
	return system_sectors(boot) < total_sectors(boot);
}

unsigned fat_bid_boot_sector(const unsigned char *data, size_t len)
{
	if (len < FAT_BOOT_SIZE || data[510] != 0x55 || data[511] != 0xaa ||
		!((data[0] == 0xeb && data[2] == 0x90) || data[0] == 0xe9))
		return 0;
	return numbers_make_sense(data) ? SURE : 0;
}

static void read_32(const unsigned char *boot, struct fat_geometry *geometry)
{
	unsigned flags = bytes_le16(boot + 40);
	uint32_t fsinfo = bytes_le16(boot + 48);
	uint32_t backup = bytes_le16(boot + 50);
	uint32_t reserved = bytes_le16(boot + 14);

	geometry->root_cluster = bytes_le32(boot + 44);
	if ((flags & 0x80) != 0)
		geometry->active_fat = flags & 15;
	if (fsinfo != 0 && fsinfo < reserved)
		geometry->fsinfo = (uint64_t)fsinfo * geometry->sector;
	if (backup != 0 && backup < reserved && backup != fsinfo)
		geometry->backup = (uint64_t)backup * geometry->sector;
}

enum status fat_geometry_read(const unsigned char boot[FAT_BOOT_SIZE], uint64_t size,
	struct fat_geometry *geometry, struct error *err)
{
	uint64_t clusters, entries, most;

	*geometry = (struct fat_geometry){0};
	if (!numbers_make_sense(boot))
		return error_set(err, STATUS_FORMAT, "its boot sector makes no sense");
	geometry->sector = bytes_le16(boot + 11);
	geometry->cluster = geometry->sector * boot[13];
	geometry->total = total_sectors(boot) * geometry->sector;
	geometry->fat = (uint64_t)bytes_le16(boot + 14) * geometry->sector;
	geometry->fat_len = fat_sectors(boot) * geometry->sector;
	geometry->fat_count = boot[16];
	geometry->root = geometry->fat + geometry->fat_count * geometry->fat_len;
	geometry->root_len = (uint64_t)bytes_le16(boot + 17) * FAT_ENTRY_SIZE;
	geometry->data = system_sectors(boot) * geometry->sector;
	if (geometry->total > size)
		return error_set(err, STATUS_FORMAT,
			"short read: it has %" PRIu64 " bytes and says %" PRIu64, size,
			geometry->total);
	clusters = (geometry->total - geometry->data) / geometry->cluster;
	geometry->bits = bytes_le16(boot + 22) == 0 ? 32 : clusters > CLUSTERS_12 ? 16 : 12;
	most = geometry->bits == 32 ? CLUSTERS_32 : CLUSTERS_16;
	entries = geometry->fat_len * 8 / geometry->bits;
	if (clusters == 0 || clusters > most || entries <= 2)
		return error_set(err, STATUS_FORMAT, "%" PRIu64 " clusters", clusters);
	geometry->clusters = (uint32_t)(clusters < entries - 2 ? clusters : entries - 2);
	if (geometry->bits == 32)
		read_32(boot, geometry);
	if (geometry->active_fat >= geometry->fat_count)
		return error_set(err, STATUS_FORMAT, "its allocation table is not there");
	return STATUS_OK;
}

/* ---- the reserved sectors ---- */

static unsigned extended_at(const struct fat *fat)
{
	return fat->geometry.bits == 32 ? AT_EXTENDED_32 : AT_EXTENDED;
}

static void emit_boot_sector(struct fat *fat)
{
	struct members *members = &fat->members;
	unsigned extended = extended_at(fat);

	members_add_structure(members, 0, AT_OEM, "boot-code");
	members_add_structure(members, AT_OEM, AT_GEOMETRY - AT_OEM, "oem-name");
	members_add_structure(members, AT_GEOMETRY, AT_HIDDEN - AT_GEOMETRY, "fat-geometry");
	members_add_structure(members, AT_HIDDEN, AT_TOTAL - AT_HIDDEN, "hidden-sectors");
	members_add_structure(members, AT_TOTAL, AT_EXTENDED - AT_TOTAL, "fat-geometry");
	if (extended == AT_EXTENDED_32) {
		members_add_structure(
			members, AT_EXTENDED, AT_RESERVED_32 - AT_EXTENDED, "fat-geometry");
		members_add_structure(
			members, AT_RESERVED_32, AT_EXTENDED_32 - AT_RESERVED_32, "boot-reserved");
	}
	members_add_structure(members, extended, EXTENDED_ID, "boot-flags");
	members_add_structure(
		members, extended + EXTENDED_ID, EXTENDED_LABEL - EXTENDED_ID, "volume-id");
	members_add_structure(members, extended + EXTENDED_LABEL, LABEL_SIZE, "boot-label");
	members_add_structure(
		members, extended + EXTENDED_TYPE, EXTENDED_CODE - EXTENDED_TYPE, "fat-type-text");
	members_add_structure(members, extended + EXTENDED_CODE,
		fat->geometry.sector - extended - EXTENDED_CODE, "boot-code");
}

static bool is_fsinfo(const unsigned char *sector)
{
	return memcmp(sector, "RRaA", 4) == 0 && memcmp(sector + 484, "rrAa", 4) == 0;
}

/* The free clusters are counted at the end; their number is a region of its own then. */
static enum status emit_fsinfo(struct fat *fat, uint64_t offset, struct error *err)
{
	struct members *members = &fat->members;
	uint32_t sector = fat->geometry.sector;
	unsigned char data[512];
	enum status status = source_pread(fat->source, offset, data, sizeof(data), err);

	if (status < 0)
		return status;
	fat->has_fsinfo = is_fsinfo(data);
	if (!fat->has_fsinfo) {
		members_add_structure(members, offset, sector, "reserved-sectors");
		return STATUS_OK;
	}
	fat->fsinfo_free = bytes_le32(data + FSINFO_FREE);
	fat->fsinfo_next = bytes_le32(data + FSINFO_NEXT);
	members_add_structure(members, offset, FSINFO_FREE, "fsinfo");
	fat->is_next_wrong = fat->fsinfo_next != UNKNOWN &&
		(fat->fsinfo_next < 2 || fat->fsinfo_next - 2 >= fat->geometry.clusters);
	members_add_structure(members, offset + FSINFO_NEXT, FSINFO_END - FSINFO_NEXT,
		fat->is_next_wrong ? "fsinfo-next-invalid" : "fsinfo-next");
	members_add_structure(members, offset + FSINFO_END, sector - FSINFO_END, "fsinfo");
	return STATUS_OK;
}

/* What a copy is called while it is one, and when it is not the same as what it is of. */
struct copy {
	const char *alike, *unlike;
};

/* A region that is derived when it holds the same bytes as another; *differs may be NULL. */
static enum status emit_copy(struct fat *fat, uint64_t offset, uint64_t of, uint64_t len,
	const struct copy *copy, bool *differs, struct error *err)
{
	unsigned char *blocks = xmalloc(2 * SOURCE_WINDOW);
	enum status status = STATUS_OK;
	bool same = true;

	for (uint64_t at = 0; at < len && same && status == STATUS_OK; at += SOURCE_WINDOW) {
		size_t count = len - at < SOURCE_WINDOW ? (size_t)(len - at) : SOURCE_WINDOW;

		status = source_pread(fat->source, offset + at, blocks, count, err);
		if (status == STATUS_OK)
			status = source_pread(
				fat->source, of + at, blocks + SOURCE_WINDOW, count, err);
		same = status == STATUS_OK && memcmp(blocks, blocks + SOURCE_WINDOW, count) == 0;
	}
	free(blocks);
	if (status < 0)
		return status;
	if (same)
		members_add_derived(&fat->members, offset, len, copy->alike);
	else
		members_add_structure(&fat->members, offset, len, copy->unlike);
	if (differs != NULL && !same)
		*differs = true;
	return STATUS_OK;
}

static enum status emit_reserved(struct fat *fat, struct error *err)
{
	static const struct copy boot_sector = {"backup-boot-sector", "backup-boot-sector"};
	static const struct copy fsinfo = {"backup-fsinfo", "backup-fsinfo-unlike"};
	const struct fat_geometry *geometry = &fat->geometry;
	enum status status = STATUS_OK;

	emit_boot_sector(fat);
	for (uint64_t at = geometry->sector; at < geometry->fat && status == STATUS_OK;
		at += geometry->sector) {
		if (at == geometry->fsinfo)
			status = emit_fsinfo(fat, at, err);
		else if (at == geometry->backup)
			status = emit_copy(fat, at, 0, geometry->sector, &boot_sector,
				&fat->backup_differs, err);
		else if (geometry->backup != 0 && geometry->fsinfo != 0 &&
			at == geometry->backup + geometry->fsinfo)
			status = emit_copy(
				fat, at, geometry->fsinfo, geometry->sector, &fsinfo, NULL, err);
		else
			members_add_structure(
				&fat->members, at, geometry->sector, "reserved-sectors");
	}
	return status;
}

/* ---- the tables and the end ---- */

/* FAT32 has four bits in each entry that nobody reads: no chain accounts for what is in them. */
static enum status find_reserved_bits(
	struct fat *fat, uint64_t offset, uint64_t len, struct error *err)
{
	unsigned char *block = xmalloc(SOURCE_WINDOW);
	enum status status = STATUS_OK;

	for (uint64_t at = 0; at < len && status == STATUS_OK; at += SOURCE_WINDOW) {
		size_t count = len - at < SOURCE_WINDOW ? (size_t)(len - at) : SOURCE_WINDOW;

		status = source_pread(fat->source, offset + at, block, count, err);
		for (size_t i = 3; i < count && status == STATUS_OK; i += 4)
			fat->has_reserved_bits = fat->has_reserved_bits || (block[i] & 0xf0) != 0;
	}
	free(block);
	return status;
}

/* The first two entries of a table, and where the last one ends. */
static uint64_t flags_len(const struct fat *fat)
{
	return (2 * fat->geometry.bits + 7) / 8;
}

static uint64_t entries_len(const struct fat *fat)
{
	return (((uint64_t)fat->geometry.clusters + 2) * fat->geometry.bits + 7) / 8;
}

/* What of it tells of the chains has its name when all of these were followed. */
static enum status emit_table(struct fat *fat, uint64_t offset, struct error *err)
{
	const struct fat_geometry *geometry = &fat->geometry;
	uint64_t flags = flags_len(fat), used = entries_len(fat);
	enum status status = STATUS_OK;

	if (geometry->bits == 32)
		status = find_reserved_bits(fat, offset + flags, used - flags, err);
	members_add_structure(&fat->members, offset, flags, "allocation-flags");
	members_add_structure(
		&fat->members, offset + used, geometry->fat_len - used, "allocation-table-padding");
	return status;
}

enum status fat_super_emit(struct fat *fat, struct error *err)
{
	static const struct copy table = {"allocation-table-copy", "allocation-table-unlike"};
	const struct fat_geometry *geometry = &fat->geometry;
	uint64_t active = geometry->fat + geometry->active_fat * geometry->fat_len;
	uint64_t root_end = geometry->root + geometry->root_len;
	uint64_t end = geometry->data + (uint64_t)geometry->clusters * geometry->cluster;
	enum status status = emit_reserved(fat, err);

	for (unsigned i = 0; i < geometry->fat_count && status == STATUS_OK; i++) {
		uint64_t offset = geometry->fat + i * geometry->fat_len;

		if (i == geometry->active_fat)
			status = emit_table(fat, offset, err);
		else
			status = emit_copy(fat, offset, active, geometry->fat_len, &table,
				&fat->copies_differ, err);
	}
	members_add_structure(
		&fat->members, root_end, geometry->data - root_end, "directory-slack");
	members_add_structure(&fat->members, end, geometry->total - end, "unused-sectors");
	members_add_structure(&fat->members, geometry->total, fat->source->size - geometry->total,
		"trailing-data");
	return status;
}

/* Of entries that no file, directory or free space accounts for, nobody knows what they say. */
static void finish_table(struct fat *fat)
{
	const struct fat_geometry *geometry = &fat->geometry;
	uint64_t offset = geometry->fat + geometry->active_fat * geometry->fat_len;
	const char *name = "allocation-table";

	if (fat->lost_clusters != 0 || fat->bad_clusters != 0 || fat->surplus_clusters != 0)
		name = "allocation-table-invalid";
	if (fat->has_reserved_bits)
		name = "allocation-table-reserved";
	members_add_structure(
		&fat->members, offset + flags_len(fat), entries_len(fat) - flags_len(fat), name);
}

void fat_super_finish(struct fat *fat, uint32_t free_clusters)
{
	uint64_t offset = fat->geometry.fsinfo + FSINFO_FREE, len = FSINFO_NEXT - FSINFO_FREE;

	fat->free_clusters = free_clusters;
	finish_table(fat);
	if (!fat->has_fsinfo)
		return;
	if (fat->fsinfo_free == free_clusters)
		members_add_derived(&fat->members, offset, len, "fsinfo-free");
	else
		members_add_structure(&fat->members, offset, len,
			fat->fsinfo_free == UNKNOWN ? "fsinfo-free" : "fsinfo-free-invalid");
}

/* ---- fields ---- */

static void describe_extended(const struct fat *fat, struct member *container)
{
	const unsigned char *extended = fat->boot + extended_at(fat);

	member_add_field(container, "boot-flags", "drive 0x%02x, state 0x%02x, signature 0x%02x",
		extended[0], extended[1], extended[2]);
	member_add_field(container, "volume-id", "%04x-%04x",
		bytes_le16(extended + EXTENDED_ID + 2), bytes_le16(extended + EXTENDED_ID));
	member_add_field_bytes(container, "boot-label", extended + EXTENDED_LABEL, LABEL_SIZE);
	member_add_field_bytes(container, "fat-type-text", extended + EXTENDED_TYPE,
		EXTENDED_CODE - EXTENDED_TYPE);
}

static void describe_geometry(const struct fat *fat, struct member *container)
{
	const unsigned char *boot = fat->boot;
	struct buffer text = {0};

	buffer_add_format(&text,
		"%u bytes a sector, %u sectors a cluster, %u reserved, %u tables of %" PRIu64
		", %u root entries, %" PRIu64
		" sectors, media 0x%02x, %u sectors a track, %u heads",
		bytes_le16(boot + 11), boot[13], bytes_le16(boot + 14), boot[16], fat_sectors(boot),
		bytes_le16(boot + 17), total_sectors(boot), boot[21], bytes_le16(boot + 24),
		bytes_le16(boot + 26));
	if (fat->geometry.bits == 32)
		buffer_add_format(&text,
			", flags 0x%04x, version 0x%04x, root cluster %" PRIu32
			", FSInfo in sector %u, copy in sector %u",
			bytes_le16(boot + 40), bytes_le16(boot + 42), bytes_le32(boot + 44),
			bytes_le16(boot + 48), bytes_le16(boot + 50));
	member_add_field(container, "fat-geometry", "%s", buffer_text(&text));
	buffer_release(&text);
}

static void describe_label(const struct fat *fat, struct member *container)
{
	const unsigned char *raw = fat->label;

	if (!fat->has_label)
		return;
	member_add_field_bytes(container, "filesystem-label", raw, LABEL_SIZE);
	fat_add_time(container, "filesystem-label-time", bytes_le16(raw + 24), bytes_le16(raw + 22),
		0, true);
}

void fat_super_describe(const struct fat *fat, struct member *container)
{
	member_add_field(container, "fat-type", "FAT%u", fat->geometry.bits);
	member_add_field_bytes(container, "oem-name", fat->boot + AT_OEM, AT_GEOMETRY - AT_OEM);
	member_add_field(
		container, "hidden-sectors", "%" PRIu32, bytes_le32(fat->boot + AT_HIDDEN));
	describe_geometry(fat, container);
	describe_extended(fat, container);
	describe_label(fat, container);
	member_add_field(container, "filesystem-free-blocks", "%" PRIu32, fat->free_clusters);
	if (fat->lost_clusters != 0)
		member_add_field(container, "lost-clusters", "%" PRIu32, fat->lost_clusters);
	if (fat->copies_differ)
		member_add_field(container, "allocation-table-unlike", "not the same as the table");
	if (fat->has_reserved_bits)
		member_add_field(container, "allocation-table-reserved", "not zero");
	if (fat->backup_differs)
		member_add_field(
			container, "backup-boot-sector", "not the same as the boot sector");
	if (fat->bad_clusters != 0)
		member_add_field(container, "bad-clusters", "%" PRIu32, fat->bad_clusters);
	if (fat->surplus_clusters != 0)
		member_add_field(container, "surplus-clusters", "%" PRIu32, fat->surplus_clusters);
	if (fat->has_fsinfo && fat->fsinfo_free == UNKNOWN)
		member_add_field(container, "fsinfo-free", "unknown");
	else if (fat->has_fsinfo && fat->fsinfo_free != fat->free_clusters)
		member_add_field(container, "fsinfo-free-invalid", "%" PRIu32 " of %" PRIu32,
			fat->fsinfo_free, fat->free_clusters);
	if (fat->has_fsinfo && fat->fsinfo_next != UNKNOWN)
		member_add_field(container,
			fat->is_next_wrong ? "fsinfo-next-invalid" : "fsinfo-next", "%" PRIu32,
			fat->fsinfo_next);
}
