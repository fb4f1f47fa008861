/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_H
#define SNAPSHOT_BUNDLE_H

#include "snapshot/snapshot.h"

/*
 * Bundles: everything that a rebuild needs of the pinned archives, in one file (docs/bundle.md).
 * The same content gives the same bytes. A bundle does not vouch for itself: what it holds counts
 * by the signatures of its Release files, as what a mirror serves does.
 */

/* A git repository in a bundle. */
struct bundle_repository {
	char *name;
	char *commit; /* its HEAD, as git names it */
	struct digest digest;
};

void bundle_repository_release(struct bundle_repository *repository);

/* What a bundle was found to hold. A zeroed struct is safe to release. */
struct bundle_told {
	uint64_t files, bytes; /* in it */
	struct digest digest;  /* of the bundle itself */
	uint64_t size;
	struct bundle_repository *repositories;
	size_t repository_count, repository_capacity;
};

void bundle_told_release(struct bundle_told *told);

/* What a bundle shall hold besides the Release files and indexes of its pins. All borrowed. */
struct bundle_request {
	const struct pin_list *pins;
	const struct archive_file *files; /* each is checked against what the pins name */
	size_t file_count;
	bool takes_all;			      /* whatever the store has of what the pins name */
	bool takes_sources;		      /* of each binary package: its source package */
	const struct text_list *repositories; /* "DIRECTORY" or "DIRECTORY=NAME" */
};

/*
 * Writes a bundle to `path`, whole or not at all. The pins have been read with snapshot_pin(), so
 * that their indexes are in the store. What the store lacks is fetched; without a fetcher it is
 * STATUS_NOT_FOUND, and what is missing is noted by name. STATUS_TRUST when a file is not what the
 * pins say.
 */
enum status snapshot_export(struct store *store, struct fetcher *fetcher,
	const struct place_list *places, const struct trust_options *trust,
	const struct bundle_request *request, const char *path, struct bundle_told *told,
	struct error *err);

struct bundle_acceptance {
	const struct trust_options *trust; /* `lock` vouches for Release files, as elsewhere */
	/*
	 * The SHA-256 that the bundle must have, from somebody who vouches for it: then the lock in
	 * the bundle counts as given (trust T11). NULL: not known.
	 */
	const struct digest *digest;
	const char *repositories; /* directory for NAME.bundle files; NULL: they stay out */
};

/*
 * Reads the bundle at `path` into the store, once every byte of it has been verified: the Release
 * files by gpgv and the lock, the indexes by these, the files by the indexes, repositories by git.
 * Until then nothing is in the store. Gives the pins. STATUS_TRUST for what no signature vouches
 * for, STATUS_FORMAT when it is cut off or no bundle, STATUS_CONFLICT when the store has a pin of
 * the same name with other digests.
 */
enum status snapshot_import(struct store *store, const struct bundle_acceptance *acceptance,
	const char *path, struct pin_list *pins, struct bundle_told *told, struct error *err);

#endif
