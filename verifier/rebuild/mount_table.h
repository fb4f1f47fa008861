/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_MOUNT_TABLE_H
#define VERIFIER_REBUILD_MOUNT_TABLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

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
