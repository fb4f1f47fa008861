/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <zlib.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/parts.h"

/*
 * U-Boot's legacy images (include/image.h of U-Boot): a header of 64 bytes, big endian, with sums
 * over itself and the data; type 4 holds several images behind a table of their sizes.
 */

#define HEADER_SIZE 64
#define MAGIC_VALUE 0x27051956u
#define TYPE_MULTI  4
#define IMAGES_MAX  64
#define BLOCK_SIZE  ((size_t)64 * 1024)

enum {
	HEADER_SUM = 4,
	TIME = 8,
	SIZE = 12,
	LOAD = 16,
	ENTRY = 20,
	DATA_SUM = 24,
	SYSTEM = 28,
	MACHINE = 29,
	TYPE = 30,
	COMPRESSION = 31,
	NAME = 32,
};

static enum status sum(
	struct source *source, uint64_t from, uint64_t len, uint32_t *crc, struct error *err)
{
	unsigned char *block = xmalloc(BLOCK_SIZE);
	enum status status = STATUS_OK;
	uLong running = crc32(0, NULL, 0);

	while (len > 0 && status == STATUS_OK) {
		size_t count = len < BLOCK_SIZE ? (size_t)len : BLOCK_SIZE;

		status = source_pread(source, from, block, count, err);
		if (status == STATUS_OK)
			running = crc32(running, block, (uInt)count);
		from += count;
		len -= count;
	}
	*crc = (uint32_t)running;
	free(block);
	return status;
}

static void add_sum(struct parts *parts, uint64_t offset, uint32_t stored, uint32_t computed)
{
	bool is_right = stored == computed;

	parts_add(parts, is_right ? REGION_DERIVED : REGION_STRUCTURE, "checksum", offset, 4);
	if (!is_right)
		parts_add_field(parts, NULL, "checksum-invalid",
			"0x%08" PRIx32 ", not 0x%08" PRIx32, stored, computed);
}

static void add_structure(struct parts *parts, const char *name, uint64_t from, uint64_t to)
{
	parts_add(parts, REGION_STRUCTURE, name, from, to - from);
}

static enum status add_header(
	struct parts *parts, const unsigned char *header, uint64_t size, struct error *err)
{
	unsigned char blank[HEADER_SIZE];
	struct member member = {0};
	uint32_t crc;
	enum status status;

	parts_add_field(parts, NULL, "kind", "uImage");
	member_add_time(&member, "uimage-timestamp", bytes_be32(header + TIME), 0);
	buffer_add(&parts->fields, member.fields.data, member.fields.len);
	member_release(&member);
	parts_add_field(parts, NULL, "uimage-load", "0x%08" PRIx32, bytes_be32(header + LOAD));
	parts_add_field(parts, NULL, "uimage-entry", "0x%08" PRIx32, bytes_be32(header + ENTRY));
	parts_add_field(parts, NULL, "uimage-type",
		"system %u, machine %u, type %u, compression %u", header[SYSTEM], header[MACHINE],
		header[TYPE], header[COMPRESSION]);
	parts_add_field_bytes(parts, NULL, "uimage-name", header + NAME,
		strnlen((const char *)header + NAME, HEADER_SIZE - NAME));
	add_structure(parts, "uimage-header", 0, HEADER_SUM);
	memcpy(blank, header, HEADER_SIZE);
	memset(blank + HEADER_SUM, 0, 4);
	crc = (uint32_t)crc32(crc32(0, NULL, 0), blank, HEADER_SIZE);
	add_sum(parts, HEADER_SUM, bytes_be32(header + HEADER_SUM), crc);
	add_structure(parts, "uimage-timestamp", TIME, SIZE);
	add_structure(parts, "uimage-header", SIZE, DATA_SUM);
	status = sum(parts->source, HEADER_SIZE, size, &crc, err);
	if (status < 0)
		return status;
	add_sum(parts, DATA_SUM, bytes_be32(header + DATA_SUM), crc);
	add_structure(parts, "uimage-header", SYSTEM, NAME);
	add_structure(parts, "uimage-name", NAME, HEADER_SIZE);
	return STATUS_OK;
}

/* Sizes up to one of 0; each image but the last is filled up to four bytes. */
static enum status add_images(struct parts *parts, uint64_t end, struct error *err)
{
	uint32_t sizes[IMAGES_MAX];
	unsigned char number[4];
	uint64_t at = HEADER_SIZE;
	size_t count = 0;

	for (;; count++) {
		enum status status = at + sizeof(number) > end
			? error_set(err, STATUS_FORMAT, "short read: the sizes of images")
			: source_pread(parts->source, at, number, sizeof(number), err);

		if (status < 0)
			return status;
		at += sizeof(number);
		if (bytes_be32(number) == 0)
			break;
		if (count == IMAGES_MAX)
			return error_set(err, STATUS_LIMIT, "more than %d images", IMAGES_MAX);
		sizes[count] = bytes_be32(number);
	}
	add_structure(parts, "uimage-sizes", HEADER_SIZE, at);
	for (size_t i = 0; i < count; i++) {
		char name[32];

		if (at > end || sizes[i] > end - at)
			return error_set(err, STATUS_FORMAT, "short read: image %zu", i);
		snprintf(name, sizeof(name), "payload%zu", i);
		parts_add_member(parts, name, at, sizes[i]);
		at += ((uint64_t)sizes[i] + 3) / 4 * 4;
	}
	return STATUS_OK;
}

static enum status read_image(struct parts *parts, struct error *err)
{
	struct source *source = parts->source;
	unsigned char header[HEADER_SIZE];
	enum status status = source_pread(source, 0, header, sizeof(header), err);
	uint64_t end;

	if (status < 0)
		return status;
	if (bytes_be32(header) != MAGIC_VALUE)
		return error_set(err, STATUS_FORMAT, "no header");
	end = (uint64_t)HEADER_SIZE + bytes_be32(header + SIZE);
	if (end > source->size)
		return error_set(err, STATUS_FORMAT, "short read: the data");
	status = add_header(parts, header, end - HEADER_SIZE, err);
	if (status < 0)
		return status;
	if (header[TYPE] == TYPE_MULTI)
		status = add_images(parts, end, err);
	else
		parts_add_member(parts, "payload", HEADER_SIZE, end - HEADER_SIZE);
	add_structure(parts, "trailing-data", end, source->size);
	return status;
}

static enum status uimage_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct parts *parts = parts_new(source);
	enum status status = read_image(parts, err);

	(void)name, (void)limits;
	if (status < 0)
		parts_free(&parts->members);
	else
		status = parts_finish(parts, members, err);
	return status < 0 ? error_context(err, "uImage") : STATUS_OK;
}

static unsigned uimage_bid(const unsigned char *data, size_t len)
{
	return len >= HEADER_SIZE && bytes_be32(data) == MAGIC_VALUE ? 32 : 0;
}

const struct format format_uimage = {
	.name = "uimage",
	.bid_bytes = HEADER_SIZE,
	.needs_seek = true,
	.is_lazy = true,
	.bid = uimage_bid,
	.open = uimage_open,
};
