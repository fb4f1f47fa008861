/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_READ_NAMED_H
#define DBDIFF_READ_NAMED_H

#include <stdbool.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"

/* What is read of one artifact: every member of a name, at any depth. */
struct named_request {
	const char *basename; /* the last parts of its path: "os-release", "dpkg/status" */
	size_t size_most;     /* larger ones are passed over; each is whole in memory */
	size_t count_most;    /* STATUS_LIMIT for more */
	/* Called for each, in the order of the walk. The bytes are hostile. */
	enum status (*take)(void *context, const void *data, size_t len, struct error *err);
	void *context;
};

/*
 * Reads the members of the regular file `fd` that have that name and bytes of their own, in a
 * worker process (dbdiff/worker.h). Finding none is no error, also where parts of the artifact
 * could not be read; `sha256` is the artifact's, of this very reading. *is_whole is false when
 * something in it could hold more and was not read whole, or one of that name was passed over.
 */
enum status dbdiff_read_named(const char *name, int fd, const struct limits *limits,
	const struct named_request *request, struct digest *sha256, bool *is_whole,
	struct error *err);

/*
 * The path of every member inside its container, raw bytes, in the order of the walk. `fd` is an
 * artifact, or an index of one (dbdiff/index_file.h). *is_whole is false when something in it
 * could hold more and was not read whole.
 */
typedef enum status (*path_visitor)(void *context, const char *path, size_t len, struct error *err);
enum status dbdiff_each_path(const char *name, int fd, const struct limits *limits,
	path_visitor visit, void *context, bool *is_whole, struct error *err);

/*
 * The SHA-256 of the artifact, of each member of at least that size, at any depth, and of what an
 * artifact holds that is but a wrapper, of any size.
 */
typedef void (*large_visitor)(void *context, const struct digest *digest);
/* *is_whole is false when something in it could hold more and was not read whole. */
enum status dbdiff_each_large(const char *name, int fd, const struct limits *limits,
	uint64_t size_least, large_visitor visit, void *context, bool *is_whole, struct error *err);

#endif
