/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_KEPT_H
#define DBDIFF_FORMAT_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * How much a format keeps in memory of one container, however many things of whichever lengths it
 * says that it has. A zeroed one has all of its room. What finds none is not kept, and the
 * container is not read: one that keeps things asks kept_check() before it gives any member.
 */
struct kept {
	uint64_t bytes;
	bool is_over;
};

#define KEPT_BYTES_MAX ((uint64_t)16 << 20)
/* Of one thing, besides its text: what an allocation and a place in an array take. */
#define KEPT_EACH 64

/* False when there is no room for so many more; nothing has any from then on. */
bool kept_add(struct kept *kept, uint64_t bytes);
/* STATUS_LIMIT when something was not kept. */
enum status kept_check(const struct kept *kept, struct error *err);

#endif
