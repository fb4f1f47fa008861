/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/ext.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/filesystem.h"

#define INLINE_XATTR "system.data"

void ext_inode_release(struct ext_inode *inode)
{
	free(inode->raw);
	buffer_release(&inode->inline_data);
	*inode = (struct ext_inode){0};
}

const struct ext2_inode *ext_inode_basic(const struct ext_inode *inode)
{
	return (const struct ext2_inode *)inode->raw;
}

bool ext_inode_is_inline(const struct ext_inode *inode)
{
	return inode->raw->i_flags & EXT4_INLINE_DATA_FL;
}

/* True when the inode is large enough for a field of the second half, and says it is used. */
static bool reaches(const struct ext_inode *inode, size_t end)
{
	return inode->size > EXT2_GOOD_OLD_INODE_SIZE &&
		EXT2_GOOD_OLD_INODE_SIZE + (size_t)inode->raw->i_extra_isize >= end;
}

#define HAS(inode, field)                                                                          \
	reaches((inode),                                                                           \
		offsetof(struct ext2_inode_large, field) +                                         \
			sizeof(((struct ext2_inode_large *)NULL)->field))

/* Seconds are signed; the extra word has two more bits of them, and the nanoseconds. */
static struct filesystem_time time_of(uint32_t seconds, bool has_extra, uint32_t extra)
{
	struct filesystem_time time = {.seconds = (int32_t)seconds};

	if (has_extra) {
		time.seconds += (int64_t)(extra & 3) << 32;
		time.nanoseconds = extra >> 2;
	}
	return time;
}

static void add_times(const struct ext_inode *inode, struct member *member)
{
	const struct ext2_inode_large *raw = inode->raw;
	struct filesystem_time time =
		time_of(raw->i_atime, HAS(inode, i_atime_extra), raw->i_atime_extra);

	filesystem_add_time(member, "atime", &time);
	time = time_of(raw->i_ctime, HAS(inode, i_ctime_extra), raw->i_ctime_extra);
	filesystem_add_time(member, "ctime", &time);
	if (!HAS(inode, i_crtime))
		return;
	time = time_of(raw->i_crtime, HAS(inode, i_crtime_extra), raw->i_crtime_extra);
	filesystem_add_time(member, "birthtime", &time);
}

/* What a user can set or see. How data is stored (extents, index, inline, …) is left out. */
static void add_flags(const struct ext_inode *inode, struct member *member)
{
	static const uint32_t storage = EXT2_INDEX_FL | EXT4_HUGE_FILE_FL | EXT4_EXTENTS_FL |
		EXT4_INLINE_DATA_FL | 0x00400000 /* blocks past the end */;
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{EXT2_SECRM_FL, "secure-deletion"},
		{EXT2_UNRM_FL, "undelete"},
		{EXT2_COMPR_FL, "compressed"},
		{EXT2_SYNC_FL, "sync"},
		{EXT2_IMMUTABLE_FL, "immutable"},
		{EXT2_APPEND_FL, "append"},
		{EXT2_NODUMP_FL, "no-dump"},
		{EXT2_NOATIME_FL, "no-atime"},
		{EXT4_ENCRYPT_FL, "encrypted"},
		{EXT3_JOURNAL_DATA_FL, "journal-data"},
		{EXT2_NOTAIL_FL, "no-tail"},
		{EXT2_DIRSYNC_FL, "dir-sync"},
		{EXT2_TOPDIR_FL, "top-directory"},
		{EXT4_VERITY_FL, "verity"},
		{FS_NOCOW_FL, "no-cow"},
		{FS_DAX_FL, "dax"},
		{EXT4_PROJINHERIT_FL, "project-inherit"},
		{EXT4_CASEFOLD_FL, "casefold"},
	};
	uint32_t left = inode->raw->i_flags & ~storage;
	struct buffer text = {0};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(left & words[i].flag))
			continue;
		buffer_add_format(&text, "%s%s", text.len ? " " : "", words[i].word);
		left &= ~words[i].flag;
	}
	if (left)
		buffer_add_format(&text, "%s0x%08" PRIx32, text.len ? " " : "", left);
	if (text.len)
		member_add_field(member, "flags", "%s", buffer_text(&text));
	buffer_release(&text);
}

static void add_device(const struct ext_inode *inode, struct member *member)
{
	uint32_t small = inode->raw->i_block[0];
	uint32_t large = inode->raw->i_block[1];

	if (small)
		filesystem_add_device(member, (small >> 8) & 0xff, small & 0xff);
	else
		filesystem_add_device(
			member, (large & 0xfff00) >> 8, (large & 0xff) | ((large >> 12) & 0xfff00));
}

/* ---- xattrs ---- */

struct xattr_sink {
	struct ext_inode *inode;
	struct member *member;
};

/*
 * Values are given as they are stored: ACLs in the form ext4 has on disk, because the library reads
 * past the end of a damaged one when it converts it.
 */
static int take_xattr(char *name, char *value, size_t len, void *context)
{
	struct xattr_sink *sink = context;
	struct buffer field = {0};

	if (ext_inode_is_inline(sink->inode) && strcmp(name, INLINE_XATTR) == 0) {
		buffer_add(&sink->inode->inline_data, value, len);
		return 0;
	}
	buffer_add_format(&field, "xattr:%s", name);
	member_add_field_bytes(sink->member, buffer_text(&field), len ? value : "", len);
	buffer_release(&field);
	return 0;
}

static enum status read_xattrs(struct ext_inode *inode, ext2_filsys fs, struct ext_io *io,
	struct member *member, struct error *err)
{
	struct ext2_xattr_handle *handle = NULL;
	struct xattr_sink sink = {.inode = inode, .member = member};
	errcode_t code;

	/* The library refuses to look where no feature says that there are any. */
	if (!ext2fs_has_feature_xattr(fs->super) && !ext2fs_has_feature_inline_data(fs->super)) {
		if (ext2fs_file_acl_block(fs, ext_inode_basic(inode)) || ext_inode_is_inline(inode))
			return error_set(err, STATUS_FORMAT, "xattrs in a file system without");
		return STATUS_OK;
	}
	code = ext2fs_xattrs_open(fs, inode->number, &handle);
	if (code)
		return ext_error_set(io, code, err);
	if (ext_inode_is_inline(inode))
		buffer_add(&inode->inline_data, inode->raw->i_block, sizeof(inode->raw->i_block));
	code = ext2fs_xattrs_read_inode(handle, inode->raw);
	if (code == 0)
		code = ext2fs_xattrs_iterate(handle, take_xattr, &sink);
	ext2fs_xattrs_close(&handle);
	return code ? ext_error_set(io, code, err) : STATUS_OK;
}

/* ---- one inode ---- */

static enum status add_link(struct ext_inode *inode, ext2_filsys fs, struct ext_io *io,
	struct source *source, struct member *member, struct error *err)
{
	struct ext2_inode *basic = (struct ext2_inode *)inode->raw;
	uint64_t size = EXT2_I_SIZE(basic);
	bool is_inline = ext_inode_is_inline(inode);
	struct ext_map *map;
	char *target;
	enum status status;

	if (size > fs->blocksize)
		return error_set(err, STATUS_FORMAT, "a symbolic link of %" PRIu64 " bytes", size);
	if (!is_inline && ext2fs_is_fast_symlink(basic)) {
		if (size >= sizeof(basic->i_block))
			return error_set(err, STATUS_FORMAT, "short read");
		return filesystem_add_link_target(
			member, (const char *)basic->i_block, (size_t)size, err);
	}
	map = ext_map_new(
		fs, io, source, inode->number, basic, is_inline ? &inode->inline_data : NULL);
	target = xmalloc((size_t)size + 1);
	status = ext_map_read(map, 0, target, (size_t)size, err);
	if (status == STATUS_OK)
		status = filesystem_add_link_target(member, target, (size_t)size, err);
	free(target);
	ext_map_free(map);
	return status;
}

static enum status check(const struct ext_inode *inode, struct error *err)
{
	const struct ext2_inode_large *raw = inode->raw;

	if (!filesystem_type_is_known(raw->i_mode))
		return error_set(err, STATUS_FORMAT, "its type 0%o is none", (unsigned)raw->i_mode);
	if (raw->i_links_count == 0)
		return error_set(err, STATUS_FORMAT, "it is named and not in use");
	if (inode->size > EXT2_GOOD_OLD_INODE_SIZE &&
		(raw->i_extra_isize > inode->size - EXT2_GOOD_OLD_INODE_SIZE ||
			raw->i_extra_isize % 4))
		return error_set(err, STATUS_FORMAT, "its size is damaged");
	if (ext_inode_is_inline(inode) && raw->i_flags & EXT4_EXTENTS_FL)
		return error_set(err, STATUS_FORMAT, "its data is both inline and not");
	return STATUS_OK;
}

enum status ext_inode_read(struct ext_inode *inode, ext2_filsys fs, struct ext_io *io,
	struct source *source, ext2_ino_t number, struct member *member, struct error *err)
{
	struct filesystem_inode basics;
	struct ext2_inode *basic;
	errcode_t code;
	enum status status;

	inode->number = number;
	inode->size = EXT2_INODE_SIZE(fs->super);
	buffer_clear(&inode->inline_data);
	if (!inode->raw)
		inode->raw = xcalloc(
			1, inode->size < sizeof(*inode->raw) ? sizeof(*inode->raw) : inode->size);
	basic = (struct ext2_inode *)inode->raw;
	code = ext2fs_read_inode_full(fs, number, basic, (int)inode->size);
	if (code)
		return ext_error_set(io, code, err);
	status = check(inode, err);
	if (status < 0)
		return status;
	basics = (struct filesystem_inode){
		.mode = basic->i_mode,
		.uid = inode_uid(*basic),
		.gid = inode_gid(*basic),
		.mtime = time_of(
			basic->i_mtime, HAS(inode, i_mtime_extra), inode->raw->i_mtime_extra),
		.size = EXT2_I_SIZE(basic),
	};
	filesystem_add_inode(member, &basics);
	add_times(inode, member);
	add_flags(inode, member);
	member_add_field(member, "generation", "%" PRIu32, basic->i_generation);
	if (ext2fs_has_feature_project(fs->super) && HAS(inode, i_projid))
		member_add_field(member, "project", "%" PRIu32, inode->raw->i_projid);
	if (S_ISCHR(basic->i_mode) || S_ISBLK(basic->i_mode))
		add_device(inode, member);
	status = read_xattrs(inode, fs, io, member, err);
	if (status == STATUS_OK && S_ISLNK(basic->i_mode))
		status = add_link(inode, fs, io, source, member, err);
	return status;
}
