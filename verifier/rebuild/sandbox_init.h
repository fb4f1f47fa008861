/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_SANDBOX_INIT_H
#define VERIFIER_REBUILD_SANDBOX_INIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"
#include "verifier/rebuild/supervise.h"
#include "verifier/rebuild/user_namespace.h"
#include "verifier/rebuild/view.h"

/*
 * The inner side of a sandbox, and what it and the outer side (sandbox.c) say to each other, each
 * as one message (handout.h): in a user namespace, ready to be mapped and mapped; ready with the
 * listening socket; with NETWORK_OWN, the network namespace and the user namespace that owns it,
 * each as one more struct sandbox_ready with a descriptor; a listening socket of each opening in
 * the same form; then the command with the log's descriptor; then the outcome. The outer side's
 * going ends everything.
 */
struct sandbox_ready {
	struct error error; /* when its status is not OK, that is all there will be */
	unsigned short port;
	bool has_tasks_bound; /* as struct sandbox_inner asks */
};

/* Followed by argc + envc texts, each with its NUL; the first is the program. */
struct sandbox_request {
	uint32_t argc, envc;
	uint32_t umask;
	uint32_t uid, gid; /* 0: root */
	char directory[1024];
};

struct sandbox_outcome {
	struct error error;
	struct supervised supervised;
};

struct sandbox_inner {
	const struct view *view; /* NULL: no isolation */
	const char *hostname;
	enum network_kind network;
	bool has_listener; /* the proxy's socket */
	const struct opening *openings;
	size_t opening_count;
	struct build_limits limits;
	uint64_t address_space, threads; /* as struct launch */
	uint64_t tasks;			 /* tasks.h; 0: not bounded */
	const char *const *written;	 /* as struct supervision */
	int backing;			 /* likewise; stays open */
	int door;			 /* as struct launch */
	int control;			 /* a SOCK_SEQPACKET to the outer side */
	pid_t parent;			 /* the outer side */
	const struct user_map *map;	 /* NULL: as root, without a user namespace */
};

/*
 * Makes the namespaces, and in them the first process, which does the work; stays as its keeper,
 * whose end means that all is gone. Runs in a fork of the outer side. Does not return.
 */
_Noreturn void sandbox_keep(const struct sandbox_inner *inner);

#endif
