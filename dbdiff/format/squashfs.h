/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_SQUASHFS_H
#define DBDIFF_FORMAT_SQUASHFS_H

#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/error.h>
#include <sqfs/frag_table.h>
#include <sqfs/id_table.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/meta_reader.h>
#include <sqfs/super.h>
#include <sqfs/xattr_reader.h>

#include "base/error.h"
#include "base/source.h"
#include "dbdiff/format/filesystem.h"
#include "dbdiff/members.h"

/* The container as libsquashfs reads it. What the source says of a failed read is kept aside. */
struct squashfs_file {
	sqfs_file_t base; /* first, so that the library's pointer is ours */
	struct source *source;
	struct error error;
};

void squashfs_file_init(struct squashfs_file *file, struct source *source);

/* The error behind what libsquashfs returned: the source's own, or what the number means. */
enum status squashfs_error_set(struct squashfs_file *file, int number, struct error *err);

/* The fields filesystem-…, and what is behind the file system. */
enum status squashfs_super_add(struct member *member, const sqfs_super_t *super,
	struct squashfs_file *file, struct error *err);

/* The blocks in which small files and tails of files lie together, with those read last. */
struct squashfs_fragments;

struct squashfs_regions;

/* Everything a file's content is read with; outlives the content. */
struct squashfs_data {
	struct squashfs_file *file;
	const sqfs_super_t *super;
	sqfs_compressor_t *compressor;
	struct squashfs_fragments *fragments;
};

struct squashfs_fragments *squashfs_fragments_new(sqfs_frag_table_t *table, size_t block_size);
void squashfs_fragments_free(struct squashfs_fragments *fragments);

/* The content of a regular file, which can seek. `inode` is the caller's and outlives it. */
enum status squashfs_content_new(const struct squashfs_data *data,
	const sqfs_inode_generic_t *inode, struct source **content, struct error *err);

/* Gathers the file's blocks, and its part of a fragment block, as data of member `owner`. */
enum status squashfs_data_add_regions(const struct squashfs_data *data,
	const sqfs_inode_generic_t *inode, int64_t owner, struct squashfs_regions *regions,
	struct error *err);

/* ---- squashfs_inode.c: what an inode says ---- */

/* Of one file, and of those in which tails lie together; libsquashfs has a list of either. */
#define SQUASHFS_BLOCKS_MAX ((size_t)1 << 20)

/*
 * To be asked before libsquashfs reads an inode, the list of whose blocks it reads at once:
 * STATUS_LIMIT when there are more than SQUASHFS_BLOCKS_MAX. They may all be holes.
 */
enum status squashfs_inode_check_size(struct squashfs_file *file, sqfs_meta_reader_t *inodes,
	const sqfs_super_t *super, uint64_t reference, struct error *err);

/* Everything that the fields of inodes are read with. Owns nothing; `links` is what is changed. */
struct squashfs_inode_tables {
	struct squashfs_file *file;
	sqfs_id_table_t *ids;
	sqfs_xattr_reader_t *xattrs;
	struct inode_map *links; /* first paths of inodes with several, by inode number */
};

/*
 * The fields of a member whose path is set: the inode's, the path under which it was met first if
 * that is another, and its xattrs. STATUS_FORMAT for what no writer makes, STATUS_LIMIT for more
 * xattrs than are taken, and what squashfs_error_set() gives.
 */
enum status squashfs_inode_add(const struct squashfs_inode_tables *tables,
	const sqfs_inode_generic_t *inode, struct member *member, struct error *err);

/* ---- squashfs_regions.c: what every byte is ---- */

enum squashfs_place_kind {
	SQUASHFS_DATA,
	SQUASHFS_INODE,
	SQUASHFS_DIRECTORY,
};

/* STATUS_FORMAT when tables are not where they are; to be freed even then. */
enum status squashfs_regions_new(const sqfs_super_t *super, struct squashfs_file *file,
	struct squashfs_regions **regions, struct error *err);
void squashfs_regions_free(struct squashfs_regions *regions);
/* Bytes of member `owner`; several may have the same. */
void squashfs_regions_take(struct squashfs_regions *regions, enum squashfs_place_kind kind,
	uint64_t offset, uint64_t len, int64_t owner, uint64_t content_offset);
/* The blocks of the table of inodes or of directories in which the bytes `from` and `to` are. */
void squashfs_regions_take_table(struct squashfs_regions *regions, enum squashfs_place_kind kind,
	uint64_t from, uint64_t to, int64_t owner);
/*
 * Gives all regions of a file of `size` bytes, once every member was taken; what is behind the file
 * system is called `behind`.
 */
enum status squashfs_regions_add(struct squashfs_regions *regions, struct members *members,
	const sqfs_super_t *super, uint64_t size, const char *behind, struct error *err);

#endif
