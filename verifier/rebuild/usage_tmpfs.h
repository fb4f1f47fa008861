/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_USAGE_TMPFS_H
#define VERIFIER_REBUILD_USAGE_TMPFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the processes of this PID namespace have in tmpfs file systems, in bytes: memory, whoever
 * maps it. `proc` is of usage_open().
 *
 * A tmpfs counts once and whole when it is mounted in a mount namespace that one of them is in, as
 * that one sees it, or when one has a file of it open. So does a file of no file system (memfd)
 * that one has open. Not counted: a tmpfs of which no file is open and that lies under another
 * mount, or outside of the root of all processes, or is mounted nowhere any more.
 */

struct device_list {
	dev_t *items;
	size_t count, capacity;
};

/*
 * Those that the sandbox shows a part of, before the build starts: what else is in them is
 * another's, and they never count. False when the mounts cannot be read.
 */
bool tmpfs_find_foreign(int proc, struct device_list *foreign);

/* False when the mounts of this process cannot be read, or not all that is in a tmpfs. */
bool tmpfs_read(int proc, const struct device_list *foreign, uint64_t *bytes);

#endif
