/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_USAGE_H
#define VERIFIER_REBUILD_USAGE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "verifier/rebuild/usage_tmpfs.h"

/*
 * What the processes of this PID namespace take, read from its /proc, by its first process. A
 * number that cannot be read counts as nothing: processes end while they are counted.
 */

/*
 * The /proc that all below is read from, as the descriptor of a mount of its own (open_tree(2)), to
 * be taken before the build starts: what a build mounts over /proc or in it is not seen through it,
 * and its umount changes nothing. It lives as long as this process.
 */
struct usage {
	int proc;
	struct device_list foreign;
};

enum status usage_open(struct usage *usage, struct error *err);

/* A directory of it to read, or NULL when there is none (any more). */
DIR *usage_directory(int proc, const char *path);

/*
 * `*processes` without this one. `*memory` is what they may take together at most, in bytes: their
 * resident sets, in which a page that several share counts several times, and what is in a tmpfs
 * (verifier/rebuild/usage_tmpfs.h). Cheap. To be called while a process of the build is there,
 * ended or not, that was not waited for: that none is seen, or no mount, is an error
 * (STATUS_SANDBOX).
 */
enum status usage_read(
	const struct usage *usage, uint64_t *processes, uint64_t *memory, struct error *err);

/*
 * What they take together, in bytes: proportional sets without the page cache (proc(5),
 * smaps_rollup), swap, and what is in a tmpfs. Reads all page tables, so it is for
 * when usage_read() gives too much.
 */
uint64_t usage_read_exact(const struct usage *usage);

/*
 * Adds those network namespaces of processes to the set that are neither there nor this process's.
 * A process that ends between two looks may have been in another.
 */
#define NETWORKS_MOST 64 /* that are told apart */
struct network_set {
	uint64_t inodes[NETWORKS_MOST];
	size_t count;
};
void usage_read_networks(const struct usage *usage, struct network_set *networks);

/*
 * Bytes on disk below the directories, other mounts left out, and of removed files of the same file
 * systems that a process still has open. What has several names counts by a share for each of them.
 * False when it could not all be looked at (scan_tree()), and is more.
 */
bool usage_read_disk(int proc, const int *directory_fds, size_t count, uint64_t *bytes);

#endif
