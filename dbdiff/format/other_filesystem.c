/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File systems, and containers of file systems, that are known and not opened here: each ends with
 * STATUS_UNSUPPORTED, so that it is not inspected, with the reason, and never taken for a leaf.
 * What its superblock says of it is given as fields. (Offsets: libblkid/src/superblocks of
 * util-linux, include/linux headers of each file system.)
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/format/formats.h"

#define MAGIC_SIZE   8
#define UUID_SIZE    16
#define LABEL_MAX    256
#define BID_BYTES    ((size_t)4096) /* what is further is read where the source can seek */
#define NODE_CRC_LEN 8		    /* of a JFFS2 node: what its header's checksum covers */

/* Where something is in the container; len 0: nowhere. */
struct spot {
	uint32_t offset;
	uint16_t len;
};

struct other {
	const char *name;
	struct spot magic;
	unsigned char bytes[MAGIC_SIZE + 1];
	struct spot uuid; /* 16 bytes, or a text when it is longer */
	struct spot label;
	struct spot created;  /* seconds, little-endian */
	struct spot features; /* little-endian */
};

static const struct other others[] = {
	{.name = "erofs",
		.magic = {1024, 4},
		.bytes = "\xe2\xe1\xf5\xe0",
		.uuid = {1024 + 48, 16},
		.label = {1024 + 64, 16},
		.created = {1024 + 24, 8},
		.features = {1024 + 80, 4}},
	{.name = "btrfs",
		.magic = {65536 + 64, 8},
		.bytes = "_BHRfS_M",
		.uuid = {65536 + 32, 16},
		.label = {65536 + 299, 256},
		.features = {65536 + 188, 8}},
	{.name = "XFS", .magic = {0, 4}, .bytes = "XFSB", .uuid = {32, 16}, .label = {108, 12}},
	{.name = "F2FS",
		.magic = {1024, 4},
		.bytes = "\x10\x20\xf5\xf2",
		.uuid = {1024 + 108, 16},
		.features = {1024 + 2180, 4}},
	{.name = "swap space",
		.magic = {4086, 10 - 2},
		.bytes = "SWAPSPAC",
		.uuid = {1024 + 12, 16},
		.label = {1024 + 28, 16}},
	{.name = "LUKS", .magic = {0, 6}, .bytes = "LUKS\xba\xbe", .uuid = {168, 40}},
	{.name = "LVM", .magic = {512, 8}, .bytes = "LABELONE", .uuid = {512 + 32, 32}},
	{.name = "LVM", .magic = {0, 8}, .bytes = "LABELONE", .uuid = {32, 32}},
	{.name = "bcachefs",
		.magic = {4096 + 24, 8},
		.bytes = "\xc6\x85\x73\xf6\x4e\x1a\x45\xca",
		.uuid = {4096 + 56, 16},
		.label = {4096 + 72, 32}},
	{.name = "a bcache device",
		.magic = {4096 + 24, 8},
		.bytes = "\xc6\x85\x73\xf6\x66\xce\x90\xa9",
		.uuid = {4096 + 40, 16}},
	{.name = "a RAID member",
		.magic = {4096, 4},
		.bytes = "\xfc\x4e\x2b\xa9",
		.uuid = {4096 + 16, 16},
		.label = {4096 + 32, 32}},
	{.name = "a RAID member",
		.magic = {0, 4},
		.bytes = "\xfc\x4e\x2b\xa9",
		.uuid = {16, 16},
		.label = {32, 32}},
	{.name = "dm-integrity", .magic = {0, 8}, .bytes = "integrt\0"},
	{.name = "ReiserFS",
		.magic = {65536 + 52, 8},
		.bytes = "ReIsEr2F",
		.uuid = {65536 + 84, 16},
		.label = {65536 + 100, 16}},
	{.name = "JFS",
		.magic = {32768, 4},
		.bytes = "JFS1",
		.uuid = {32768 + 136, 16},
		.label = {32768 + 152, 16}},
	{.name = "NTFS", .magic = {3, 8}, .bytes = "NTFS    "},
	{.name = "exFAT", .magic = {3, 8}, .bytes = "EXFAT   "},
	{.name = "BitLocker", .magic = {3, 8}, .bytes = "-FVE-FS-"},
	{.name = "HFS+", .magic = {1024, 4}, .bytes = "H+\0\x04"},
	{.name = "APFS", .magic = {32, 4}, .bytes = "NXSB"},
	{.name = "UBI", .magic = {0, 4}, .bytes = "UBI#"},
	{.name = "UBIFS", .magic = {0, 4}, .bytes = "\x31\x18\x10\x06", .uuid = {24 + 88, 16}},
	{.name = "JFFS2", .magic = {0, 2}, .bytes = "\x85\x19"},
	{.name = "JFFS2", .magic = {0, 2}, .bytes = "\x19\x85"},
	{.name = "cramfs",
		.magic = {0, 4},
		.bytes = "\x45\x3d\xcd\x28",
		.label = {48, 16},
		.features = {8, 4}},
	{.name = "cramfs", .magic = {0, 4}, .bytes = "\x28\xcd\x3d\x45", .label = {48, 16}},
	{.name = "romfs", .magic = {0, 8}, .bytes = "-rom1fs-", .label = {16, 16}},
};

struct other_members {
	struct members members;
	struct source *source;
	const struct other *other;
};

/* ---- recognising ---- */

static uint32_t number_of(const unsigned char *data, bool is_big)
{
	return is_big ? (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 |
			data[3]
		      : (uint32_t)data[3] << 24 | (uint32_t)data[2] << 16 | (uint32_t)data[1] << 8 |
			data[0];
}

/* CRC-32 as the kernel's crc32(0, …): neither turned over before nor after. */
static uint32_t kernel_crc(const unsigned char *data, size_t len)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return crc;
}

/* Sixteen bits happen by chance: the checksum of the first node's header must hold as well. */
static bool is_node(const unsigned char *data, size_t len)
{
	bool is_big = data[0] == 0x19;

	return len >= NODE_CRC_LEN + 4 &&
		number_of(data + NODE_CRC_LEN, is_big) == kernel_crc(data, NODE_CRC_LEN);
}

static bool fits(const struct other *other, const struct candidate *candidate)
{
	const struct spot *magic = &other->magic;
	unsigned char bytes[MAGIC_SIZE];
	struct error err;

	if (magic->offset + magic->len <= candidate->len) {
		memcpy(bytes, candidate->data + magic->offset, magic->len);
	} else {
		/* In front of the window's end it would have been there. */
		if (candidate->source == NULL ||
			candidate->source->size < (uint64_t)magic->offset + magic->len)
			return false;
		if (source_pread(candidate->source, magic->offset, bytes, magic->len, &err) < 0)
			return false;
	}
	if (memcmp(bytes, other->bytes, magic->len) != 0)
		return false;
	return magic->len > 2 || is_node(candidate->data, candidate->len);
}

static const struct other *find(const struct candidate *candidate)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (fits(&others[i], candidate))
			return &others[i];
	}
	return NULL;
}

/* Less than any format that reads what it takes it for. */
static unsigned other_bid(const struct candidate *candidate)
{
	return find(candidate) != NULL ? 8 : 0;
}

/* ---- fields ---- */

static void add_uuid(struct member *container, const unsigned char *data, size_t len)
{
	struct buffer text = {0};

	if (len != UUID_SIZE) {
		member_add_field_bytes(
			container, "filesystem-uuid", data, strnlen((const char *)data, len));
		return;
	}
	for (size_t i = 0; i < len; i++)
		buffer_add_format(
			&text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", data[i]);
	member_add_field(container, "filesystem-uuid", "%s", buffer_text(&text));
	buffer_release(&text);
}

static uint64_t little(const unsigned char *data, size_t len)
{
	uint64_t number = 0;

	for (size_t i = len; i > 0; i--)
		number = number << 8 | data[i - 1];
	return number;
}

/* True when it is there and was read. Its bytes are a region with the field's name. */
static bool read_spot(struct other_members *self, const struct spot *spot, unsigned char *data)
{
	struct error err;

	return spot->len > 0 && spot->len <= LABEL_MAX &&
		source_pread(self->source, spot->offset, data, spot->len, &err) == STATUS_OK;
}

static void other_describe(struct members *members, struct member *container)
{
	struct other_members *self = (struct other_members *)members;
	const struct other *other = self->other;
	unsigned char data[LABEL_MAX];

	member_add_field(container, "filesystem-type", "%s", other->name);
	if (read_spot(self, &other->uuid, data))
		add_uuid(container, data, other->uuid.len);
	if (read_spot(self, &other->label, data))
		member_add_field_bytes(container, "filesystem-label", data,
			strnlen((const char *)data, other->label.len));
	if (read_spot(self, &other->created, data))
		filesystem_add_time(container, "filesystem-created",
			&(struct filesystem_time){
				.seconds = (int64_t)little(data, other->created.len)});
	if (read_spot(self, &other->features, data))
		member_add_field(container, "filesystem-features", "0x%" PRIx64,
			little(data, other->features.len));
}

/* ---- as a container ---- */

static void add_regions(struct other_members *self)
{
	const struct {
		const struct spot *spot;
		const char *name;
	} parts[] = {
		{&self->other->uuid, "filesystem-uuid"},
		{&self->other->label, "filesystem-label"},
		{&self->other->created, "filesystem-created"},
		{&self->other->features, "filesystem-features"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const struct spot *spot = parts[i].spot;

		if (self->source->size >= (uint64_t)spot->offset + spot->len)
			members_add_structure(
				&self->members, spot->offset, spot->len, parts[i].name);
	}
}

static enum status other_next(struct members *members, struct member *member, struct error *err)
{
	struct other_members *self = (struct other_members *)members;

	(void)member;
	add_regions(self);
	return error_set(err, STATUS_UNSUPPORTED, "%s cannot be opened here", self->other->name);
}

static enum status other_open_member(
	struct members *members, struct source **content, struct error *err)
{
	(void)members;
	(void)content;
	return error_set(err, STATUS_USAGE, "there is no member");
}

static void other_free(struct members *members)
{
	free(members);
}

static const struct members_ops other_ops = {
	.next = other_next,
	.open = other_open_member,
	.describe = other_describe,
	.free = other_free,
};

static enum status other_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	const struct other *other;
	struct candidate candidate = {.path = name, .source = source};
	struct other_members *self;

	(void)limits;
	if (source_peek(source, BID_BYTES, &candidate.data, &candidate.len, err) < 0)
		return err->status;
	other = find(&candidate);
	if (other == NULL)
		return error_set(err, STATUS_FORMAT, "no file system that is known");
	self = xcalloc(1, sizeof(*self));
	self->members.ops = &other_ops;
	self->source = source;
	self->other = other;
	*members = &self->members;
	return STATUS_OK;
}

const struct format format_other_filesystem = {
	.name = "other-filesystem",
	.bid_bytes = BID_BYTES,
	.needs_seek = true,
	.bid_more = other_bid,
	.open = other_open,
};
