/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_CPIO_H
#define DBDIFF_FORMAT_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cpio(5): newc "070701", crc "070702", odc "070707"; each is followed by digits only. */
#define CPIO_HEADER_SIZE_MAX 110
#define CPIO_CHECK_SIZE	     8 /* digits of the sum, the last of a header */

struct cpio_header {
	const char *form;
	bool has_check;	    /* the sum of all bytes of the content: crc */
	unsigned alignment; /* of the content and of the next header: 4, or 1 for odc */
	size_t size;	    /* of the header itself */
	uint32_t inode, mode, uid, gid, links, mtime, major, minor, device_major, device_minor;
	uint64_t file_size;
	uint32_t name_size; /* with its NUL */
	uint32_t check;
};

/* False when no header begins here. */
bool cpio_read_header(const unsigned char *data, size_t len, struct cpio_header *header);
/* How many bytes fill up to the alignment behind an offset. */
unsigned cpio_padding(const struct cpio_header *header, uint64_t offset);
/*
 * Whether a header, its name and what fills up behind that, `all` bytes, are exactly what its
 * fields come to, in upper case as cpio(1) and the kernel write them.
 */
bool cpio_is_usual(const struct cpio_header *header, const unsigned char *data, size_t all);
/* The member that ends an archive; `name` is as stored, with its NUL. */
bool cpio_is_trailer(const struct cpio_header *header, const unsigned char *name, size_t len);

#endif
