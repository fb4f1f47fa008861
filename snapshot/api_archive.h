/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_API_ARCHIVE_H
#define SNAPSHOT_API_ARCHIVE_H

#include "base/buffer.h"
#include "snapshot/snapshot.h"

/* For the Snapshot API only: what "/archive/ARCHIVE/TIME/…" asks for. */

/*
 * The tables of pins that were asked for last; each is some 20 MB for an archive of Debian's size,
 * so that a store of many pins cannot have all of them in memory.
 */
#define API_TABLES 4

/* One thread at a time may use it. A zeroed struct is safe to release. */
struct api_tables {
	struct store *store;
	const struct pin_list *pins; /* by time */
	struct api_table {
		const struct pin *pin;
		struct archive_index *index;
		uint64_t used;
	} tables[API_TABLES];
	uint64_t clock; /* counts the questions */
};

void api_tables_release(struct api_tables *tables);

/* What came of a path. */
struct api_found {
	struct archive_file file; /* `path` points into the path asked for */
	int64_t modified;
	const char *pin; /* its name */
};

/*
 * `path` is normalised and begins with "/archive/". STATUS_END: of a time between two imports;
 * `location` is then the same path at the earlier of them, percent-encoded (as snapshot.debian.org
 * answers). STATUS_NOT_FOUND: no import of that time or earlier, or no such file in it.
 */
enum status api_archive_find(struct api_tables *tables, const char *path, struct api_found *found,
	struct buffer *location, struct error *err);

#endif
