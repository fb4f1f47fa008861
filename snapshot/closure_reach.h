/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_CLOSURE_REACH_H
#define SNAPSHOT_CLOSURE_REACH_H

#include "snapshot/closure_set.h"

/* Fills in what no root depends on, and adds the roots that are not there as problems. */
void closure_reach(struct closure *closure, const struct set *set, const struct manifest *roots);

/* Adds a problem, whose texts it takes over. */
void closure_add(struct closure *closure, struct closure_problem problem);

#endif
