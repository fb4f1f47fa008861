/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_SAME_BYTES_H
#define DBDIFF_SAME_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "dbdiff/side_bytes.h"

/*
 * Compares `len` bytes of both sides, each from its own place. A place that is not inside its side
 * is not the same as anything.
 */
enum status same_bytes_at(const struct side_bytes sides[SIDES], const uint64_t places[SIDES],
	uint64_t len, bool *is_same, struct error *err);

#endif
