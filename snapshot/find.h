/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FIND_H
#define SNAPSHOT_FIND_H

#include "snapshot/manifest.h"
#include "snapshot/snapshot.h"

/*
 * Which pins an image was made from: the fewest timestamps at which each of its packages was
 * current in a suite. What is found are candidates: neither the pins of the store are verified for
 * it, nor is anything that a server says. Only what makes a pin of them (snapshot_pin()) asks gpgv.
 */

/* Why no timestamp explains a package. */
enum find_reason {
	FIND_EXPLAINED,
	FIND_VERSION_NOT_GIVEN,	 /* the list names the package alone: nothing to look for */
	FIND_NAME_UNKNOWN,	 /* to all that was asked */
	FIND_VERSION_UNKNOWN,	 /* the name is known; `version` is one that it has */
	FIND_OTHER_ARCHITECTURE, /* this version is known, for `architecture` only */
	FIND_OTHER_ARCHIVE, /* only in the pool of `archive`, whose suites were not asked for */
	FIND_SUITE_UNKNOWN, /* in the pool of `archive` since `first_seen`, in no suite known */
};

/* A package of the list, at the same place. */
struct found_package {
	enum find_reason reason;
	char *version, *architecture, *archive; /* as the reason says; else NULL */
	int64_t first_seen;
	size_t pin_count; /* found pins that explain it */
};

/* One timestamp of the answer. */
struct found_pin {
	char *archive;
	int64_t timestamp;
	char *name;		 /* as --pin takes it: "debian@20250729T083012Z:bookworm" */
	struct text_list suites; /* the fewest that are needed of it; sorted */
	int64_t since;		 /* from then until `timestamp` the same packages fit */
	bool is_stored;		 /* the store has a pin of this archive and time */
	size_t *packages;	 /* those it explains, ascending: places in the list */
	size_t package_count;
	size_t only_count; /* those that no other found pin explains */
};

/*
 * An archive in whose pool packages are that were found in no suite: no earlier state of it can
 * have them all.
 */
struct found_bound {
	char *archive;
	int64_t not_before;
	size_t package_count;
};

/* A zeroed struct is safe to release. */
struct find_result {
	struct found_package *packages; /* one for each of the list */
	size_t package_count, explained_count;
	struct found_pin *pins; /* which explains most stands first */
	size_t pin_count;
	size_t at_least; /* fewer timestamps cannot do; pin_count when that is proven */
	/* Texts "ARCHIVE SUITE" that two found pins have: one build cannot use both. */
	struct text_list overlaps;
	struct found_bound *bounds; /* by archive */
	size_t bound_count, bound_capacity;
	size_t pins_read; /* of the store */
};

/* All borrowed. */
struct find_request {
	const struct manifest *manifest;
	const char *architecture; /* of packages whose list does not say */
	/* Whose suites are looked at; empty: of the store all, of metasnap find_archives. */
	const struct text_list *archives;
	const char *metasnap; /* base URL without a slash at the end; NULL: it is not asked */
	const char *api;      /* of the machine API, likewise */
	uint64_t effort;      /* as of cover_choose() */
	struct text_list *notes;
};

/* The archives that metasnap is asked about: debian, debian-security. */
extern const struct text_list find_archives;

/*
 * Looks at the pins of the store, then asks metasnap about every package, and the machine API about
 * those that have no suite by then. A server that cannot be asked, or whose answer is not of the
 * form it has to be, is STATUS_NETWORK or STATUS_FORMAT; never does a package count as not
 * explained for that. A damaged pin of the store is an error likewise.
 */
enum status snapshot_find(struct store *store, struct fetcher *fetcher,
	const struct find_request *request, struct find_result *result, struct error *err);
void find_result_release(struct find_result *result);

#endif
