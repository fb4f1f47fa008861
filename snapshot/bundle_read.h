/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_READ_H
#define SNAPSHOT_BUNDLE_READ_H

#include "base/source.h"
#include "snapshot/bundle_manifest.h"

/*
 * Reads the members of an unpacked bundle one behind the other. Its blocks must be the very ones
 * that bundle_header() makes of the manifest: of a tar nothing else is understood, so that links,
 * devices, other owners and what hides between members have no way in. A zeroed struct is safe to
 * release.
 */
struct bundle_reader {
	struct source *tar; /* not owned */
	struct bundle_manifest manifest;
	size_t next;			  /* how many members were begun */
	const struct bundle_entry *entry; /* the present one; NULL before the first */
	uint64_t left;			  /* of its bytes */
	struct hash hash;
};

/* Reads the manifest. */
enum status bundle_reader_open(struct source *tar, struct bundle_reader *reader, struct error *err);
void bundle_reader_release(struct bundle_reader *reader);

/*
 * Goes to the next member, when the present one has been read to its end. STATUS_END behind the
 * last, and then the bundle ended as it has to, without a byte more.
 */
enum status bundle_reader_next(
	struct bundle_reader *reader, const struct bundle_entry **entry, struct error *err);
/*
 * More bytes of the present member, valid until the next call; *len is 0 at its end, and then all
 * of it had the digest that the manifest says: else STATUS_TRUST.
 */
enum status bundle_reader_read(
	struct bundle_reader *reader, const unsigned char **data, size_t *len, struct error *err);

#endif
