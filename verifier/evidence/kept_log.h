/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_KEPT_LOG_H
#define VERIFIER_EVIDENCE_KEPT_LOG_H

#include "verifier/evidence/evidence.h"

/*
 * The log of a run's build, which stays a file beside the database, and what that build made: with
 * both, what the log says can be told of packages that are the same by SHA-256 (trust T19).
 */

/* Below runs/RUN: while the build runs, and when it is over. */
#define BUILD_LOG      "build.log"
#define BUILD_LOG_KEPT BUILD_LOG ".zst"

/* Records the kept log, of `size` bytes as it is packed, in place of an earlier one of this run. */
enum status evidence_kept_log(struct evidence *evidence, const char *run,
	const struct digest *digest, uint64_t size, struct error *err);
/* STATUS_END when the run has none: nothing was built, or an earlier reproof built it. */
enum status evidence_read_kept_log(
	struct evidence *evidence, const char *run, struct digest *digest, struct error *err);

typedef enum status (*built_deb_visitor)(void *context, const char *run, const char *name,
	const struct digest *digest, struct error *err);
/*
 * Every .deb that the build of a run left, by run and name; of runs of kind verify that came to
 * their end without a failure.
 */
enum status evidence_each_built_deb(
	struct evidence *evidence, built_deb_visitor visit, void *context, struct error *err);

#endif
