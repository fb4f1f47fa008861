/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_USAGE_H
#define VERIFIER_REBUILD_USAGE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the processes of this PID namespace take, read from its /proc, by its first process. A
 * number that cannot be read counts as nothing: processes end while they are counted.
 */

/*
 * `*processes` without this one. `*memory` is what they may take together at most, in bytes: their
 * resident sets, in which a page that several share counts several times, and what is in a tmpfs
 * mounted here. Cheap.
 */
void usage_read(uint64_t *processes, uint64_t *memory);

/*
 * What they take together, in bytes: proportional sets without the page cache (proc(5),
 * smaps_rollup), swap, and what is in a tmpfs mounted here. Reads all page tables, so it is for
 * when usage_read() gives too much.
 */
uint64_t usage_read_exact(void);

/*
 * Bytes on disk below the directories, other mounts left out, and of removed files of the same file
 * systems that a process still has open. What has several names counts once.
 */
uint64_t usage_read_disk(const int *directory_fds, size_t count);

#endif
