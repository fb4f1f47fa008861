/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "verifier/release/release.h"

bool fuzz_accepted;

/* The hash list of what was published. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct release release = {0};
	struct error err;

	fuzz_accepted = release_read_hashes(&release.published, "SHA256SUMS", (const char *)data,
				size, &err) == STATUS_OK;
	for (size_t i = 1; fuzz_accepted && i < release.published.hash_count; i++)
		if (strcmp(release.published.hashes[i - 1].name,
			    release.published.hashes[i].name) >= 0)
			abort();
	release_release(&release);
	return 0;
}
