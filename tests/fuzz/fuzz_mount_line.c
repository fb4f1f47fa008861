/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tests/fuzz/fuzz.h"
#include "verifier/rebuild/mount_table.h"

bool fuzz_accepted;

/* A line of /proc/PID/mountinfo, of a place that a build named. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = xstrndup((const char *)data, size);
	size_t len = strlen(line);
	struct mount_line mount;

	fuzz_accepted = mount_line_parse(line, &mount);
	if (fuzz_accepted &&
		strlen(mount.device) + strlen(mount.root) + strlen(mount.point) +
				strlen(mount.type) >
			len)
		abort();
	free(line);
	return 0;
}
