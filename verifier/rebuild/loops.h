/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_LOOPS_H
#define VERIFIER_REBUILD_LOOPS_H

#include <stdbool.h>

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
 * right to, nothing happens. STATUS_IO names one that could not be detached.
 */
enum status loops_detach(const char *directory, struct error *err);

#endif
