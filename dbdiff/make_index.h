/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_MAKE_INDEX_H
#define DBDIFF_MAKE_INDEX_H

#include "base/hash.h"
#include "base/limits.h"
#include "base/tempfile.h"

/* What was indexed. */
struct indexed {
	uint64_t size; /* of the artifact */
	struct digest sha256;
	uint64_t members; /* at all depths */
	uint64_t
		uninspected; /* could have held more and were not read whole; the artifact counts */
};

/*
 * Indexes the regular file `fd`, in a worker process, and writes what dbdiff/index_file.h describes
 * into `out`, which the caller commits. `name` is the artifact's, without a directory.
 * STATUS_CONFLICT when the file changed meanwhile; STATUS_LIMIT when it could not be read whole.
 */
enum status dbdiff_index(const char *name, int fd, const struct limits *limits,
	struct tempfile *out, struct indexed *indexed, struct error *err);

#endif
