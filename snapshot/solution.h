/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOLUTION_H
#define SNAPSHOT_SOLUTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/* Solving: what a list of packages needs. */

struct store;
struct pin_list;

struct solved_package {
	char *name, *version, *architecture;
	char *source, *source_version;
	char *archive, *path;
	struct digest digest;
	uint64_t size;
	uint64_t installed_kib; /* Installed-Size of Packages; 0: not known */
	int id;			/* of the pool that it was solved in */
};

struct solution {
	struct solved_package *packages; /* sorted by name, then architecture */
	size_t count;
	size_t capacity;
};

/*
 * The closure of a package list at the pins, without Recommends, as apt would choose it.
 * STATUS_NOT_FOUND for an unknown package, STATUS_CONFLICT with the solver's reasons when
 * unsolvable.
 */
enum status snapshot_solve(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct text_list *packages, struct solution *solution,
	struct error *err);
/*
 * The same with Recommends, taken as apt takes them: each behind the dependencies of its package,
 * and passed over where it cannot be had then. Where apt turns back from a choice it may take
 * others (docs/man/reproof-snapshot-solve.1 has figures).
 */
enum status snapshot_solve_recommended(struct store *store, const struct pin_list *pins,
	const char *architecture, const struct text_list *packages, struct solution *solution,
	struct error *err);
void solution_release(struct solution *solution);

#endif
