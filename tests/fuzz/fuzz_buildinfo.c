/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"
#include "verifier/verify_buildinfo.h"

bool fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buildinfo record = {0};
	struct error err;

	fuzz_accepted = buildinfo_read((const char *)data, size, &record, &err) == STATUS_OK;
	buildinfo_release(&record);
	return 0;
}
