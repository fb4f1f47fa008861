/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_STORE_SHA1_H
#define SNAPSHOT_STORE_SHA1_H

#include "snapshot/sha1.h"
#include "snapshot/snapshot.h"

/*
 * The SHA-1 names of the store's files: its file `sha1`, a line a file, "<sha256> <sha1>\n". A
 * line is added before its file comes into the store, so a file of today's reproof is never without
 * its name, unless the power fails in between. What is lost or wrong there misleads nobody: a file
 * that is found by it is hashed (store_read_sha1()), and fsck writes what is missing.
 */
struct sha1_name {
	struct digest digest;
	struct sha1 sha1;
};

/* A zeroed struct is empty and safe to release. */
struct sha1_names {
	struct sha1_name *by_digest; /* sorted, one a digest */
	struct sha1_name *by_sha1;   /* the same, sorted by SHA-1, then digest */
	size_t count;
	size_t malformed; /* lines that are none */
};

/* Reads all of them; a store without the file has none. */
enum status sha1_names_read(struct store *store, struct sha1_names *names, struct error *err);
void sha1_names_release(struct sha1_names *names);

/* NULL when that file's is not known. */
const struct sha1 *sha1_names_of(const struct sha1_names *names, const struct digest *digest);
/*
 * STATUS_NOT_FOUND when no file has that name, STATUS_CONFLICT when two have: it is no name then.
 */
enum status sha1_names_find(const struct sha1_names *names, const struct sha1 *sha1,
	struct digest *digest, struct error *err);

/* Adds a line; the caller holds the store's lock. */
enum status store_sha1_add(struct store *store, const struct digest *digest,
	const struct sha1 *sha1, struct error *err);

/*
 * Writes the file anew when something is to be changed: without the names of what the store does
 * not have, and with `names` (of what was hashed now) in place of what it said of these.
 */
enum status store_sha1_mend(
	struct store *store, const struct sha1_name *names, size_t count, struct error *err);

#endif
