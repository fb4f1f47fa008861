/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_TOOL_ROOT_H
#define VERIFIER_REBUILD_TOOL_ROOT_H

#include <stddef.h>

#include "base/error.h"
#include "base/hash.h"

#define TOOL_ROOT_STATUS "/var/lib/dpkg/status"

/* A package whose programs a build could run. */
struct tool_package {
	char *name, *version, *architecture;
};

/* The tools of this machine that a build sees, as materials (trust T1). */
struct tool_root {
	struct digest status;	       /* of dpkg's status file */
	struct tool_package *packages; /* installed, sorted by name, then architecture */
	size_t count;
	size_t capacity;
};

/*
 * Reads dpkg's status file, normally TOOL_ROOT_STATUS. Packages that are not installed (removed
 * with configuration left) are not listed; the digest covers them. To be released also after an
 * error.
 */
enum status tool_root_read(const char *status_file, struct tool_root *root, struct error *err);
void tool_root_release(struct tool_root *root);

#endif
