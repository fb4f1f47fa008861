/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_format.h"

/* The bytes choose the compression by their magic. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct format *format =
		format_find(&(struct candidate){"fuzz.gz", data, size, NULL}, false);

	return fuzz_format(format != NULL ? format : &format_gzip, data, size);
}
