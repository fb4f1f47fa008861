/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOLVE_WISH_H
#define SNAPSHOT_SOLVE_WISH_H

#include <solv/pool.h>
#include <solv/queue.h>

#include "base/array.h"

/*
 * The names apt would choose for the install jobs: dependencies are followed as apt follows them,
 * first alternative first, real packages before what merely provides the name. It may be wrong
 * where apt would turn back; so it is only what the solver is told to favour.
 */
void solve_wish(Pool *pool, const Queue *jobs, const struct text_list *important, Queue *names);

#endif
