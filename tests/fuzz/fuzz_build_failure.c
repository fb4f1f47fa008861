/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "tests/fuzz/fuzz.h"
#include "verifier/rebuild/build_log.h"

bool fuzz_accepted;

/* Why a build failed, by its log alone; accepted when a line of it says so. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct log_end end;
	struct build_failure failure = {0};

	log_end_read((const char *)data, size, &end);
	failure_classify(0, "ended with exit code 1", &end, &failure);
	fuzz_accepted = failure.line > 0;
	if (!failure.class || failure.line > failure.lines || failure.lines != end.count)
		abort();
	build_failure_release(&failure);
	log_end_release(&end);
	return 0;
}
