/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_LAUNCH_H
#define VERIFIER_REBUILD_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"

/* How a build's first process is started, in either kind of sandbox. */
struct launch {
	const char *const *argv; /* argv[0] is a path */
	const char *const *environment;
	const char *directory;
	mode_t umask;
	uid_t uid; /* 0: stays who this is */
	gid_t gid;
	int log_fd;
	bool is_restricted; /* drops the capabilities that building an image does not need */
	uint64_t address_space, processes; /* RLIMIT_AS and RLIMIT_NPROC; 0: as they are */
	int door;			   /* of cgroup_door(), or -1 */
	bool has_groups;		   /* may set its groups, and then has none but its own */
	struct rlimit files;		   /* its RLIMIT_NOFILE, whatever this process's is */
};

/*
 * Starts it in a session of its own, with /dev/null as stdin, the log as stdout and stderr, and no
 * other descriptor. STATUS_BUILD when the program cannot be executed.
 */
enum status launch_start(const struct launch *launch, pid_t *pid, struct error *err);

#endif
