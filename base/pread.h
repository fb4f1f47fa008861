/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PREAD_H
#define BASE_PREAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Reads `len` bytes at `offset` of a file, however many calls that takes. STATUS_END when it ends
 * before; STATUS_IO without the name of the file, which is the caller's to say.
 */
enum status pread_exactly(int fd, void *data, size_t len, uint64_t offset, struct error *err);

#endif
