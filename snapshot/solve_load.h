/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SOLVE_LOAD_H
#define SNAPSHOT_SOLVE_LOAD_H

#include <solv/pool.h>

#include "snapshot/snapshot.h"

/* What Packages files say and libsolv does not keep. A zeroed struct is empty. */
struct solve_facts {
	struct text_list important; /* names of priority required and important */
	struct text_list
		source_versions; /* "NAME VERSION SOURCE-VERSION" where they differ; sorted */
};

void solve_facts_release(struct solve_facts *facts);
/* NULL when the source has the package's own version. */
const char *solve_facts_source_version(
	const struct solve_facts *facts, const char *name, const char *version);

/*
 * Adds the packages of the pins for one architecture to a libsolv pool: a repo a suite, whose name
 * is the archive's.
 */
enum status solve_load(Pool *pool, struct store *store, const struct pin_list *pins,
	const char *architecture, struct solve_facts *facts, struct error *err);

#endif
