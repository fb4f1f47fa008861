/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <lzma.h>

#include "dbdiff/format/formats.h"
#include "dbdiff/format/stream.h"
#include "dbdiff/format/xz_parts.h"

/* The two older forms of LZMA: .lzma files, and .lz files of lzip (lzip(1), "File format"). */
#define LZMA_HEADER_SIZE 13
#define LZIP_HEADER_SIZE 6
#define MEMORY_MAX	 (STREAM_WINDOW_MAX + (1 << 20))

struct lzma {
	lzma_stream decoder;
	bool is_started;
	bool is_inside;
	uint64_t begin;
};

static uint64_t read_number(const unsigned char *data, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;)
		value = value << 8 | data[i];
	return value;
}

/*
 * There is no magic. What every writer makes: lc 3, lp 0, pb 2, a dictionary of 2^n bytes or half
 * as many again, a size of less than a terabyte or none, and a range coder that begins with 0.
 */
static unsigned lzma_bid(const unsigned char *data, size_t len)
{
	uint32_t dictionary, odd;
	uint64_t size;

	if (len < LZMA_HEADER_SIZE + 1 || data[0] != 0x5d || data[LZMA_HEADER_SIZE] != 0)
		return 0;
	dictionary = (uint32_t)read_number(data + 1, 4);
	size = read_number(data + 5, 8);
	if (dictionary < 4096)
		return 0;
	odd = dictionary >> __builtin_ctz(dictionary);
	if ((odd != 1 && odd != 3) || (size != UINT64_MAX && size >> 40 != 0))
		return 0;
	return 40;
}

static unsigned lzip_bid(const unsigned char *data, size_t len)
{
	return len >= LZIP_HEADER_SIZE && memcmp(data, "LZIP", 4) == 0 && data[4] <= 1 ? 40 : 0;
}

/* The decoder reads the header itself. */
static enum status begin(struct stream *stream, lzma_ret result, struct error *err)
{
	struct lzma *lzma = stream->state;

	lzma->is_started = true;
	lzma->is_inside = true;
	stream->units++;
	return xz_error(result, err);
}

/* More is refused by the decoder itself. */
static uint64_t window_of(uint64_t dictionary)
{
	return dictionary < STREAM_WINDOW_MAX ? dictionary : STREAM_WINDOW_MAX;
}

/* A power of two, less some sixteenths of it. */
static uint64_t lzip_dictionary(unsigned char coded)
{
	uint64_t base = UINT64_C(1) << (coded & 31);

	return base - base / 16 * (coded >> 5);
}

static enum status begin_lzma(struct stream *stream, struct error *err)
{
	struct lzma *lzma = stream->state;
	const unsigned char *data;
	enum status status;
	size_t len;

	if (stream->units > 0)
		return STATUS_END;
	status = stream_need(stream, LZMA_HEADER_SIZE, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	member_add_field(&stream->fields, "stream-settings",
		"properties %02x, dictionary of %" PRIu64 " bytes, size %s", data[0],
		read_number(data + 1, 4),
		read_number(data + 5, 8) == UINT64_MAX ? "not given" : "given");
	if (stream_take_window(stream, window_of(read_number(data + 1, 4)), err) < 0)
		return err->status;
	lzma->begin = stream->source->offset + LZMA_HEADER_SIZE;
	members_add_structure(
		&stream->members, stream->source->offset, LZMA_HEADER_SIZE, "stream-settings");
	return begin(stream, lzma_alone_decoder(&lzma->decoder, MEMORY_MAX), err);
}

static enum status begin_lzip(struct stream *stream, struct error *err)
{
	struct lzma *lzma = stream->state;
	const unsigned char *data;
	enum status status;
	size_t len;

	status = source_peek(stream->source, LZIP_HEADER_SIZE, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (lzip_bid(data, len) == 0)
		return stream->units > 0 ? STATUS_END
					 : error_set(err, STATUS_FORMAT, "lzip: no header");
	if (stream->units == 0)
		member_add_field(&stream->fields, "stream-settings", "version %u, dictionary %02x",
			data[4], data[5]);
	if (stream_take_window(stream, window_of(lzip_dictionary(data[5])), err) < 0)
		return err->status;
	lzma->begin = stream->source->offset + LZIP_HEADER_SIZE;
	members_add_structure(
		&stream->members, stream->source->offset, LZIP_HEADER_SIZE, "stream-settings");
	return begin(stream, lzma_lzip_decoder(&lzma->decoder, MEMORY_MAX, 0), err);
}

static enum status decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct lzma *lzma = stream->state;
	const unsigned char *packed;
	enum status status;
	size_t packed_len;
	lzma_ret result;

	status = source_peek(stream->source, 1, &packed, &packed_len, err);
	if (status != STATUS_OK)
		return status;
	lzma->decoder.next_in = packed;
	lzma->decoder.avail_in = packed_len;
	lzma->decoder.next_out = stream->out;
	lzma->decoder.avail_out = STREAM_OUT_SIZE;
	result = lzma_code(&lzma->decoder, LZMA_RUN);
	*data = stream->out;
	*len = STREAM_OUT_SIZE - lzma->decoder.avail_out;
	if (result != LZMA_OK && result != LZMA_STREAM_END)
		return xz_error(result, err);
	if (packed_len == 0 && *len == 0 && result != LZMA_STREAM_END)
		return xz_error(LZMA_BUF_ERROR, err);
	status = source_skip(stream->source, packed_len - lzma->decoder.avail_in, err);
	if (result == LZMA_STREAM_END) {
		stream_add_packed(stream, lzma->begin);
		lzma->is_inside = false;
	}
	return status;
}

static enum status lzma_decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	if (!((struct lzma *)stream->state)->is_inside)
		return begin_lzma(stream, err);
	return decode(stream, data, len, err);
}

static enum status lzip_decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	if (!((struct lzma *)stream->state)->is_inside)
		return begin_lzip(stream, err);
	return decode(stream, data, len, err);
}

static void lzma_let_go(struct stream *stream)
{
	struct lzma *lzma = stream->state;

	if (lzma->is_started)
		lzma_end(&lzma->decoder);
	lzma->is_started = false;
}

static const struct codec lzma_codec = {
	.name = "lzma",
	.decode = lzma_decode,
	.end = lzma_let_go,
	.free = lzma_let_go,
	.state_size = sizeof(struct lzma),
};

static const struct codec lzip_codec = {
	.name = "lzip",
	.decode = lzip_decode,
	.end = lzma_let_go,
	.free = lzma_let_go,
	.state_size = sizeof(struct lzma),
};

static enum status lzma_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	return stream_open(&lzma_codec, source, name, limits, members, err);
}

static enum status lzip_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	return stream_open(&lzip_codec, source, name, limits, members, err);
}

const struct format format_lzma = {
	.name = "lzma",
	.bid_bytes = LZMA_HEADER_SIZE + 1,
	.bid = lzma_bid,
	.is_stream = true,
	.open = lzma_open,
};

const struct format format_lzip = {
	.name = "lzip",
	.bid_bytes = LZIP_HEADER_SIZE,
	.bid = lzip_bid,
	.is_stream = true,
	.open = lzip_open,
};
