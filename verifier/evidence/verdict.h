/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_VERDICT_H
#define VERIFIER_EVIDENCE_VERDICT_H

#include <stdbool.h>

/* Of an artifact (design §2), worst first: of a release it is the smallest of its artifacts'. */
enum verdict {
	VERDICT_REBUILD_FAILED,
	VERDICT_NOT_ATTEMPTED,
	VERDICT_NOT_INSPECTED, /* its bytes could not be read and hashed whole on one side */
	VERDICT_MISSING,       /* published only */
	VERDICT_EXTRA,	       /* rebuilt only */
	VERDICT_DIFFERENT,
	VERDICT_CONTENT_EQUAL,
	VERDICT_REPRODUCED, /* the same SHA-256, of bytes read in this run */
	VERDICT_COUNT,
};

/* "rebuild-failed", … */
const char *verdict_word(enum verdict verdict);
bool verdict_parse(const char *word, enum verdict *verdict);
enum verdict verdict_worst(enum verdict a, enum verdict b);

#endif
