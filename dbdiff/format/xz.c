/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "dbdiff/format/formats.h"
#include "dbdiff/format/stream.h"
#include "dbdiff/format/xz_ahead.h"

#define MAGIC                                                                                      \
	"\xfd"                                                                                     \
	"7zXZ"
#define MAGIC_SIZE    6 /* with its NUL */
#define PADDING_STEP  4 /* stream padding is a multiple of it */
#define SETTINGS_SIZE 200

enum place {
	BETWEEN,
	AT_BLOCK,
	IN_BLOCK,
	IN_BLOCK_AHEAD,
	IN_INDEX,
	AT_FOOTER
};

struct xz {
	lzma_stream decoder;
	bool is_started; /* the decoder has something to end */
	enum place place;
	lzma_stream_flags flags;
	struct xz_block block;
	bool has_block;
	lzma_index_hash *index; /* of the blocks so far */
	uint64_t blocks;	/* in all streams */
	uint64_t begin;		/* of the block's data, or of the index */
	uint64_t given;		/* decoded bytes of all blocks */
	uint64_t done;		/* of them, of this block */
	uint64_t again;		/* bytes of this block that were given before */
	lzma_ret failed;	/* behind the bytes that were given; LZMA_OK for not yet */
	struct xz_ahead *ahead;
};

static unsigned xz_bid(const unsigned char *data, size_t len)
{
	return len >= MAGIC_SIZE && memcmp(data, MAGIC, MAGIC_SIZE) == 0 ? 48 : 0;
}

static enum status begin_stream(struct stream *stream, struct error *err)
{
	struct xz *xz = stream->state;
	const unsigned char *data;
	enum status status;
	size_t len;

	status = stream_need(stream, LZMA_STREAM_HEADER_SIZE, &data, &len, err);
	if (status == STATUS_OK)
		status = xz_read_header(data, &xz->flags, err);
	if (status != STATUS_OK)
		return status;
	if (stream->units++ == 0)
		xz->ahead = xz_ahead_new(stream->source, stream->members.room, stream->limits);
	xz->index = lzma_index_hash_init(xz->index, NULL);
	if (xz->index == NULL)
		return xz_error(LZMA_MEM_ERROR, err);
	xz->place = AT_BLOCK;
	return stream_take(
		stream, LZMA_STREAM_HEADER_SIZE, REGION_STRUCTURE, "stream-settings", err);
}

/* Zeros in fours, then perhaps another stream. Zeros that nothing of xz follows are not ours. */
static enum status between_streams(struct stream *stream, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len, zeros = 0;

	status = source_peek(stream->source, MAGIC_SIZE, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (xz_bid(data, len) > 0 || stream->units == 0)
		return begin_stream(stream, err);
	if (len == 0 || data[0] != 0)
		return STATUS_END;
	status = source_peek(stream->source, SOURCE_WINDOW, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	while (zeros < len && data[zeros] == 0)
		zeros++;
	zeros -= zeros % PADDING_STEP;
	if (zeros == 0)
		return STATUS_END;
	stream->padding += zeros;
	return stream_take(stream, zeros, REGION_STRUCTURE, "stream-padding", err);
}

static enum status start_decoder(struct stream *stream, struct error *err)
{
	struct xz *xz = stream->state;

	if (stream_take_window(stream, xz_block_window(&xz->block), err) < 0)
		return err->status;
	xz->is_started = true;
	xz->place = IN_BLOCK;
	return xz_error(lzma_block_decoder(&xz->decoder, &xz->block.block), err);
}

static enum status begin_block(struct stream *stream, struct error *err)
{
	struct xz *xz = stream->state;
	char settings[SETTINGS_SIZE];
	const unsigned char *data;
	enum status status;
	uint64_t at;
	uint32_t size;
	size_t len;

	status = stream_need(stream, 1, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	at = xz->begin = stream->source->offset;
	if (data[0] == 0) {
		xz->place = IN_INDEX;
		return STATUS_OK;
	}
	size = xz_block_header_size(data[0]);
	status = stream_need(stream, size, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (xz->has_block)
		xz_block_release(&xz->block);
	xz->has_block = true;
	status = xz_block_read(&xz->block, xz->flags.check, data, err);
	if (status != STATUS_OK)
		return status;
	xz_block_settings(&xz->block, settings, sizeof(settings));
	if (xz->blocks++ == 0)
		member_add_field(&stream->fields, "stream-settings", "%s, check %d", settings,
			(int)xz->flags.check);
	status = stream_take(stream, size, REGION_STRUCTURE, "stream-settings", err);
	xz->begin = stream->source->offset;
	xz->done = xz->again = 0;
	if (status != STATUS_OK)
		return status;
	if (xz->ahead != NULL && xz_ahead_has(xz->ahead, at, xz->given)) {
		xz->place = IN_BLOCK_AHEAD;
		return STATUS_OK;
	}
	return start_decoder(stream, err);
}

static enum status end_block(struct stream *stream, struct error *err)
{
	struct xz *xz = stream->state;
	const lzma_block *block = &xz->block.block;

	stream_add_packed(stream, xz->begin);
	xz->place = AT_BLOCK;
	return xz_error(lzma_index_hash_append(xz->index, lzma_block_unpadded_size(block),
				block->uncompressed_size),
		err);
}

/* What was decoded here: less what was given before it had to be decoded here. */
static enum status give(struct xz *xz, const unsigned char **data, size_t *len, struct error *err)
{
	size_t again = xz->again < *len ? (size_t)xz->again : *len;
	enum status status = STATUS_OK;

	*data += again;
	*len -= again;
	xz->again -= again;
	if (xz->ahead != NULL)
		status = xz_ahead_keep(xz->ahead, *data, *len, xz->given, err);
	xz->given += *len;
	return status;
}

/*
 * Until stream->out is full, the block ends or is found damaged: so readers see the same windows
 * however the packed bytes come, and whoever decodes.
 */
static enum status run_decoder(struct stream *stream, lzma_ret *result, struct error *err)
{
	struct xz *xz = stream->state;
	const unsigned char *packed;
	enum status status = STATUS_OK;
	size_t len;

	xz->decoder.next_out = stream->out;
	xz->decoder.avail_out = STREAM_OUT_SIZE;
	*result = LZMA_OK;
	while (status == STATUS_OK && *result == LZMA_OK && xz->decoder.avail_out > 0) {
		status = source_peek(stream->source, 1, &packed, &len, err);
		if (status != STATUS_OK)
			break;
		xz->decoder.next_in = packed;
		xz->decoder.avail_in = len;
		*result = lzma_code(&xz->decoder, LZMA_RUN);
		if (*result == LZMA_OK || *result == LZMA_STREAM_END)
			status = source_skip(stream->source, len - xz->decoder.avail_in, err);
	}
	return status;
}

static enum status decode_block(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct xz *xz = stream->state;
	enum status status;
	lzma_ret result;

	if (xz->failed != LZMA_OK)
		return xz_error(xz->failed, err);
	status = run_decoder(stream, &result, err);
	if (status != STATUS_OK)
		return status;
	*data = stream->out;
	*len = STREAM_OUT_SIZE - xz->decoder.avail_out;
	status = give(xz, data, len, err);
	if (status == STATUS_OK && result == LZMA_STREAM_END)
		return end_block(stream, err);
	if (result != LZMA_OK)
		xz->failed = result; /* told when what was decoded before it is read */
	return status;
}

/* The same of a block that was decoded ahead. One that failed there is looked at from its start. */
static enum status take_ahead(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct xz *xz = stream->state;
	lzma_block *block = &xz->block.block;
	enum status status;

	*data = stream->out;
	switch (xz_ahead_read(xz->ahead, xz->done, stream->out, len)) {
	case XZ_AHEAD_BYTES:
		xz->done += *len;
		xz->given += *len;
		return STATUS_OK;
	case XZ_AHEAD_FAILED:
		xz->again = xz->done;
		return start_decoder(stream, err);
	default:
		xz_ahead_next(xz->ahead, &block->compressed_size, &block->uncompressed_size);
		status = source_skip(stream->source, xz_block_packed_size(&xz->block), err);
		return status == STATUS_OK ? end_block(stream, err) : status;
	}
}

/* It is checked against the blocks that were read. */
static enum status read_index(struct stream *stream, struct error *err)
{
	struct xz *xz = stream->state;
	const unsigned char *data;
	enum status status;
	size_t len, taken = 0;
	lzma_ret result;

	status = stream_need(stream, 1, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	result = lzma_index_hash_decode(xz->index, data, &taken, len);
	if (result != LZMA_OK && result != LZMA_STREAM_END)
		return xz_error(result, err);
	status = source_skip(stream->source, taken, err);
	if (result == LZMA_STREAM_END) {
		members_add_derived(&stream->members, xz->begin, stream->source->offset - xz->begin,
			"stream-index");
		xz->place = AT_FOOTER;
	}
	return status;
}

static enum status read_footer(struct stream *stream, struct error *err)
{
	struct xz *xz = stream->state;
	const unsigned char *data;
	enum status status;
	size_t len;

	status = stream_need(stream, LZMA_STREAM_HEADER_SIZE, &data, &len, err);
	if (status == STATUS_OK)
		status = xz_read_footer(data, &xz->flags, lzma_index_hash_size(xz->index), err);
	if (status != STATUS_OK)
		return status;
	xz->place = BETWEEN;
	xz->begin = stream->source->offset;
	status = source_skip(stream->source, LZMA_STREAM_HEADER_SIZE, err);
	stream_add_packed(stream, xz->begin);
	return status;
}

static enum status finish(struct stream *stream, struct error *err)
{
	struct xz *xz = stream->state;

	if (xz->ahead != NULL && xz_ahead_finish(xz->ahead, xz->given, err) < 0)
		return err->status;
	member_add_field(&stream->fields, "stream-blocks", "%" PRIu64, xz->blocks);
	return STATUS_END;
}

static enum status xz_decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct xz *xz = stream->state;
	enum status status;

	switch (xz->place) {
	case AT_BLOCK:
		return begin_block(stream, err);
	case IN_BLOCK:
		return decode_block(stream, data, len, err);
	case IN_BLOCK_AHEAD:
		return take_ahead(stream, data, len, err);
	case IN_INDEX:
		return read_index(stream, err);
	case AT_FOOTER:
		return read_footer(stream, err);
	default:
		status = between_streams(stream, err);
		return status == STATUS_END ? finish(stream, err) : status;
	}
}

static void xz_end(struct stream *stream)
{
	struct xz *xz = stream->state;

	if (xz->is_started)
		lzma_end(&xz->decoder);
	xz->is_started = false;
}

static void xz_free(struct stream *stream)
{
	struct xz *xz = stream->state;

	xz_ahead_free(xz->ahead);
	xz_end(stream);
	if (xz->has_block)
		xz_block_release(&xz->block);
	lzma_index_hash_end(xz->index, NULL);
}

static int xz_file(const struct stream *stream)
{
	return xz_ahead_file(((const struct xz *)stream->state)->ahead);
}

static const struct codec codec = {
	.name = "xz",
	.decode = xz_decode,
	.end = xz_end,
	.free = xz_free,
	.file = xz_file,
	.state_size = sizeof(struct xz),
};

static enum status xz_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	return stream_open(&codec, source, name, limits, members, err);
}

const struct format format_xz = {
	.name = "xz",
	.bid_bytes = MAGIC_SIZE,
	.bid = xz_bid,
	.is_stream = true,
	.open = xz_open,
};
