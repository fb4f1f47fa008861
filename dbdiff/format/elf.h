/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_ELF_H
#define DBDIFF_FORMAT_ELF_H

#include "dbdiff/format/parts.h"

/* More sections than this are read as nothing that is shipped. */
#define ELF_SECTIONS_MAX 65536
#define ELF_SEGMENTS_MAX 4096
/*
 * The region of bytes that say where things lie, or that are a field of their section: they differ
 * without it when it lies elsewhere.
 */
#define ELF_PLACE "section-place"
/* Notes and the like are read whole up to here, and are plain content above. */
#define ELF_NOTES_MAX 65536

/* ELF of both sizes and byte orders (System V ABI, chapters 4 and 5; elf(5)). */
struct elf {
	struct parts *parts;
	bool is_64;
	bool is_big;
	bool is_executable; /* and no shared object, which position-independent programs are */
	struct elf_table {
		uint64_t offset;
		uint32_t count;
		uint32_t entry; /* bytes of one */
	} segments, sections;
	uint32_t names_section;
	struct buffer build_id; /* the bytes, when there is one */
};

/* A section or a segment, from its header. */
struct elf_header {
	uint32_t name; /* a section's: where in the section of names */
	uint32_t type;
	uint64_t flags;
	uint64_t address;
	uint64_t physical; /* a segment's */
	uint64_t offset;
	uint64_t size;	 /* of a segment: in the file */
	uint64_t memory; /* a segment's */
	uint32_t link;
	uint32_t info;
	uint64_t alignment;
	uint64_t entry;
};

/* A number of 1 to 8 bytes in the byte order of the file. */
uint64_t elf_number(const struct elf *elf, const unsigned char *at, size_t width);
/* The bytes that are address-sized: 4 or 8. */
static inline size_t elf_word(const struct elf *elf)
{
	return elf->is_64 ? 8 : 4;
}

/* ---- elf_section.c ---- */

/* Sections become members, their headers what belongs to them. */
enum status elf_read_sections(struct elf *elf, struct error *err);

/* ---- elf_segment.c ---- */

/* The program headers, as fields of the file; `are_members`: what they load is a member as well. */
enum status elf_read_segments(struct elf *elf, bool are_members, struct error *err);

/* A copy of the parts that have bytes, in the order of their places; freed by the caller. */
struct part *elf_copy_places(const struct elf *elf, size_t *count);

/* ---- elf_note.c ---- */

/*
 * Sections that say something by themselves: notes, the tools' versions, where debug information
 * is. What they say becomes fields of `owner` (a part, as added), which loses its content. Does
 * nothing for what is not of that form.
 */
enum status elf_read_notes(struct elf *elf, size_t owner, uint64_t offset, uint64_t size,
	uint64_t alignment, struct error *err);
enum status elf_read_comment(
	struct elf *elf, size_t owner, uint64_t offset, uint64_t size, struct error *err);
/* .gnu_debuglink, after the notes; and .gnu_debugaltlink. */
enum status elf_read_debug_link(
	struct elf *elf, size_t owner, uint64_t offset, uint64_t size, struct error *err);
enum status elf_read_alternate_link(
	struct elf *elf, size_t owner, uint64_t offset, uint64_t size, struct error *err);

#endif
