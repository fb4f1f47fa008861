/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_PUBLISHED_H
#define VERIFIER_VERIFY_PUBLISHED_H

#include "snapshot/snapshot.h"
#include "verifier/release/release.h"

/* What a release published, and what its hash list says of it (trust T10). */

/* Where it is taken from; `fetcher` is NULL offline. */
struct published_source {
	struct fetcher *fetcher;
	struct store *store;
};

/* A published file at a URL, into the store; offline it is STATUS_NOT_FOUND. */
enum status published_get(const struct published_source *source, const char *url, uint64_t limit,
	struct digest *digest, uint64_t *size, struct error *err);

/*
 * A hash list that stands at a URL is fetched; one that is a file was read with the descriptor.
 * Call it once. That it names no file is no error here; nothing is done without a list.
 */
enum status published_read_hashes(const struct published_source *source,
	struct release_published *published, struct error *err);

/* NULL: the hash list does not name it, or there is none. */
const struct release_hash *published_find_hash(
	const struct release_published *published, const char *name);

/* STATUS_TRUST when the hash list names the file with another digest. */
enum status published_check(const struct release_published *published, const char *name,
	const struct digest *digest, struct error *err);

/*
 * Reads one small published file by its name, from the directory or the URL; with a hash list,
 * which must have been read, its bytes are what that says, and a name that it lacks is
 * STATUS_TRUST. The caller frees *text, which is NUL-terminated.
 */
enum status published_read(const struct published_source *source,
	const struct release_published *published, const char *name, size_t limit, char **text,
	size_t *len, struct error *err);

/*
 * The directory on this machine that it was published to: its own, or that of a file: URL. NULL
 * for any other; the caller frees.
 */
char *published_directory(const struct release_published *published);

#endif
