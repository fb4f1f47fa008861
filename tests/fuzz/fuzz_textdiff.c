/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/stringdiff.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* The first byte says where the one side ends and the other begins. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stretch published = {0}, rebuilt = {0};
	struct buffer out = {0};
	size_t half;

	fuzz_accepted = false;
	if (size == 0)
		return 0;
	half = (size - 1) * data[0] / 255;
	published = (struct stretch){(const char *)data + 1, half, 0};
	rebuilt = (struct stretch){(const char *)data + 1 + half, size - 1 - half, 0};
	fuzz_accepted = textdiff_unified(&published, &rebuilt, 4096, &out);
	if (!fuzz_accepted && out.len != 0)
		abort();
	if (out.len > 4096)
		abort();
	buffer_clear(&out);
	if (!stringdiff_unified(&published, &rebuilt, 4096, &out) && out.len != 0)
		abort();
	if (out.len > 4096)
		abort();
	textdiff_hexdump(&published, &rebuilt, 4096, &out);
	buffer_release(&out);
	return 0;
}
