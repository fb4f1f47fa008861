/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_COMPARE_H
#define VERIFIER_VERIFY_COMPARE_H

#include "verifier/evidence/evidence.h"
#include "verifier/verify_pair.h"

/*
 * Judges every pair by the bytes read now (trust T6) and records each in a commit of its own.
 * `expected` (or NULL) says what digest the rebuilt file of a name must still have: of an earlier,
 * killed part of the same run. Trouble with one artifact is its verdict not-inspected; what is
 * returned as an error ends the run: STATUS_USAGE when both sides are the same file,
 * STATUS_TRUST when published bytes are not what the hash list says, database trouble.
 * *worst is the release's verdict over the pairs.
 */
enum status verify_pairs(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt,
	const struct pair_list *pairs, enum verdict *worst, struct error *err);

/*
 * Compares the package sets by the dpkg status or manifest that both sides have, and records the
 * changes. `status_name` and `manifest_name` name the artifacts, or are NULL: then the first
 * artifact ending in .dpkg_status or .manifest. Without one nothing is recorded.
 */
enum status verify_packages(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt, const char *status_name,
	const char *manifest_name, struct error *err);

#endif
