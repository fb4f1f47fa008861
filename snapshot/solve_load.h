/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOLVE_LOAD_H
#define SNAPSHOT_SOLVE_LOAD_H

#include <solv/pool.h>

#include "snapshot/snapshot.h"

/*
 * Adds the packages of the pins for one architecture to a libsolv pool: a repo a suite, whose name
 * is the archive's. Names of priority required and important are added to `important`.
 */
enum status solve_load(Pool *pool, struct store *store, const struct pin_list *pins,
	const char *architecture, struct text_list *important, struct error *err);

#endif
