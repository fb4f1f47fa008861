/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_EXT_H
#define DBDIFF_FORMAT_EXT_H

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/source.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/members.h"

/* ---- ext_io.c: the container as libext2fs reads it ---- */

struct ext_io;

/* Reads through `source`, which outlives it; a few blocks are kept. */
struct ext_io *ext_io_new(struct source *source);
void ext_io_free(struct ext_io *io);
/* Opens read-only, every checksum on. The file system uses `io` until ext2fs_free(). */
errcode_t ext_io_open(struct ext_io *io, ext2_filsys *fs);
/* The error behind a code of libext2fs: the source's own, or what the code means. */
enum status ext_error_set(struct ext_io *io, errcode_t code, struct error *err);

/* ---- ext_super.c: the superblock ---- */

#define EXT_SUPER_OFFSET 1024
#define EXT_SUPER_SIZE	 1024

/* What is needed before libext2fs may allocate by these numbers. */
struct ext_geometry {
	uint64_t blocks;
	uint32_t block_size;
};

/* Checks that the file system is whole and its numbers are possible in `size` bytes. */
enum status ext_super_check(const unsigned char super[EXT_SUPER_SIZE], uint64_t size,
	struct ext_geometry *geometry, struct error *err);
/* The counters of what is free, when they were computed again and are others. */
struct ext_super_wrong {
	bool free_blocks;
	bool free_inodes;
};

/* The fields filesystem-…. Bytes no field stands for are in one field by SHA-256. */
void ext_super_add(struct member *member, const unsigned char super[EXT_SUPER_SIZE],
	const struct ext_super_wrong *wrong);
struct ext_layout;
/* Which counters do not fit, once all members were given. */
struct ext_super_wrong ext_super_find_wrong(struct ext_layout *layout);
/* Regions of the superblock in use, at `offset`, named as its fields; its checksum holds. */
void ext_super_add_regions(struct ext_layout *layout, uint64_t offset);
/* Of a backup: what is as in the one in use, or as mke2fs left it, follows from it. */
void ext_super_add_backup(struct ext_layout *layout, uint64_t offset,
	const unsigned char backup[EXT_SUPER_SIZE], dgrp_t group);

/* ---- ext_map.c: where the bytes of a file are ---- */

struct ext_map;

#define EXT_DEPTH_MAX 5 /* EXT4_MAX_EXTENT_DEPTH of the kernel; libext2fs takes any */

/* `data` is the content of an inode with inline data, copied; NULL for others. */
struct ext_map *ext_map_new(ext2_filsys fs, struct ext_io *io, struct source *source,
	ext2_ino_t number, const struct ext2_inode *inode, const struct buffer *data);
void ext_map_free(struct ext_map *map);
/*
 * Where block `block` is, and how many follow it there (at least 1, at most `want`); *physical is
 * 0 when they are zeros that are not stored.
 */
enum status ext_map_find(struct ext_map *map, uint64_t block, uint64_t want, uint64_t *physical,
	uint64_t *count, struct error *err);
/* Exactly `len` bytes, which are inside the file's size. */
enum status ext_map_read(
	struct ext_map *map, uint64_t offset, void *data, size_t len, struct error *err);

/* A stretch of blocks that an inode leads to. */
struct ext_run {
	enum ext_run_kind {
		EXT_RUN_DATA,
		EXT_RUN_UNWRITTEN, /* reserved; what it holds is not what the file has there */
		EXT_RUN_EXTENTS,   /* a node of the extent tree */
		EXT_RUN_INDIRECT,  /* a block of block numbers */
	} kind;
	uint64_t block; /* in the file */
	uint64_t physical;
	uint64_t count;
};

/*
 * Gives every run once. An error of `take` ends it, and must come when a block of the kinds
 * EXTENTS and INDIRECT comes again, or a tree that leads back to itself has no end.
 */
enum status ext_map_each(struct ext_map *map,
	enum status (*take)(void *context, const struct ext_run *run, struct error *err),
	void *context, struct error *err);
/* The whole file as a source; takes the map over. */
struct source *ext_content_new(struct ext_map *map, uint64_t size);

/* ---- ext_inode.c: one inode ---- */

/* An inode and what hangs on it. A zeroed struct is safe to release. */
struct ext_inode {
	ext2_ino_t number;
	struct ext2_inode_large
		*raw; /* of the size inodes have, or the struct's when that is more */
	size_t size;
	struct buffer inline_data; /* when EXT4_INLINE_DATA_FL is set */
};

void ext_inode_release(struct ext_inode *inode);
const struct ext2_inode *ext_inode_basic(const struct ext_inode *inode);
bool ext_inode_is_inline(const struct ext_inode *inode);
/* Reads it, and adds its fields to `member`: all but the hard link. */
enum status ext_inode_read(struct ext_inode *inode, ext2_filsys fs, struct ext_io *io,
	struct source *source, ext2_ino_t number, struct member *member, struct error *err);

/* ---- ext_usage.c: what bitmaps, counters and flags must say ---- */

enum ext_state {
	EXT_STATE_NOW,
	EXT_STATE_MADE, /* as mke2fs left it, before anything else was written */
	EXT_STATES
};

/* Of one group, or of all together. */
struct ext_usage {
	bool is_known;
	uint64_t free_clusters;
	uint32_t free_inodes;
	uint32_t directories;
	uint32_t unused_tail; /* inodes behind the last that is in use */
	bool has_others;      /* blocks in use that no table of the group itself is in */
	uint32_t block_checksum, inode_checksum; /* of the bitmaps; 0 without metadata_csum */
};

/* Once all members were given; valid as long as the layout. */
const struct ext_usage *ext_usage_of(struct ext_layout *layout, enum ext_state state, dgrp_t group);
/* The free clusters and inodes of all groups. */
const struct ext_usage *ext_usage_of_all(struct ext_layout *layout, enum ext_state state);
/* Set the bits of a bitmap, in zeros of at least a block. */
void ext_usage_block_bitmap(
	const struct ext_layout *layout, enum ext_state state, dgrp_t group, unsigned char *bits);
void ext_usage_inode_bitmap(
	const struct ext_layout *layout, enum ext_state state, dgrp_t group, unsigned char *bits);
/* Whether an inode of that number is in use in any file system. */
bool ext_usage_is_fixed(const struct ext2_super_block *super, uint32_t number);
/* Whether mke2fs makes an inode of that number. */
bool ext_usage_is_made(const struct ext2_super_block *super, uint32_t number);

/* ---- ext_layout.c: what every block is ---- */

/*
 * Gives the regions of the file system (struct region, dbdiff/members.h) as it is walked, and sees
 * to it that no block has two uses. Two bits a block and one an inode is all it keeps of them.
 * Zeroed is safe to release.
 */
struct ext_layout {
	struct members *members;
	ext2_filsys fs;
	struct ext_io *io;
	struct source *source;
	const unsigned char *super;	      /* of EXT_SUPER_SIZE */
	uint64_t first;			      /* block */
	uint64_t blocks;		      /* behind the first */
	unsigned char *used;		      /* a bit a block, from `first` on */
	unsigned char *made;		      /* the same, for what mke2fs puts there */
	unsigned char *met;		      /* a bit an inode, from inode 1 on */
	uint32_t *directories;		      /* met, a group */
	struct inode_map *xattrs;	      /* blocks of xattrs, which inodes share */
	struct ext_usage *usages[EXT_STATES]; /* of the groups, as they are asked for */
	struct ext_usage all[EXT_STATES];
	uint32_t lookups; /* of entries that are left over, which are still to be had */
};

/* `layout` has its members, io, fs, source and super; takes the blocks of all groups' tables. */
enum status ext_layout_init(struct ext_layout *layout, struct error *err);
void ext_layout_release(struct ext_layout *layout);

/* STATUS_FORMAT when one of the blocks is in use already, or is none of the file system. */
enum status ext_layout_take(
	struct ext_layout *layout, uint64_t block, uint64_t count, struct error *err);
/* The same for what mke2fs puts there. */
enum status ext_layout_take_made(
	struct ext_layout *layout, uint64_t block, uint64_t count, struct error *err);
bool ext_layout_is_used(const struct ext_layout *layout, uint64_t block);
bool ext_layout_is_met(const struct ext_layout *layout, uint32_t number);
/* The inode, where its xattrs and its content are; nothing when it was met. */
enum status ext_layout_add_member(
	struct ext_layout *layout, const struct ext_inode *inode, int64_t owner, struct error *err);
/* A region of a member, or of the container for REGION_NO_OWNER. */
void ext_layout_add(
	struct ext_layout *layout, uint64_t offset, uint64_t len, const char *name, int64_t owner);
/* A block of a directory that was read, and its checksum verified. */
void ext_layout_add_directory_block(struct ext_layout *layout, const unsigned char *raw,
	uint64_t block, bool is_indexed, bool is_first, int64_t owner);
/* An inode in use that no directory leads to; STRUCTURE named `name`. */
enum status ext_layout_add_special(
	struct ext_layout *layout, uint32_t number, const char *name, struct error *err);

/* ---- ext_record.c: an inode as it is stored ---- */

/* Its checksums were verified when it was read. `name` is NULL for a member's. */
void ext_record_add(
	struct ext_layout *layout, const struct ext_inode *inode, const char *name, int64_t owner);
/* That of the blocks kept for descriptors; of those one is its own, and taken here. */
enum status ext_record_add_resize(
	struct ext_layout *layout, const struct ext_inode *inode, struct error *err);

/* ---- ext_slack.c: what is behind that in use ---- */

/* A node of an extent tree in a block, up to its checksum. */
struct ext_node {
	const unsigned char *raw;
	size_t size;
	uint64_t at; /* in the file system */
	const char *name;
	int64_t owner;
	uint32_t number; /* of the inode whose tree it is in */
	const struct ext2_inode *inode;
};

void ext_slack_add_node(struct ext_layout *layout, const struct ext_node *node);
/* What a member's inode has at the place where its blocks are, at `at`. */
/* A block of a directory; its bytes without a checksum's. */
struct ext_directory_block {
	size_t size;
	bool is_indexed; /* of a directory with an index of hashes */
	bool is_first;
};

void ext_slack_add_directory(struct ext_layout *layout, const unsigned char *raw, uint64_t at,
	const struct ext_directory_block *block, int64_t owner);

/* A part of a block, in bytes from its beginning. */
struct ext_stretch {
	size_t begin, end;
};

/*
 * The stretch of a block of extended attributes, which lies at `at`, for one of its owners; what is
 * of none is told only for the first of them.
 */
void ext_slack_add_xattrs(struct ext_layout *layout, const unsigned char *raw, uint64_t at,
	struct ext_stretch stretch, bool is_first, int64_t owner);
void ext_slack_add_places(
	struct ext_layout *layout, const struct ext_inode *inode, uint64_t at, int64_t owner);

/* ---- ext_resize.c: the inode of blocks kept for descriptors ---- */

/* Whether all of it but its times is what it must be. */
bool ext_resize_inode_is_right(ext2_filsys fs, const struct ext_inode *inode);
/* Likewise of the one block that is its own. Errors of the source. */
enum status ext_resize_check_block(
	struct ext_layout *layout, uint64_t block, bool *is_right, struct error *err);

/* ---- ext_groups.c: what belongs to no member ---- */

/* Takes the blocks in which the groups keep superblocks, descriptors, bitmaps and inodes. */
enum status ext_groups_take(struct ext_layout *layout, struct error *err);
/* Blocks of a group that its own tables, superblock and descriptors are in. */
uint64_t ext_groups_own_blocks(const ext2_filsys fs, dgrp_t group);
/* Every region that is left, once all members were given. */
enum status ext_groups_add(struct ext_layout *layout, struct error *err);

/* ---- ext_descriptor.c: descriptors of groups ---- */

/* The descriptor of a group, and the checksums of its bitmaps as they are. */
struct ext_descriptor {
	dgrp_t group;
	uint32_t block_checksum;
	uint32_t inode_checksum;
};

uint32_t ext_descriptors_in_block(ext2_filsys fs);
/* Regions of the one in use. Errors of the source. */
enum status ext_descriptor_add(
	struct ext_layout *layout, const struct ext_descriptor *descriptor, struct error *err);
/*
 * Regions of `count` blocks of descriptors from block `block` on, of which the first is number
 * `index` of all that there are: a backup that is the same as those in use, or as mke2fs left it,
 * follows from them. Blocks in use are left out. Errors of the source.
 */
enum status ext_descriptor_add_backups(struct ext_layout *layout, uint64_t block, uint64_t count,
	uint32_t index, struct error *err);

/* ---- ext_directory.c: entries as they are stored ---- */

struct ext_directory;

struct ext_entry {
	ext2_ino_t inode;
	unsigned type;	  /* EXT2_FT_…, EXT2_FT_UNKNOWN when entries have none */
	const char *name; /* valid until the next call */
	size_t len;
};

/*
 * Takes the map over. `parent` is what ".." must be. Its blocks become regions of the member
 * `owner` of `layout`.
 */
struct ext_directory *ext_directory_new(struct ext_layout *layout, int64_t owner,
	struct ext_map *map, const struct ext_inode *inode, ext2_ino_t parent);
void ext_directory_free(struct ext_directory *directory);
/* STATUS_OK, or STATUS_END behind the last; "." and ".." are checked and not given. */
enum status ext_directory_next(
	struct ext_directory *directory, struct ext_entry *entry, struct error *err);

#endif
