/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_SAME_BYTES_H
#define DBDIFF_SAME_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dbdiff/sides.h"

/* The bytes of one side that places (dbdiff/index.sql) are in. */
struct side_bytes {
	int fd; /* able to pread; -1: they are not at hand */
	uint64_t size;
};

/* Exactly `len` bytes; STATUS_CONFLICT when there are not so many any more. */
enum status side_bytes_read(const struct side_bytes *side, void *data, size_t len, uint64_t offset,
	struct error *err);
/*
 * Compares `len` bytes of both sides, each from its own place. A place that is not inside its side
 * is not the same as anything.
 */
enum status same_bytes_at(const struct side_bytes sides[SIDES], const uint64_t places[SIDES],
	uint64_t len, bool *is_same, struct error *err);

#endif
