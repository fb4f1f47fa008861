/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOLVE_WISH_H
#define SNAPSHOT_SOLVE_WISH_H

#include <solv/pool.h>
#include <solv/queue.h>

#include "base/array.h"

/*
 * The names apt would choose for the install jobs: dependencies are followed as apt's
 * pkgDepCache::MarkInstall() follows them, in the order of the fields, depth first, first
 * alternative first, real packages before what merely provides the name; none that is `blocked`. It
 * may be wrong where apt would turn back; so the solver has the last word.
 */
void solve_wish(Pool *pool, const Queue *jobs, const struct text_list *important,
	const Queue *blocked, bool has_recommends, Queue *names);

#endif
