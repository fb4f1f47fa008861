/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_format(&format_bzimage, "vmlinuz", data, size);
}
