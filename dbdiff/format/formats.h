/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_FORMATS_H
#define DBDIFF_FORMAT_FORMATS_H

#include "dbdiff/members.h"

/* Rows of the table `formats` (dbdiff/members.h), each in the file of its name. */
extern const struct format format_tar, format_cpio, format_initrd, format_ar, format_zip;
extern const struct format format_control; /* dbdiff/format/tar.c */
extern const struct format format_deb;	   /* dbdiff/format/ar.c */
extern const struct format format_squashfs, format_ext, format_other_filesystem;
extern const struct format format_disk, format_fat, format_bgenv;

extern const struct format format_pe, format_bzimage, format_kernel_image, format_kernel_module;
extern const struct format format_uimage, format_devicetree;
extern const struct format format_elf, format_python_bytecode, format_gettext;
extern const struct format format_ld_cache, format_ld_aux_cache;
extern const struct format format_verity;
extern const struct format format_swu, format_sw_description;
extern const struct format format_env, format_rdiff, format_bmap;
extern const struct format format_zchunk;
extern const struct format format_packages, format_manifest, format_kernel_config;
extern const struct format format_shadow, format_machine_id, format_json;

extern const struct format format_gzip, format_bzip2, format_xz, format_zstd, format_lz4;
extern const struct format format_lzma, format_lzip;	 /* dbdiff/format/lzma.c */
extern const struct format format_lzop, format_compress; /* dbdiff/format/compressed.c */

/* The row that is surest; NULL for a leaf. `with_lazy`: what is opened only when it differs too. */
const struct format *format_find(const struct candidate *candidate, bool with_lazy);
/* The row of that name, or NULL. */
const struct format *format_named(const char *name);
/* How many bytes it wants to see. */
size_t format_bid_bytes(void);

#endif
