/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <zlib.h>

#include "dbdiff/format/formats.h"
#include "dbdiff/format/stream.h"

/* RFC 1952: members of a header, deflate data and a trailer, one after another. */
#define NAME_MOST    255
#define HEADER_SIZE  10
#define TRAILER_SIZE 8
#define MAGIC	     "\x1f\x8b\x08" /* the third is deflate, the one method */
#define MAGIC_SIZE   3

enum {
	FLAG_TEXT = 1,
	FLAG_HEADER_CRC = 2,
	FLAG_EXTRA = 4,
	FLAG_NAME = 8,
	FLAG_COMMENT = 16,
	FLAGS_RESERVED = 0xe0,
};

struct gzip {
	z_stream inflate;
	bool is_started;
	bool is_inside;	    /* in the deflate data of a member */
	uint64_t begin;	    /* of that data */
	uLong crc;	    /* of what came out of this member */
	uint64_t out_bytes; /* of it */
	uLong header_crc;
};

/* RFC 1952: deflate is the one method, three flag bits are reserved. */
static unsigned gzip_bid(const unsigned char *data, size_t len)
{
	return len >= HEADER_SIZE && memcmp(data, MAGIC, MAGIC_SIZE) == 0 &&
			(data[3] & FLAGS_RESERVED) == 0
		? 27
		: 0;
}

static uint32_t read_u32(const unsigned char *data)
{
	return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* A part of the header of this name; it is a field of the container too when it is the first's. */
static enum status take_header(struct stream *stream, const unsigned char *data, size_t len,
	const char *name, struct error *err)
{
	struct gzip *gzip = stream->state;

	gzip->header_crc = crc32(gzip->header_crc, data, (uInt)len);
	return stream_take(
		stream, len, REGION_STRUCTURE, stream->units == 1 ? name : "stream-header", err);
}

static enum status take_fixed(struct stream *stream, const unsigned char *data, struct error *err)
{
	struct member *fields = &stream->fields;
	enum status status;

	if (stream->units == 1) {
		if (read_u32(data + 4) != 0)
			member_add_time(fields, "gzip-mtime", read_u32(data + 4), 0);
		member_add_field(fields, "gzip-flags", "%02x %02x", data[3], data[8]);
		member_add_field(fields, "gzip-os", "%u", data[9]);
	}
	/* RFC 1952, 2.3.1: what deflate says of its effort, and the systems that there are. */
	if ((data[8] != 0 && data[8] != 2 && data[8] != 4) || (data[9] > 13 && data[9] != 255))
		stream->extra += 2;
	status = take_header(stream, data, 4, "gzip-flags", err);
	if (status == STATUS_OK)
		status = take_header(stream, data + 4, 4, "gzip-mtime", err);
	if (status == STATUS_OK)
		status = take_header(stream, data + 8, 1, "gzip-flags", err);
	if (status == STATUS_OK)
		status = take_header(stream, data + 9, 1, "gzip-os", err);
	return status;
}

static enum status take_extra(struct stream *stream, struct error *err)
{
	const unsigned char *data;
	enum status status = stream_need(stream, 2, &data, &(size_t){0}, err);
	size_t len, all;

	if (status != STATUS_OK)
		return status;
	all = 2 + (data[0] | (size_t)data[1] << 8);
	status = stream_need(stream, all, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (stream->units == 1)
		member_add_field_bytes(&stream->fields, "gzip-extra", data, all);
	stream->extra += all;
	return take_header(stream, data, all, "gzip-extra", err);
}

/* The name of one file, as gzip writes it: whatever else stands there is more than a wrapper. */
static bool is_file_name(const unsigned char *name, size_t len)
{
	if (len == 0 || len > NAME_MOST)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < ' ' || name[i] == 127 || name[i] == '/')
			return false;
	}
	return true;
}

/* A text that ends in a NUL: the stored name or the comment. */
static enum status take_text(
	struct stream *stream, const char *name, bool is_extra, struct error *err)
{
	const unsigned char *data, *nul;
	enum status status = stream_need(stream, 1, &data, &(size_t){0}, err);
	size_t len;

	if (status == STATUS_OK)
		status = source_peek(stream->source, SOURCE_WINDOW, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	nul = memchr(data, '\0', len);
	if (nul == NULL)
		return error_set(err, STATUS_FORMAT, "gzip: a header without an end");
	len = (size_t)(nul - data);
	if (stream->units == 1)
		member_add_field_bytes(&stream->fields, name, data, len);
	if (is_extra || !is_file_name(data, len))
		stream->extra += len + 1;
	return take_header(stream, data, len + 1, name, err);
}

static enum status take_header_crc(struct stream *stream, struct error *err)
{
	const unsigned char *data;
	struct gzip *gzip = stream->state;
	enum status status = stream_need(stream, 2, &data, &(size_t){0}, err);

	if (status != STATUS_OK)
		return status;
	if ((data[0] | (unsigned)data[1] << 8) != (gzip->header_crc & 0xffff))
		return error_set(err, STATUS_FORMAT, "gzip: the header's checksum does not fit");
	stream->extra += 2;
	return stream_take(stream, 2, REGION_DERIVED, "checksum", err);
}

static enum status start_inflate(struct gzip *gzip, struct error *err)
{
	int result = gzip->is_started ? inflateReset(&gzip->inflate)
				      : inflateInit2(&gzip->inflate, -MAX_WBITS);

	gzip->is_started = gzip->is_started || result == Z_OK;
	return result == Z_OK ? STATUS_OK : error_set(err, STATUS_IO, "zlib cannot start");
}

/* STATUS_END when no member begins here. */
static enum status begin_member(struct stream *stream, struct error *err)
{
	struct gzip *gzip = stream->state;
	const unsigned char *data;
	unsigned char flags;
	enum status status;
	size_t len;

	status = source_peek(stream->source, HEADER_SIZE, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	if (stream->units > 0 && (len < MAGIC_SIZE || memcmp(data, MAGIC, MAGIC_SIZE) != 0))
		return STATUS_END;
	if (gzip_bid(data, len) == 0)
		return error_set(err, STATUS_FORMAT, "gzip: not a header at %" PRIu64,
			stream->source->offset);
	flags = data[3];
	stream->units++;
	stream->extra += (flags & FLAG_TEXT) != 0;
	gzip->header_crc = crc32(0, NULL, 0);
	status = take_fixed(stream, data, err);
	if (status == STATUS_OK && (flags & FLAG_EXTRA) != 0)
		status = take_extra(stream, err);
	if (status == STATUS_OK && (flags & FLAG_NAME) != 0)
		status = take_text(stream, "gzip-name", false, err);
	if (status == STATUS_OK && (flags & FLAG_COMMENT) != 0)
		status = take_text(stream, "gzip-comment", true, err);
	if (status == STATUS_OK && (flags & FLAG_HEADER_CRC) != 0)
		status = take_header_crc(stream, err);
	if (status == STATUS_OK)
		status = start_inflate(gzip, err);
	gzip->is_inside = true;
	gzip->begin = stream->source->offset;
	gzip->crc = crc32(0, NULL, 0);
	gzip->out_bytes = 0;
	return status;
}

static enum status end_member(struct stream *stream, struct error *err)
{
	struct gzip *gzip = stream->state;
	const unsigned char *data;
	enum status status = stream_need(stream, TRAILER_SIZE, &data, &(size_t){0}, err);

	if (status != STATUS_OK)
		return status;
	if (read_u32(data) != gzip->crc)
		return error_set(err, STATUS_FORMAT, "gzip: the checksum does not fit");
	if (read_u32(data + 4) != (uint32_t)gzip->out_bytes)
		return error_set(err, STATUS_FORMAT, "gzip: the length does not fit");
	gzip->is_inside = false;
	status = source_skip(stream->source, TRAILER_SIZE, err);
	stream_add_packed(stream, gzip->begin);
	return status;
}

static enum status gzip_decode(
	struct stream *stream, const unsigned char **data, size_t *len, struct error *err)
{
	struct gzip *gzip = stream->state;
	const unsigned char *packed;
	enum status status;
	size_t packed_len;
	int result;

	if (!gzip->is_inside)
		return begin_member(stream, err);
	status = stream_need(stream, 1, &packed, &packed_len, err);
	if (status != STATUS_OK)
		return status;
	gzip->inflate.next_in = (unsigned char *)packed;
	gzip->inflate.avail_in = (uInt)packed_len;
	gzip->inflate.next_out = stream->out;
	gzip->inflate.avail_out = STREAM_OUT_SIZE;
	result = inflate(&gzip->inflate, Z_NO_FLUSH);
	if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
		return error_set(err, STATUS_FORMAT, "gzip: %s",
			gzip->inflate.msg != NULL ? gzip->inflate.msg : "damaged");
	*data = stream->out;
	*len = STREAM_OUT_SIZE - gzip->inflate.avail_out;
	gzip->crc = crc32(gzip->crc, stream->out, (uInt)*len);
	gzip->out_bytes += *len;
	status = source_skip(stream->source, packed_len - gzip->inflate.avail_in, err);
	if (status == STATUS_OK && result == Z_STREAM_END)
		status = end_member(stream, err);
	return status;
}

static void gzip_free(struct stream *stream)
{
	struct gzip *gzip = stream->state;

	if (gzip->is_started)
		inflateEnd(&gzip->inflate);
}

static const struct codec codec = {
	.name = "gzip",
	.decode = gzip_decode,
	.free = gzip_free,
	.state_size = sizeof(struct gzip),
};

static enum status gzip_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	return stream_open(&codec, source, name, limits, members, err);
}

const struct format format_gzip = {
	.name = "gzip",
	.bid_bytes = HEADER_SIZE,
	.bid = gzip_bid,
	.is_stream = true,
	.open = gzip_open,
};
