/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_BUNDLE_EXPORT_H
#define SNAPSHOT_BUNDLE_EXPORT_H

#include "snapshot/bundle_manifest.h"
#include "snapshot/bundle_zstd.h"

/* A member of a bundle to be written, and where its bytes are. */
struct export_member {
	struct bundle_entry entry;
	char *text;		  /* here; or */
	int fd;			  /* here, from offset 0; or -1: in the store */
	struct archive_file file; /* of the store's: what the pins call it */
};

struct export_job {
	struct store *store;
	struct fetcher *fetcher; /* NULL: offline */
	const struct place_list *places;
	const struct trust_options *trust;
	const struct bundle_request *request;
	struct archive_index *index;
	struct export_member *members; /* in the end in the order of the manifest */
	size_t count, capacity;
	struct bundle_manifest manifest;
};

/* Writes manifest and members; each is hashed as it goes out. */
enum status bundle_members_write(
	struct export_job *job, struct bundle_file *file, struct error *err);

#endif
