/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/proxy_target.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

/* The target of a request: a path that is taken leads nowhere but down. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct proxy_target target = {0};
	struct error err;

	fuzz_accepted = proxy_target_parse(text, &target, &err) == STATUS_OK;
	if (fuzz_accepted &&
		(target.path[0] != '/' || strstr(target.path, "//") || strstr(target.path, "/../")))
		abort();
	proxy_target_release(&target);
	free(text);
	return 0;
}
