/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_SANDBOX_DIRECTORY_H
#define VERIFIER_REBUILD_SANDBOX_DIRECTORY_H

#include <sys/types.h>

#include "base/error.h"

/*
 * A build's output directory: new or empty, for what a killed one left is not an output of this one
 * (trust T2); STATUS_CONFLICT otherwise.
 */
enum status sandbox_output_make(const char *path, struct error *err);

/* One that is empty, whatever a killed run left there. *path is the caller's. */
enum status sandbox_directory_make(
	const char *parent, const char *name, mode_t mode, char **path, struct error *err);

#endif
