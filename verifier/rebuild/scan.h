/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_SCAN_H
#define VERIFIER_REBUILD_SCAN_H

#include <stdbool.h>
#include <sys/stat.h>

/* Of directories inside each other. Each costs an open file: RLIMIT_NOFILE is a bound as well. */
#define SCAN_DEPTH_MOST 16384

typedef void (*scan_visitor)(void *context, const struct stat *info);

/*
 * Visits everything below an open directory, in no order, while others may change it: never through
 * a link or onto another mount. What is removed meanwhile, or may not be read, is passed over.
 * False when something else was not visited: it is nested too deep, or there is no memory or open
 * file left.
 */
bool scan_tree(int directory_fd, scan_visitor visit, void *context);

#endif
