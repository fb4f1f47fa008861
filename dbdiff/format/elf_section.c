/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/elf.h"
#include "dbdiff/format/kernel_scan.h"

#define NAMES_BYTES_MAX ((uint64_t)16 << 20)
#define NAME_BYTES_MAX	1024
#define TEXT_SIZE	48

struct sections {
	struct elf *elf;
	struct elf_header *headers;
	struct buffer names; /* the section of names, NUL behind it */
};

static const struct {
	uint32_t type;
	const char *text;
	const char *kind; /* NULL: by the flags */
} types[] = {
	{SHT_PROGBITS, "PROGBITS", NULL},
	{SHT_SYMTAB, "SYMTAB", "symbols"},
	{SHT_STRTAB, "STRTAB", "names"},
	{SHT_RELA, "RELA", "relocations"},
	{SHT_HASH, "HASH", "symbols"},
	{SHT_DYNAMIC, "DYNAMIC", "dynamic linking"},
	{SHT_NOTE, "NOTE", "notes"},
	{SHT_NOBITS, "NOBITS", "zeros"},
	{SHT_REL, "REL", "relocations"},
	{SHT_DYNSYM, "DYNSYM", "symbols"},
	{SHT_INIT_ARRAY, "INIT_ARRAY", NULL},
	{SHT_FINI_ARRAY, "FINI_ARRAY", NULL},
	{SHT_PREINIT_ARRAY, "PREINIT_ARRAY", NULL},
	{SHT_GROUP, "GROUP", "groups"},
	{SHT_SYMTAB_SHNDX, "SYMTAB_SHNDX", "symbols"},
	{19, "RELR", "relocations"}, /* not in every elf.h */
	{SHT_GNU_HASH, "GNU_HASH", "symbols"},
	{SHT_GNU_verdef, "GNU_verdef", "symbols"},
	{SHT_GNU_verneed, "GNU_verneed", "symbols"},
	{SHT_GNU_versym, "GNU_versym", "symbols"},
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static const char *kind_of(const struct elf_header *header, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type == header->type && types[i].kind != NULL)
			return types[i].kind;
	}
	if (begins(name, ".debug") || begins(name, ".zdebug"))
		return "debug information";
	if (header->flags & SHF_EXECINSTR)
		return "code";
	if (!(header->flags & SHF_ALLOC))
		return "not loaded";
	return header->flags & SHF_WRITE ? "data" : "constants";
}

/* Where people would look for texts: the difference is shown as those that changed. */
static bool has_strings(const struct elf_header *header, const char *name)
{
	return header->flags & SHF_STRINGS || header->type == SHT_STRTAB ||
		(header->type == SHT_PROGBITS &&
			(begins(name, ".rodata") || begins(name, ".modinfo") ||
				begins(name, ".interp") || begins(name, ".comment")));
}

static void add_type(struct elf *elf, struct part *part, uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type == type) {
			parts_add_field(elf->parts, part, "section-type", "%s", types[i].text);
			return;
		}
	}
	parts_add_field(elf->parts, part, "section-type", "0x%" PRIx32, type);
}

static void add_flags(struct elf *elf, struct part *part, uint64_t flags)
{
	static const struct {
		uint64_t flag;
		const char *word;
	} words[] = {{SHF_WRITE, "write"}, {SHF_ALLOC, "alloc"}, {SHF_EXECINSTR, "execute"},
		{SHF_MERGE, "merge"}, {SHF_STRINGS, "strings"}, {SHF_INFO_LINK, "info"},
		{SHF_LINK_ORDER, "order"}, {SHF_GROUP, "group"}, {SHF_TLS, "thread-local"},
		{SHF_COMPRESSED, "compressed"}};
	struct buffer text = {0};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (flags & words[i].flag)
			buffer_add_format(&text, "%s%s", text.len > 0 ? " " : "", words[i].word);
		flags &= ~words[i].flag;
	}
	if (flags != 0)
		buffer_add_format(&text, "%s0x%" PRIx64, text.len > 0 ? " " : "", flags);
	if (text.len > 0)
		parts_add_field(elf->parts, part, "section-flags", "%s", buffer_text(&text));
	buffer_release(&text);
}

/* "" when it is not in the section of names. */
static const char *name_at(const struct sections *sections, uint32_t at)
{
	return at < sections->names.len ? sections->names.data + at : "";
}

static const char *name_of(const struct sections *sections, uint32_t index, char text[TEXT_SIZE])
{
	const char *name = "";

	if (index < sections->elf->sections.count)
		name = name_at(sections, sections->headers[index].name);
	if (*name != '\0' && strnlen(name, NAME_BYTES_MAX + 1) <= NAME_BYTES_MAX)
		return name;
	snprintf(text, TEXT_SIZE, "section %" PRIu32, index);
	return text;
}

/* Sections that another one stands for are called by name: their numbers change with any of them.
 */
static void add_links(struct sections *sections, struct part *part, const struct elf_header *header)
{
	struct parts *parts = sections->elf->parts;
	bool is_info_section = header->flags & SHF_INFO_LINK || header->type == SHT_REL ||
		header->type == SHT_RELA;
	char text[TEXT_SIZE];

	if (header->link != 0)
		parts_add_field(
			parts, part, "section-link", "%s", name_of(sections, header->link, text));
	if (header->info != 0 && is_info_section)
		parts_add_field(
			parts, part, "section-info", "%s", name_of(sections, header->info, text));
	else if (header->info != 0 && header->type != SHT_SYMTAB && header->type != SHT_DYNSYM)
		parts_add_field(parts, part, "section-info", "%" PRIu32, header->info);
	if (header->alignment > 1)
		parts_add_field(parts, part, "section-alignment", "%" PRIu64, header->alignment);
	if (header->entry != 0)
		parts_add_field(parts, part, "section-entry-size", "%" PRIu64, header->entry);
}

/*
 * What of a header is more than where its section lies is a field of it, so that its bytes are the
 * section's when one of those differs, and only its place when none does.
 */
static void add_header(struct sections *sections, size_t owner, uint32_t index)
{
	const struct elf_table *table = &sections->elf->sections;

	parts_add_metadata(sections->elf->parts, ELF_PLACE,
		table->offset + (uint64_t)index * table->entry, table->entry, owner);
}

/* Of no section: all zero, unless numbers are too large for the header. */
static void add_null_header(struct sections *sections, uint32_t index)
{
	static const struct elf_header nothing;
	const struct elf_table *table = &sections->elf->sections;
	bool is_null = memcmp(&sections->headers[index], &nothing, sizeof(nothing)) == 0;

	parts_add(sections->elf->parts, REGION_STRUCTURE, is_null ? ELF_PLACE : "section-table",
		table->offset + (uint64_t)index * table->entry, table->entry);
}

static enum status read_special(struct elf *elf, size_t owner, const struct elf_header *header,
	const char *name, struct error *err)
{
	uint64_t offset = header->offset, size = header->size;

	if (header->type == SHT_NOTE)
		return elf_read_notes(elf, owner, offset, size, header->alignment, err);
	if (header->type != SHT_PROGBITS || header->flags & SHF_ALLOC)
		return STATUS_OK;
	if (strcmp(name, ".comment") == 0)
		return elf_read_comment(elf, owner, offset, size, err);
	if (strcmp(name, ".gnu_debugaltlink") == 0)
		return elf_read_alternate_link(elf, owner, offset, size, err);
	return STATUS_OK;
}

static enum status add_section(struct sections *sections, uint32_t index, struct error *err)
{
	struct elf *elf = sections->elf;
	const struct elf_header *header = &sections->headers[index];
	bool has_bytes = header->type != SHT_NOBITS;
	uint64_t file_size = elf->parts->source->size;
	char text[TEXT_SIZE];
	const char *name = name_of(sections, index, text);
	size_t owner = elf->parts->count;
	struct part *part;

	if (header->type == SHT_NULL) {
		add_null_header(sections, index);
		return STATUS_OK;
	}
	if (has_bytes && (header->offset > file_size || header->size > file_size - header->offset))
		return error_set(err, STATUS_FORMAT, "short read: section %s", name);
	part = parts_add_member(elf->parts, name, header->offset, has_bytes ? header->size : 0);
	part->has_content = has_bytes;
	parts_add_field(elf->parts, part, "kind", "%s", kind_of(header, name));
	add_type(elf, part, header->type);
	add_flags(elf, part, header->flags);
	add_links(sections, part, header);
	if (!has_bytes)
		parts_add_field(elf->parts, part, "section-size", "%" PRIu64, header->size);
	if (has_bytes && has_strings(header, name))
		parts_add_field(elf->parts, part, "content-form", "strings");
	add_header(sections, owner, index);
	return has_bytes ? read_special(elf, owner, header, name, err) : STATUS_OK;
}

static void parse_header(const struct elf *elf, const unsigned char *at, struct elf_header *header)
{
	size_t word = elf_word(elf);

	*header = (struct elf_header){
		.name = (uint32_t)elf_number(elf, at, 4),
		.type = (uint32_t)elf_number(elf, at + 4, 4),
		.flags = elf_number(elf, at + 8, word),
		.address = elf_number(elf, at + 8 + word, word),
		.offset = elf_number(elf, at + 8 + 2 * word, word),
		.size = elf_number(elf, at + 8 + 3 * word, word),
		.link = (uint32_t)elf_number(elf, at + 8 + 4 * word, 4),
		.info = (uint32_t)elf_number(elf, at + 12 + 4 * word, 4),
		.alignment = elf_number(elf, at + 16 + 4 * word, word),
		.entry = elf_number(elf, at + 16 + 5 * word, word),
	};
}

static enum status read_headers(struct sections *sections, struct error *err)
{
	struct elf *elf = sections->elf;
	const struct elf_table *table = &elf->sections;
	size_t len = (size_t)table->count * table->entry;
	unsigned char *data = xmalloc(len + 1);
	enum status status = source_pread(elf->parts->source, table->offset, data, len, err);

	sections->headers = xcalloc(table->count, sizeof(sections->headers[0]));
	for (uint32_t i = 0; i < table->count && status == STATUS_OK; i++)
		parse_header(elf, data + (size_t)i * table->entry, &sections->headers[i]);
	free(data);
	return status;
}

static enum status read_names(struct sections *sections, struct error *err)
{
	struct elf *elf = sections->elf;
	const struct elf_header *header;
	uint64_t file_size = elf->parts->source->size;
	enum status status;

	if (elf->names_section == SHN_UNDEF || elf->names_section >= elf->sections.count)
		return STATUS_OK;
	header = &sections->headers[elf->names_section];
	if (header->type == SHT_NOBITS)
		return STATUS_OK;
	if (header->offset > file_size || header->size > file_size - header->offset)
		return error_set(err, STATUS_FORMAT, "short read: the names of sections");
	if (header->size > NAMES_BYTES_MAX)
		return error_set(
			err, STATUS_LIMIT, "%" PRIu64 " bytes of names of sections", header->size);
	status = source_pread(elf->parts->source, header->offset,
		buffer_reserve(&sections->names, (size_t)header->size + 1), (size_t)header->size,
		err);
	if (status < 0)
		return status;
	sections->names.len = (size_t)header->size;
	sections->names.data[sections->names.len] = '\0';
	return STATUS_OK;
}

/* After the notes: it is called by the build id. */
static enum status read_debug_links(struct sections *sections, size_t first, struct error *err)
{
	struct elf *elf = sections->elf;
	enum status status = STATUS_OK;
	size_t count = elf->parts->count;

	for (size_t i = first; i < count && status == STATUS_OK; i++) {
		const struct part *part = &elf->parts->items[i];

		if (part->path != NULL && part->has_content &&
			strcmp(part->path, ".gnu_debuglink") == 0)
			status = elf_read_debug_link(elf, i, part->offset, part->len, err);
	}
	return status;
}

/*
 * A kernel with CONFIG_IKCONFIG has its configuration among its constants. One section is looked
 * through: several of that name may be the same bytes.
 */
static enum status cut_kernel_config(struct elf *elf, size_t first, struct error *err)
{
	struct parts *parts = elf->parts;
	size_t count = parts->count;

	for (size_t i = first; i < count; i++) {
		const struct part *part = &parts->items[i];
		struct kernel_scan scan;

		if (part->path == NULL || !part->has_content || strcmp(part->path, ".rodata") != 0)
			continue;
		if (kernel_scan(parts->source, part->offset, part->offset + part->len, &scan, err) <
			0)
			return err->status;
		kernel_cut_config(parts, i, &scan);
		return STATUS_OK;
	}
	return STATUS_OK;
}

enum status elf_read_sections(struct elf *elf, struct error *err)
{
	struct sections sections = {.elf = elf};
	size_t first = elf->parts->count;
	enum status status = read_headers(&sections, err);

	if (status == STATUS_OK)
		status = read_names(&sections, err);
	for (uint32_t i = 0; i < elf->sections.count && status == STATUS_OK; i++) {
		status = add_section(&sections, i, err);
		if (status == STATUS_OK)
			status = parts_check(elf->parts, err);
	}
	if (status == STATUS_OK)
		status = read_debug_links(&sections, first, err);
	if (status == STATUS_OK && elf->is_executable)
		status = cut_kernel_config(elf, first, err);
	free(sections.headers);
	buffer_release(&sections.names);
	return status;
}
