/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/memory.h"

#include <sched.h>

/* What a worker has addresses and threads for, besides what else it does. */
#define DECODERS_MOST	  8
#define WINDOW_BYTES_MOST (UINT64_C(1) << 30)

static unsigned count_processors(void)
{
	cpu_set_t set;

	/* On a machine with more than a set can hold there are more than enough. */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return DECODERS_MOST;
	return (unsigned)CPU_COUNT(&set);
}

void memory_share(uint64_t memory, unsigned workers, struct limits *limits)
{
	unsigned processors = count_processors();
	uint64_t share = ((memory > 0 ? memory : MEMORY_DEFAULT) - MEMORY_LEAST) / workers;

	limits->decoders = processors < DECODERS_MOST ? processors : DECODERS_MOST;
	limits->window_bytes = share < WINDOW_BYTES_MOST ? share : WINDOW_BYTES_MOST;
}
