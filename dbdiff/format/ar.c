/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/libarchive.h"

#include "dbdiff/format/formats.h"

/* ar(5), deb(5): the magic line, then a header of printable characters that ends in "`\n". */
#define MAGIC_SIZE  8
#define HEADER_SIZE 60

static unsigned ar_bid(const unsigned char *data, size_t len)
{
	if (len < MAGIC_SIZE || memcmp(data, "!<arch>\n", MAGIC_SIZE) != 0)
		return 0;
	if (len == MAGIC_SIZE)
		return 64;
	if (len < MAGIC_SIZE + HEADER_SIZE)
		return 32;
	return memcmp(data + MAGIC_SIZE + HEADER_SIZE - 2, "`\n", 2) == 0 ? 80 : 32;
}

/* A package: its first member is called so (deb(5)); ar(1) writes a slash behind it. */
static unsigned deb_bid(const unsigned char *data, size_t len)
{
	static const char first[] = "debian-binary";
	size_t name_len = strlen(first);

	if (ar_bid(data, len) != 80 || memcmp(data + MAGIC_SIZE, first, name_len) != 0)
		return 0;
	return strchr(" /", data[MAGIC_SIZE + name_len]) != NULL ? 81 : 0;
}

static int prepare(struct archive *archive)
{
	return archive_read_support_format_ar(archive);
}

static const struct archive_kind kind = {
	.name = "ar",
	.prepare = prepare,
	.magic_size = MAGIC_SIZE,
};

static enum status ar_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	(void)limits;
	return archive_members_open(&kind, source, name, members, err);
}

const struct format format_ar = {
	.name = "ar",
	.bid_bytes = MAGIC_SIZE + HEADER_SIZE,
	.bid = ar_bid,
	.open = ar_open,
};

const struct format format_deb = {
	.name = "deb",
	.bid_bytes = MAGIC_SIZE + HEADER_SIZE,
	.bid = deb_bid,
	.open = ar_open,
};
