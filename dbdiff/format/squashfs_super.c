/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/squashfs.h"

#include <inttypes.h>

#include "base/array.h"
#include "dbdiff/format/filesystem.h"

static void add_flags(struct member *member, uint16_t flags)
{
	static const struct {
		uint16_t flag;
		const char *word;
	} words[] = {
		{SQFS_FLAG_UNCOMPRESSED_INODES, "uncompressed-inodes"},
		{SQFS_FLAG_UNCOMPRESSED_DATA, "uncompressed-data"},
		{SQFS_FLAG_UNCOMPRESSED_FRAGMENTS, "uncompressed-fragments"},
		{SQFS_FLAG_NO_FRAGMENTS, "no-fragments"},
		{SQFS_FLAG_ALWAYS_FRAGMENTS, "always-fragments"},
		{SQFS_FLAG_NO_DUPLICATES, "no-duplicates"},
		{SQFS_FLAG_EXPORTABLE, "exportable"},
		{SQFS_FLAG_UNCOMPRESSED_XATTRS, "uncompressed-xattrs"},
		{SQFS_FLAG_NO_XATTRS, "no-xattrs"},
		{SQFS_FLAG_COMPRESSOR_OPTIONS, "compressor-options"},
		{SQFS_FLAG_UNCOMPRESSED_IDS, "uncompressed-ids"},
	};
	struct buffer text = {0};
	uint16_t left = flags;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(flags & words[i].flag))
			continue;
		buffer_add_format(&text, "%s%s", text.len ? " " : "", words[i].word);
		left = (uint16_t)(left & ~words[i].flag);
	}
	if (left)
		buffer_add_format(&text, "%s0x%04x", text.len ? " " : "", (unsigned)left);
	member_add_field(member, "filesystem-flags", "%s", buffer_text(&text));
	buffer_release(&text);
}

/* The metadata block behind the superblock in which a compressor keeps its options. */
static enum status add_compressor_options(
	struct member *member, struct source *source, struct error *err)
{
	unsigned char head[2], options[512];
	size_t len;
	enum status status;

	status = source_pread(source, sizeof(sqfs_super_t), head, sizeof(head), err);
	if (status < 0)
		return status;
	len = (size_t)(head[0] | (head[1] & 0x7f) << 8);
	if (len > sizeof(options))
		return error_set(err, STATUS_FORMAT, "compressor options of %zu bytes", len);
	status = source_pread(source, sizeof(sqfs_super_t) + sizeof(head), options, len, err);
	if (status == STATUS_OK)
		member_add_field_bytes(member, "filesystem-compressor-options", options, len);
	return status;
}

enum status squashfs_super_add(struct member *member, const sqfs_super_t *super,
	struct squashfs_file *file, struct error *err)
{
	const char *compressor =
		sqfs_compressor_name_from_id((SQFS_COMPRESSOR)super->compression_id);

	filesystem_add_time(member, "filesystem-created",
		&(struct filesystem_time){.seconds = super->modification_time});
	member_add_field(member, "filesystem-compressor", "%s", compressor ? compressor : "?");
	member_add_field(member, "filesystem-block-size", "%" PRIu32, super->block_size);
	member_add_field(member, "filesystem-inodes", "%" PRIu32, super->inode_count);
	member_add_field(member, "filesystem-fragments", "%" PRIu32, super->fragment_entry_count);
	member_add_field(member, "filesystem-ids", "%u", (unsigned)super->id_count);
	member_add_field(member, "filesystem-bytes", "%" PRIu64, super->bytes_used);
	add_flags(member, super->flags);
	if (super->flags & SQFS_FLAG_COMPRESSOR_OPTIONS) {
		enum status status = add_compressor_options(member, file->source, err);

		if (status < 0)
			return status;
	}
	return filesystem_add_region(member, "filesystem-trailing-data", file->source,
		super->bytes_used, file->source->size - super->bytes_used, err);
}
