/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/libarchive.h"

#include "base/path.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/tar_header.h"

/* POSIX.1-2017 pax, "ustar Interchange Format": where the header keeps what a bid looks at. */
#define HEADER_SIZE	ARCHIVE_HEADER_SIZE
#define CHECKSUM_OFFSET 148
#define CHECKSUM_SIZE	8
#define MAGIC_OFFSET	257
#define TYPE_OFFSET	156
#define SIZE_OFFSET	124
#define SIZE_BYTES	12

static bool read_octal(const unsigned char *field, size_t len, unsigned *value)
{
	size_t i = 0;

	*value = 0;
	while (i < len && field[i] == ' ')
		i++;
	if (i == len || field[i] < '0' || field[i] > '7')
		return false;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		*value = *value * 8 + (unsigned)(field[i] - '0');
	return i == len || field[i] == ' ' || field[i] == '\0';
}

/* The sum counts its own place as blanks; some old writers took the bytes as signed. */
static bool checksum_fits(const unsigned char *header)
{
	unsigned sum = 0, stored;
	int sum_signed = 0;

	if (!read_octal(header + CHECKSUM_OFFSET, CHECKSUM_SIZE, &stored))
		return false;
	for (size_t i = 0; i < HEADER_SIZE; i++) {
		sum += header[i];
		sum_signed += (signed char)header[i];
	}
	for (size_t i = CHECKSUM_OFFSET; i < CHECKSUM_OFFSET + CHECKSUM_SIZE; i++) {
		sum += (unsigned)' ' - header[i];
		sum_signed += ' ' - (signed char)header[i];
	}
	return stored == sum || (int)stored == sum_signed;
}

static unsigned tar_bid(const unsigned char *data, size_t len)
{
	if (len < HEADER_SIZE || data[0] == '\0' || !checksum_fits(data))
		return 0;
	return memcmp(data + MAGIC_OFFSET, "ustar", 5) == 0 ? 56 : 20;
}

/* The control files of a Debian package, by the name that deb(5) gives them. */
static unsigned control_bid(const struct candidate *candidate)
{
	unsigned sure = tar_bid(candidate->data, candidate->len);

	return sure > 0 && strcmp(path_basename(candidate->path), "control.tar") == 0 ? sure + 1
										      : 0;
}

/*
 * A regular file whose header counts its bytes itself. Sparse files have other types, or another
 * size in the header than in all; a size that only a pax header has is not looked for.
 */
static bool is_verbatim(const unsigned char *header, uint64_t size)
{
	uint64_t stored;

	if (!checksum_fits(header) || memcmp(header + MAGIC_OFFSET, "ustar", 5) != 0 ||
		(header[TYPE_OFFSET] != '0' && header[TYPE_OFFSET] != '\0'))
		return false;
	return tar_header_number(header + SIZE_OFFSET, SIZE_BYTES, &stored) && stored == size;
}

static int prepare(struct archive *archive)
{
	return archive_read_support_format_tar(archive);
}

static const struct archive_kind kind = {
	.name = "tar",
	.prepare = prepare,
	.is_verbatim = is_verbatim,
	.describe_headers = tar_header_describe,
	.fill_block = 10240,
	.has_end_mark = true,
};

static enum status tar_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	(void)limits;
	return archive_members_open(&kind, source, name, members, err);
}

const struct format format_tar = {
	.name = "tar",
	.is_unpacked = true,
	.bid_bytes = HEADER_SIZE,
	.bid = tar_bid,
	.open = tar_open,
};

const struct format format_control = {
	.name = "debian-control",
	.order_field = "debian-control-order",
	.is_unpacked = true,
	.bid_bytes = HEADER_SIZE,
	.bid_more = control_bid,
	.open = tar_open,
};
