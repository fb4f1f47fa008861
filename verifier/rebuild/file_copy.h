/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_FILE_COPY_H
#define VERIFIER_REBUILD_FILE_COPY_H

#include <sys/types.h>

#include "base/error.h"

/* Copies `size` bytes to a new file; what is written is copied, and holes stay holes. */
enum status file_copy(int from, int to, off_t size, struct error *err);

#endif
