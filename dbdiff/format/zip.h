/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_ZIP_H
#define DBDIFF_FORMAT_ZIP_H

#include "dbdiff/members.h"

/* APPNOTE.TXT 6.3.10 of PKWARE: 4.3.7 local header, 4.3.12 central directory, 4.3.14 to 4.3.16. */
enum {
	ZIP_STORED = 0,
	ZIP_DEFLATED = 8
};
enum {
	ZIP_ENCRYPTED = 1,
	ZIP_HAS_DESCRIPTOR = 8
};

/* Where the parts of an archive lie. */
struct zip_directory {
	uint64_t begin, end; /* of the central directory */
	uint64_t entries;
	uint64_t archive_end;
	uint16_t comment_len; /* the last bytes before the archive's end */
};

/* One member as the central directory has it. */
struct zip_entry {
	unsigned made_by, needed, flags, method, time, date;
	uint32_t crc;
	uint64_t packed_size, size, offset;
	unsigned internal;
	uint32_t external;
	size_t entry_len; /* of this in the directory */
	/* All three after one another, owned by the entry. */
	struct buffer texts;
	size_t name_len, extra_len, comment_len;
};

enum status zip_find_directory(
	struct source *source, struct zip_directory *directory, struct error *err);
/* The entry at an offset, which must end before `end`. */
enum status zip_read_entry(struct source *source, uint64_t offset, uint64_t end,
	struct zip_entry *entry, struct error *err);
/* The fields of a member: those of the directory, and what the local header says otherwise. */
void zip_add_fields(const struct zip_entry *entry, struct member *member);

struct zip_local {
	uint64_t data; /* where the packed bytes begin */
	uint64_t descriptor_len;
};

/* Reads the local header and adds what it has of its own to the member's fields. */
enum status zip_read_local(struct source *source, const struct zip_entry *entry,
	struct zip_local *local, struct member *member, struct error *err);

#endif
