/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_LIMIT_H
#define VERIFIER_REBUILD_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* What a build may take of this machine. A build that takes more is ended. */
enum build_limit {
	BUILD_TIME,	  /* seconds */
	BUILD_MEMORY,	  /* bytes, of all its processes and of what is in its tmpfs */
	BUILD_DISK,	  /* bytes, in its /tmp, /var/tmp, output directory, work tree and log */
	BUILD_FREE_SPACE, /* bytes that have to stay free on the file system it writes to */
	BUILD_PROCESSES,
	BUILD_LIMIT_COUNT,
};

#define BUILD_LIMIT_NONE BUILD_LIMIT_COUNT

/* Seen, of disk: more than could be counted. What cannot be counted cannot be held to a limit. */
#define BUILD_UNCOUNTED UINT64_MAX

/* Without a limit on processes or free space given. */
#define BUILD_PROCESSES_DEFAULT	 16384
#define BUILD_FREE_SPACE_DEFAULT (UINT64_C(512) << 20)

/* Mechanisms of struct build_limits_held. */
#define LIMIT_BY_FILE_SYSTEM "file system"
#define LIMIT_BY_CGROUP	     "cgroup"

/* Zero: no limit. */
struct build_limits {
	uint64_t most[BUILD_LIMIT_COUNT];
};

/* How each was held, for the record: words with constant storage, NULL where there is no limit. */
struct build_limits_held {
	struct build_limits limits;
	const char *mechanism[BUILD_LIMIT_COUNT];
	bool has_address_space;	 /* each process is bound to the limit of memory as well */
	enum build_limit broken; /* BUILD_LIMIT_NONE when the build kept to all */
	uint64_t seen;		 /* of the broken one, as far as it was seen */
};

/* "time", "memory", "disk", "free-space", "processes". */
const char *build_limit_word(enum build_limit limit);

/* All but an eighth of this machine's memory, in whole MiB. */
uint64_t build_memory_default(void);

#endif
