/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"
#include "verifier/release/release.h"

bool fuzz_accepted;

/* A descriptor; the paths in it are looked at, and nothing else is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct release release;
	struct error err;

	fuzz_accepted = release_parse("/usr/release.yaml", (const char *)data, size, &release,
				&err) == STATUS_OK;
	release_release(&release);
	return 0;
}
