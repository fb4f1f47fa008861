/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PACKAGES_WHY_H
#define VERIFIER_PACKAGES_WHY_H

#include "verifier/packages/chain.h"
#include "verifier/packages/listing.h"

/* An entry of a list that needs a package, and how. */
struct why_entry {
	const struct listed *entry;
	struct chain chain; /* without links the entry is the package itself, or names it */
};

/* Why a list needs a package. A zeroed struct is safe to release; it borrows the listing. */
struct why {
	const struct listing *listing;
	const char *name;
	/* Of the listing's solution, also what is followed for an entry of that name; NO_PACKAGE.
	 */
	size_t package;
	struct why_entry *entries; /* the shortest chains first, then as the list has them */
	size_t count, capacity;
};

void why_find(const struct listing *listing, const char *name, struct why *why);
void why_release(struct why *why);

/*
 * Which entries of a list need each package: entry × package, true where one leads to the other.
 * The caller frees.
 */
bool *why_matrix(const struct listing *listing);

#endif
