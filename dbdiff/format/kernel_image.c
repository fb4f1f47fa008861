/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/kernel_scan.h"
#include "dbdiff/format/kernel_stamp.h"
#include "dbdiff/format/pe.h"

/*
 * Uncompressed Linux kernels for arm64 and riscv64 (Documentation/arch/arm64/booting.rst,
 * .../riscv/boot-image-header.rst): a header of 64 bytes in front of the code, which is a PE's
 * as well when there is an EFI stub.
 */

#define HEADER_SIZE 64

enum {
	TEXT_OFFSET = 8,
	IMAGE_SIZE = 16,
	FLAGS = 24,
	MAGIC = 56,
};

static const struct machine {
	const char *word;
	unsigned char magic[4];
} machines[] = {
	{"arm64", {'A', 'R', 'M', 0x64}},
	{"riscv64", {'R', 'S', 'C', 0x05}},
};

static const struct machine *machine_of(const unsigned char *header)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (memcmp(header + MAGIC, machines[i].magic, 4) == 0)
			return &machines[i];
	}
	return NULL;
}

static enum status add_sections(
	struct parts *parts, const struct kernel_scan *scan, struct error *err)
{
	struct pe pe;
	enum status status = pe_read(parts->source, &pe, err);

	if (status < 0)
		return status;
	for (size_t i = 0; i < pe.section_count; i++)
		kernel_cut_config(parts, pe_add_section(parts, &pe, &pe.sections[i]), scan);
	return pe_add_headers(parts, &pe, err);
}

static enum status read_image(struct parts *parts, struct error *err)
{
	struct source *source = parts->source;
	unsigned char header[HEADER_SIZE];
	struct kernel_scan scan;
	enum status status = source_pread(source, 0, header, sizeof(header), err);

	if (status < 0)
		return status;
	if (machine_of(header) == NULL)
		return error_set(err, STATUS_FORMAT, "no kernel header");
	status = kernel_scan(source, HEADER_SIZE, source->size, &scan, err);
	if (status < 0)
		return status;
	parts_add_field(parts, NULL, "kind", "Linux kernel (%s)", machine_of(header)->word);
	parts_add_field(parts, NULL, "text-offset", "0x%" PRIx64, bytes_le64(header + TEXT_OFFSET));
	parts_add_field(parts, NULL, "image-size", "%" PRIu64, bytes_le64(header + IMAGE_SIZE));
	parts_add_field(parts, NULL, "load-flags", "0x%" PRIx64, bytes_le64(header + FLAGS));
	if (scan.version[0] != '\0' && !kernel_stamp_add(parts, scan.version, strlen(scan.version)))
		parts_add_field_bytes(
			parts, NULL, "kernel-flavour", scan.version, strlen(scan.version));
	if (header[0] == 'M' && header[1] == 'Z' && bytes_le32(header + 60) != 0)
		return add_sections(parts, &scan, err);
	parts_add(parts, REGION_STRUCTURE, "image-header", 0, HEADER_SIZE);
	parts_add_member(parts, "kernel", HEADER_SIZE, source->size - HEADER_SIZE);
	kernel_cut_config(parts, parts->count - 1, &scan);
	return STATUS_OK;
}

static enum status kernel_image_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct parts *parts = parts_new(source);
	enum status status = read_image(parts, err);

	(void)name, (void)limits;
	if (status < 0)
		parts_free(&parts->members);
	else
		status = parts_finish(parts, members, err);
	return status < 0 ? error_context(err, "kernel image") : STATUS_OK;
}

static unsigned kernel_image_bid(const unsigned char *data, size_t len)
{
	/* More than a PE, which it may be too. */
	return len >= HEADER_SIZE && machine_of(data) != NULL ? 64 : 0;
}

const struct format format_kernel_image = {
	.name = "kernel-image",
	.bid_bytes = HEADER_SIZE,
	.needs_seek = true,
	.is_lazy = true,
	.bid = kernel_image_bid,
	.open = kernel_image_open,
};
