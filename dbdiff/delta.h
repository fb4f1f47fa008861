/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_DELTA_H
#define DBDIFF_DELTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/source.h"

/*
 * Whether an rdiff delta turns `base`, which can seek, into what has the SHA-256 `expected`; it is
 * patched by librsync, as SWUpdate does it, and what comes out is only hashed. STATUS_FORMAT for a
 * damaged delta or one that reads behind the end of `base`, STATUS_LIMIT when more than `limit`
 * bytes come out.
 */
enum status delta_applies(struct source *base, struct source *delta, uint64_t limit,
	const struct digest *expected, bool *applies, struct error *err);

#endif
