/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PWRITE_H
#define BASE_PWRITE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Writes `len` bytes at `offset` of a temporary file, however many calls that takes; STATUS_IO
 * otherwise.
 */
enum status pwrite_exactly(
	int fd, const void *data, size_t len, uint64_t offset, struct error *err);
/*
 * The same, but pieces of 4 KiB, counted from `data`, that are all zero stay holes: where nothing
 * stands at `offset` yet. The file may end before them.
 */
enum status pwrite_sparse(int fd, const void *data, size_t len, uint64_t offset, struct error *err);

#endif
