/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_ARCHIVE_FILES_H
#define SNAPSHOT_ARCHIVE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/* The files that pins name. */

struct store;
struct fetcher;
struct place_list;
struct pin_list;

struct archive_index;

/* One file below an archive's root. */
struct archive_file {
	const char *archive;
	const char *path; /* "pool/main/o/openssl/openssl_3.0.17-1_amd64.deb" */
	struct digest digest;
	uint64_t size;
};

/*
 * Reads Release files, Packages and Sources of the pins from the store. Two digests for one path is
 * STATUS_TRUST. Borrowed texts live as long as the index. Indexes named by Release but not stored
 * are known by digest too.
 */
enum status archive_index_open(struct store *store, const struct pin_list *pins,
	struct archive_index **index, struct error *err);
void archive_index_free(struct archive_index *index);
/* False when no pinned index names it (trust T12). dists/…, by-hash and pool paths. */
bool archive_index_find(const struct archive_index *index, const char *archive, const char *path,
	struct archive_file *file);
/* Every file that the pinned indexes name, by pin and path. */
void archive_index_each(const struct archive_index *index,
	void (*visit)(void *context, const struct digest *digest), void *context);
/* Every URL a file can be had from: places first, then snapshot.debian.org. */
void archive_file_urls(const struct archive_file *file, const struct pin_list *pins,
	const struct place_list *places, struct text_list *urls);

/*
 * Gets such files into the store, those it lacks: from the places and snapshot.debian.org by their
 * paths; what none of these has also from what snapshot.debian.org, or a place of its layout, knows
 * under the SHA-1 that its machine API tells. A file counts only by its SHA-256, wherever it is
 * from. Status as of fetcher_get_all(), of the places by path.
 */
enum status archive_files_fetch(struct fetcher *fetcher, struct store *store,
	const struct pin_list *pins, const struct place_list *places, const char *step,
	const struct archive_file *files, size_t count, struct error *err);

/* One way in which the signature of a pin's suite vouches for a file. */
struct trust_chain {
	size_t pin, suite; /* which, in the list of pins */
	char *index;	   /* below the archive's root: what names the file; NULL: Release does */
	struct digest index_digest;
	char *path; /* below the archive's root */
	struct digest digest;
	uint64_t size;
};

struct trust_chains {
	struct trust_chain *items; /* in the order of pins, suites and indexes */
	size_t count;
	size_t capacity;
};

/*
 * Every way in which the verified pins vouch for `file`: a path below an archive's root, or the
 * last part of a path of its pool. STATUS_NOT_FOUND when none does, STATUS_USAGE when the last part
 * is that of several paths. Every index is hashed and read.
 */
enum status snapshot_trust_chains(struct store *store, const struct pin_list *pins,
	const char *file, struct trust_chains *chains, struct error *err);
void trust_chains_release(struct trust_chains *chains);

#endif
