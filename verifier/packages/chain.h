/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PACKAGES_CHAIN_H
#define VERIFIER_PACKAGES_CHAIN_H

#include "snapshot/snapshot.h"

/*
 * Which packages of a solution are needed by which, and by which chain of relationships. A chain is
 * the shortest one over what was chosen: over the first alternatives that the solution has before
 * others that are satisfied in passing, and over Recommends last.
 */

struct chain {
	const struct need *
		*links; /* each begins where the one before ends; none: it is asked for */
	size_t count;
};

void chain_release(struct chain *chain);

/* How each package is reached from some of them. A zeroed struct is safe to release. */
struct reach {
	const struct needs *needs;
	bool *is_reached;	/* by package */
	const struct need **by; /* by package: the last link; NULL where it starts */
	size_t *begins;		/* by package, and one more: where its needs begin */
	size_t *queue, tail;
};

void reach_init(struct reach *reach, const struct needs *needs);
/* From these packages on, and no others; NO_PACKAGE among them is passed over. */
void reach_from(struct reach *reach, const size_t *starts, size_t count);
/* The chain that leads to a package; false when none does. */
bool reach_chain(const struct reach *reach, size_t to, struct chain *chain);
void reach_release(struct reach *reach);

#endif
