/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/limit.h"

#include <unistd.h>

const char *build_limit_word(enum build_limit limit)
{
	static const char *const words[BUILD_LIMIT_COUNT] = {
		[BUILD_TIME] = "time",
		[BUILD_MEMORY] = "memory",
		[BUILD_DISK] = "disk",
		[BUILD_FREE_SPACE] = "free-space",
		[BUILD_PROCESSES] = "processes",
	};

	return words[limit];
}

uint64_t build_memory_default(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? ((uint64_t)pages * (uint64_t)size / 8 * 7) >> 20 << 20 : 0;
}
