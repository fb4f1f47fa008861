/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_SAMENESS_H
#define DBDIFF_SAMENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dbdiff/sides.h"

/*
 * Where two files have the same bytes at the same place: they were compared, block by block, as
 * far as both go. A bit for 4 KiB: 32 MiB for a terabyte. Zeroed knows of no place.
 */
struct sameness {
	int fds[SIDES];
	uint64_t size; /* of the shorter */
	unsigned char *differing;
};

/* Two threads read; the descriptors stay the caller's, and STATUS_CONFLICT is a file cut short. */
enum status sameness_find(struct sameness *sameness, const int fds[SIDES],
	const uint64_t sizes[SIDES], struct error *err);
void sameness_release(struct sameness *sameness);

/* No byte of the range differs; a block at its ends that does may still make it false. */
bool sameness_covers(const struct sameness *sameness, uint64_t offset, uint64_t len);
/* The first byte from `offset` on whose block differs; the end of the shorter file for none. */
uint64_t sameness_next(const struct sameness *sameness, uint64_t offset);

#endif
