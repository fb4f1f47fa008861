/* SPDX-License-Identifier: Apache-2.0 */
#include <bzlib.h>
#include <inttypes.h>

#include "dbdiff/format/formats.h"
#include "dbdiff/format/stream.h"

/*
 * "BZh", the block size in 100 kB as a digit, then a block or the end, each with a magic of 48
 * bits. libbz2 checks the sums of all blocks and of the stream, which lie between bytes.
 */
#define HEADER_SIZE 4
#define MAGIC_SIZE  10
#define MEMORY	    ((uint64_t)4 << 20) /* of a decoder */

struct bzip2 {
	bz_stream decompress;
	bool is_inside;
	uint64_t begin;
};

static unsigned bzip2_bid(const unsigned char *data, size_t len)
{
	if (len < MAGIC_SIZE || memcmp(data, "BZh", 3) != 0 || data[3] < '1' || data[3] > '9')
		return 0;
	return memcmp(data + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
			memcmp(data + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0
		? 75
		: 0;
}

/* STATUS_END when no stream begins here. */
static enum status begin_stream(struct stream *stream, struct error *err)
{
	struct bzip2 *bzip2 = stream->state;
	const unsigned char *data;
	enum status status;
	size_t len;

	status = source_peek(stream->source, MAGIC_SIZE, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (bzip2_bid(data, len) == 0)
		return stream->units > 0 ? STATUS_END
					 : error_set(err, STATUS_FORMAT, "bzip2: no header");
	if (stream_take_window(stream, MEMORY, err) < 0)
		return err->status;
	stream->units++;
	if (stream->units == 1)
		member_add_field(&stream->fields, "stream-settings", "blocks of %c00 kB", data[3]);
	if (BZ2_bzDecompressInit(&bzip2->decompress, 0, 0) != BZ_OK)
		return error_set(err, STATUS_IO, "libbz2 cannot start");
	bzip2->is_inside = true;
	bzip2->begin = stream->source->offset + HEADER_SIZE;
	members_add_structure(
		&stream->members, stream->source->offset, HEADER_SIZE, "stream-settings");
	return STATUS_OK;
}

static enum status bzip2_decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct bzip2 *bzip2 = stream->state;
	const unsigned char *packed;
	enum status status;
	size_t packed_len;
	int result;

	if (!bzip2->is_inside)
		return begin_stream(stream, err);
	status = stream_need(stream, 1, &packed, &packed_len, err);
	if (status != STATUS_OK)
		return status;
	bzip2->decompress.next_in = (char *)packed;
	bzip2->decompress.avail_in = (unsigned)packed_len;
	bzip2->decompress.next_out = (char *)stream->out;
	bzip2->decompress.avail_out = STREAM_OUT_SIZE;
	result = BZ2_bzDecompress(&bzip2->decompress);
	if (result != BZ_OK && result != BZ_STREAM_END)
		return error_set(err, STATUS_FORMAT, "bzip2: damaged (%d)", result);
	*data = stream->out;
	*len = STREAM_OUT_SIZE - bzip2->decompress.avail_out;
	status = source_skip(stream->source, packed_len - bzip2->decompress.avail_in, err);
	if (result == BZ_STREAM_END) {
		BZ2_bzDecompressEnd(&bzip2->decompress);
		bzip2->is_inside = false;
		stream_add_packed(stream, bzip2->begin);
	}
	return status;
}

static void bzip2_free(struct stream *stream)
{
	struct bzip2 *bzip2 = stream->state;

	if (bzip2->is_inside)
		BZ2_bzDecompressEnd(&bzip2->decompress);
}

static const struct codec codec = {
	.name = "bzip2",
	.decode = bzip2_decode,
	.free = bzip2_free,
	.state_size = sizeof(struct bzip2),
};

static enum status bzip2_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	return stream_open(&codec, source, name, limits, members, err);
}

const struct format format_bzip2 = {
	.name = "bzip2",
	.bid_bytes = MAGIC_SIZE,
	.bid = bzip2_bid,
	.is_stream = true,
	.open = bzip2_open,
};
