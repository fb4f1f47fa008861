/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_MEMORY_H
#define DBDIFF_MEMORY_H

#include "base/limits.h"

/*
 * What a comparison takes at most (docs/limits.md): MEMORY_LEAST for everything but the windows of
 * decoders that unpack one stream together, and the rest for these.
 */
#define MEMORY_LEAST   (UINT64_C(128) << 20)
#define MEMORY_DEFAULT (UINT64_C(320) << 20)

/*
 * Shares out what is left of `memory`, which is at least MEMORY_LEAST, or 0 for MEMORY_DEFAULT, to
 * so many workers that run at once, and sets how many decoders each may run: no more than there are
 * processors that we may use, and one in any case.
 */
void memory_share(uint64_t memory, unsigned workers, struct limits *limits);

#endif
