/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"
#include "verifier/coverage/source_facts.h"

bool fuzz_accepted;

/* What is taken is written again without a complaint. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_facts facts;
	struct buffer text = {0};
	struct error err;

	fuzz_accepted = source_facts_read((const char *)data, size, &facts, &err) == STATUS_OK;
	if (fuzz_accepted)
		source_facts_write(&facts, &text);
	buffer_release(&text);
	source_facts_release(&facts);
	return 0;
}
