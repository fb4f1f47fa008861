/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_FORMATS_H
#define DBDIFF_FORMAT_FORMATS_H

#include "dbdiff/members.h"

/* Rows of the table `formats` (dbdiff/members.h), each in the file of its name. */
extern const struct format format_tar, format_cpio, format_ar;

/* dbdiff/format/compressed.c */
extern const struct format format_gzip, format_bzip2, format_xz, format_lzma, format_zstd,
	format_lz4, format_lzip, format_lzop, format_compress;

/* The row that is surest of these first bytes; NULL for a leaf. */
const struct format *format_find(const unsigned char *data, size_t len);
/* How many bytes it wants to see. */
size_t format_bid_bytes(void);

#endif
