/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "verifier/coverage/unified_diff.h"

bool fuzz_accepted;

/* A text, a NUL and the hunks for it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *nul = size ? memchr(text, '\0', size) : NULL;
	size_t len = nul ? (size_t)(nul - text) : size;
	uint64_t steps = 1000000;
	struct buffer out = {0};

	fuzz_accepted = nul &&
		unified_diff_apply(text, len, nul + 1, size - len - 1, 1 << 20, &steps, &out);
	assert(!fuzz_accepted || out.len <= 1 << 20);
	buffer_release(&out);
	return 0;
}
