/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/verdict.h"

#include <string.h>

static const char *const words[VERDICT_COUNT] = {
	[VERDICT_REBUILD_FAILED] = "rebuild-failed",
	[VERDICT_NOT_ATTEMPTED] = "not-attempted",
	[VERDICT_NOT_INSPECTED] = "not-inspected",
	[VERDICT_MISSING] = "missing",
	[VERDICT_EXTRA] = "extra",
	[VERDICT_DIFFERENT] = "different",
	[VERDICT_CONTENT_EQUAL] = "content-equal",
	[VERDICT_REPRODUCED] = "reproduced",
};

const char *verdict_word(enum verdict verdict)
{
	return words[verdict];
}

bool verdict_parse(const char *word, enum verdict *verdict)
{
	for (int i = 0; i < VERDICT_COUNT; i++) {
		if (strcmp(word, words[i]) == 0) {
			*verdict = (enum verdict)i;
			return true;
		}
	}
	return false;
}

enum verdict verdict_worst(enum verdict a, enum verdict b)
{
	return a < b ? a : b;
}
