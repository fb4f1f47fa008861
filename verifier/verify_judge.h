/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_JUDGE_H
#define VERIFIER_VERIFY_JUDGE_H

#include "verifier/evidence/evidence.h"
#include "verifier/verify.h"
#include "verifier/verify_pair.h"

/*
 * Judges every pair by the bytes read now (trust T6) and records each in a commit of its own.
 * Trouble with one artifact is its verdict not-inspected, and so is a file that is the same one on
 * both sides. What is returned as an error ends the run: STATUS_INCOMPLETE for no pair at all,
 * STATUS_TRUST when a file is no longer what was fetched or built, STATUS_DATABASE. *worst is the
 * release's verdict over the pairs; it is not set with an error. What could not be opened when the
 * same two files were compared before is tried again only where `inspection` says so.
 */
enum status verify_pairs(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt,
	const struct pair_list *pairs, const struct inspection *inspection, enum verdict *worst,
	struct error *err);

/*
 * Compares the package sets by the dpkg status or manifest that both sides have, and records the
 * changes. `status_name` and `manifest_name` name the artifacts, or are NULL: then the first
 * artifact ending in .dpkg_status or .manifest. Without one nothing is recorded, and with one that
 * is on one side only or cannot be read neither: that is said on stderr.
 */
enum status verify_packages(struct evidence *evidence, const char *run,
	const struct file_set *published, const struct file_set *rebuilt, const char *status_name,
	const char *manifest_name, struct error *err);

#endif
