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
struct squashfs_tails;

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
	struct squashfs_tails *tails, struct error *err);

/* How long a block of tails is when it is unpacked; 0 when it is stored as it is. */
enum status squashfs_fragment_len(
	const struct squashfs_data *data, uint32_t index, size_t *len, struct error *err);
/* All of it is nobody's, as not all of it is somebody's. */
void squashfs_data_add_unused(
	const struct squashfs_data *data, uint32_t index, struct squashfs_regions *regions);

/* ---- squashfs_tails.c: whether all of a block of tails is some file's ---- */

struct squashfs_tails {
	struct squashfs_tail {
		uint32_t fragment;
		uint32_t begin;
		uint64_t end;
	} * items;
	size_t count, capacity;
};

/* False when there are too many. */
bool squashfs_tails_take(
	struct squashfs_tails *tails, uint32_t fragment, uint32_t begin, uint32_t len);
void squashfs_tails_release(struct squashfs_tails *tails);
/* Once all were taken. Of a block that is stored as it is, regions tell byte by byte. */
enum status squashfs_tails_check(struct squashfs_tails *tails, const struct squashfs_data *data,
	struct squashfs_regions *regions, struct member *container, struct error *err);

/* ---- squashfs_inode.c: what an inode says ---- */

/* Of one file, and of those in which tails lie together; libsquashfs has a list of either. */
#define SQUASHFS_BLOCKS_MAX ((size_t)1 << 20)

/*
 * To be asked before libsquashfs reads an inode, the list of whose blocks it reads at once:
 * STATUS_LIMIT when there are more than SQUASHFS_BLOCKS_MAX. They may all be holes. *mode is what
 * it has stored, of which libsquashfs leaves out the type.
 */
enum status squashfs_inode_check_size(struct squashfs_file *file, sqfs_meta_reader_t *inodes,
	const sqfs_super_t *super, uint64_t reference, uint16_t *mode, struct error *err);
/* The number of links, as it says; 1 where it says none. */
uint32_t squashfs_inode_links(const sqfs_inode_generic_t *inode);

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

/* ---- squashfs_unpack.c ---- */

/* From then on a block has to end where the stream in it does: SQFS_ERROR_COMPRESSOR. */
void squashfs_unpack_wholly(sqfs_compressor_t *compressor, SQFS_COMPRESSOR id);

/* ---- squashfs_blocks.c: blocks of metadata ---- */

#define SQUASHFS_META_BYTES  8192   /* of each when it is unpacked, but the last of a table */
#define SQUASHFS_META_HEADER 2	    /* bytes in front of each, which say how long it is: */
#define SQUASHFS_META_SIZE   0x7fff /* these bits of them do */

/* Bytes of an entry of each table, and of what is in front of the list of xattrs' blocks. */
#define SQUASHFS_FRAGMENT_ENTRY 16
#define SQUASHFS_EXPORT_ENTRY	8
#define SQUASHFS_ID_ENTRY	4
#define SQUASHFS_XATTR_ENTRY	16
#define SQUASHFS_XATTR_HEAD	16

#define SQUASHFS_NOWHERE   UINT64_MAX
#define SQUASHFS_TABLE_MAX ((uint64_t)16 << 20)

/* Where each block of a table is, in the container; the last is where it ends. */
struct squashfs_blocks {
	uint64_t *offsets;
	size_t count, capacity;
};

enum status squashfs_blocks_find(struct squashfs_blocks *blocks, struct squashfs_file *file,
	uint64_t begin, uint64_t end, struct error *err);
void squashfs_blocks_release(struct squashfs_blocks *blocks);
/* The number of the block in which a byte is. */
size_t squashfs_blocks_at(const struct squashfs_blocks *blocks, uint64_t offset);
/*
 * A place in a block that begins at `block`, as if all blocks before it were full when they are
 * unpacked; SQUASHFS_NOWHERE when none begins there.
 */
uint64_t squashfs_blocks_position(
	const struct squashfs_blocks *blocks, uint64_t block, uint64_t offset);

/* A table of entries, unpacked. */
struct squashfs_table {
	unsigned char *data;
	size_t len;
	uint64_t first, behind; /* its blocks, in the container */
	bool is_exact;		/* they follow one another, and there is nothing else in them */
};

/* `list` is where the list of its blocks is; `size` is that of all entries. */
enum status squashfs_table_read(struct squashfs_file *file, sqfs_compressor_t *compressor,
	uint64_t list, uint64_t size, struct squashfs_table *table, struct error *err);
void squashfs_table_release(struct squashfs_table *table);

static inline bool squashfs_has_exports(const sqfs_super_t *super)
{
	return (super->flags & SQFS_FLAG_EXPORTABLE) != 0 &&
		super->export_table_start != UINT64_MAX;
}

/* ---- squashfs_regions.c: what every byte is ---- */

enum squashfs_place_kind {
	SQUASHFS_DATA,
	SQUASHFS_INODE,
	SQUASHFS_DIRECTORY,
	/* Nobody's: blocks of a table in which something is wrong, and fragment blocks. */
	SQUASHFS_INODE_INVALID,
	SQUASHFS_DIRECTORY_INVALID,
	SQUASHFS_FRAGMENT_UNUSED,
};

/* What is checked, in the order in which it is told. */
enum squashfs_checked {
	SQUASHFS_INODE_COUNT,
	SQUASHFS_INODES,
	SQUASHFS_DIRECTORIES,
	SQUASHFS_FRAGMENTS,
	SQUASHFS_EXPORTS,
	SQUASHFS_IDS,
	SQUASHFS_XATTRS,
	SQUASHFS_UNUSED, /* bytes of fragment blocks */
	SQUASHFS_CHECKED_COUNT,
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
/* Positions in a table, as squashfs_blocks_position() has them; and the end of all. */
uint64_t squashfs_regions_position(const struct squashfs_regions *regions,
	enum squashfs_place_kind kind, uint64_t block, uint64_t offset);
uint64_t squashfs_regions_end(
	const struct squashfs_regions *regions, enum squashfs_place_kind kind);
/* The blocks of these positions hold something that is wrong: they belong to no member. */
void squashfs_regions_take_invalid(struct squashfs_regions *regions, enum squashfs_place_kind kind,
	uint64_t from, uint64_t to);
/* What is wrong has this name, as a region and as a field of the container. */
const char *squashfs_invalid_name(enum squashfs_checked checked);
void squashfs_regions_invalidate(struct squashfs_regions *regions, enum squashfs_checked checked);
/*
 * Gives all regions of a file of `size` bytes, once every member was taken; what is behind the file
 * system is called `behind`.
 */
enum status squashfs_regions_add(struct squashfs_regions *regions, struct members *members,
	const sqfs_super_t *super, uint64_t size, const char *behind, struct error *err);

#endif
