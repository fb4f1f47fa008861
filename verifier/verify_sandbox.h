/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_SANDBOX_H
#define VERIFIER_VERIFY_SANDBOX_H

#include "base/buffer.h"
#include "verifier/rebuild/sandbox.h"
#include "verifier/verification.h"

/* What a build may take: the command line, over the descriptor, over the defaults. */
void build_limits_choose(const struct verification *verification, struct sandbox_spec *spec);

/* What could not be reached, of a build or of its preparation; in a group of writes. */
enum status wanted_record(const struct verification *verification, const struct wanted_list *wanted,
	struct error *err);

/*
 * Makes the file system that the build writes to, where root gives it a limit of disk and this
 * machine can; otherwise says on stderr why the limit is held by looking, and *disk is NULL.
 */
enum status build_disk_choose(
	const struct verification *verification, struct build_disk **disk, struct error *err);

/* How the limits were held, and what the build tried to reach: recorded for the run. */
enum status sandbox_record(
	const struct verification *verification, const struct sandbox *sandbox, struct error *err);

/*
 * Appends to `text` why a build that failed may have: the limit it broke and how to raise it, what
 * it wanted of the network, what ids it had not. Nothing when none of them applies. `class` is
 * that of its failure, `last_words` the end of its log.
 */
void sandbox_explain(const struct sandbox *sandbox, const char *class, const char *last_words,
	struct buffer *text);

#endif
