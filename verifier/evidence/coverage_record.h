/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_COVERAGE_RECORD_H
#define VERIFIER_EVIDENCE_COVERAGE_RECORD_H

#include "verifier/evidence/evidence.h"

/* What the evidence database keeps of test coverage. */

/* The facts kept under a key, NUL-terminated; STATUS_END when there are none. The caller frees. */
enum status evidence_facts_find(struct evidence *evidence, const struct digest *key, char **facts,
	size_t *len, struct error *err);
enum status evidence_facts_keep(
	struct evidence *evidence, const struct digest *key, const char *facts, struct error *err);

/* Something that a table of coverage was made of. */
struct coverage_input_record {
	const char *role, *name;
	struct digest sha256;
	int64_t time;
};

/* Keeps a table with what it was made of. The same again changes nothing. */
enum status evidence_coverage_keep(struct evidence *evidence, const char *result,
	const struct coverage_input_record *inputs, size_t count, struct error *err);

#endif
