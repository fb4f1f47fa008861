/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_FAT_H
#define DBDIFF_FORMAT_FAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"
#include "dbdiff/members.h"

/*
 * FAT12, FAT16 and FAT32 (Microsoft Extensible Firmware Initiative FAT32 File System
 * Specification 1.03; long names and what Linux makes of them: fs/fat of Linux). What the
 * specification leaves open is read as Linux does.
 */

#define FAT_BOOT_SIZE 512

/* ---- fat_super.c: the boot sector and what it says ---- */

struct fat_geometry {
	unsigned bits;	  /* of an entry: 12, 16 or 32 */
	uint32_t sector;  /* bytes */
	uint32_t cluster; /* bytes */
	uint64_t fat;	  /* where the first table is; all offsets are in bytes */
	uint64_t fat_len; /* of one table */
	unsigned fat_count;
	unsigned active_fat; /* the one that counts */
	uint64_t root;	     /* of FAT12 and FAT16: the root directory */
	uint64_t root_len;
	uint64_t data;	       /* the first cluster, which has the number 2 */
	uint32_t clusters;     /* their number; the last one is clusters + 1 */
	uint64_t total;	       /* of the file system */
	uint32_t root_cluster; /* of FAT32 */
	uint64_t fsinfo;       /* of FAT32; 0 for none */
	uint64_t backup;       /* the copy of the boot sector; 0 for none */
};

/* How sure the first sector (512 bytes or more) makes; 0 when it is no boot sector of a FAT. */
unsigned fat_bid_boot_sector(const unsigned char *data, size_t len);
/* STATUS_FORMAT for numbers that are impossible, or do not fit `size` bytes. */
enum status fat_geometry_read(const unsigned char boot[FAT_BOOT_SIZE], uint64_t size,
	struct fat_geometry *geometry, struct error *err);

struct fat;

/* Regions of everything in front of the root directory or the first cluster, and behind the last.
 */
enum status fat_super_emit(struct fat *fat, struct error *err);
/* The last regions, which need to know of all clusters. */
void fat_super_finish(struct fat *fat, uint32_t free_clusters);
/* Fields of the container. */
void fat_super_describe(const struct fat *fat, struct member *container);

/* ---- fat_chain.c: clusters ---- */

#define FAT_RUNS_MAX 65536 /* pieces of one file */

/* Clusters that follow one another on the disk. */
struct fat_run {
	uint32_t first;
	uint32_t count;
};

/* A window over the source, for small reads near one another. */
struct fat_window {
	uint64_t offset;
	size_t len;
	unsigned char data[4096];
};

enum fat_link {
	FAT_LINK_FREE,
	FAT_LINK_NEXT,
	FAT_LINK_BAD,
	FAT_LINK_END,
	FAT_LINK_WRONG, /* leads out of the file system */
};

/* Exactly `len` (≤ 512) bytes. */
enum status fat_read(struct fat *fat, struct fat_window *window, uint64_t offset, void *data,
	size_t len, struct error *err);
/* What the table says of a cluster. */
enum status fat_link_read(
	struct fat *fat, uint32_t cluster, enum fat_link *link, uint32_t *next, struct error *err);
/* Takes a cluster for what is being read: one that is taken, or not there, is STATUS_FORMAT. */
enum status fat_take_cluster(struct fat *fat, uint32_t cluster, struct error *err);
uint64_t fat_cluster_offset(const struct fat *fat, uint32_t cluster);
/* Takes a whole chain into fat->runs. */
enum status fat_take_chain(struct fat *fat, uint32_t first, struct error *err);
/* Regions of the clusters that nothing took; counts the free ones. */
enum status fat_emit_untaken(struct fat *fat, uint32_t *free_clusters, struct error *err);

/* ---- fat_directory.c: entries ---- */

#define FAT_ENTRY_SIZE 32
#define FAT_LONG_PARTS 20
#define FAT_NAME_BYTES (255 * 3)

#define FAT_ATTRIBUTE_LABEL	0x08
#define FAT_ATTRIBUTE_DIRECTORY 0x10

/* A directory that is being listed: a chain of clusters, or the root of FAT12 and FAT16. */
struct fat_directory {
	uint32_t cluster; /* 0: the root of FAT12 and FAT16 */
	uint64_t at;	  /* the next entry, as an offset in the container */
	uint64_t end;	  /* of this cluster, or of the root */
	bool is_root;
	bool ended;    /* its end mark was seen */
	int64_t owner; /* position of its member, REGION_NO_OWNER for the root */
};

/* An entry that is a member. */
struct fat_entry {
	unsigned char raw[FAT_ENTRY_SIZE];
	struct buffer name;	  /* the long name, or the short one as it is shown */
	struct buffer short_name; /* when there is a long one */
	struct buffer long_rest;  /* what its parts hold besides, when that is not as usual */
	uint32_t cluster;
	uint32_t size;
	uint64_t offset; /* of `raw` */
	uint64_t long_offsets[FAT_LONG_PARTS];
	unsigned long_count;
};

enum status fat_directory_open(struct fat *fat, uint32_t cluster, int64_t owner,
	struct fat_directory *directory, struct error *err);
/*
 * STATUS_OK, or STATUS_END behind the last. Emits the regions of what is no member on the way; the
 * label of the file system is kept in `fat`.
 */
enum status fat_directory_next(struct fat *fat, struct fat_directory *directory,
	struct fat_entry *entry, struct error *err);
/* Regions of an entry, which belongs to the member at `owner`. */
void fat_entry_emit(struct fat *fat, const struct fat_entry *entry, int64_t owner);
/* Fields of a member, all but those of its content. */
void fat_entry_describe(const struct fat_entry *entry, struct member *member);
/* Adds a time of an entry, local as it is stored; nothing when it is not set. */
void fat_add_time(struct member *member, const char *name, unsigned date, unsigned time,
	unsigned hundredths, bool has_time);

/* ---- the open file system ---- */

struct fat_frame {
	struct fat_directory directory;
	size_t path_len;
};

struct fat {
	struct members members;
	const struct limits *limits;
	struct source *source;
	unsigned char boot[FAT_BOOT_SIZE];
	struct fat_geometry geometry;
	struct fat_window table;
	struct fat_window entries;
	unsigned char *taken; /* a bit a cluster, so at most 32 MiB */
	struct fat_run *runs; /* of the file given last */
	size_t run_count, run_capacity;
	struct fat_frame *frames;
	size_t frame_count, frame_capacity;
	struct buffer path;
	struct fat_entry entry; /* of the member given last */
	bool has_content;
	int64_t position; /* of the next member */
	bool begun;
	struct error failure; /* that ended the walk */
	/* What the container says of itself. */
	unsigned char label[FAT_ENTRY_SIZE];
	bool has_label;
	bool copies_differ;
	bool has_reserved_bits; /* the upper four of an entry of FAT32 */
	bool backup_differs;
	uint32_t lost_clusters;
	uint32_t bad_clusters;
	uint32_t surplus_clusters; /* of files, behind the cluster in which they end */
	uint32_t free_clusters;
	uint32_t fsinfo_free, fsinfo_next;
	bool has_fsinfo;
	bool is_next_wrong; /* the cluster in FSInfo is not there */
};

#endif
