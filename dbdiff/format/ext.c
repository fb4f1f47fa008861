/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ext2, ext3 and ext4, by libext2fs (format: Documentation/filesystems/ext4 of Linux). Members are
 * what the directories lead to; the journal and other inodes without a name are not among them.
 */
#include "dbdiff/format/ext.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/format/formats.h"

/* A directory that is being listed. */
struct frame {
	struct ext_directory *directory;
	ext2_ino_t number;
	size_t path_len;
};

struct ext {
	struct members members;
	const struct limits *limits;
	struct source *source;
	struct ext_io *io;
	ext2_filsys fs;
	unsigned char super[EXT_SUPER_SIZE];
	struct ext_geometry geometry;
	struct ext_layout layout;
	struct ext_super_wrong wrong; /* found at the end */
	int64_t position;	      /* of the member that is being given */
	struct member container;      /* the fields of the file system itself */
	struct frame *frames;
	size_t frame_count, frame_capacity;
	struct buffer path;
	struct inode_map seen;	/* directories */
	struct inode_map links; /* first paths of inodes with several */
	struct ext_inode inode; /* of the member given last */
	bool has_inode;
	bool begun;
	bool ended;
	struct error failure; /* that ended the walk */
};

/* ---- the walk ---- */

static struct ext_map *map_inode(struct ext *ext)
{
	return ext_map_new(ext->fs, ext->io, ext->source, ext->inode.number,
		ext_inode_basic(&ext->inode),
		ext_inode_is_inline(&ext->inode) ? &ext->inode.inline_data : NULL);
}

static enum status enter_directory(struct ext *ext, struct error *err)
{
	struct frame frame = {.number = ext->inode.number, .path_len = ext->path.len};
	ext2_ino_t parent = EXT2_ROOT_INO;
	const char *before;

	if (inode_map_meet(&ext->seen, ext->inode.number, buffer_text(&ext->path), &before, err) <
		0)
		return err->status;
	if (before)
		return error_set(err, STATUS_FORMAT, "this directory is /%s as well", before);
	if (ext->frame_count >= FILESYSTEM_DEPTH_MAX)
		return error_set(err, STATUS_LIMIT, "more than %d directories inside each other",
			FILESYSTEM_DEPTH_MAX);
	if (ext->frame_count)
		parent = ext->frames[ext->frame_count - 1].number;
	frame.directory =
		ext_directory_new(&ext->layout, ext->position, map_inode(ext), &ext->inode, parent);
	ARRAY_GROW(ext->frames, ext->frame_count, ext->frame_capacity);
	ext->frames[ext->frame_count++] = frame;
	return STATUS_OK;
}

/* The type an entry gives to what has this mode. */
static unsigned entry_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return EXT2_FT_REG_FILE;
	case S_IFDIR:
		return EXT2_FT_DIR;
	case S_IFCHR:
		return EXT2_FT_CHRDEV;
	case S_IFBLK:
		return EXT2_FT_BLKDEV;
	case S_IFIFO:
		return EXT2_FT_FIFO;
	case S_IFSOCK:
		return EXT2_FT_SOCK;
	case S_IFLNK:
		return EXT2_FT_SYMLINK;
	default:
		return EXT2_FT_UNKNOWN;
	}
}

/* What of the image is in no inode, before the superblock and behind the end. */
static enum status describe_filesystem(struct ext *ext, struct error *err)
{
	uint64_t end = ext->geometry.blocks * ext->geometry.block_size;
	enum status status;

	status = filesystem_add_region(
		&ext->container, "filesystem-boot-block", ext->source, 0, EXT_SUPER_OFFSET, err);
	if (status == STATUS_OK)
		status = filesystem_add_region(&ext->container, "filesystem-trailing-data",
			ext->source, end, ext->source->size - end, err);
	return status;
}

static enum status take_inode(
	struct ext *ext, ext2_ino_t number, unsigned type, struct member *member, struct error *err)
{
	const char *first = NULL;
	const struct ext2_inode *inode;
	enum status status;

	buffer_add(&member->path, ext->path.len ? ext->path.data : "/",
		ext->path.len ? ext->path.len : 1);
	ext->has_inode = false;
	status = ext_inode_read(&ext->inode, ext->fs, ext->io, ext->source, number, member, err);
	if (status < 0)
		return status;
	ext->has_inode = true;
	inode = ext_inode_basic(&ext->inode);
	if (type != EXT2_FT_UNKNOWN && type != entry_type(inode->i_mode))
		return error_set(err, STATUS_FORMAT, "its entry names another type");
	if (S_ISDIR(inode->i_mode)) {
		status = enter_directory(ext, err);
		return status < 0
			? status
			: ext_layout_add_member(&ext->layout, &ext->inode, ext->position, err);
	}
	if (inode->i_links_count > 1 &&
		(inode_map_meet(&ext->links, number, buffer_text(&ext->path), &first, err) < 0 ||
			kept_check(&ext->links.kept, err) < 0))
		return err->status;
	if (first) {
		member_add_field(member, "hard-link", "%s", first);
		return STATUS_OK;
	}
	return ext_layout_add_member(&ext->layout, &ext->inode, ext->position, err);
}

static enum status take_entry(struct ext *ext, struct member *member, struct error *err)
{
	struct frame *frame = &ext->frames[ext->frame_count - 1];
	struct ext_entry entry = {0};
	enum status status = ext_directory_next(frame->directory, &entry, err);

	if (status == STATUS_END) {
		ext_directory_free(frame->directory);
		ext->frame_count--;
		return STATUS_END;
	}
	if (status == STATUS_OK)
		status = filesystem_path_add(
			&ext->path, frame->path_len, entry.name, entry.len, ext->limits, err);
	if (status < 0)
		return error_context(err, "inode %" PRIu32, (uint32_t)frame->number);
	status = take_inode(ext, entry.inode, entry.type, member, err);
	return status < 0 ? error_context(err, "inode %" PRIu32, (uint32_t)entry.inode) : status;
}

static enum status take_root(struct ext *ext, struct member *member, struct error *err)
{
	enum status status = describe_filesystem(ext, err);

	if (status < 0)
		return status;
	ext->layout.members = &ext->members;
	status = take_inode(ext, EXT2_ROOT_INO, EXT2_FT_DIR, member, err);
	return status < 0 ? error_context(err, "inode %d", EXT2_ROOT_INO) : status;
}

static enum status ext_next(struct members *members, struct member *member, struct error *err)
{
	struct ext *ext = (struct ext *)members;
	enum status status = STATUS_END;

	if (ext->failure.status < 0) {
		*err = ext->failure;
		return ext->failure.status;
	}
	member_clear(member);
	if (!ext->begun) {
		ext->begun = true;
		status = take_root(ext, member, &ext->failure);
	}
	while (status == STATUS_END && ext->frame_count)
		status = take_entry(ext, member, &ext->failure);
	if (status == STATUS_OK)
		ext->position++;
	if (status == STATUS_END && !ext->ended) {
		ext->ended = true;
		if (ext_groups_add(&ext->layout, &ext->failure) < 0)
			status = ext->failure.status;
		else
			ext->wrong = ext_super_find_wrong(&ext->layout);
	}
	if (status < 0) {
		error_context(&ext->failure, "ext4");
		*err = ext->failure;
	}
	return status;
}

static enum status ext_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct ext *ext = (struct ext *)members;
	const struct ext2_inode *inode;

	if (!ext->has_inode || !S_ISREG(ext_inode_basic(&ext->inode)->i_mode))
		return error_set(err, STATUS_USAGE, "ext4: this member has no content");
	inode = ext_inode_basic(&ext->inode);
	*content = ext_content_new(map_inode(ext), EXT2_I_SIZE(inode));
	return STATUS_OK;
}

static void ext_describe(struct members *members, struct member *container)
{
	struct ext *ext = (struct ext *)members;

	ext_super_add(container, ext->super, &ext->wrong);
	buffer_add(
		&container->fields, buffer_text(&ext->container.fields), ext->container.fields.len);
}

static void ext_free(struct members *members)
{
	struct ext *ext = (struct ext *)members;

	for (size_t i = 0; i < ext->frame_count; i++)
		ext_directory_free(ext->frames[i].directory);
	free(ext->frames);
	ext_inode_release(&ext->inode);
	inode_map_release(&ext->seen);
	inode_map_release(&ext->links);
	buffer_release(&ext->path);
	member_release(&ext->container);
	ext_layout_release(&ext->layout);
	if (ext->fs)
		ext2fs_free(ext->fs);
	ext_io_free(ext->io);
	free(ext);
}

/* ---- opening ---- */

static const struct members_ops ext_ops = {
	.next = ext_next,
	.open = ext_open_member,
	.describe = ext_describe,
	.free = ext_free,
};

/* libext2fs reads group descriptors without a look at their checksums. */
static enum status check_groups(struct ext *ext, struct error *err)
{
	if (!ext2fs_has_group_desc_csum(ext->fs))
		return STATUS_OK;
	for (dgrp_t group = 0; group < ext->fs->group_desc_count; group++) {
		if (!ext2fs_group_desc_csum_verify(ext->fs, group))
			return error_set(err, STATUS_FORMAT,
				"the checksum of group %" PRIu32 " does not hold", (uint32_t)group);
	}
	return STATUS_OK;
}

static enum status open_filesystem(struct ext *ext, struct error *err)
{
	errcode_t code;
	enum status status =
		source_pread(ext->source, EXT_SUPER_OFFSET, ext->super, sizeof(ext->super), err);

	if (status == STATUS_OK)
		status = ext_super_check(ext->super, ext->source->size, &ext->geometry, err);
	if (status < 0)
		return status;
	ext->io = ext_io_new(ext->source);
	code = ext_io_open(ext->io, &ext->fs);
	if (code) {
		ext->fs = NULL;
		return ext_error_set(ext->io, code, err);
	}
	status = check_groups(ext, err);
	if (status < 0)
		return status;
	ext->layout = (struct ext_layout){
		.fs = ext->fs, .io = ext->io, .source = ext->source, .super = ext->super};
	return ext_layout_init(&ext->layout, err);
}

static enum status ext_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct ext *ext = xcalloc(1, sizeof(*ext));

	(void)name;
	ext->members.ops = &ext_ops;
	ext->limits = limits;
	ext->source = source;
	if (open_filesystem(ext, err) < 0) {
		ext_free(&ext->members);
		return error_context(err, "ext4");
	}
	*members = &ext->members;
	return STATUS_OK;
}

static unsigned ext_bid(const unsigned char *data, size_t len)
{
	const unsigned char *super = data + EXT_SUPER_OFFSET;
	size_t magic = offsetof(struct ext2_super_block, s_magic);

	if (len < EXT_SUPER_OFFSET + EXT_SUPER_SIZE || super[magic] != (EXT2_SUPER_MAGIC & 0xff) ||
		super[magic + 1] != EXT2_SUPER_MAGIC >> 8)
		return 0;
	/* Sixteen bits happen by chance: revision and block size must make sense as well. */
	if (super[offsetof(struct ext2_super_block, s_rev_level)] > EXT2_LIB_CURRENT_REV ||
		super[offsetof(struct ext2_super_block, s_log_block_size)] > 6)
		return 0;
	return 16 + 8;
}

const struct format format_ext = {
	.name = "ext4",
	.bid_bytes = EXT_SUPER_OFFSET + EXT_SUPER_SIZE,
	.needs_seek = true,
	.bid = ext_bid,
	.open = ext_open,
};
