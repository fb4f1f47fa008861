/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FIND_RANGE_H
#define SNAPSHOT_FIND_RANGE_H

#include "snapshot/find.h"

/* Inside snapshot/ only: when a suite had a package of the list in the version that the list has.
 */
struct find_range {
	uint32_t package;    /* its place in the list */
	uint32_t suite;	     /* its place among the suites */
	int64_t first, last; /* the first and the last time at which it was seen there */
};

struct find_suite {
	uint32_t archive; /* its place among the archives */
	char *suite;
};

/* An archive that has a file in its pool. */
struct find_pool {
	char *archive;
	int64_t first_seen;
};

/* What is known of a package besides its ranges: to say why it has none. */
struct find_known {
	bool is_name, is_version;
	char *version;	    /* the newest that there is of the name; NULL for none */
	char *architecture; /* one that has this version, if none does that fits */
	struct find_pool *pools;
	size_t pool_count, pool_capacity;
};

/* A zeroed struct with list and architecture is empty. */
struct find_ranges {
	const struct manifest *manifest;
	const char *architecture;
	struct text_list archives;
	struct find_suite *suites;
	size_t suite_count, suite_capacity;
	struct find_range *items;
	size_t count, capacity;
	struct find_known *known; /* one a package */
	size_t *by_name;	  /* the packages, sorted by name */
	struct text_list pins;	  /* names of those of the store that were read; sorted */
};

void find_ranges_init(
	struct find_ranges *ranges, const struct manifest *manifest, const char *architecture);
void find_ranges_release(struct find_ranges *ranges);

/* STATUS_LIMIT when there are more suites or ranges than archives can have. */
enum status find_ranges_add(struct find_ranges *ranges, size_t package, const char *archive,
	const char *suite, int64_t first, int64_t last, struct error *err);

/* The packages of that name, as a run of ranges->by_name. */
void find_ranges_named(const struct find_ranges *ranges, const char *name, size_t len,
	size_t *first, size_t *count);
/* Whether a package of the list can be one of that architecture. */
bool find_architecture_fits(
	const struct find_ranges *ranges, size_t package, const char *architecture, size_t len);
/* Notes that there is the package's name with this version and architecture. */
void find_known_note(struct find_ranges *ranges, size_t package, const char *version,
	size_t version_len, const char *architecture, size_t architecture_len);

/* Each pin of the store is a range of one moment for each of its suites. */
enum status find_in_pins(struct store *store, const struct text_list *archives,
	struct find_ranges *ranges, struct text_list *notes, struct error *err);

/* Asks metasnap about all packages of the list that have a version. */
enum status find_in_metasnap(struct store *store, struct fetcher *fetcher, const char *url,
	const struct text_list *archives, struct find_ranges *ranges, struct error *err);

/*
 * Reads what it answered with that HTTP status about the packages for which asked[] is set, and
 * sets answered[] for those that it has a line of. STATUS_FORMAT when it is no such answer.
 */
enum status find_read_metasnap(struct find_ranges *ranges, const char *archive, bool *asked,
	bool *answered, long code, const char *data, size_t len, struct error *err);

/* Asks the machine API what is known of those packages for which wanted[] is set. */
enum status find_in_api(struct store *store, struct fetcher *fetcher, const char *url,
	const bool *wanted, struct find_ranges *ranges, struct error *err);

/*
 * The fewest timestamps by which every package that has a range is explained: fills in pins,
 * at_least, overlaps, and pin_count of the packages. The result has its packages already.
 */
enum status find_timestamps(const struct find_ranges *ranges, uint64_t effort,
	struct find_result *result, struct error *err);

#endif
