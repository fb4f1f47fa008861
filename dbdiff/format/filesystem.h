/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_FILESYSTEM_H
#define DBDIFF_FORMAT_FILESYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"
#include "dbdiff/format/kept.h"
#include "dbdiff/members.h"

/* What the formats that are file systems have in common. */

/* Directories inside each other. No package goes near it, and every level holds some memory. */
#define FILESYSTEM_DEPTH_MAX 1024

/* ---- fields ---- */

struct filesystem_time {
	int64_t seconds;
	uint32_t nanoseconds;
};

/* What every inode has, whatever its type. */
struct filesystem_inode {
	mode_t mode; /* type and permissions; filesystem_type_is_known() holds */
	uint32_t uid;
	uint32_t gid;
	struct filesystem_time mtime;
	uint64_t size; /* of a regular file */
};

bool filesystem_type_is_known(mode_t mode);

/* The fields type, mode, uid, gid, mtime, and size of a regular file, which then has content. */
void filesystem_add_inode(struct member *member, const struct filesystem_inode *inode);
void filesystem_add_time(
	struct member *member, const char *name, const struct filesystem_time *time);
void filesystem_add_device(struct member *member, unsigned major, unsigned minor);

/* The field link-target. A NUL byte in it, or none at all, is STATUS_FORMAT. */
enum status filesystem_add_link_target(
	struct member *member, const char *target, size_t len, struct error *err);

/* A field with length and SHA-256 of a region of the container, when not all of it is zero. */
enum status filesystem_add_region(struct member *member, const char *name, struct source *source,
	uint64_t offset, uint64_t len, struct error *err);

/* ---- the walk ---- */

/*
 * Puts `name` behind the first `parent_len` bytes of `path`. STATUS_FORMAT for a name no kernel
 * would give: empty, "." or "..", with a slash or a NUL byte; STATUS_LIMIT for a path too long.
 */
enum status filesystem_path_add(struct buffer *path, size_t parent_len, const char *name,
	size_t len, const struct limits *limits, struct error *err);

/* What was met under a number: a set of inodes, or the first path of each. Zeroed is empty. */
struct inode_map {
	struct inode_map_slot {
		uint64_t key; /* 0 means free; keys are never 0 */
		uint64_t device;
		size_t path; /* where in `paths` */
	} * slots;
	size_t count;
	size_t capacity;     /* a power of two, or 0 */
	struct buffer paths; /* with a NUL behind each */
	struct kept kept;    /* of them; who needs each path asks kept_check() */
};

#define INODE_MAP_MAX ((size_t)1 << 20)

/*
 * Sets *first to the path first given with `key`, valid until the next call; or to NULL when this
 * is the first time: it is then kept. STATUS_LIMIT for more than INODE_MAP_MAX.
 */
enum status inode_map_meet(struct inode_map *map, uint64_t key, const char *path,
	const char **first, struct error *err);
/* The same where inodes of several devices are in one container. */
enum status inode_map_meet_on(struct inode_map *map, uint64_t device, uint64_t key,
	const char *path, const char **first, struct error *err);
void inode_map_release(struct inode_map *map);

/* ---- content ---- */

/*
 * The content of a file, read through one window; its user embeds it as its first field. It can
 * seek.
 */
struct content {
	struct source source;
	const struct content_ops *ops;
	unsigned char *window; /* made on the first peek */
	uint64_t window_offset;
	size_t window_len;
	/* What it is a stretch of, byte for byte, and where; NULL when it is stored otherwise. */
	const struct source *under;
	uint64_t under_offset;
};

struct content_ops {
	/* Exactly `len` bytes, which are inside the file. */
	enum status (*read_at)(struct content *content, uint64_t offset, unsigned char *data,
		size_t len, struct error *err);
	void (*free)(struct content *content); /* frees it all, but not `window` */
};

void content_init(struct content *content, const struct content_ops *ops, uint64_t size);

#endif
