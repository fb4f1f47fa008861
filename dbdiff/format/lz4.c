/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <lz4.h>
#include <lz4frame.h>

#include "base/alloc.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/stream.h"

/*
 * LZ4 frame format 1.6.2: frames of a header, blocks, an end mark and perhaps a checksum, skippable
 * frames between them; and the legacy frame of old programs and of Linux's initrds, which is blocks
 * of up to 8 MiB until something else follows.
 */
#define MAGIC_SIZE	  4
#define MAGIC		  "\x04\x22\x4d\x18"
#define LEGACY_MAGIC	  "\x02\x21\x4c\x18"
#define HEADER_SIZE_MAX	  19
#define FRAME_MEMORY	  ((uint64_t)8 << 20) /* of a decoder: two blocks of the largest */
#define LEGACY_BLOCK_SIZE (8 << 20)

enum place {
	BETWEEN,
	IN_FRAME,
	IN_LEGACY
};

struct lz4 {
	LZ4F_dctx *context;
	enum place place;
	uint64_t begin;
	/* Of the legacy frame: one block, packed and not. */
	char *packed;
	char *block;
	bool is_short; /* a block was not full: it was the last */
};

static unsigned lz4_bid(const unsigned char *data, size_t len)
{
	return len >= MAGIC_SIZE &&
			(memcmp(data, MAGIC, MAGIC_SIZE) == 0 ||
				memcmp(data, LEGACY_MAGIC, MAGIC_SIZE) == 0)
		? 32
		: 0;
}

static unsigned lz4_bid_more(const struct candidate *candidate)
{
	unsigned char next[SKIPPABLE_HEADER_SIZE];
	size_t got;

	stream_look_behind_skippable(candidate, next, sizeof(next), &got);
	return lz4_bid(next, got);
}

static enum status begin_legacy(struct stream *stream, struct error *err)
{
	struct lz4 *lz4 = stream->state;

	if (stream_take_window(stream, 2 * LEGACY_BLOCK_SIZE, err) < 0)
		return err->status;
	if (lz4->block == NULL) {
		lz4->block = xmalloc(LEGACY_BLOCK_SIZE);
		lz4->packed = xmalloc(LZ4_COMPRESSBOUND(LEGACY_BLOCK_SIZE));
	}
	if (stream->units++ == 0)
		member_add_field(&stream->fields, "stream-settings", "legacy frame");
	lz4->place = IN_LEGACY;
	lz4->is_short = false;
	lz4->begin = stream->source->offset + MAGIC_SIZE;
	return stream_take(stream, MAGIC_SIZE, REGION_STRUCTURE, "stream-settings", err);
}

static void describe_frame(struct stream *stream, const LZ4F_frameInfo_t *info)
{
	static const char *const block_sizes[] = {"64 KiB", "256 KiB", "1 MiB", "4 MiB"};
	unsigned size = (unsigned)info->blockSizeID - LZ4F_max64KB;

	member_add_field(&stream->fields, "stream-settings",
		"%s blocks of %s, %schecksum of blocks, %schecksum of content, %s",
		info->blockMode == LZ4F_blockLinked ? "linked" : "independent",
		size < 4 ? block_sizes[size] : "64 KiB",
		info->blockChecksumFlag == LZ4F_noBlockChecksum ? "no " : "",
		info->contentChecksumFlag == LZ4F_noContentChecksum ? "no " : "",
		info->contentSize != 0 ? "size given" : "size not given");
}

static enum status begin_frame(struct stream *stream, struct error *err)
{
	struct lz4 *lz4 = stream->state;
	LZ4F_frameInfo_t info = {0};
	const unsigned char *data;
	enum status status;
	size_t len, result;

	status = source_peek(stream->source, HEADER_SIZE_MAX, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (stream_take_window(stream, FRAME_MEMORY, err) < 0)
		return err->status;
	if (lz4->context != NULL)
		LZ4F_resetDecompressionContext(lz4->context);
	else if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4->context, LZ4F_VERSION)))
		return error_set(err, STATUS_IO, "liblz4 cannot start");
	result = LZ4F_getFrameInfo(lz4->context, &info, data, &len);
	if (LZ4F_isError(result))
		return error_set(err, STATUS_FORMAT, "lz4: %s", LZ4F_getErrorName(result));
	if (stream->units++ == 0)
		describe_frame(stream, &info);
	stream->extra += info.dictID != 0 ? 4 : 0;
	lz4->place = IN_FRAME;
	lz4->begin = stream->source->offset + len;
	return stream_take(stream, len, REGION_STRUCTURE, "stream-settings", err);
}

static enum status begin(struct stream *stream, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len;

	status = source_peek(stream->source, SKIPPABLE_HEADER_SIZE, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (stream_is_skippable(data, len))
		return stream_skip_frame(stream, err);
	if (lz4_bid(data, len) == 0)
		return stream->units > 0 ? STATUS_END
					 : error_set(err, STATUS_FORMAT, "lz4: no frame");
	return memcmp(data, MAGIC, MAGIC_SIZE) == 0 ? begin_frame(stream, err)
						    : begin_legacy(stream, err);
}

static enum status decode_frame(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct lz4 *lz4 = stream->state;
	size_t out_len = STREAM_OUT_SIZE, packed_len, left;
	const unsigned char *packed;
	enum status status;

	status = source_peek(stream->source, 1, &packed, &packed_len, err);
	if (status != STATUS_OK)
		return status;
	if (packed_len == 0)
		return error_set(
			err, STATUS_FORMAT, "lz4: truncated at %" PRIu64, stream->source->offset);
	left = LZ4F_decompress(lz4->context, stream->out, &out_len, packed, &packed_len, NULL);
	if (LZ4F_isError(left))
		return error_set(err, STATUS_FORMAT, "lz4: %s", LZ4F_getErrorName(left));
	if (packed_len == 0 && out_len == 0 && left != 0)
		return error_set(
			err, STATUS_FORMAT, "lz4: damaged at %" PRIu64, stream->source->offset);
	*data = stream->out;
	*len = out_len;
	status = source_skip(stream->source, packed_len, err);
	if (left == 0) {
		lz4->place = BETWEEN;
		stream_add_packed(stream, lz4->begin);
	}
	return status;
}

static void end_legacy(struct stream *stream)
{
	struct lz4 *lz4 = stream->state;

	lz4->place = BETWEEN;
	stream_add_packed(stream, lz4->begin);
}

/* A block: its packed length, then that many bytes. What cannot be one is behind the end. */
static enum status decode_legacy(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct lz4 *lz4 = stream->state;
	const unsigned char *window;
	enum status status;
	uint32_t packed_len;
	size_t got;
	int result;

	status = source_peek(stream->source, 4, &window, &got, err);
	if (status != STATUS_OK)
		return status;
	packed_len = got < 4 ? 0
			     : window[0] | (uint32_t)window[1] << 8 | (uint32_t)window[2] << 16 |
			(uint32_t)window[3] << 24;
	if (lz4->is_short || packed_len == 0 || packed_len > LZ4_COMPRESSBOUND(LEGACY_BLOCK_SIZE)) {
		end_legacy(stream);
		return STATUS_OK;
	}
	status = source_skip(stream->source, 4, err);
	if (status == STATUS_OK)
		status = source_read(stream->source, lz4->packed, packed_len, &got, err);
	if (status != STATUS_OK)
		return status;
	if (got < packed_len)
		return error_set(err, STATUS_FORMAT, "lz4: truncated in a block");
	result = LZ4_decompress_safe(lz4->packed, lz4->block, (int)packed_len, LEGACY_BLOCK_SIZE);
	if (result < 0)
		return error_set(err, STATUS_FORMAT, "lz4: damaged in a block");
	lz4->is_short = result < LEGACY_BLOCK_SIZE;
	*data = (const unsigned char *)lz4->block;
	*len = (size_t)result;
	return STATUS_OK;
}

static enum status lz4_decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct lz4 *lz4 = stream->state;

	switch (lz4->place) {
	case IN_FRAME:
		return decode_frame(stream, data, len, err);
	case IN_LEGACY:
		return decode_legacy(stream, data, len, err);
	default:
		return begin(stream, err);
	}
}

static void lz4_free(struct stream *stream)
{
	struct lz4 *lz4 = stream->state;

	LZ4F_freeDecompressionContext(lz4->context);
	free(lz4->packed);
	free(lz4->block);
}

static const struct codec codec = {
	.name = "lz4",
	.decode = lz4_decode,
	.free = lz4_free,
	.state_size = sizeof(struct lz4),
};

static enum status lz4_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	return stream_open(&codec, source, name, limits, members, err);
}

const struct format format_lz4 = {
	.name = "lz4",
	.bid_bytes = HEADER_SIZE_MAX,
	.bid = lz4_bid,
	.is_stream = true,
	.bid_more = lz4_bid_more,
	.open = lz4_open,
};
