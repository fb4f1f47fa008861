/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/manifest.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* The package list of an image, in any of its forms. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest;
	struct error err;

	fuzz_accepted =
		manifest_parse("list", (const char *)data, size, &manifest, &err) == STATUS_OK;
	manifest_release(&manifest);
	return 0;
}
