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
/* The fields filesystem-… of the root. Bytes no field stands for are in one field by SHA-256. */
void ext_super_add(struct member *member, const unsigned char super[EXT_SUPER_SIZE]);

/* ---- ext_map.c: where the bytes of a file are ---- */

struct ext_map;

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

/* ---- ext_directory.c: entries as they are stored ---- */

struct ext_directory;

struct ext_entry {
	ext2_ino_t inode;
	unsigned type;	  /* EXT2_FT_…, EXT2_FT_UNKNOWN when entries have none */
	const char *name; /* valid until the next call */
	size_t len;
};

/* Takes the map over. `parent` is what ".." must be. */
struct ext_directory *ext_directory_new(
	ext2_filsys fs, struct ext_map *map, const struct ext_inode *inode, ext2_ino_t parent);
void ext_directory_free(struct ext_directory *directory);
/* STATUS_OK, or STATUS_END behind the last; "." and ".." are checked and not given. */
enum status ext_directory_next(
	struct ext_directory *directory, struct ext_entry *entry, struct error *err);

#endif
