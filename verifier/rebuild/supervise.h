/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_SUPERVISE_H
#define VERIFIER_REBUILD_SUPERVISE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/process.h"
#include "verifier/rebuild/launch.h"
#include "verifier/rebuild/limit.h"
#include "verifier/rebuild/network.h"

/* How a build is watched, from its first process to its last. */
struct supervision {
	bool is_isolated; /* this is the first process of a PID namespace */
	int control;	  /* ends the build when it can be read or its other end is closed */
	int network;	  /* of network_watch(), or -1 */
	struct build_limits limits;
	const char *const *written; /* directories whose bytes count as disk; ends with NULL */
	int backing; /* build_disk_backing() when they are on a file system of limited size, or -1
		      */
};

/* What came of it: how the first process ended, and what limit it was ended for. */
struct supervised {
	struct process_result result;
	enum build_limit broken; /* BUILD_LIMIT_NONE when none */
	uint64_t seen;
	struct wanted_list wanted;
};

/*
 * Runs it until its first process ends, it breaks a limit or nobody waits for it any more, and then
 * ends all that is left. In a PID namespace the kernel does that when this process ends.
 */
enum status supervise(const struct supervision *supervision, const struct launch *launch,
	struct supervised *supervised, struct error *err);

#endif
