/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/xz_index.h"

#define INDEX_MEMORY ((uint64_t)16 << 20)
#define READ_SIZE    ((size_t)8 * 1024) /* less than that is wanted at most places */
#define LEAST_BYTES  ((uint64_t)256 * 1024)

/* The next bytes at *at, where the decoder is. */
static bool feed(lzma_stream *decoder, struct source *source, uint64_t *at, unsigned char *data)
{
	uint64_t left = source->size - *at;
	size_t len = left < READ_SIZE ? (size_t)left : READ_SIZE;
	struct error ignored;

	if (len == 0 || source_pread(source, *at, data, len, &ignored) < 0)
		return false;
	decoder->next_in = data;
	decoder->avail_in = len;
	*at += len;
	return true;
}

static lzma_index *read_all(struct source *source)
{
	lzma_stream decoder = LZMA_STREAM_INIT;
	lzma_index *index = NULL;
	lzma_ret result = lzma_file_info_decoder(&decoder, &index, INDEX_MEMORY, source->size);
	unsigned char data[READ_SIZE];
	uint64_t at = 0;

	while (result == LZMA_OK) {
		if (decoder.avail_in == 0 && !feed(&decoder, source, &at, data))
			break;
		result = lzma_code(&decoder, LZMA_RUN);
		if (result == LZMA_SEEK_NEEDED && decoder.seek_pos <= source->size) {
			at = decoder.seek_pos;
			decoder.avail_in = 0;
			result = LZMA_OK;
		}
	}
	lzma_end(&decoder);
	return result == LZMA_STREAM_END ? index : NULL;
}

static bool is_let(const lzma_index *index, const struct limits *limits)
{
	uint64_t size = lzma_index_uncompressed_size(index);

	return size <= limits->member_bytes && size <= limits->total_bytes &&
		(limits->ratio == 0 || size <= LIMITS_RATIO_FREE ||
			size / limits->ratio <= lzma_index_file_size(index));
}

lzma_index *xz_index_read(struct source *source, const struct limits *limits)
{
	lzma_index *index = read_all(source);

	if (index != NULL &&
		(lzma_index_block_count(index) < 2 ||
			lzma_index_uncompressed_size(index) < LEAST_BYTES ||
			!is_let(index, limits))) {
		lzma_index_end(index, NULL);
		index = NULL;
	}
	return index;
}

bool xz_index_block(const lzma_index_iter *at, const unsigned char *data, size_t len,
	struct xz_block *block, uint64_t *memory)
{
	struct error ignored;

	*block = (struct xz_block){.filters = {{.id = LZMA_VLI_UNKNOWN}}};
	if (len == 0 || data[0] == 0 || xz_block_header_size(data[0]) > len ||
		at->stream.flags == NULL ||
		xz_block_read(block, at->stream.flags->check, data, &ignored) < 0)
		return false;
	if (lzma_block_compressed_size(&block->block, at->block.unpadded_size) != LZMA_OK)
		return false;
	if (block->block.uncompressed_size != LZMA_VLI_UNKNOWN &&
		block->block.uncompressed_size != at->block.uncompressed_size)
		return false;
	block->block.uncompressed_size = at->block.uncompressed_size;
	*memory = lzma_raw_decoder_memusage(block->filters);
	return *memory != UINT64_MAX;
}
