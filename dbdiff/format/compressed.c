/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/formats.h"
#include "dbdiff/format/libarchive.h"

/* Old compressions: compress is left to libarchive, lzop is only known. */
static unsigned lzop_bid(const unsigned char *data, size_t len)
{
	return len >= 9 && memcmp(data, "\x89LZO\0\r\n\x1a\n", 9) == 0 ? 72 : 0;
}

/* The third byte: the most bits a code has, two reserved bits, and the block mode. */
static unsigned compress_bid(const unsigned char *data, size_t len)
{
	if (len < 3 || memcmp(data, "\x1f\x9d", 2) != 0 || (data[2] & 0x60) != 0)
		return 0;
	return (data[2] & 0x1f) >= 9 && (data[2] & 0x1f) <= 16 ? 18 : 0;
}

/* libarchive would start the program lzop. */
static enum status lzop_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	(void)source, (void)name, (void)limits, (void)members;
	return error_set(err, STATUS_UNSUPPORTED, "lzop cannot be read here");
}

const struct format format_lzop = {
	.name = "lzop",
	.bid_bytes = 16,
	.bid = lzop_bid,
	.open = lzop_open,
};

/* This one cannot be named to libarchive 3.6 (it crashes), so it has to find it by its bid. */
static int compress_prepare(struct archive *archive)
{
	int result = archive_read_support_format_raw(archive);

	/* An empty stream has no "raw" member; the format "empty" gives one. */
	if (result == ARCHIVE_OK)
		result = archive_read_support_format_empty(archive);
	if (result == ARCHIVE_OK)
		result = archive_read_support_filter_compress(archive);
	return result;
}

static const struct archive_kind compress_kind = {
	.name = "compress",
	.prepare = compress_prepare,
	.is_stream = true,
};

static enum status compress_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	(void)limits;
	return archive_members_open(&compress_kind, source, name, members, err);
}

const struct format format_compress = {
	.name = "compress",
	.bid_bytes = 16,
	.bid = compress_bid,
	.is_stream = true,
	.open = compress_open,
};
