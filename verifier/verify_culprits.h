/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_VERIFY_CULPRITS_H
#define VERIFIER_VERIFY_CULPRITS_H

#include "verifier/evidence/rebuilding.h"
#include "verifier/verify_builds.h"

/*
 * Builds twice, the second time with builds->varied, and records in `record` the answer, the
 * artifacts and for each that differs why. STATUS_BUILD when a build failed: with nothing varied,
 * or with what the record's culprits then name. What is known is in the record also after an error.
 */
enum status find_culprits(struct builds *builds, struct rebuild_record *record, struct error *err);

#endif
