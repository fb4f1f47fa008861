/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_format.h"

/* These are known, and told of, but never opened. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source *source = source_memory_new(data, size);
	const struct candidate candidate = {"x.img", data, size, source};
	bool is_known = format_other_filesystem.bid_more(&candidate) > 0;

	source_free(source);
	fuzz_format(&format_other_filesystem, "x.img", data, size);
	fuzz_accepted = is_known;
	return 0;
}
