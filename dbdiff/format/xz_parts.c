/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/xz_parts.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/array.h"
#include "dbdiff/format/stream.h"

enum status xz_error(lzma_ret result, struct error *err)
{
	switch (result) {
	case LZMA_OK:
		return STATUS_OK;
	case LZMA_FORMAT_ERROR:
		return error_set(err, STATUS_FORMAT, "xz: not what it should begin with");
	case LZMA_OPTIONS_ERROR:
		return error_set(err, STATUS_UNSUPPORTED, "xz: settings that cannot be read here");
	case LZMA_UNSUPPORTED_CHECK:
		return error_set(err, STATUS_UNSUPPORTED, "xz: a checksum of an unknown kind");
	case LZMA_MEMLIMIT_ERROR:
		return error_set(err, STATUS_UNSUPPORTED,
			"xz: a window of more than %" PRIu64 " bytes is refused",
			STREAM_WINDOW_MAX);
	case LZMA_MEM_ERROR:
	case LZMA_PROG_ERROR:
		return error_set(err, STATUS_IO, "liblzma: error %d", (int)result);
	case LZMA_BUF_ERROR:
		return error_set(err, STATUS_FORMAT, "xz: truncated");
	default:
		return error_set(err, STATUS_FORMAT, "xz: damaged");
	}
}

enum status xz_read_header(const unsigned char *data, lzma_stream_flags *flags, struct error *err)
{
	lzma_ret result = lzma_stream_header_decode(flags, data);

	if (result == LZMA_OK && !lzma_check_is_supported(flags->check))
		result = LZMA_UNSUPPORTED_CHECK;
	return xz_error(result, err);
}

enum status xz_read_footer(const unsigned char *data, const lzma_stream_flags *header,
	uint64_t index_size, struct error *err)
{
	lzma_stream_flags footer;
	enum status status = xz_error(lzma_stream_footer_decode(&footer, data), err);

	if (status != STATUS_OK)
		return status;
	if (lzma_stream_flags_compare(header, &footer) != LZMA_OK ||
		footer.backward_size != index_size)
		return error_set(err, STATUS_FORMAT, "xz: the footer does not fit");
	return STATUS_OK;
}

uint32_t xz_block_header_size(unsigned char first)
{
	return lzma_block_header_size_decode(first);
}

uint64_t xz_block_window(const struct xz_block *block)
{
	uint64_t bytes = 0;

	for (size_t i = 0; block->filters[i].id != LZMA_VLI_UNKNOWN; i++) {
		const lzma_options_lzma *options = block->filters[i].options;

		if (block->filters[i].id == LZMA_FILTER_LZMA2)
			bytes += options->dict_size;
	}
	return bytes;
}

enum status xz_block_read(
	struct xz_block *block, lzma_check check, const unsigned char *data, struct error *err)
{
	enum status status;

	*block = (struct xz_block){.block = {
					   .version = 1,
					   .check = check,
					   .header_size = xz_block_header_size(data[0]),
				   }};
	for (size_t i = 0; i <= LZMA_FILTERS_MAX; i++)
		block->filters[i].id = LZMA_VLI_UNKNOWN;
	block->block.filters = block->filters;
	status = xz_error(lzma_block_header_decode(&block->block, NULL, data), err);
	if (status == STATUS_OK && xz_block_window(block) > STREAM_WINDOW_MAX)
		status = xz_error(LZMA_MEMLIMIT_ERROR, err);
	return status;
}

uint64_t xz_block_packed_size(const struct xz_block *block)
{
	return lzma_block_total_size(&block->block) - block->block.header_size;
}

void xz_block_settings(const struct xz_block *block, char *text, size_t size)
{
	static const struct {
		lzma_vli id;
		const char *word;
	} words[] = {
		{LZMA_FILTER_X86, "x86"},
		{LZMA_FILTER_POWERPC, "powerpc"},
		{LZMA_FILTER_IA64, "ia64"},
		{LZMA_FILTER_ARM, "arm"},
		{LZMA_FILTER_ARMTHUMB, "armthumb"},
		{LZMA_FILTER_ARM64, "arm64"},
		{LZMA_FILTER_SPARC, "sparc"},
		{LZMA_FILTER_DELTA, "delta"},
		{LZMA_FILTER_LZMA2, "lzma2"},
	};
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; block->filters[i].id != LZMA_VLI_UNKNOWN && used < size; i++) {
		const char *word = "another filter";
		int len;

		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			if (words[j].id == block->filters[i].id)
				word = words[j].word;
		}
		len = snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", word);
		used += len > 0 ? (size_t)len : 0;
		if (block->filters[i].id == LZMA_FILTER_LZMA2 && used < size) {
			const lzma_options_lzma *options = block->filters[i].options;

			len = snprintf(text + used, size - used, " of %" PRIu32 " bytes",
				options->dict_size);
			used += len > 0 ? (size_t)len : 0;
		}
	}
}

void xz_block_release(struct xz_block *block)
{
	for (size_t i = 0; i < LZMA_FILTERS_MAX; i++) {
		if (block->filters[i].id == LZMA_VLI_UNKNOWN)
			break;
		free(block->filters[i].options);
	}
	block->filters[0].id = LZMA_VLI_UNKNOWN;
}
