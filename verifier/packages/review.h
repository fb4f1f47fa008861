/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PACKAGES_REVIEW_H
#define VERIFIER_PACKAGES_REVIEW_H

#include "verifier/coverage/coverage_make.h"
#include "verifier/packages/chain.h"
#include "verifier/packages/listing.h"

/* What a change of a list of packages comes to. Written by review_page.c and review_json.c. */

enum review_kind {
	REVIEW_ADDED,
	REVIEW_REMOVED,
	REVIEW_VERSION, /* of an entry, or of what both lists need without naming it */
};

/* A package that comes or goes with an entry, and how the entry leads to it. */
struct pull {
	size_t package; /* of the new list's solution; of one that goes, of the old one's */
	struct chain chain;
	bool has_chain;	   /* not of `is_elsewhere` ones; without links it is listed itself */
	bool is_elsewhere; /* an entry before has it as well */
	bool is_provider;  /* it is followed in the entry's place, and provides its name */
};

struct pulls {
	struct pull *items;
	size_t count, capacity;
	struct installed_size size; /* of all of them, that of `is_elsewhere` ones too */
};

/* Changes are known by name and, where the lists say a foreign one, architecture. */
struct review_change {
	enum review_kind kind;
	const char *name;
	const struct listed *old, *new; /* NULL: not named there */
	/* What the lists say or, where they say nothing, what was chosen of the pins; or NULL. */
	const char *old_version, *new_version;
	/* NULL: not known, as what is followed in its place is another version or package. */
	const struct solved_package *old_package, *new_package;
	int direction; /* of REVIEW_VERSION: 1 up, -1 down by dpkg's order, 0 another text */
	/* Added: the old list needs it already. Removed: the new one still does. By this chain. */
	bool is_needed_anyway;
	struct chain anyway;
	struct pulls comes, goes; /* without the package itself */
};

/* A zeroed struct is safe to release. Borrows the listings. */
struct review {
	const struct listing *old, *new;
	struct review_change *changes; /* by kind, then name */
	size_t count, capacity;
	size_t added, removed, versions;
	/* Packages that come or go and lead back to no change: another alternative was chosen. */
	struct pulls others_come, others_go;
	struct installed_size come, go; /* of all packages that come, and that go */
	size_t come_count, go_count;
};

void review_make(const struct listing *old, const struct listing *new, const char *architecture,
	struct review *review);
void review_release(struct review *review);
/*
 * Whether the lists were read whole and are the same with all that they need; not whether they were
 * wholly followed.
 */
bool review_is_same(const struct review *review);

/*
 * The new list's side of all that is new, as a list for coverage: packages that come, in their
 * versions, and source packages. `list` borrows nothing; it is empty when nothing is new.
 */
void review_list_new(const struct review *review, struct package_list *list);

#endif
