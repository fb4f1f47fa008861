/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_SQUASHFS_CHECK_H
#define DBDIFF_FORMAT_SQUASHFS_CHECK_H

#include "dbdiff/format/squashfs.h"

/*
 * Whether the tables of a squashfs say what is so. Most of it shows in no member, and a kernel goes
 * by it: another count of links, another parent, an index that leads past a name. What is right
 * differs only because something else does, and is "layout"; what is wrong becomes a field of the
 * container, and its bytes a region of that name.
 */

/* What is read with; it all outlives the checks. */
struct squashfs_reading {
	const sqfs_super_t *super;
	struct squashfs_file *file;
	sqfs_compressor_t *compressor;
	sqfs_meta_reader_t *directories;
	struct squashfs_regions *regions;
};

/* An inode that was met, by its number; positions as in struct squashfs_blocks. */
struct squashfs_met {
	uint64_t from, to; /* 0 and 0: was not */
	uint32_t links;	   /* as it says */
	uint32_t names;	   /* that lead to it; of a directory: entries in it */
	uint32_t subdirectories;
	bool is_directory;
};

/* Bytes of a table that are somebody's. */
struct squashfs_extent {
	uint64_t from, to;
};

struct squashfs_extents {
	struct squashfs_extent *items;
	size_t count, capacity;
};

struct squashfs_checks {
	struct squashfs_reading reading;
	struct squashfs_met *met; /* [number - 1] */
	size_t met_capacity;
	uint64_t met_count;
	struct squashfs_extents listings;
	unsigned char *used_ids, *used_xattrs; /* a byte each */
	uint32_t xattr_count;
	uint64_t listings_left; /* bytes that are not walked yet, if none is walked twice */
	bool is_full;
	struct complaint {
		struct buffer text; /* the first */
		uint64_t count;
	} complaints[SQUASHFS_CHECKED_COUNT];
};

struct squashfs_checks *squashfs_checks_new(const struct squashfs_reading *reading);
void squashfs_checks_free(struct squashfs_checks *checks);

/* Where an inode was read, and what of it libsquashfs does not keep. */
struct squashfs_where {
	uint64_t reference;
	uint64_t end_block, end_offset; /* the reader's position behind it */
	uint32_t parent;		/* number of the directory that it is in; 0 for the root */
	uint16_t mode;			/* as it is stored */
};

/* Once for every name that leads to it. */
void squashfs_checks_take_inode(struct squashfs_checks *checks, const sqfs_inode_generic_t *inode,
	const struct squashfs_where *where);
/* A directory, after its inode. */
void squashfs_checks_take_directory(
	struct squashfs_checks *checks, const sqfs_inode_generic_t *inode);
/* Behind the last member; before the regions are given, whose names depend on it. */
enum status squashfs_checks_finish(struct squashfs_checks *checks, struct error *err);
/* Fields of what is wrong. */
void squashfs_checks_describe(const struct squashfs_checks *checks, struct member *container);

/* ---- between its parts ---- */

__attribute__((format(printf, 3, 4))) void squashfs_complain(
	struct squashfs_checks *checks, enum squashfs_checked what, const char *format, ...);
/* NULL for 0, and for more than are taken. */
struct squashfs_met *squashfs_met_at(struct squashfs_checks *checks, uint32_t number);
/* The blocks in which an inode is are no member's from then on. */
void squashfs_spoil_inode(struct squashfs_checks *checks, const struct squashfs_met *met);
int squashfs_extent_compare(const void *a, const void *b);
enum status squashfs_checks_take_tables(struct squashfs_checks *checks, struct error *err);

#endif
