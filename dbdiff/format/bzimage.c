/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <zlib.h>

#include "base/alloc.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/kernel_stamp.h"
#include "dbdiff/format/pe.h"

/*
 * Linux kernels for x86 (Documentation/arch/x86/boot.rst): a boot sector, real-mode set-up code,
 * and a program that unpacks its payload. With an EFI stub it is a PE as well, whose sections are
 * no more than these three; so they are cut here, and headers and signatures are the PE's.
 */

#define SECTOR	      512
#define HEADER_OFFSET 0x1f1
#define HEADER_READ   0x290 /* where what is read here ends */
#define BLOCK_SIZE    ((size_t)64 * 1024)
#define CRC_SIZE      4

enum {
	SETUP_SECTORS = 0x1f1,
	SYSTEM_SIZE = 0x1f4, /* in 16 bytes */
	BOOT_FLAG = 0x1fe,
	JUMP = 0x201, /* its target is the end of the header */
	MAGIC = 0x202,
	PROTOCOL = 0x206,
	VERSION = 0x20e, /* of the text, less 0x200 */
	LOAD_FLAGS = 0x211,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	INIT_SIZE = 0x260,
};

struct bzimage {
	struct parts *parts;
	bool is_pe;
	struct pe pe;
	unsigned char header[HEADER_READ];
	uint64_t setup_end;
	uint64_t end; /* without certificates and what else follows */
};

static enum status add_pe(struct bzimage *image, struct error *err)
{
	struct parts *parts = image->parts;
	enum status status;

	if (image->header[0] != 'M' || image->header[1] != 'Z')
		return STATUS_OK;
	status = pe_read(parts->source, &image->pe, err);
	if (status == STATUS_OK)
		status = pe_add_headers(parts, &image->pe, err);
	if (status < 0)
		return status;
	image->is_pe = true;
	parts_add(parts, REGION_STRUCTURE, "section-table", image->pe.table,
		image->pe.table_end - image->pe.table);
	return STATUS_OK;
}

/* The version is a text in the set-up code; what is no such text is code. */
static enum status add_version(struct bzimage *image, struct error *err)
{
	struct parts *parts = image->parts;
	char text[256];
	uint64_t at = bytes_le16(image->header + VERSION);
	enum status status;
	size_t len, most;

	at += 0x200;
	if (at == 0x200 || at >= image->setup_end)
		return STATUS_OK;
	most = image->setup_end - at < sizeof(text) ? (size_t)(image->setup_end - at)
						    : sizeof(text);
	status = source_pread(parts->source, at, text, most, err);
	if (status < 0)
		return status;
	len = strnlen(text, most);
	if (len < most && kernel_stamp_add(parts, text, len))
		parts_add(parts, REGION_STRUCTURE, "kernel-version", at, len);
	return STATUS_OK;
}

static enum status add_setup(struct bzimage *image, struct error *err)
{
	struct parts *parts = image->parts;
	const unsigned char *header = image->header;
	uint64_t header_end = MAGIC + header[JUMP];
	unsigned protocol = bytes_le16(header + PROTOCOL);
	enum status status;

	parts_add_field(parts, NULL, "kind", "Linux kernel (x86)");
	parts_add_field(parts, NULL, "boot-protocol", "%u.%02u", protocol >> 8, protocol & 0xff);
	parts_add_field(parts, NULL, "load-flags", "0x%02x", (unsigned)header[LOAD_FLAGS]);
	parts_add(
		parts, REGION_STRUCTURE, "setup-header", HEADER_OFFSET, header_end - HEADER_OFFSET);
	status = add_version(image, err);
	if (status == STATUS_OK)
		status = parts_fill(parts, "setup-code", 0, image->setup_end, err);
	return status;
}

/* zlib wants to begin and end with all bits inverted; the kernel's build does only the former. */
static enum status sum(const struct bzimage *image, uint64_t end, uint32_t *crc, struct error *err)
{
	struct source *source = image->parts->source;
	unsigned char *block = xmalloc(BLOCK_SIZE);
	enum status status = STATUS_OK;
	uLong running = crc32(0, NULL, 0);

	for (uint64_t at = 0; at < end; at += BLOCK_SIZE) {
		size_t len = end - at < BLOCK_SIZE ? (size_t)(end - at) : BLOCK_SIZE;

		status = source_pread(source, at, block, len, err);
		if (status < 0)
			break;
		/* They were zero when it was computed; whoever signs fills them in. */
		if (at == 0 && image->is_pe) {
			memset(block + image->pe.checksum, 0, 4);
			if (image->pe.security != 0)
				memset(block + image->pe.security, 0, 8);
		}
		running = crc32(running, block, (uInt)len);
	}
	*crc = ~(uint32_t)running;
	free(block);
	return status;
}

/* The last four bytes are a sum over all before, in kernels before 6.10; otherwise they are code.
 */
static enum status add_checksum(struct bzimage *image, struct error *err)
{
	struct source *source = image->parts->source;
	unsigned char stored[CRC_SIZE];
	uint32_t crc = 0;
	enum status status;

	if (image->end < image->setup_end + CRC_SIZE ||
		(image->is_pe && image->pe.table_end > HEADER_OFFSET))
		return STATUS_OK;
	status = source_pread(source, image->end - CRC_SIZE, stored, sizeof(stored), err);
	if (status == STATUS_OK)
		status = sum(image, image->end - CRC_SIZE, &crc, err);
	if (status < 0)
		return status;
	image->end -= CRC_SIZE;
	if (bytes_le32(stored) == crc)
		parts_add(image->parts, REGION_DERIVED, "checksum", image->end, CRC_SIZE);
	else
		parts_add(image->parts, REGION_STRUCTURE, "kernel-sum", image->end, CRC_SIZE);
	return STATUS_OK;
}

/* But for gzip, which has it already, the size that it unpacks to is put behind the payload. */
static enum status add_payload(struct bzimage *image, struct error *err)
{
	struct parts *parts = image->parts;
	uint64_t at = image->setup_end + bytes_le32(image->header + PAYLOAD_OFFSET);
	uint64_t len = bytes_le32(image->header + PAYLOAD_LENGTH);
	unsigned char magic[2], size[4];
	enum status status;

	if (bytes_le16(image->header + PROTOCOL) < 0x208 || len < 8) {
		parts_add_member(parts, "kernel", image->setup_end, image->end - image->setup_end);
		return STATUS_OK;
	}
	if (at > image->end || len > image->end - at)
		return error_set(err, STATUS_FORMAT, "short read: the payload");
	status = source_pread(parts->source, at, magic, sizeof(magic), err);
	if (status == STATUS_OK)
		status = source_pread(parts->source, at + len - 4, size, sizeof(size), err);
	if (status < 0)
		return status;
	if (at > image->setup_end)
		parts_add_member(parts, "decompressor", image->setup_end, at - image->setup_end);
	if (magic[0] != 0x1f || magic[1] != 0x8b) {
		len -= 4;
		parts_add(parts, REGION_STRUCTURE, "payload-size", at + len, 4);
		parts_add_field(parts, NULL, "payload-size", "%" PRIu32, bytes_le32(size));
		parts_add_member(parts, "payload", at, len);
		len += 4;
	} else {
		parts_add_member(parts, "payload", at, len);
	}
	if (at + len < image->end)
		parts_add_member(parts, "decompressor-data", at + len, image->end - at - len);
	return STATUS_OK;
}

static enum status read_image(struct bzimage *image, struct error *err)
{
	struct source *source = image->parts->source;
	const unsigned char *header = image->header;
	enum status status;
	unsigned sectors;

	status = source_pread(source, 0, image->header, HEADER_READ, err);
	if (status < 0)
		return status;
	if (bytes_le32(header + MAGIC) != 0x53726448 || bytes_le16(header + BOOT_FLAG) != 0xaa55)
		return error_set(err, STATUS_FORMAT, "no boot header");
	sectors = header[SETUP_SECTORS] != 0 ? header[SETUP_SECTORS] : 4;
	image->setup_end = (uint64_t)(sectors + 1) * SECTOR;
	image->end = image->setup_end + (uint64_t)bytes_le32(header + SYSTEM_SIZE) * 16;
	if (image->setup_end > source->size || (uint64_t)MAGIC + header[JUMP] > image->setup_end)
		return error_set(err, STATUS_FORMAT, "short read: the set-up code");
	if (image->end > source->size)
		return error_set(err, STATUS_FORMAT, "short read: the kernel");
	status = add_pe(image, err);
	if (status == STATUS_OK)
		status = add_setup(image, err);
	if (status == STATUS_OK)
		status = add_checksum(image, err);
	if (status == STATUS_OK)
		status = add_payload(image, err);
	return status;
}

static enum status bzimage_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct bzimage image = {.parts = parts_new(source)};
	enum status status = read_image(&image, err);

	(void)name, (void)limits;
	if (status < 0)
		parts_free(&image.parts->members);
	else
		status = parts_finish(image.parts, members, err);
	return status < 0 ? error_context(err, "bzImage") : STATUS_OK;
}

static unsigned bzimage_bid(const unsigned char *data, size_t len)
{
	/* More than a PE, which it may be too. */
	return len >= HEADER_READ && bytes_le32(data + MAGIC) == 0x53726448 &&
			bytes_le16(data + BOOT_FLAG) == 0xaa55
		? 64
		: 0;
}

const struct format format_bzimage = {
	.name = "bzimage",
	.bid_bytes = HEADER_READ,
	.needs_seek = true,
	.is_lazy = true,
	.bid = bzimage_bid,
	.open = bzimage_open,
};
