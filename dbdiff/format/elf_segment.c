/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/elf.h"

/* With more program headers than this they are told of as one thing. */
#define FIELDS_MAX 64
#define NAME_SIZE  48

struct segments {
	struct elf *elf;
	struct elf_header *headers;
};

static const struct {
	uint32_t type;
	const char *text;
} types[] = {
	{PT_NULL, "NULL"}, {PT_LOAD, "LOAD"}, {PT_DYNAMIC, "DYNAMIC"}, {PT_INTERP, "INTERP"},
	{PT_NOTE, "NOTE"}, {PT_PHDR, "PHDR"}, {PT_TLS, "TLS"}, {PT_GNU_EH_FRAME, "GNU_EH_FRAME"},
	{PT_GNU_STACK, "GNU_STACK"}, {PT_GNU_RELRO, "GNU_RELRO"},
	{0x6474e553, "GNU_PROPERTY"}, /* not in every elf.h */
};

static void add_field(struct elf *elf, uint32_t index, const struct elf_header *header)
{
	uint64_t at = elf->segments.offset + (uint64_t)index * elf->segments.entry;
	char name[NAME_SIZE], type[NAME_SIZE];

	snprintf(type, sizeof(type), "0x%" PRIx32, header->type);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type == header->type)
			snprintf(type, sizeof(type), "%s", types[i].text);
	}
	snprintf(name, sizeof(name), "segment:%02" PRIu32, index);
	parts_add_field(elf->parts, NULL, name,
		"%s %s%s%s offset 0x%" PRIx64 " address 0x%" PRIx64 " 0x%" PRIx64 " size 0x%" PRIx64
		" 0x%" PRIx64 " alignment 0x%" PRIx64,
		type, header->flags & PF_R ? "r" : "-", header->flags & PF_W ? "w" : "-",
		header->flags & PF_X ? "x" : "-", header->offset, header->address, header->physical,
		header->size, header->memory, header->alignment);
	parts_add(elf->parts, REGION_STRUCTURE, parts_keep(elf->parts, name), at,
		elf->segments.entry);
}

static void parse_header(const struct elf *elf, const unsigned char *at, struct elf_header *header)
{
	size_t word = elf_word(elf), from = elf->is_64 ? 8 : 4;

	*header = (struct elf_header){
		.type = (uint32_t)elf_number(elf, at, 4),
		.flags = elf_number(elf, at + (elf->is_64 ? 4 : 24), 4),
		.offset = elf_number(elf, at + from, word),
		.address = elf_number(elf, at + from + word, word),
		.physical = elf_number(elf, at + from + 2 * word, word),
		.size = elf_number(elf, at + from + 3 * word, word),
		.memory = elf_number(elf, at + from + 4 * word, word),
		.alignment = elf_number(elf, at + (elf->is_64 ? 48 : 28), word),
	};
}

static enum status read_headers(struct segments *segments, struct error *err)
{
	struct elf *elf = segments->elf;
	const struct elf_table *table = &elf->segments;
	size_t len = (size_t)table->count * table->entry;
	unsigned char *data = xmalloc(len + 1);
	enum status status = source_pread(elf->parts->source, table->offset, data, len, err);

	segments->headers = xcalloc((size_t)table->count + 1, sizeof(segments->headers[0]));
	for (uint32_t i = 0; i < table->count && status == STATUS_OK; i++)
		parse_header(elf, data + (size_t)i * table->entry, &segments->headers[i]);
	free(data);
	return status;
}

static int compare_places(const void *a, const void *b)
{
	const struct part *one = a, *other = b;

	return (one->offset > other->offset) - (one->offset < other->offset);
}

struct part *elf_copy_places(const struct elf *elf, size_t *count)
{
	const struct parts *parts = elf->parts;
	struct part *places = xcalloc(parts->count + 1, sizeof(places[0]));

	*count = 0;
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->items[i].len > 0)
			places[(*count)++] = parts->items[i];
	}
	if (*count > 1)
		qsort(places, *count, sizeof(places[0]), compare_places);
	return places;
}

/* What is loaded is cut around what is there: the first begins with the headers themselves. */
static void add_load(struct elf *elf, uint32_t number, const struct elf_header *header)
{
	uint64_t from = header->offset, to = header->offset + header->size;
	size_t count;
	struct part *places = elf_copy_places(elf, &count);
	unsigned piece = 0;

	for (size_t i = 0; i <= count && from < to; i++) {
		uint64_t start = i < count ? places[i].offset : to;
		uint64_t end = i < count ? start + places[i].len : to;
		char name[NAME_SIZE];

		if (end <= from && i < count)
			continue;
		if (start > to)
			start = to;
		if (start > from) {
			if (piece++ == 0)
				snprintf(name, sizeof(name), "LOAD%" PRIu32, number);
			else
				snprintf(name, sizeof(name), "LOAD%" PRIu32 ".%u", number, piece);
			parts_add_member(elf->parts, name, from, start - from);
		}
		if (end > from)
			from = end;
	}
	free(places);
}

static enum status check_place(
	const struct elf *elf, uint32_t index, const struct elf_header *header, struct error *err)
{
	uint64_t size = elf->parts->source->size;

	if (header->offset > size || header->size > size - header->offset)
		return error_set(err, STATUS_FORMAT, "short read: segment %" PRIu32, index);
	return STATUS_OK;
}

/* Without section headers: notes first, since they lie in what is loaded. */
static enum status add_members(struct segments *segments, struct error *err)
{
	struct elf *elf = segments->elf;
	uint32_t loads = 0;
	enum status status = STATUS_OK;

	for (uint32_t i = 0; i < elf->segments.count && status == STATUS_OK; i++) {
		const struct elf_header *header = &segments->headers[i];
		size_t owner = elf->parts->count;

		if (header->type != PT_NOTE || header->size == 0 || header->size > ELF_NOTES_MAX)
			continue;
		status = check_place(elf, i, header, err);
		if (status == STATUS_OK) {
			parts_add_member(elf->parts, "NOTE", header->offset, 0)->has_content =
				false;
			status = elf_read_notes(
				elf, owner, header->offset, header->size, header->alignment, err);
		}
	}
	for (uint32_t i = 0; i < elf->segments.count && status == STATUS_OK; i++) {
		const struct elf_header *header = &segments->headers[i];

		if (header->type != PT_LOAD || header->size == 0)
			continue;
		if (loads == FIELDS_MAX * 4)
			return error_set(
				err, STATUS_LIMIT, "more than %d segments to load", FIELDS_MAX * 4);
		status = check_place(elf, i, header, err);
		if (status == STATUS_OK)
			add_load(elf, loads++, header);
	}
	return status;
}

enum status elf_read_segments(struct elf *elf, bool are_members, struct error *err)
{
	struct segments segments = {.elf = elf};
	enum status status;

	if (elf->segments.count == 0)
		return STATUS_OK;
	status = read_headers(&segments, err);
	if (status == STATUS_OK && elf->segments.count > FIELDS_MAX)
		parts_add(elf->parts, REGION_STRUCTURE, "program-headers", elf->segments.offset,
			(uint64_t)elf->segments.count * elf->segments.entry);
	for (uint32_t i = 0;
		i < elf->segments.count && elf->segments.count <= FIELDS_MAX && status == STATUS_OK;
		i++)
		add_field(elf, i, &segments.headers[i]);
	if (status == STATUS_OK && are_members)
		status = add_members(&segments, err);
	free(segments.headers);
	return status;
}
