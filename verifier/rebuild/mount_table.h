/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_MOUNT_TABLE_H
#define VERIFIER_REBUILD_MOUNT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A line of /proc/PID/mountinfo (proc(5)), as far as it is needed here. */
struct mount_line {
	uint64_t id;
	char *device; /* "254:0" */
	char *root;   /* what of the file system is mounted: "/" for all of it */
	char *point;  /* where it is mounted */
	char *type;   /* "tmpfs" */
};

/*
 * Takes a line apart, in place: the texts are the line's, decoded. What is mounted by a build is
 * called as it likes. False when it is no such line.
 */
bool mount_line_parse(char *line, struct mount_line *mount);

/*
 * Where a path really is: its file system, and its path inside that. Two names of one directory
 * (through a bind mount) have one location, and what is mounted below a directory has another, as
 * a bind mount that is not recursive sees it.
 */
struct location {
	char *device; /* "254:0" */
	char *path;   /* absolute, inside the file system */
};

/* `path` is absolute and without links, and exists. Needs /proc. */
enum status location_find(const char *path, struct location *location, struct error *err);

/*
 * When `inner` is at or below `outer`: true, and *rest points to the remaining part of inner's
 * path, "" when they are the same and with a leading slash otherwise.
 */
bool location_is_below(
	const struct location *inner, const struct location *outer, const char **rest);

void location_release(struct location *location);

#endif
