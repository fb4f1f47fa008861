/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/pe.h"

#include <inttypes.h>

#include "base/array.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/pe_signature.h"

#define DOS_SIZE       64
#define COFF_SIZE      24   /* with "PE\0\0" */
#define OPTIONAL_SIZE  1024 /* more is not looked at */
#define HEADER_FAR     4096 /* farther no PE header is looked for */
#define SYMBOL_SIZE    18
#define DIRECTORY_SIZE 8
#define SECURITY_ENTRY 4
#define LONG_NAME_SIZE 64

/* Offsets in the optional header. */
enum {
	OPTIONAL_HEADERS_LEN = 60,
	OPTIONAL_CHECKSUM = 64,
	OPTIONAL_SUBSYSTEM = 68,
};

unsigned pe_bid(const unsigned char *data, size_t len)
{
	uint32_t at;

	if (len < DOS_SIZE || data[0] != 'M' || data[1] != 'Z')
		return 0;
	at = bytes_le32(data + 0x3c);
	if (at > HEADER_FAR || at > len - 4)
		return 0;
	return memcmp(data + at, "PE\0\0", 4) == 0 ? 48 : 0;
}

static enum status read_optional(
	struct pe *pe, uint64_t at, const unsigned char *data, size_t len, struct error *err)
{
	size_t directories;
	uint32_t count;

	if (len < 2 || (bytes_le16(data) != 0x10b && bytes_le16(data) != 0x20b))
		return error_set(err, STATUS_FORMAT, "an optional header of no known form");
	pe->is_64 = bytes_le16(data) == 0x20b;
	directories = pe->is_64 ? 112 : 96;
	if (len < directories)
		return error_set(err, STATUS_FORMAT, "an optional header of %zu bytes", len);
	pe->headers_len = bytes_le32(data + OPTIONAL_HEADERS_LEN);
	pe->checksum = at + OPTIONAL_CHECKSUM;
	pe->checksum_value = bytes_le32(data + OPTIONAL_CHECKSUM);
	pe->subsystem = bytes_le16(data + OPTIONAL_SUBSYSTEM);
	count = bytes_le32(data + directories - 4);
	if (count > SECURITY_ENTRY && len < directories + (SECURITY_ENTRY + 1) * DIRECTORY_SIZE)
		return error_set(err, STATUS_FORMAT, "fewer directory entries than it says");
	if (count <= SECURITY_ENTRY)
		return STATUS_OK;
	pe->security = at + directories + SECURITY_ENTRY * DIRECTORY_SIZE;
	data += directories + SECURITY_ENTRY * DIRECTORY_SIZE;
	pe->certificates = bytes_le32(data);
	pe->certificates_len = bytes_le32(data + 4);
	return STATUS_OK;
}

static void read_section(struct pe_section *section, const unsigned char *data)
{
	memcpy(section->name, data, 8);
	section->name[8] = '\0';
	section->virtual_size = bytes_le32(data + 8);
	section->address = bytes_le32(data + 12);
	section->raw_size = bytes_le32(data + 16);
	section->raw_offset = bytes_le32(data + 20);
	section->flags = bytes_le32(data + 36);
	/* Uninitialised data has a size and no place. */
	if (section->raw_offset == 0)
		section->raw_size = 0;
}

static enum status read_sections(struct source *source, struct pe *pe, struct error *err)
{
	unsigned char data[PE_SECTION_SIZE];

	for (size_t i = 0; i < pe->section_count; i++) {
		uint64_t at = pe->table + i * PE_SECTION_SIZE;
		enum status status = source_pread(source, at, data, sizeof(data), err);

		if (status < 0)
			return status;
		read_section(&pe->sections[i], data);
		pe->sections[i].offset = at;
		if ((uint64_t)pe->sections[i].raw_offset + pe->sections[i].raw_size > source->size)
			return error_set(err, STATUS_FORMAT, "short read: section %zu", i);
	}
	return STATUS_OK;
}

/* The symbol table is followed by its strings, whose first four bytes are their length. */
static enum status read_symbols(
	struct source *source, struct pe *pe, const unsigned char *coff, struct error *err)
{
	unsigned char data[4];
	uint64_t len = (uint64_t)bytes_le32(coff + 16) * SYMBOL_SIZE;
	enum status status;

	pe->symbols = bytes_le32(coff + 12);
	if (pe->symbols == 0)
		return STATUS_OK;
	if (len > UINT32_MAX / 2 || pe->symbols + len > source->size)
		return error_set(err, STATUS_FORMAT, "short read: the symbol table");
	pe->symbols_len = len;
	pe->strings = pe->symbols + pe->symbols_len;
	if (source->size - pe->symbols - len < sizeof(data))
		return STATUS_OK;
	status = source_pread(source, pe->symbols + len, data, sizeof(data), err);
	if (status < 0)
		return status;
	if (bytes_le32(data) >= sizeof(data) &&
		bytes_le32(data) <= source->size - pe->symbols - len)
		pe->symbols_len += bytes_le32(data);
	return STATUS_OK;
}

/*
 * Who appends sections to a stub where its symbols were, as EFI Boot Guard's bg_gen_unified_kernel,
 * leaves the header's pointer to them: what is there are the sections, which firmware goes by.
 */
static void drop_lost_symbols(struct pe *pe)
{
	uint64_t end = pe->symbols + pe->symbols_len;

	for (size_t i = 0; i < pe->section_count; i++) {
		const struct pe_section *section = &pe->sections[i];

		if (section->raw_size > 0 && section->raw_offset < end &&
			pe->symbols < (uint64_t)section->raw_offset + section->raw_size) {
			pe->symbols = 0;
			pe->symbols_len = 0;
		}
	}
}

/* Names of more than eight bytes are "/" and their place in the strings. */
static void read_long_name(struct source *source, const struct pe *pe,
	const struct pe_section *section, char name[LONG_NAME_SIZE])
{
	struct error ignored;
	uint64_t at = 0;
	size_t len = 1;

	snprintf(name, LONG_NAME_SIZE, "%s", section->name);
	if (section->name[0] != '/' || pe->symbols == 0)
		return;
	for (; section->name[len] >= '0' && section->name[len] <= '9'; len++)
		at = at * 10 + (uint64_t)(section->name[len] - '0');
	at += pe->strings;
	if (len == 1 || section->name[len] != '\0' || at + 1 >= source->size)
		return;
	len = source->size - at < LONG_NAME_SIZE ? (size_t)(source->size - at) : LONG_NAME_SIZE;
	if (source_pread(source, at, name, len, &ignored) < 0 || name[0] == '\0')
		snprintf(name, LONG_NAME_SIZE, "%s", section->name);
	name[len - 1] = '\0';
}

enum status pe_read(struct source *source, struct pe *pe, struct error *err)
{
	unsigned char dos[DOS_SIZE], coff[COFF_SIZE], optional[OPTIONAL_SIZE];
	size_t optional_len;
	enum status status;

	*pe = (struct pe){0};
	status = source_pread(source, 0, dos, sizeof(dos), err);
	if (status < 0)
		return status;
	pe->header = bytes_le32(dos + 0x3c);
	if (dos[0] != 'M' || dos[1] != 'Z' || pe->header < 4 || pe->header > HEADER_FAR)
		return error_set(err, STATUS_FORMAT, "no PE header is where it should be");
	status = source_pread(source, pe->header, coff, sizeof(coff), err);
	if (status < 0)
		return status;
	if (memcmp(coff, "PE\0\0", 4) != 0)
		return error_set(err, STATUS_FORMAT, "no PE header is where it should be");
	pe->machine = bytes_le16(coff + 4);
	pe->section_count = bytes_le16(coff + 6);
	pe->timestamp = bytes_le32(coff + 8);
	pe->characteristics = bytes_le16(coff + 22);
	if (pe->section_count > PE_SECTIONS_MAX)
		return error_set(err, STATUS_LIMIT, "%zu sections", pe->section_count);
	pe->table = pe->header + COFF_SIZE + bytes_le16(coff + 20);
	pe->table_end = pe->table + pe->section_count * PE_SECTION_SIZE;
	optional_len = bytes_le16(coff + 20);
	if (optional_len > sizeof(optional))
		optional_len = sizeof(optional);
	status = source_pread(source, pe->header + COFF_SIZE, optional, optional_len, err);
	if (status == STATUS_OK)
		status = read_optional(pe, pe->header + COFF_SIZE, optional, optional_len, err);
	if (status == STATUS_OK)
		status = read_symbols(source, pe, coff, err);
	if (status == STATUS_OK)
		status = read_sections(source, pe, err);
	if (status == STATUS_OK)
		drop_lost_symbols(pe);
	return status;
}

/* ---- what is told of it ---- */

static const struct {
	uint16_t machine;
	const char *word;
} machines[] = {
	{0x14c, "i386"},
	{0x8664, "amd64"},
	{0x1c2, "arm"},
	{0x1c4, "arm"},
	{0xaa64, "arm64"},
	{0x5064, "riscv64"},
	{0x6264, "loongarch64"},
};

static void add_fields(struct parts *parts, const struct pe *pe)
{
	const char *machine = NULL;
	struct member member = {0};

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (machines[i].machine == pe->machine)
			machine = machines[i].word;
	}
	if (machine != NULL)
		parts_add_field(parts, NULL, "pe-machine", "%s", machine);
	else
		parts_add_field(parts, NULL, "pe-machine", "0x%04x", (unsigned)pe->machine);
	parts_add_field(parts, NULL, "pe-form", "%s", pe->is_64 ? "PE32+" : "PE32");
	parts_add_field(parts, NULL, "pe-subsystem", "%u", (unsigned)pe->subsystem);
	parts_add_field(parts, NULL, "pe-characteristics", "0x%04x", (unsigned)pe->characteristics);
	member_add_time(&member, "pe-timestamp", pe->timestamp, 0);
	buffer_add(&parts->fields, member.fields.data, member.fields.len);
	member_release(&member);
}

static void add_structure(struct parts *parts, const char *name, uint64_t from, uint64_t to)
{
	parts_add(parts, REGION_STRUCTURE, name, from, to - from);
}

enum status pe_add_headers(struct parts *parts, const struct pe *pe, struct error *err)
{
	uint64_t time = pe->header + 8;

	add_fields(parts, pe);
	add_structure(parts, "pe-header", 0, time);
	add_structure(parts, "pe-timestamp", time, time + 4);
	add_structure(parts, "pe-header", time + 4, pe->checksum);
	if (pe->security != 0) {
		add_structure(parts, "pe-header", pe->checksum + 4, pe->security);
		add_structure(parts, "pe-header", pe->security + DIRECTORY_SIZE, pe->table);
	} else {
		add_structure(parts, "pe-header", pe->checksum + 4, pe->table);
	}
	if (pe->symbols != 0)
		parts_add(parts, REGION_STRUCTURE, "pe-symbols", pe->symbols, pe->symbols_len);
	return pe_add_signatures(parts, pe, err);
}

/* ---- a program or a unified kernel image ---- */

/* What is behind the virtual size is there to fill the alignment, or to hide. */
static uint32_t content_size(const struct pe_section *section)
{
	return section->virtual_size != 0 && section->virtual_size < section->raw_size
		? section->virtual_size
		: section->raw_size;
}

size_t pe_add_section(struct parts *parts, const struct pe *pe, const struct pe_section *section)
{
	char name[LONG_NAME_SIZE];
	size_t number = parts->count;
	struct part *part;

	read_long_name(parts->source, pe, section, name);
	part = parts_add_member(parts, name, section->raw_offset, content_size(section));
	part->has_content = section->raw_size > 0;
	parts_add_field(parts, part, "section-address", "0x%08" PRIx32, section->address);
	parts_add_field(parts, part, "section-size", "%" PRIu32, section->virtual_size);
	parts_add_field(parts, part, "section-flags", "0x%08" PRIx32, section->flags);
	parts_add_metadata(parts, "section-header", section->offset, PE_SECTION_SIZE, number);
	return number;
}

/* Text as firmware has it, which EFI Boot Guard's command line is; only ASCII is taken for it. */
static bool is_wide(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i % 2 == 0 ? text[i] == '\0' || (text[i] & 0x80) != 0 : text[i] != '\0')
			return false;
	}
	return len > 1;
}

/* Without the zeros behind it; two bytes a character are made one. Gives the length. */
static size_t trim_text(char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '\0')
		len--;
	if (!is_wide(text, len))
		return len;
	for (size_t i = 0; i < len; i += 2)
		text[i / 2] = text[i];
	return (len + 1) / 2;
}

/* A text in a small section, as a field of the whole image. */
static enum status add_text(struct parts *parts, const struct pe *pe, const char *section_name,
	const char *field, struct error *err)
{
	char text[4096];
	enum status status;
	size_t len;

	for (size_t i = 0; i < pe->section_count; i++) {
		const struct pe_section *section = &pe->sections[i];

		len = content_size(section);
		if (strcmp(section->name, section_name) != 0 || len == 0 || len > sizeof(text))
			continue;
		status = source_pread(parts->source, section->raw_offset, text, len, err);
		if (status < 0)
			return status;
		parts_add_field_bytes(parts, NULL, field, text, trim_text(text, len));
	}
	return STATUS_OK;
}

static bool has_section(const struct pe *pe, const char *name)
{
	for (size_t i = 0; i < pe->section_count; i++) {
		if (strcmp(pe->sections[i].name, name) == 0)
			return true;
	}
	return false;
}

static enum status pe_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct parts *parts;
	struct pe pe;
	bool is_unified;
	enum status status = pe_read(source, &pe, err);

	(void)name, (void)limits;
	if (status < 0)
		return error_context(err, "PE");
	parts = parts_new(source);
	/* systemd's name of it, and EFI Boot Guard's. */
	is_unified = has_section(&pe, ".linux") || has_section(&pe, ".kernel");
	parts_add_field(
		parts, NULL, "kind", "%s", is_unified ? "unified kernel image" : "PE program");
	for (size_t i = 0; i < pe.section_count; i++)
		pe_add_section(parts, &pe, &pe.sections[i]);
	status = pe_add_headers(parts, &pe, err);
	if (status == STATUS_OK)
		status = add_text(parts, &pe, ".cmdline", "kernel-cmdline", err);
	if (status == STATUS_OK)
		status = add_text(parts, &pe, ".uname", "kernel-release", err);
	if (status < 0) {
		parts_free(&parts->members);
		return error_context(err, "PE");
	}
	if (parts_finish(parts, members, err) < 0)
		return error_context(err, "PE");
	return STATUS_OK;
}

const struct format format_pe = {
	.name = "pe",
	.bid_bytes = HEADER_FAR + 4,
	.needs_seek = true,
	.is_lazy = true,
	.bid = pe_bid,
	.open = pe_open,
};
