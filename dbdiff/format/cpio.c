/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/libarchive.h"

#include "dbdiff/format/archive_fields.h"
#include "dbdiff/format/formats.h"

/* cpio(5): newc "070701", crc "070702", odc "070707"; each is followed by digits only. */
#define MAGIC_SIZE 6
#define ODC_SIZE   76
#define NEWC_SIZE  110

static bool all_in(const unsigned char *data, size_t len, const char *digits)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\0' || strchr(digits, data[i]) == NULL)
			return false;
	}
	return true;
}

static unsigned cpio_bid(const unsigned char *data, size_t len)
{
	if (len >= NEWC_SIZE &&
		(memcmp(data, "070701", MAGIC_SIZE) == 0 ||
			memcmp(data, "070702", MAGIC_SIZE) == 0) &&
		all_in(data, NEWC_SIZE, "0123456789abcdefABCDEF"))
		return 56;
	if (len >= ODC_SIZE && memcmp(data, "070707", MAGIC_SIZE) == 0 &&
		all_in(data, ODC_SIZE, "01234567"))
		return 56;
	return 0;
}

static int prepare(struct archive *archive)
{
	return archive_read_support_format_cpio(archive);
}

static const struct archive_kind kind = {
	.name = "cpio",
	.prepare = prepare,
	.fill_block = 512,
	.describe = archive_fields_add_inode,
};

static enum status cpio_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	(void)limits;
	return archive_members_open(&kind, source, name, members, err);
}

const struct format format_cpio = {
	.name = "cpio",
	.bid_bytes = NEWC_SIZE,
	.bid = cpio_bid,
	.open = cpio_open,
};
