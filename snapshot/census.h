/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_CENSUS_H
#define SNAPSHOT_CENSUS_H

#include "snapshot/snapshot.h"

/* A file of the store, and which things refer to it. */
struct census_file {
	struct digest digest;
	uint64_t size;
	unsigned marks; /* of the caller's own choice; 0: nothing refers to it */
};

/* All files of a store, sorted by digest. A zeroed struct is empty and safe to release. */
struct census {
	struct census_file *files;
	size_t count;
	size_t capacity;
};

/*
 * Lists the store's files by their names; none is read. What stands in sha256/ and has no name of
 * the store's form is left out: store_fsck() tells of it.
 */
enum status census_take(struct store *store, struct census *census, struct error *err);
void census_release(struct census *census);

/* NULL when the store has no such file. */
struct census_file *census_find(const struct census *census, const struct digest *digest);
/* Sets `mark` on that file, when the store has it; adds it to `stored` the first time. */
void census_mark(const struct census *census, const struct digest *digest, unsigned mark,
	struct store_tally *stored);

/*
 * Marks what a pin of the store refers to: its InRelease and Release, what these list, each package
 * and source of its indexes, and the cached table of all these. *stored counts what the store has
 * of it, *named is how many files the pin names. The pin is read as it lies there, without asking
 * gpgv: nothing is trusted for it. An index that is damaged or not there is an error.
 */
enum status census_mark_pin(struct store *store, const struct census *census, const struct pin *pin,
	unsigned mark, struct store_tally *stored, uint64_t *named, struct error *err);

#endif
