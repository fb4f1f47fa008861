/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_LOOPS_H
#define VERIFIER_REBUILD_LOOPS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Loop devices are the machine's, in whatever namespace they are set up, and outlive the process
 * that did it.
 */

/* Of the first so many a build that may use loop devices sees those that were free. */
#define LOOPS_SHOWN 64

/* True when loop device `number` holds a file now, or that cannot be known. */
bool loop_is_used(unsigned number);

/*
 * Detaches those whose file is below the directory, on its file system: (device, inode) is what a
 * file is known by, and no other loop device is touched. A file that was removed is below nothing
 * any more. One that is still mounted is detached when that ends. Without any, or without the
 * right to, nothing happens. STATUS_IO names one that could not be detached; STATUS_LIMIT: there
 * may be more, in what could not be looked through (scan_tree()).
 */
enum status loops_detach(const char *directory, struct error *err);

/* Detaches those that hold any file of a file system, removed ones as well. */
void loops_detach_all_of(dev_t device);

/*
 * The same for the file system in a file that is held by a loop device itself, and was removed from
 * this place: what loop devices a killed build left in there keep it.
 */
void loops_detach_inside(const char *image);

/*
 * Attaches a file to a free one, whose path `device` gets. It is detached by the kernel when the
 * last that has it open closes it (*fd, which is the caller's) or unmounts it. STATUS_SANDBOX when
 * there is none to be had.
 */
enum status loop_attach(int file, int *fd, char device[32], struct error *err);

#endif
