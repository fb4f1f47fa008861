/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_MEMBERS_H
#define DBDIFF_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"

/*
 * One member of a container as its format sees it. The format fills it in next(), and owns what it
 * points to until the following next().
 */
struct member {
	/*
	 * Path inside the container, raw bytes: without "./" in front, without a slash at the end,
	 * runs of slashes as one; "" is never a name (the root directory of a file system is "/").
	 * member_set_name() makes it from the stored name and adds the field "name" when the two
	 * differ. A NUL byte in a stored name is written as the four characters \x00.
	 */
	struct buffer path;
	bool has_content; /* a regular file or a stream that can be opened */
	uint64_t size;	  /* of its content, SOURCE_SIZE_UNKNOWN when only reading tells */
	/*
	 * All metadata as text, "name\0value\0" after one another: type, mode, uid, … Written with
	 * member_add_field(); the names and their order for people are the field table's
	 * (dbdiff/fields.h). Comparing members compares these bytes after sorting.
	 */
	struct buffer fields;
};

void member_clear(struct member *member);
void member_release(struct member *member);
void member_set_name(struct member *member, const char *stored, size_t len);
/* `value` may hold any byte but NUL. */
void member_add_field(struct member *member, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For values with NUL bytes or of hostile length: stored escaped, over 4 KiB as its SHA-256. */
void member_add_field_bytes(struct member *member, const char *name, const void *value, size_t len);
/* "2026-11-23T03:12:00Z", with nine digits behind a point when there are nanoseconds. */
void member_add_time(struct member *member, const char *name, int64_t seconds, long nanoseconds);

/*
 * What a stretch of a container's bytes is. Every byte of a disk, file system, archive or signed
 * file belongs to one region; a byte that no region covers is nobody's, and stays unattributed.
 */
enum region_kind {
	REGION_CONTENT,	  /* the bytes of a member's content, or what they are packed in */
	REGION_METADATA,  /* of one member: a header, an inode, a directory entry */
	REGION_STRUCTURE, /* of the container: a table, a bitmap, free space, padding */
	/*
	 * Computed from other bytes of the container, and found to fit by the reader itself:
	 * checksums, counters, hash trees. Only for what was recomputed and was right.
	 */
	REGION_DERIVED,
	/* A signature that was verified over exactly the other bytes, and fills its place (T8). */
	REGION_WRAPPER,
};

#define REGION_NO_OWNER (-1)
#define REGION_PACKED	UINT64_MAX /* not byte for byte what the content is */

/*
 * Texts are borrowed for the call. Bytes that differ are told as a field called `name` of the
 * container (or of the owner, for REGION_METADATA of a member that differs anyway): its row in the
 * field table (dbdiff/fields.c) has a title and the cause. A region of a value that is a field too
 * has the field's name.
 */
struct region {
	uint64_t offset; /* in the container's bytes, as the format reads them */
	uint64_t len;
	enum region_kind kind;
	const char *name; /* "superblock", "inode-table", "free-space"; "data" for content */
	/* The member it belongs to, by its position (how many next() gave before it), or none. */
	int64_t owner;
	uint64_t content_offset; /* where in the owner's content, or REGION_PACKED */
	const char *detail;	 /* of a wrapper: who signed; otherwise NULL */
	bool is_shared;		 /* several owners have these bytes: never joined with others */
};

struct region_sink;
struct members;

/* What one reader of an artifact has spent so far, in all containers together. */
struct unpack_costs {
	unsigned hashes;  /* of passwords, that were tried */
	uint64_t windows; /* bytes, of the decoders that are there now */
};

/* Of decoders inside each other together: one of the largest, and one of the usual in it. */
#define UNPACK_WINDOWS_MAX (((uint64_t)128 + 8) << 20)

/* Where a stream may be unpacked to ahead of its reader, and what containers may spend. */
struct unpack_room {
	struct spool_pool *pool;    /* NULL: files are opened as they are needed */
	enum spool_place place;	    /* SPOOL_OUTERMOST: it is to stay there when all is done */
	struct unpack_costs *costs; /* NULL: nobody counts */
};

/*
 * Makes what a decoder has of the room for windows `bytes`, or leaves it at more: STATUS_LIMIT when
 * those around it leave too little. `room` may be NULL. *taken begins as 0, and
 * unpack_give_window() gives all of it back.
 */
enum status unpack_take_window(
	const struct unpack_room *room, uint64_t *taken, uint64_t bytes, struct error *err);
void unpack_give_window(const struct unpack_room *room, uint64_t *taken);

/*
 * Formats call it any time between open() and the end of their last next(), in any order; touching
 * regions of one kind, name and owner become one. Regions do not overlap, except that several
 * owners may share exactly the same bytes. Does nothing for a reader that wants none.
 */
void members_add_region(struct members *members, const struct region *region);

/* The usual ones. A length of 0 adds nothing. */
void members_add_content(struct members *members, uint64_t offset, uint64_t len, int64_t owner,
	uint64_t content_offset);
void members_add_metadata(
	struct members *members, uint64_t offset, uint64_t len, const char *name, int64_t owner);
void members_add_structure(
	struct members *members, uint64_t offset, uint64_t len, const char *name);
void members_add_derived(struct members *members, uint64_t offset, uint64_t len, const char *name);

struct members_ops {
	/*
	 * The next member in the order of the container: STATUS_OK or STATUS_END. An error ends
	 * the container: what was listed before it stays listed, and the container is recorded as
	 * inspected: false with the error as the reason. STATUS_END is only returned when the
	 * container was read to its own end mark.
	 */
	enum status (*next)(struct members *members, struct member *member, struct error *err);
	/*
	 * The content of the member that next() gave, once, to be freed before the following
	 * next() (which is STATUS_USAGE otherwise). Not opening it is allowed and cheap where the
	 * format can seek.
	 */
	enum status (*open)(struct members *members, struct source **content, struct error *err);
	/*
	 * Adds the fields that the container itself has (a disk's GUID, an image's root hash) to
	 * what its own container says of it. Called once, after next() gave STATUS_END or an error.
	 * NULL when it has none.
	 */
	void (*describe)(struct members *members, struct member *container);
	void (*free)(struct members *members);
};

/* An open container. Implementations embed it as their first field, zeroed but for `ops`. */
struct members {
	const struct members_ops *ops;
	struct region_sink *regions;	/* the reader's; NULL when it wants none */
	const struct unpack_room *room; /* the reader's, which outlives it; NULL for none */
};

/* What a bid may look at. */
struct candidate {
	const char *path;	   /* inside its container; the artifact's name at the top */
	const unsigned char *data; /* its first bytes: format_bid_bytes(), or all there are */
	size_t len;
	/* Able to seek, and of known size; or NULL. source_pread() leaves `data` valid. */
	struct source *source;
};

/*
 * A format: one const row in dbdiff/format/formats.c. Adding one is one file, one row, one unit
 * test, one fuzz target.
 */
struct format {
	const char *name; /* "tar", "ext4" */
	/*
	 * The field that another order of its members is told as (dbdiff/fields.h); NULL: "order".
	 */
	const char *order_field;
	/* Its members are written to a file system one after another, each through those before. */
	bool is_unpacked;
	size_t bid_bytes; /* how much of the beginning bid() wants to see (≤ SOURCE_WINDOW) */
	bool needs_seek;  /* the walker spools a source that cannot */
	/* Its one member is what its bytes are packed from: a compressed stream. */
	bool is_stream;
	/*
	 * What people look into only when it differs (a program, a package list): the walk takes
	 * it for a leaf, and it is opened when its two sides are not the same.
	 */
	bool is_lazy;
	/* How sure it is, in bits of magic that fit; 0 when it is not this. `len` may be less. */
	unsigned (*bid)(const unsigned char *data, size_t len);
	/* The same for what the first bytes do not show; NULL when bid() is enough. */
	unsigned (*bid_more)(const struct candidate *candidate);
	/*
	 * Opens the container. `source` stays the walker's and outlives the members. `name` is the
	 * container's own path (for formats that hold one stream, to name it). STATUS_FORMAT when
	 * it is not what the bid took it for.
	 */
	enum status (*open)(struct source *source, const char *name, const struct limits *limits,
		struct members **members, struct error *err);
};

/* Every format, ended by NULL. */
extern const struct format *const formats[];

#endif
