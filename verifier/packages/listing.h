/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_PACKAGES_LISTING_H
#define VERIFIER_PACKAGES_LISTING_H

#include "snapshot/snapshot.h"
#include "verifier/coverage/package_list.h"

/* A list of packages and all that it needs at the pins. */

enum listed_kind {
	LISTED_BINARY,
	/* A source package: it depends on nothing, and the list does not say which of its binary
	 * packages are meant. It is compared, and not followed. */
	LISTED_SOURCE,
	LISTED_TWICE, /* the list has the package in a newer version as well, which is followed */
};

/* One entry of a list. */
struct listed {
	const struct manifest_package *row; /* as the list has it */
	enum listed_kind kind;
	struct asked *asked; /* NULL unless LISTED_BINARY */
	char *reason;	     /* a sentence, of the other kinds; else NULL */
};

/* A zeroed struct is safe to release. It borrows the list. */
struct listing {
	const struct package_list *list;
	struct listed *items; /* in the order of the list's lines */
	size_t count;
	struct asked *asked;
	size_t asked_count;
	struct needs needs;
};

/* What lists are held against. The catalog is NULL where the pins list no source packages. */
struct listing_place {
	struct package_pool *pool;
	const struct source_catalog *catalog;
	const char *architecture;
	bool has_recommends;
};

/* Whether a list names something that is perhaps a source package, so that a catalog is needed. */
bool listing_wants_sources(const struct package_list *list, const struct package_pool *pool);

/*
 * Reads what a list needs. Where entries exclude each other, those that `other` (or NULL) does not
 * have give way.
 */
enum status listing_make(const struct listing_place *place, const struct package_list *list,
	const struct package_list *other, struct listing *listing, struct error *err);
void listing_release(struct listing *listing);

/* Whether it was followed as the list has it. */
bool listed_is_whole(const struct listed *listed);
/* "source", "twice", or a word of asked_state_word(). */
const char *listed_state_word(const struct listed *listed);
/*
 * The package it is; NULL where it was not followed as listed: what is followed in its place
 * (listed_start()) has another version or name, and so another size, source and tests.
 */
const struct solved_package *listed_package(
	const struct listing *listing, const struct listed *listed);
/* Which package of the solution it is followed from; NO_PACKAGE: none. */
size_t listed_start(const struct listed *listed);
/* The package has another name than the entry, and provides that one. */
bool listed_is_provided(const struct listed *listed);
/* Entries that were not followed as the list has them. */
size_t listing_troubled(const struct listing *listing);
/* Whether the list was read whole and all of it followed as listed. */
bool listing_is_whole(const struct listing *listing);
/* The package of that name that the list needs; NO_PACKAGE when there is none. */
size_t listing_find(const struct listing *listing, const char *name);
/* The version of a package of the solution, or the one that the list says and the pins lack. */
const char *listing_version(const struct listing *listing, size_t package);

/* What is taken up by all that it needs, by Installed-Size of the versions that the list has. */
struct installed_size {
	uint64_t kib;
	size_t unknown; /* packages that do not say, which are not in the sum */
};

void installed_size_add(struct installed_size *size, uint64_t kib);
/* Of a package of the solution; 0: not known, as where the list says a version the pins lack. */
uint64_t listing_kib(const struct listing *listing, size_t package);
struct installed_size listing_size(const struct listing *listing);

#endif
