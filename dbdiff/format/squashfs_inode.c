/* SPDX-License-Identifier: Apache-2.0 */
/* What the inodes of a squashfs say: the fields of members. */
#include "dbdiff/format/bytes.h"
#include "dbdiff/format/squashfs.h"

#include <inttypes.h>
#include <sqfs/xattr.h>
#include <string.h>
#include <sys/stat.h>

#define XATTR_COUNT_MAX 65536	  /* of one inode; Linux takes 64 KiB of names in all */
#define XATTR_VALUE_MAX (1 << 20) /* Linux takes 64 KiB */
#define NO_XATTRS	UINT32_MAX

static enum status add_xattr(
	const struct squashfs_inode_tables *tables, struct member *member, struct error *err)
{
	sqfs_xattr_entry_t *key = NULL;
	sqfs_xattr_value_t *value = NULL;
	struct buffer name = {0};
	size_t prefix_len;
	enum status status = STATUS_OK;
	int number = sqfs_xattr_reader_read_key(tables->xattrs, &key);

	if (number == 0)
		number = sqfs_xattr_reader_read_value(tables->xattrs, key, &value);
	if (number) {
		status = squashfs_error_set(tables->file, number, err);
		goto out;
	}
	prefix_len = strlen(
		sqfs_get_xattr_prefix((SQFS_XATTR_TYPE)(key->type & SQFS_XATTR_PREFIX_MASK)));
	if (strlen((const char *)key->key) != prefix_len + key->size) {
		status = error_set(err, STATUS_FORMAT, "an xattr's name has a NUL byte");
		goto out;
	}
	if (value->size > XATTR_VALUE_MAX) {
		status =
			error_set(err, STATUS_LIMIT, "an xattr has %" PRIu32 " bytes", value->size);
		goto out;
	}
	buffer_add_format(&name, "xattr:%s", (const char *)key->key);
	member_add_field_bytes(member, buffer_text(&name), value->value, value->size);
out:
	buffer_release(&name);
	sqfs_free(key);
	sqfs_free(value);
	return status;
}

static enum status add_xattrs(const struct squashfs_inode_tables *tables,
	const sqfs_inode_generic_t *inode, struct member *member, struct error *err)
{
	sqfs_xattr_id_t where = {0};
	sqfs_u32 index = NO_XATTRS;
	int number = sqfs_inode_get_xattr_index(inode, &index);
	enum status status = STATUS_OK;

	if (number == 0 && index == NO_XATTRS)
		return STATUS_OK;
	if (number == 0)
		number = sqfs_xattr_reader_get_desc(tables->xattrs, index, &where);
	if (number == 0 && where.count)
		number = sqfs_xattr_reader_seek_kv(tables->xattrs, &where);
	if (number)
		return squashfs_error_set(tables->file, number, err);
	if (where.count > XATTR_COUNT_MAX)
		return error_set(err, STATUS_LIMIT, "%" PRIu32 " xattrs", where.count);
	for (uint32_t i = 0; i < where.count && status == STATUS_OK; i++)
		status = add_xattr(tables, member, err);
	return status;
}

/* The bytes stand in the order of the format, which is the little endian one. */
enum status squashfs_inode_check_size(struct squashfs_file *file, sqfs_meta_reader_t *inodes,
	const sqfs_super_t *super, uint64_t reference, uint16_t *mode, struct error *err)
{
	unsigned char base[sizeof(sqfs_inode_t)] = {0}, data[16];
	bool is_long;
	uint64_t size;
	int failed = sqfs_meta_reader_seek(
		inodes, super->inode_table_start + (reference >> 16), reference & 0xffff);

	if (failed == 0)
		failed = sqfs_meta_reader_read(inodes, base, sizeof(base));
	*mode = bytes_le16(base + 2);
	is_long = bytes_le16(base) == SQFS_INODE_EXT_FILE;
	if (failed == 0 && !is_long && bytes_le16(base) != SQFS_INODE_FILE)
		return STATUS_OK;
	if (failed == 0)
		failed = sqfs_meta_reader_read(inodes, data, sizeof(data));
	if (failed)
		return squashfs_error_set(file, failed, err);
	size = is_long ? bytes_le64(data + 8) : bytes_le32(data + 12);
	if (size / super->block_size > SQUASHFS_BLOCKS_MAX)
		return error_set(err, STATUS_LIMIT,
			"a file of %" PRIu64 " bytes in blocks of %" PRIu32, size,
			super->block_size);
	return STATUS_OK;
}

uint32_t squashfs_inode_links(const sqfs_inode_generic_t *inode)
{
	switch (inode->base.type) {
	case SQFS_INODE_DIR:
		return inode->data.dir.nlink;
	case SQFS_INODE_EXT_DIR:
		return inode->data.dir_ext.nlink;
	case SQFS_INODE_EXT_FILE:
		return inode->data.file_ext.nlink;
	case SQFS_INODE_SLINK:
	case SQFS_INODE_EXT_SLINK:
		return inode->data.slink.nlink;
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
	case SQFS_INODE_EXT_BDEV:
	case SQFS_INODE_EXT_CDEV:
		return inode->data.dev.nlink;
	case SQFS_INODE_FIFO:
	case SQFS_INODE_SOCKET:
	case SQFS_INODE_EXT_FIFO:
	case SQFS_INODE_EXT_SOCKET:
		return inode->data.ipc.nlink;
	default:
		return 1;
	}
}

static enum status add_link(const struct squashfs_inode_tables *tables,
	const sqfs_inode_generic_t *inode, struct member *member, struct error *err)
{
	const char *first;

	if (inode_map_meet(tables->links, inode->base.inode_number, buffer_text(&member->path),
		    &first, err) < 0 ||
		kept_check(&tables->links->kept, err) < 0)
		return err->status;
	if (first)
		member_add_field(member, "hard-link", "%s", first);
	return STATUS_OK;
}

enum status squashfs_inode_add(const struct squashfs_inode_tables *tables,
	const sqfs_inode_generic_t *inode, struct member *member, struct error *err)
{
	struct filesystem_inode basics = {
		.mode = inode->base.mode,
		.mtime = {.seconds = inode->base.mod_time},
	};
	sqfs_u64 size = 0;
	enum status status = STATUS_OK;

	if (sqfs_id_table_index_to_id(tables->ids, inode->base.uid_idx, &basics.uid) ||
		sqfs_id_table_index_to_id(tables->ids, inode->base.gid_idx, &basics.gid))
		return error_set(err, STATUS_FORMAT, "its owner is not in the table of ids");
	if (S_ISREG(basics.mode) && sqfs_inode_get_file_size(inode, &size))
		return error_set(err, STATUS_FORMAT, "a file without a size");
	basics.size = size;
	filesystem_add_inode(member, &basics);
	if (S_ISCHR(basics.mode) || S_ISBLK(basics.mode)) {
		uint32_t device = inode->data.dev.devno;

		filesystem_add_device(member, (device & 0xfff00) >> 8,
			(device & 0xff) | ((device >> 12) & 0xfff00));
	}
	if (S_ISLNK(basics.mode))
		status = filesystem_add_link_target(
			member, (const char *)inode->extra, inode->data.slink.target_size, err);
	if (status == STATUS_OK && !S_ISDIR(basics.mode) && squashfs_inode_links(inode) > 1)
		status = add_link(tables, inode, member, err);
	return status < 0 ? status : add_xattrs(tables, inode, member, err);
}
