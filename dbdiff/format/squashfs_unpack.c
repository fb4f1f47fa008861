/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks that hold one packed stream and nothing else. For two of its compressors libsquashfs stops
 * at the end of the stream, wherever the block ends: what is behind would be how the block is
 * packed, and nobody's (trust T7).
 */
#include "dbdiff/format/squashfs.h"

#include <lzma.h>
#include <zlib.h>

#define LZMA_MEMORY_MAX ((uint64_t)64 << 20)

static sqfs_s32 unpack_gzip(sqfs_compressor_t *compressor, const sqfs_u8 *in, sqfs_u32 size,
	sqfs_u8 *out, sqfs_u32 room)
{
	z_stream stream = {
		.next_in = (Bytef *)in, .avail_in = size, .next_out = out, .avail_out = room};
	sqfs_s32 got = SQFS_ERROR_COMPRESSOR;

	(void)compressor;
	if (inflateInit(&stream) != Z_OK)
		return SQFS_ERROR_ALLOC;
	if (inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0)
		got = (sqfs_s32)stream.total_out;
	inflateEnd(&stream);
	return got;
}

static sqfs_s32 unpack_lzma(sqfs_compressor_t *compressor, const sqfs_u8 *in, sqfs_u32 size,
	sqfs_u8 *out, sqfs_u32 room)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	sqfs_s32 got = SQFS_ERROR_COMPRESSOR;

	(void)compressor;
	stream.next_in = in;
	stream.avail_in = size;
	stream.next_out = out;
	stream.avail_out = room;
	if (lzma_alone_decoder(&stream, LZMA_MEMORY_MAX) != LZMA_OK)
		return SQFS_ERROR_ALLOC;
	if (lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END && stream.avail_in == 0)
		got = (sqfs_s32)stream.total_out;
	lzma_end(&stream);
	return got;
}

void squashfs_unpack_wholly(sqfs_compressor_t *compressor, SQFS_COMPRESSOR id)
{
	if (id == SQFS_COMP_GZIP)
		compressor->do_block = unpack_gzip;
	else if (id == SQFS_COMP_LZMA)
		compressor->do_block = unpack_lzma;
}
