/* SPDX-License-Identifier: Apache-2.0 */
/* GUID partition tables (UEFI specification 2.10, 5.3). */
#include "dbdiff/format/disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"

#define HEADER_SIZE_MIN 92
#define HEADER_SIZE_MAX 512
#define ENTRY_SIZE_MAX	4096
#define ENTRIES_BYTES	((uint64_t)4 << 20) /* of one array; the usual one has 16 KiB */

#define AT_CRC	       16
#define AT_SECTOR      24
#define AT_OTHER       32
#define AT_USABLE      40
#define AT_DISK_GUID   56
#define AT_ENTRIES     72
#define AT_COUNT       80
#define AT_ENTRY_SIZE  84
#define AT_ENTRIES_CRC 88

#define ENTRY_GUID	 16
#define ENTRY_FIRST	 32
#define ENTRY_LAST	 40
#define ENTRY_ATTRIBUTES 48
#define ENTRY_NAME	 56
#define ENTRY_NAME_UNITS 36

struct header {
	uint64_t sector;     /* where it was looked for */
	const char *problem; /* why it cannot be used; NULL when it can */
	bool is_signed;	     /* "EFI PART" is there */
	bool crc_fits;
	bool entries_crc_fits;
	uint32_t size;
	uint32_t entry_size;
	uint64_t entries_offset; /* bytes */
	uint64_t entries_len;
	unsigned char raw[HEADER_SIZE_MAX];
	unsigned char *entries; /* NULL when it cannot be used */
};

struct gpt {
	struct header headers[2]; /* the first and the one at the end */
	struct header *used;
	bool is_mirrored; /* each follows from the other */
};

/* ---- what is one ---- */

static bool is_header(const unsigned char *bytes)
{
	uint32_t size = bytes_le32(bytes + 12);

	return memcmp(bytes, "EFI PART", 8) == 0 && size >= HEADER_SIZE_MIN &&
		size <= HEADER_SIZE_MAX;
}

bool gpt_is_at(const unsigned char *data, size_t len, uint32_t *sector)
{
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		if (len >= size + HEADER_SIZE_MIN && is_header(data + size)) {
			*sector = size;
			return true;
		}
	}
	return false;
}

bool gpt_is_at_end(struct source *source, uint32_t *sector)
{
	unsigned char header[HEADER_SIZE_MIN];
	struct error err;

	for (uint32_t size = 512; size <= 4096; size *= 8) {
		uint64_t at = source->size / size * size;

		if (at < 3 * (uint64_t)size)
			continue;
		at -= size;
		if (source_pread(source, at, header, sizeof(header), &err) == STATUS_OK &&
			is_header(header) && bytes_le64(header + AT_SECTOR) == at / size) {
			*sector = size;
			return true;
		}
	}
	return false;
}

/* ---- reading ---- */

/* True when `count` sectors from `first` are on the disk. */
static bool is_inside(const struct disk *disk, uint64_t first, uint64_t bytes)
{
	uint64_t sectors = disk->source->size / disk->sector;

	return first < sectors && bytes <= disk->source->size - first * disk->sector;
}

static const char *check_numbers(const struct disk *disk, struct header *header)
{
	uint64_t count = bytes_le32(header->raw + AT_COUNT);
	uint64_t first = bytes_le64(header->raw + AT_ENTRIES);

	header->size = bytes_le32(header->raw + 12);
	header->entry_size = bytes_le32(header->raw + AT_ENTRY_SIZE);
	header->entries_len = count * header->entry_size;
	if (header->entry_size < DISK_ENTRY_SIZE || header->entry_size > ENTRY_SIZE_MAX ||
		header->entry_size % 8 != 0 || count == 0)
		return "its entries have an impossible size";
	if (header->entries_len > ENTRIES_BYTES)
		return "it has too many entries";
	if (first == 0 || !is_inside(disk, first, header->entries_len))
		return "its entries are not on the disk";
	header->entries_offset = first * disk->sector;
	return NULL;
}

/* What is wrong with it is in it; only trouble of the machine is an error. */
static enum status read_header(
	struct disk *disk, struct header *header, uint64_t sector, struct error *err)
{
	unsigned char copy[HEADER_SIZE_MAX];
	enum status status;

	*header = (struct header){.sector = sector, .problem = "it is not there"};
	if (!is_inside(disk, sector, sizeof(header->raw)))
		return STATUS_OK;
	status = source_pread(
		disk->source, sector * disk->sector, header->raw, sizeof(header->raw), err);
	if (status < 0 || !is_header(header->raw))
		return status;
	header->is_signed = true;
	header->problem = check_numbers(disk, header);
	memcpy(copy, header->raw, sizeof(copy));
	memset(copy + AT_CRC, 0, 4);
	header->crc_fits = crc32(0, copy, header->size) == bytes_le32(header->raw + AT_CRC);
	if (header->problem != NULL)
		return STATUS_OK;
	header->entries = xmalloc((size_t)header->entries_len);
	status = source_pread(disk->source, header->entries_offset, header->entries,
		(size_t)header->entries_len, err);
	header->entries_crc_fits = status == STATUS_OK &&
		crc32(0, header->entries, (uInt)header->entries_len) ==
			bytes_le32(header->raw + AT_ENTRIES_CRC);
	return status;
}

/* The second is where the first says, else in the last sector. */
static enum status read_headers(struct disk *disk, struct error *err)
{
	struct header *first = &disk->gpt->headers[0];
	struct header *second = &disk->gpt->headers[1];
	uint64_t last = disk->source->size / disk->sector - 1;
	enum status status = read_header(disk, first, 1, err);

	if (status == STATUS_OK && first->is_signed && bytes_le64(first->raw + AT_OTHER) != 1)
		status = read_header(disk, second, bytes_le64(first->raw + AT_OTHER), err);
	if (status == STATUS_OK && !second->is_signed && last > 1)
		status = read_header(disk, second, last, err);
	return status;
}

static struct header *choose_header(struct gpt *gpt)
{
	struct header *best = NULL;
	int best_score = -1;

	for (int i = 0; i < 2; i++) {
		struct header *header = &gpt->headers[i];
		int score = 2 * header->crc_fits + header->entries_crc_fits;

		if (header->problem == NULL && score > best_score) {
			best = header;
			best_score = score;
		}
	}
	return best;
}

static bool same(const struct header *a, const struct header *b, size_t from, size_t end)
{
	return memcmp(a->raw + from, b->raw + from, end - from) == 0;
}

/* All of the second but where its entries are follows from the first, and the other way round. */
static bool is_mirrored(const struct gpt *gpt)
{
	const struct header *a = &gpt->headers[0];
	const struct header *b = &gpt->headers[1];

	return a->entries != NULL && b->entries != NULL && a->crc_fits && b->crc_fits &&
		a->entries_crc_fits && b->entries_crc_fits && same(a, b, 0, AT_CRC) &&
		same(a, b, AT_CRC + 4, AT_SECTOR) && same(a, b, AT_USABLE, AT_ENTRIES) &&
		same(a, b, AT_COUNT, a->size) && bytes_le64(a->raw + AT_SECTOR) == a->sector &&
		bytes_le64(b->raw + AT_SECTOR) == b->sector &&
		bytes_le64(a->raw + AT_OTHER) == b->sector &&
		bytes_le64(b->raw + AT_OTHER) == a->sector &&
		memcmp(a->entries, b->entries, (size_t)a->entries_len) == 0;
}

/* ---- pieces ---- */

static void add_structure(struct disk *disk, uint64_t offset, uint64_t len, const char *name)
{
	disk_add_piece(disk, offset, len, REGION_STRUCTURE, name, REGION_NO_OWNER);
}

static void add_crc(struct disk *disk, uint64_t offset, bool fits, const char *name)
{
	disk_add_piece(disk, offset, 4, fits ? REGION_DERIVED : REGION_STRUCTURE,
		fits ? "checksum" : name, REGION_NO_OWNER);
}

static void add_header_pieces(struct disk *disk, const struct header *header)
{
	uint64_t at = header->sector * disk->sector;

	add_structure(disk, at, AT_CRC, "gpt-header");
	add_crc(disk, at + AT_CRC, header->crc_fits, "gpt-invalid");
	add_structure(disk, at + AT_CRC + 4, AT_SECTOR - AT_CRC - 4, "gpt-header");
	add_structure(disk, at + AT_SECTOR, AT_DISK_GUID - AT_SECTOR, "gpt-layout");
	add_structure(disk, at + AT_DISK_GUID, BYTES_GUID_SIZE, "disk-guid");
	add_structure(disk, at + AT_ENTRIES, AT_ENTRIES_CRC - AT_ENTRIES, "gpt-layout");
	add_crc(disk, at + AT_ENTRIES_CRC, header->entries_crc_fits, "gpt-invalid");
	add_structure(disk, at + HEADER_SIZE_MIN, header->size - HEADER_SIZE_MIN, "gpt-header");
	add_structure(disk, at + header->size, disk->sector - header->size, "gpt-padding");
}

/* The one that is not used: derived where the reader found that it follows from the other. */
static void add_other_pieces(struct disk *disk, const struct header *header)
{
	enum region_kind kind = disk->gpt->is_mirrored ? REGION_DERIVED : REGION_STRUCTURE;
	const char *name = header == &disk->gpt->headers[1] ? "gpt-backup" : "gpt-primary";
	uint64_t at = header->sector * disk->sector;

	if (!header->is_signed)
		return;
	disk_add_piece(disk, at, header->size, kind, name, REGION_NO_OWNER);
	add_structure(disk, at + header->size, disk->sector - header->size, "gpt-padding");
	if (header->entries != NULL && header->entries_offset != disk->gpt->used->entries_offset)
		disk_add_piece(disk, header->entries_offset, header->entries_len, kind, name,
			REGION_NO_OWNER);
}

/* Bytes of the name up to its NUL; the rest of its place says nothing to anybody. */
static unsigned label_bytes(const unsigned char *entry)
{
	unsigned units = 0;

	while (units < ENTRY_NAME_UNITS && bytes_le16(entry + ENTRY_NAME + 2 * units) != 0)
		units++;
	return 2 * units;
}

static void add_entry_pieces(
	struct disk *disk, const unsigned char *entry, uint64_t offset, uint32_t size)
{
	unsigned label_len = label_bytes(entry);
	const struct {
		unsigned at, end;
		const char *name;
	} parts[] = {
		{0, ENTRY_GUID, "partition-type"},
		{ENTRY_GUID, ENTRY_FIRST, "partition-guid"},
		{ENTRY_FIRST, ENTRY_ATTRIBUTES, "partition-extent"},
		{ENTRY_ATTRIBUTES, ENTRY_NAME, "partition-attributes"},
		{ENTRY_NAME, ENTRY_NAME + label_len, "label"},
		{ENTRY_NAME + label_len, DISK_ENTRY_SIZE, "partition-entry"},
	};
	int64_t owner = (int64_t)disk->partition_count - 1;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		disk_add_piece(disk, offset + parts[i].at, parts[i].end - parts[i].at,
			REGION_METADATA, parts[i].name, owner);
	disk_add_piece(disk, offset + DISK_ENTRY_SIZE, size - DISK_ENTRY_SIZE, REGION_METADATA,
		"partition-entry", owner);
}

static void add_partitions(struct disk *disk, const struct header *header)
{
	for (uint64_t at = 0; at < header->entries_len; at += header->entry_size) {
		const unsigned char *entry = header->entries + at;
		uint64_t first = bytes_le64(entry + ENTRY_FIRST);
		uint64_t last = bytes_le64(entry + ENTRY_LAST);
		struct disk_partition *partition;

		if (bytes_are_zero(entry, BYTES_GUID_SIZE)) {
			add_structure(disk, header->entries_offset + at, header->entry_size,
				"unused-entries");
			continue;
		}
		/* One that ends where it begins has one sector; before that, none. */
		partition = disk_add_partition(disk, (uint32_t)(at / header->entry_size) + 1, first,
			last >= first ? last - first + (last - first < UINT64_MAX) : 0);
		if (last < first)
			partition->problem = "it ends before it begins";
		memcpy(partition->entry, entry, sizeof(partition->entry));
		add_entry_pieces(disk, entry, header->entries_offset + at, header->entry_size);
	}
}

enum status gpt_read(struct disk *disk, struct error *err)
{
	enum status status;
	struct gpt *gpt;

	gpt = disk->gpt = xcalloc(1, sizeof(*disk->gpt));
	status = read_headers(disk, err);
	if (status < 0)
		return status;
	gpt->used = choose_header(gpt);
	if (gpt->used == NULL)
		return error_set(err, STATUS_FORMAT, "GPT: the first header: %s; the second: %s",
			gpt->headers[0].problem, gpt->headers[1].problem);
	gpt->is_mirrored = is_mirrored(gpt);
	mbr_add_protective(disk);
	add_header_pieces(disk, gpt->used);
	add_partitions(disk, gpt->used);
	add_other_pieces(disk, &gpt->headers[gpt->used == &gpt->headers[0]]);
	if (gpt->headers[1].is_signed)
		disk->end = (gpt->headers[1].sector + 1) * disk->sector;
	return STATUS_OK;
}

void gpt_free(struct gpt *gpt)
{
	if (gpt == NULL)
		return;
	free(gpt->headers[0].entries);
	free(gpt->headers[1].entries);
	free(gpt);
}

/* ---- fields ---- */

static void describe_layout(const struct header *header, struct member *container)
{
	member_add_field(container, "gpt-layout",
		"header in sector %" PRIu64 " names %" PRIu64 ", the other in %" PRIu64
		"; usable %" PRIu64 " to %" PRIu64 "; %" PRIu32 " entries of %" PRIu32
		" bytes from %" PRIu64,
		header->sector, bytes_le64(header->raw + AT_SECTOR),
		bytes_le64(header->raw + AT_OTHER), bytes_le64(header->raw + AT_USABLE),
		bytes_le64(header->raw + AT_USABLE + 8), bytes_le32(header->raw + AT_COUNT),
		header->entry_size, bytes_le64(header->raw + AT_ENTRIES));
}

static void describe_invalid(
	const struct header *header, const char *which, struct member *container)
{
	if (header->problem != NULL)
		member_add_field(container, "gpt-invalid", "%s: %s", which, header->problem);
	if (header->is_signed && !header->crc_fits)
		member_add_field(container, "gpt-invalid",
			"%s: the checksum of the header does not fit", which);
	if (header->entries != NULL && !header->entries_crc_fits)
		member_add_field(container, "gpt-invalid",
			"%s: the checksum of the entries does not fit", which);
}

void gpt_describe(const struct disk *disk, struct member *container)
{
	const struct gpt *gpt = disk->gpt;
	char guid[BYTES_GUID_TEXT_SIZE];

	bytes_guid_text(gpt->used->raw + AT_DISK_GUID, guid);
	member_add_field(container, "disk-guid", "%s", guid);
	describe_layout(gpt->used, container);
	describe_invalid(&gpt->headers[0], "first header", container);
	describe_invalid(&gpt->headers[1], "second header", container);
	if (!gpt->is_mirrored && gpt->headers[0].entries != NULL && gpt->headers[1].entries != NULL)
		member_add_field(container, "gpt-backup", "the two tables are not the same");
}

void gpt_describe_partition(
	const struct disk *disk, const struct disk_partition *partition, struct member *member)
{
	const unsigned char *entry = partition->entry;
	char guid[BYTES_GUID_TEXT_SIZE];
	struct buffer label = {0};

	(void)disk;
	bytes_add_utf16(&label, entry + ENTRY_NAME, ENTRY_NAME_UNITS);
	member_add_field_bytes(member, "label", buffer_text(&label), label.len);
	buffer_release(&label);
	bytes_guid_text(entry, guid);
	member_add_field(member, "partition-type", "%s", guid);
	bytes_guid_text(entry + ENTRY_GUID, guid);
	member_add_field(member, "partition-guid", "%s", guid);
	member_add_field(member, "partition-attributes", "0x%016" PRIx64,
		bytes_le64(entry + ENTRY_ATTRIBUTES));
	member_add_field(member, "partition-extent", "sectors %" PRIu64 " to %" PRIu64,
		bytes_le64(entry + ENTRY_FIRST), bytes_le64(entry + ENTRY_LAST));
}
