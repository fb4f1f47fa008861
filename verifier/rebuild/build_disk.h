/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_BUILD_DISK_H
#define VERIFIER_REBUILD_BUILD_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A file system of limited size for all that a build writes, so that its limit of disk holds to the
 * block: ext4 in a file with holes, through a loop device. It is mounted in a mount namespace of
 * this process's own and the file has no name, so that the kernel takes all of it away when the
 * last process of the run ends, however that is.
 */
struct build_disk;

/*
 * Makes this process's mounts its own: what is mounted from now on is seen by it and its children
 * alone, and what others mount or unmount is still seen here. To be called before there is a second
 * thread. STATUS_SANDBOX when that cannot be had.
 */
enum status build_disk_own_mounts(struct error *err);

/*
 * Makes one of `size` bytes that can be written, directories and the like included, mounted at
 * `path`, an absolute path of an empty directory or of none, on a disk that has room for it or not.
 * Lets go of what a killed run left of one at that path. STATUS_SANDBOX when this machine cannot
 * have one: no loop device, no ext4, no mke2fs, or build_disk_own_mounts() was not called.
 */
enum status build_disk_new(
	const char *path, uint64_t size, struct build_disk **disk, struct error *err);

/* The file system's root, as it was given. */
const char *build_disk_path(const struct build_disk *disk);

/* A descriptor (O_PATH) on the file system that it takes its room from. */
int build_disk_backing(const struct build_disk *disk);

/*
 * STATUS_IO when something that was written did not get as far as the file below: then what was
 * read back is not to be trusted.
 */
enum status build_disk_check(const struct build_disk *disk, struct error *err);

/*
 * Takes it away with all that is on it, and detaches loop devices that hold files of it. NULL is
 * fine. No process of the build is left.
 */
void build_disk_free(struct build_disk *disk);

#endif
