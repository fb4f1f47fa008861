/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_XZ_PARTS_H
#define DBDIFF_FORMAT_XZ_PARTS_H

#include <lzma.h>

#include "base/error.h"

/*
 * The parts of an .xz file (The .xz File Format 1.1.0): a stream is a header, blocks, an index over
 * them and a footer. Each is read by a function of its own, so that blocks can be decoded in any
 * order once the index is known.
 */

/* A block's header, from its bytes: `filters` is filled in, and to be freed with xz_block_release()
 * even after an error. */
struct xz_block {
	lzma_block block;
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
};

enum status xz_error(lzma_ret result, struct error *err);

/* LZMA_STREAM_HEADER_SIZE bytes each. */
enum status xz_read_header(const unsigned char *data, lzma_stream_flags *flags, struct error *err);
/* The footer must say the same as the header, and the size of the index. */
enum status xz_read_footer(const unsigned char *data, const lzma_stream_flags *header,
	uint64_t index_size, struct error *err);
/* How many bytes a block's header has, from its first, which is not 0 (that is the index). */
uint32_t xz_block_header_size(unsigned char first);
/*
 * Reads a block's header of that many bytes. STATUS_UNSUPPORTED for a filter that liblzma lacks, or
 * one that wants a window of more than STREAM_WINDOW_MAX.
 */
enum status xz_block_read(
	struct xz_block *block, lzma_check check, const unsigned char *data, struct error *err);
/* Of a decoded block: its bytes behind the header, with the padding and the check. */
uint64_t xz_block_packed_size(const struct xz_block *block);
/* Bytes of the window that its decoder has. */
uint64_t xz_block_window(const struct xz_block *block);
/* Its filters in words: "x86, lzma2 8 MiB". */
void xz_block_settings(const struct xz_block *block, char *text, size_t size);
void xz_block_release(struct xz_block *block);

#endif
