/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_SCAN_H
#define VERIFIER_REBUILD_SCAN_H

#include <sys/stat.h>

/* What lies deeper is not visited. */
#define SCAN_DEPTH_MOST 128

typedef void (*scan_visitor)(void *context, const struct stat *info);

/*
 * Visits everything below an open directory, in no order, while others may change it: never through
 * a link or onto another mount. What cannot be read is passed over.
 */
void scan_tree(int directory_fd, scan_visitor visit, void *context);

#endif
