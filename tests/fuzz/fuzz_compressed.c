/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_format.h"

/* The bytes choose the compression by their magic; lzop is known, and cannot be opened. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct format *format =
		format_find(&(struct candidate){"x.gz", data, size, NULL}, false);

	fuzz_format(format != NULL ? format : &format_gzip, "x.gz", data, size);
	fuzz_accepted = fuzz_accepted || format == &format_lzop;
	return 0;
}
