/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/elf.h"

#include <elf.h>
#include <inttypes.h>

#include "base/array.h"
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/formats.h"

/*
 * Programs, libraries, kernel modules and object files. Sections are members with their bytes as
 * they are; where there are none, what the program headers load is. Read through the source by
 * ranges: headers and names are held, contents never are.
 */

#define HEADER_SIZE_MAX 64
#define GAP_BYTES	4096

struct word {
	uint64_t number;
	const char *text;
};

uint64_t elf_number(const struct elf *elf, const unsigned char *at, size_t width)
{
	uint64_t number = 0;

	for (size_t i = 0; i < width; i++)
		number = number << 8 | at[elf->is_big ? i : width - 1 - i];
	return number;
}

static const struct word types[] = {
	{ET_REL, "relocatable"},
	{ET_EXEC, "executable"},
	{ET_DYN, "shared object"},
	{ET_CORE, "core dump"},
};

static const struct word machines[] = {
	{EM_386, "i386"},
	{EM_MIPS, "MIPS"},
	{EM_PPC, "PowerPC"},
	{EM_PPC64, "PowerPC 64"},
	{EM_S390, "S/390"},
	{EM_ARM, "ARM"},
	{EM_X86_64, "x86-64"},
	{EM_AARCH64, "AArch64"},
	{EM_RISCV, "RISC-V"},
	{EM_BPF, "BPF"},
};

static void add_word(
	struct elf *elf, const char *field, const struct word *words, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (words[i].number == number) {
			parts_add_field(elf->parts, NULL, field, "%s", words[i].text);
			return;
		}
	}
	parts_add_field(elf->parts, NULL, field, "%" PRIu64, number);
}

static void add_piece(struct elf *elf, const char *region, uint64_t *at, size_t len)
{
	parts_add(elf->parts, REGION_STRUCTURE, region, *at, len);
	*at += len;
}

static void describe(struct elf *elf, const unsigned char *header)
{
	struct parts *parts = elf->parts;
	size_t word = elf_word(elf);
	uint64_t at = 0;

	parts_add_field(parts, NULL, "elf-form", "%d-bit, %s endian, ABI %u.%u, version %" PRIu64,
		elf->is_64 ? 64 : 32, elf->is_big ? "big" : "little", header[EI_OSABI],
		header[EI_ABIVERSION], elf_number(elf, header + 20, 4));
	add_word(elf, "elf-type", types, ARRAY_SIZE(types), elf_number(elf, header + 16, 2));
	add_word(elf, "elf-machine", machines, ARRAY_SIZE(machines),
		elf_number(elf, header + 18, 2));
	parts_add_field(parts, NULL, "elf-entry", "0x%" PRIx64, elf_number(elf, header + 24, word));
	parts_add_field(parts, NULL, "elf-flags", "0x%08" PRIx64,
		elf_number(elf, header + 24 + 3 * word, 4));
	add_piece(elf, "elf-form", &at, EI_NIDENT);
	add_piece(elf, "elf-type", &at, 2);
	add_piece(elf, "elf-machine", &at, 2);
	add_piece(elf, "elf-form", &at, 4);
	add_piece(elf, "elf-entry", &at, word);
	add_piece(elf, "elf-layout", &at, 2 * word);
	add_piece(elf, "elf-flags", &at, 4);
	add_piece(elf, "elf-layout", &at, 12);
}

/* Numbers that do not fit into the header stand in the first section header. */
static enum status read_large_numbers(struct elf *elf, struct error *err)
{
	unsigned char first[HEADER_SIZE_MAX];
	size_t word = elf_word(elf), len = 24 + 4 * word;
	enum status status;

	if (elf->sections.offset == 0)
		return STATUS_OK;
	status = source_pread(elf->parts->source, elf->sections.offset, first, len, err);
	if (status < 0)
		return status;
	if (elf->sections.count == 0) {
		uint64_t count = elf_number(elf, first + 8 + 3 * word, word);

		elf->sections.count = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
	}
	if (elf->names_section == SHN_XINDEX)
		elf->names_section = (uint32_t)elf_number(elf, first + 8 + 4 * word, 4);
	if (elf->segments.count == PN_XNUM)
		elf->segments.count = (uint32_t)elf_number(elf, first + 12 + 4 * word, 4);
	return STATUS_OK;
}

static enum status check_table(const struct elf *elf, const struct elf_table *table, uint32_t entry,
	uint32_t most, const char *name, struct error *err)
{
	uint64_t size = elf->parts->source->size;

	if (table->count == 0)
		return STATUS_OK;
	if (table->count > most)
		return error_set(err, STATUS_LIMIT, "more than %" PRIu32 " %s", most, name);
	if (table->entry != entry)
		return error_set(err, STATUS_FORMAT, "headers of %s have %" PRIu32 " bytes each",
			name, table->entry);
	if (table->offset > size || (uint64_t)table->count * entry > size - table->offset)
		return error_set(err, STATUS_FORMAT, "short read: the headers of %s", name);
	return STATUS_OK;
}

static enum status read_header(struct elf *elf, struct error *err)
{
	unsigned char header[HEADER_SIZE_MAX];
	struct source *source = elf->parts->source;
	size_t word, counts;
	enum status status;

	if (source->size < EI_NIDENT)
		return error_set(err, STATUS_FORMAT, "short read: the header");
	status = source_pread(source, 0, header, EI_NIDENT, err);
	if (status < 0)
		return status;
	elf->is_64 = header[EI_CLASS] == ELFCLASS64;
	elf->is_big = header[EI_DATA] == ELFDATA2MSB;
	word = elf_word(elf);
	counts = 28 + 3 * word;
	status = source_pread(source, 0, header, counts + 12, err);
	if (status < 0)
		return status;
	if (memcmp(header, ELFMAG, SELFMAG) != 0 || header[EI_CLASS] == 0 ||
		header[EI_CLASS] > ELFCLASS64 || header[EI_DATA] == 0 ||
		header[EI_DATA] > ELFDATA2MSB)
		return error_set(err, STATUS_FORMAT, "not an ELF header");
	elf->segments.offset = elf_number(elf, header + 24 + word, word);
	elf->sections.offset = elf_number(elf, header + 24 + 2 * word, word);
	elf->segments.entry = (uint32_t)elf_number(elf, header + counts + 2, 2);
	elf->segments.count = (uint32_t)elf_number(elf, header + counts + 4, 2);
	elf->sections.entry = (uint32_t)elf_number(elf, header + counts + 6, 2);
	elf->sections.count = (uint32_t)elf_number(elf, header + counts + 8, 2);
	elf->names_section = (uint32_t)elf_number(elf, header + counts + 10, 2);
	elf->is_executable = elf_number(elf, header + 16, 2) == ET_EXEC;
	describe(elf, header);
	return read_large_numbers(elf, err);
}

/* Whether all of [from, to) is zero. */
static enum status are_zeros(
	struct source *source, uint64_t from, uint64_t to, bool *are_zero, struct error *err)
{
	unsigned char data[GAP_BYTES];

	*are_zero = true;
	while (from < to && *are_zero) {
		size_t len = to - from < sizeof(data) ? (size_t)(to - from) : sizeof(data);

		if (source_pread(source, from, data, len, err) < 0)
			return err->status;
		*are_zero = bytes_are_zero(data, len);
		from += len;
	}
	return STATUS_OK;
}

/*
 * What no header speaks of: zeros between sections; other bytes stay "padding"; what stands behind
 * everything is a member, since programs do carry payloads.
 */
static enum status add_gaps(struct elf *elf, struct error *err)
{
	struct parts *parts = elf->parts;
	uint64_t at = 0, size = parts->source->size;
	size_t count;
	struct part *places = elf_copy_places(elf, &count);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		bool are_zero = false;

		if (places[i].offset > at)
			status = are_zeros(parts->source, at, places[i].offset, &are_zero, err);
		if (are_zero)
			parts_add(parts, REGION_STRUCTURE, "elf-gap", at, places[i].offset - at);
		if (places[i].offset + places[i].len > at)
			at = places[i].offset + places[i].len;
	}
	if (at < size)
		parts_add_member(parts, "appended", at, size - at);
	free(places);
	return status;
}

static enum status read_elf(struct elf *elf, struct error *err)
{
	enum status status = read_header(elf, err);
	uint32_t word = (uint32_t)elf_word(elf);

	if (status == STATUS_OK)
		status = check_table(elf, &elf->segments, elf->is_64 ? 56 : 32, ELF_SEGMENTS_MAX,
			"segments", err);
	if (status == STATUS_OK)
		status = check_table(
			elf, &elf->sections, 16 + 6 * word, ELF_SECTIONS_MAX, "sections", err);
	if (status == STATUS_OK && elf->sections.count > 0)
		status = elf_read_sections(elf, err);
	if (status == STATUS_OK)
		status = elf_read_segments(elf, elf->sections.count == 0, err);
	if (status == STATUS_OK)
		status = add_gaps(elf, err);
	return status;
}

static enum status elf_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct elf elf = {.parts = parts_new(source)};
	enum status status = read_elf(&elf, err);

	(void)name, (void)limits;
	if (status < 0)
		parts_free(&elf.parts->members);
	else
		status = parts_finish(elf.parts, members, err);
	buffer_release(&elf.build_id);
	return status < 0 ? error_context(err, "ELF") : STATUS_OK;
}

static unsigned elf_bid(const unsigned char *data, size_t len)
{
	return len >= EI_NIDENT && memcmp(data, ELFMAG, SELFMAG) == 0 &&
			(data[EI_CLASS] == ELFCLASS32 || data[EI_CLASS] == ELFCLASS64) &&
			(data[EI_DATA] == ELFDATA2LSB || data[EI_DATA] == ELFDATA2MSB) &&
			data[EI_VERSION] == EV_CURRENT
		? 56
		: 0;
}

const struct format format_elf = {
	.name = "elf",
	.bid_bytes = EI_NIDENT,
	.needs_seek = true,
	.is_lazy = true,
	.bid = elf_bid,
	.open = elf_open,
};
