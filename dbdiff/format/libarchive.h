/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_LIBARCHIVE_H
#define DBDIFF_FORMAT_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "dbdiff/members.h"

#define ARCHIVE_HEADER_SIZE  512 /* of tar */
#define ARCHIVE_HEADERS_MOST ((size_t)64 * 1024)

/*
 * What a format read through libarchive says about itself. libarchive is given one format and at
 * most one filter, never its own choice.
 *
 * Behind the members of the container stand those of dbdiff/format/behind.h, because libarchive
 * drops what follows an end mark without a word (trust T7). Regions come of the positions that
 * libarchive gives: a member's header (all of the headers that describe it) and padding are its
 * metadata, its content is the archive's own bytes.
 */
struct archive_kind {
	const char *name;
	/* Tells a new handle what to read; not ARCHIVE_OK is an error. */
	int (*prepare)(struct archive *archive);
	/* The format ends in a mark of its own, and without it is truncated. */
	bool has_end_mark;
	unsigned fill_block; /* writers fill up to a multiple of it with zeros; 0 for none */
	/* A compressed stream: one member without metadata, called as the container without suffix.
	 */
	bool is_stream;
	/*
	 * Members lie anywhere, and what describes them elsewhere: of the bytes, contents alone are
	 * told of, where libarchive reads them.
	 */
	bool is_scattered;
	unsigned magic_size; /* bytes before the first member's header */
	/*
	 * Whether the header of ARCHIVE_HEADER_SIZE bytes right before its content says that the
	 * content is stored as it is, in `size` bytes. NULL: nobody can tell.
	 */
	bool (*is_verbatim)(const unsigned char *header, uint64_t size);
	/*
	 * Adds as fields what the headers of a member say that libarchive does not tell: `len`
	 * bytes from the first of them to the content, at most ARCHIVE_HEADERS_MOST. False when not
	 * all of that was told. NULL for none.
	 */
	bool (*describe_headers)(const unsigned char *bytes, size_t len, struct member *member);
	/* Adds fields that only this format has. NULL for none. */
	void (*describe)(struct archive_entry *entry, struct member *member);
};

enum status archive_members_open(const struct archive_kind *kind, struct source *source,
	const char *name, struct members **members, struct error *err);

#endif
