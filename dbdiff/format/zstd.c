/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <zstd.h>

#include "dbdiff/format/formats.h"
#include "dbdiff/format/stream.h"

/* RFC 8878: frames of a header, blocks and perhaps a checksum; skippable frames between them. */
#define MAGIC_SIZE	4
#define HEADER_SIZE_MAX 18
#define WINDOW_LOG_MAX	27 /* STREAM_WINDOW_MAX */

struct zstd {
	ZSTD_DCtx *context;
	bool is_inside;
	uint64_t begin;
};

/* RFC 8878, 3.1.1.1. */
struct frame_header {
	size_t size;
	bool has_checksum;
	bool is_single;		  /* one segment: its window is its content */
	unsigned dictionary_size; /* bytes that name a dictionary */
	uint64_t window;
};

static unsigned zstd_bid(const unsigned char *data, size_t len)
{
	return len >= MAGIC_SIZE && memcmp(data, "\x28\xb5\x2f\xfd", MAGIC_SIZE) == 0 ? 32 : 0;
}

static unsigned zstd_bid_more(const struct candidate *candidate)
{
	unsigned char next[SKIPPABLE_HEADER_SIZE];
	size_t got;

	stream_look_behind_skippable(candidate, next, sizeof(next), &got);
	return zstd_bid(next, got);
}

static uint64_t read_number(const unsigned char *data, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;)
		value = value << 8 | data[i];
	return value;
}

static bool read_header(const unsigned char *data, size_t len, struct frame_header *header)
{
	static const unsigned dictionary_sizes[] = {0, 1, 2, 4};
	static const unsigned content_sizes[] = {0, 2, 4, 8};
	unsigned content_size, at = MAGIC_SIZE + 1;
	unsigned char descriptor;

	if (len < MAGIC_SIZE + 2)
		return false;
	descriptor = data[MAGIC_SIZE];
	header->is_single = (descriptor & 0x20) != 0;
	header->has_checksum = (descriptor & 4) != 0;
	header->dictionary_size = dictionary_sizes[descriptor & 3];
	content_size = content_sizes[descriptor >> 6];
	if (header->is_single && content_size == 0)
		content_size = 1;
	header->size = at + !header->is_single + header->dictionary_size + content_size;
	if (len < header->size)
		return false;
	if (header->is_single) {
		header->window = read_number(data + at + header->dictionary_size, content_size) +
			(content_size == 2 ? 256 : 0);
	} else {
		header->window = UINT64_C(1) << (10 + (data[at] >> 3));
		header->window += header->window / 8 * (data[at] & 7);
	}
	return true;
}

static enum status begin_frame(struct stream *stream, struct error *err)
{
	struct zstd *zstd = stream->state;
	struct frame_header header;
	const unsigned char *data;
	enum status status;
	size_t len;

	status = source_peek(stream->source, HEADER_SIZE_MAX, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (stream_is_skippable(data, len))
		return stream_skip_frame(stream, err);
	if (zstd_bid(data, len) == 0)
		return stream->units > 0 ? STATUS_END
					 : error_set(err, STATUS_FORMAT, "zstd: no frame");
	if (!read_header(data, len, &header))
		return error_set(err, STATUS_FORMAT, "zstd: truncated in a frame's header");
	if (header.window > STREAM_WINDOW_MAX)
		return error_set(err, STATUS_UNSUPPORTED,
			"zstd: a window of %" PRIu64 " bytes; more than %" PRIu64 " are refused",
			header.window, STREAM_WINDOW_MAX);
	if (stream_take_window(stream, header.window, err) < 0)
		return err->status;
	if (zstd->context == NULL)
		zstd->context = ZSTD_createDCtx();
	if (zstd->context == NULL ||
		ZSTD_isError(ZSTD_DCtx_reset(zstd->context, ZSTD_reset_session_and_parameters)) ||
		ZSTD_isError(
			ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return error_set(err, STATUS_IO, "libzstd cannot start");
	if (stream->units++ == 0)
		member_add_field(&stream->fields, "stream-settings", "window %" PRIu64 "%s, %s",
			header.is_single ? 0 : header.window,
			header.is_single ? " (as its content)" : " bytes",
			header.has_checksum ? "checksum" : "no checksum");
	stream->extra += header.dictionary_size;
	zstd->is_inside = true;
	zstd->begin = stream->source->offset + header.size;
	members_add_structure(
		&stream->members, stream->source->offset, header.size, "stream-settings");
	return STATUS_OK;
}

static enum status zstd_decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct zstd *zstd = stream->state;
	ZSTD_inBuffer in = {0};
	ZSTD_outBuffer out = {stream->out, STREAM_OUT_SIZE, 0};
	const unsigned char *packed;
	enum status status;
	size_t left;

	if (!zstd->is_inside)
		return begin_frame(stream, err);
	status = source_peek(stream->source, 1, &packed, &in.size, err);
	if (status != STATUS_OK)
		return status;
	in.src = packed;
	left = ZSTD_decompressStream(zstd->context, &out, &in);
	if (ZSTD_isError(left))
		return error_set(err, STATUS_FORMAT, "zstd: %s", ZSTD_getErrorName(left));
	/* It may still have bytes to give when it has taken all. */
	if (in.size == 0 && out.pos == 0)
		return error_set(
			err, STATUS_FORMAT, "zstd: truncated at %" PRIu64, stream->source->offset);
	*data = stream->out;
	*len = out.pos;
	status = source_skip(stream->source, in.pos, err);
	if (left == 0) {
		zstd->is_inside = false;
		stream_add_packed(stream, zstd->begin);
	}
	return status;
}

static void zstd_free(struct stream *stream)
{
	struct zstd *zstd = stream->state;

	ZSTD_freeDCtx(zstd->context);
	zstd->context = NULL;
}

static const struct codec codec = {
	.name = "zstd",
	.decode = zstd_decode,
	.end = zstd_free,
	.free = zstd_free,
	.state_size = sizeof(struct zstd),
};

static enum status zstd_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	return stream_open(&codec, source, name, limits, members, err);
}

const struct format format_zstd = {
	.name = "zstd",
	.bid_bytes = HEADER_SIZE_MAX,
	.bid = zstd_bid,
	.is_stream = true,
	.bid_more = zstd_bid_more,
	.open = zstd_open,
};
