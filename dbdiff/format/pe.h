/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_PE_H
#define DBDIFF_FORMAT_PE_H

#include "dbdiff/format/parts.h"

/*
 * PE/COFF (Microsoft's "PE Format"; UEFI specification 2.10, section 2.1.1): EFI programs, unified
 * kernel images, and the face that Linux kernels show to firmware.
 */

#define PE_SECTIONS_MAX 96 /* as Windows has it; unified kernel images have a dozen */
#define PE_SECTION_SIZE 40

struct pe_section {
	char name[9];
	uint64_t offset; /* of its header */
	uint32_t address;
	uint32_t virtual_size;
	uint32_t raw_offset;
	uint32_t raw_size;
	uint32_t flags;
};

struct pe {
	uint64_t header;   /* where "PE\0\0" is */
	uint64_t checksum; /* where the checksum is */
	uint32_t checksum_value;
	uint64_t security; /* where the directory entry of the certificate table is; 0: has none */
	uint32_t certificates; /* the table; `certificates_len` 0: has none */
	uint32_t certificates_len;
	uint32_t headers_len; /* SizeOfHeaders */
	uint64_t table;	      /* where the section table is, and its end */
	uint64_t table_end;
	uint64_t symbols;     /* the COFF symbol table, 0: has none */
	uint64_t symbols_len; /* with its strings */
	uint64_t strings;
	uint16_t machine;
	uint16_t subsystem;
	uint16_t characteristics;
	bool is_64;
	uint32_t timestamp;
	size_t section_count;
	struct pe_section sections[PE_SECTIONS_MAX];
};

/* Whether these first bytes say where a PE header is that is not far. */
unsigned pe_bid(const unsigned char *data, size_t len);

/* Reads and checks all headers. `source` can seek. */
enum status pe_read(struct source *source, struct pe *pe, struct error *err);

/*
 * Adds what every PE has: the headers as regions and fields, the signatures, judged
 * (dbdiff/format/pe_signature.h). Not the sections and their table, which are to be added before.
 */
enum status pe_add_headers(struct parts *parts, const struct pe *pe, struct error *err);

/* Adds a section as a member, with its row in the table; gives the number of its part. */
size_t pe_add_section(struct parts *parts, const struct pe *pe, const struct pe_section *section);

#endif
