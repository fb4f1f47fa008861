/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/cms.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cms_signature signature;
	struct cms_content content;
	struct error err;
	size_t len;

	cms_fills(data, size, 8, &len, &err);
	fuzz_accepted = cms_verify(data, size, "signed", 6, &signature, &err) == STATUS_OK;
	if (cms_verify_attached(data, size, &content, &signature, &err) == STATUS_OK)
		fuzz_accepted = true;
	return 0;
}
