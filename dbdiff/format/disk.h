/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_DISK_H
#define DBDIFF_FORMAT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"
#include "dbdiff/members.h"

/*
 * A disk with a partition table. Only the tables are read, never what lies between partitions:
 * whatever the gaps hold, their regions have names that tell where.
 */

#define DISK_ENTRY_SIZE 128 /* of GPT; an entry of MBR has 16 bytes */

struct disk_partition {
	uint32_t number; /* as in "p1" */
	uint64_t start;	 /* bytes */
	uint64_t len;
	const char *problem; /* why its content cannot be read; NULL when it can */
	unsigned char entry[DISK_ENTRY_SIZE];
	uint64_t base;	   /* of MBR: the sector that its entry counts from */
	uint32_t overlaps; /* number of a partition that it shares bytes with; 0 for none */
};

struct gpt;

struct disk {
	struct members members;
	const struct limits *limits;
	struct source *source;
	uint32_t sector; /* bytes */
	unsigned char mbr[512];
	struct gpt *gpt;		   /* NULL when there is only an MBR */
	struct disk_partition *partitions; /* in the order of members */
	size_t partition_count, partition_capacity;
	struct region *pieces; /* what is known to be where; names are static */
	size_t piece_count, piece_capacity;
	uint64_t end;	     /* behind the last table; 0 when nothing ends the disk but its bytes */
	struct error broken; /* what the tables came to: told behind the last partition */
	size_t next;
	bool is_emitted;
};

/* Where a piece is; not checked, and clipped to the disk when it becomes a region. */
void disk_add_piece(struct disk *disk, uint64_t offset, uint64_t len, enum region_kind kind,
	const char *name, int64_t owner);
/*
 * In sectors. A partition that is not inside the disk has its `problem` set. Borrowed until the
 * next is added; its position is how many there were.
 */
struct disk_partition *disk_add_partition(
	struct disk *disk, uint32_t number, uint64_t first, uint64_t sectors);

/* ---- disk_mbr.c ---- */

/* True for four entries that make sense on a disk of `size` bytes (or SOURCE_SIZE_UNKNOWN). */
bool mbr_is_plausible(const unsigned char sector[512], uint64_t size);
bool mbr_is_protective(const unsigned char sector[512]);
/* Reads the partitions and follows the extended one; what is wrong is in disk->broken. */
enum status mbr_read(struct disk *disk, struct error *err);
/* The pieces of the first sector of a disk with a GPT. */
void mbr_add_protective(struct disk *disk);
void mbr_describe(const struct disk *disk, struct member *container);
void mbr_describe_partition(
	const struct disk *disk, const struct disk_partition *partition, struct member *member);

/* ---- disk_gpt.c ---- */

/* How sure the first bytes make that there is a header of a GPT; *sector is its sector size. */
bool gpt_is_at(const unsigned char *data, size_t len, uint32_t *sector);
/* The same for the last bytes of a disk that lost its first header. */
bool gpt_is_at_end(struct source *source, uint32_t *sector);
/* Reads both headers and the partitions. */
enum status gpt_read(struct disk *disk, struct error *err);
void gpt_free(struct gpt *gpt);
void gpt_describe(const struct disk *disk, struct member *container);
void gpt_describe_partition(
	const struct disk *disk, const struct disk_partition *partition, struct member *member);

#endif
