/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/filesystem.h"
#include "tests/fuzz/fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_format(&format_ext, "x.ext4", data, size);
}
