/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_DELTA_H
#define DBDIFF_DELTA_H

#include <stdint.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/source.h"

/* A file that takes part, or what a delta makes: known by its bytes alone. */
struct delta_file {
	uint64_t size;
	struct digest sha256;
};

/*
 * Writes to the empty file `out_fd` what comes out when an rdiff delta is applied to `base`, which
 * can seek: patched by librsync, as SWUpdate does it. STATUS_FORMAT for a damaged delta, one with
 * bytes behind its end, or one that reads behind the end of `base`; STATUS_LIMIT when more than
 * `limit` bytes come out.
 */
enum status delta_apply(
	struct source *base, struct source *delta, uint64_t limit, int out_fd, struct error *err);

/*
 * The same of two regular files, in a worker process, into a temporary file; with the SHA-256 of
 * all three, which are computed here: a delta may be made to take the worker over, and what that
 * one says is believed for nothing. The descriptors stay the caller's. STATUS_CONFLICT when one of
 * them changed meanwhile.
 */
enum status delta_check(int base_fd, int delta_fd, const struct limits *limits,
	struct delta_file *base, struct delta_file *delta, struct delta_file *made,
	struct error *err);

#endif
