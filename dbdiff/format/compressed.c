/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/libarchive.h"

#include "dbdiff/format/formats.h"

/*
 * A compressed stream is a container with one member. One filter is named to libarchive, which
 * would otherwise take off as many as it finds.
 */
static int prepare_filter(struct archive *archive, int filter)
{
	/* An empty stream has no "raw" member; the format "empty" gives one. */
	int result = archive_read_support_format_raw(archive);

	if (result == ARCHIVE_OK)
		result = archive_read_support_format_empty(archive);
	if (result == ARCHIVE_OK)
		result = archive_read_append_filter(archive, filter);
	return result;
}

static bool starts(const unsigned char *data, size_t len, const char *magic, size_t magic_len)
{
	return len >= magic_len && memcmp(data, magic, magic_len) == 0;
}

/* RFC 1952: deflate is the one method, three flag bits are reserved. */
static unsigned gzip_bid(const unsigned char *data, size_t len)
{
	return len >= 10 && starts(data, len, "\x1f\x8b\x08", 3) && (data[3] & 0xe0) == 0 ? 27 : 0;
}

static unsigned bzip2_bid(const unsigned char *data, size_t len)
{
	if (len < 10 || !starts(data, len, "BZh", 3) || data[3] < '1' || data[3] > '9')
		return 0;
	return memcmp(data + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
			memcmp(data + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0
		? 75
		: 0;
}

static unsigned xz_bid(const unsigned char *data, size_t len)
{
	return starts(data, len,
		       "\xfd"
		       "7zXZ\0",
		       6)
		? 48
		: 0;
}

/*
 * There is no magic. What every writer makes: lc 3, lp 0, pb 2, a dictionary of 2^n bytes or half
 * as many again, a size of less than a terabyte or none, and a range coder that begins with 0.
 */
static unsigned lzma_bid(const unsigned char *data, size_t len)
{
	uint32_t dictionary;
	uint64_t size = 0;
	uint32_t odd;

	if (len < 14 || data[0] != 0x5d || data[13] != 0)
		return 0;
	dictionary = data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16 |
		(uint32_t)data[4] << 24;
	if (dictionary < 4096)
		return 0;
	odd = dictionary >> __builtin_ctz(dictionary);
	for (unsigned i = 0; i < 8; i++)
		size |= (uint64_t)data[5 + i] << (8 * i);
	if ((odd != 1 && odd != 3) || (size != UINT64_MAX && size >> 40 != 0))
		return 0;
	return 40;
}

/* RFC 8878; a file may begin with a skippable frame, which says nothing about the rest. */
static unsigned zstd_bid(const unsigned char *data, size_t len)
{
	return starts(data, len, "\x28\xb5\x2f\xfd", 4) ? 32 : 0;
}

static unsigned lz4_bid(const unsigned char *data, size_t len)
{
	return starts(data, len, "\x04\x22\x4d\x18", 4) || starts(data, len, "\x02\x21\x4c\x18", 4)
		? 32
		: 0;
}

static unsigned lzip_bid(const unsigned char *data, size_t len)
{
	return len >= 6 && starts(data, len, "LZIP", 4) && data[4] <= 1 ? 40 : 0;
}

static unsigned lzop_bid(const unsigned char *data, size_t len)
{
	return starts(data, len, "\x89LZO\0\r\n\x1a\n", 9) ? 72 : 0;
}

/* The third byte: the most bits a code has, two reserved bits, and the block mode. */
static unsigned compress_bid(const unsigned char *data, size_t len)
{
	if (len < 3 || !starts(data, len, "\x1f\x9d", 2) || (data[2] & 0x60) != 0)
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

#define OPENED(word)                                                                               \
	static const struct archive_kind word##_kind = {                                           \
		.name = #word,                                                                     \
		.prepare = word##_prepare,                                                         \
		.is_stream = true,                                                                 \
	};                                                                                         \
	static enum status word##_open(struct source *source, const char *name,                    \
		const struct limits *limits, struct members **members, struct error *err)          \
	{                                                                                          \
		(void)limits;                                                                      \
		return archive_members_open(&word##_kind, source, name, members, err);             \
	}                                                                                          \
	const struct format format_##word = {                                                      \
		.name = #word,                                                                     \
		.bid_bytes = 16,                                                                   \
		.bid = word##_bid,                                                                 \
		.is_stream = true,                                                                 \
		.open = word##_open,                                                               \
	}

#define COMPRESSED(word, FILTER)                                                                   \
	static int word##_prepare(struct archive *archive)                                         \
	{                                                                                          \
		return prepare_filter(archive, FILTER);                                            \
	}                                                                                          \
	OPENED(word)

COMPRESSED(gzip, ARCHIVE_FILTER_GZIP);
COMPRESSED(bzip2, ARCHIVE_FILTER_BZIP2);
COMPRESSED(xz, ARCHIVE_FILTER_XZ);
COMPRESSED(lzma, ARCHIVE_FILTER_LZMA);
COMPRESSED(zstd, ARCHIVE_FILTER_ZSTD);
COMPRESSED(lz4, ARCHIVE_FILTER_LZ4);
COMPRESSED(lzip, ARCHIVE_FILTER_LZIP);

/* This one cannot be named to libarchive 3.6 (it crashes), so it has to find it by its bid. */
static int compress_prepare(struct archive *archive)
{
	int result = archive_read_support_format_raw(archive);

	if (result == ARCHIVE_OK)
		result = archive_read_support_format_empty(archive);
	if (result == ARCHIVE_OK)
		result = archive_read_support_filter_compress(archive);
	return result;
}

OPENED(compress);
