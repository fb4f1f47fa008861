/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_SANDBOX_H
#define VERIFIER_REBUILD_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/error.h"
#include "base/process.h"
#include "verifier/rebuild/build_disk.h"
#include "verifier/rebuild/limit.h"
#include "verifier/rebuild/network.h"
#include "verifier/rebuild/opening.h"
#include "verifier/rebuild/view.h"

/*
 * The place where a build runs: mount, UTS, network, IPC, PID and cgroup namespaces of its own, an
 * allow-list of files (verifier/rebuild/view.h), and one listening socket as its only way out
 * (design §5; trust T1, T4).
 *
 *	sandbox_prepare(&spec, &sandbox, &listen_fd, &port, err)
 *	proxy_start(… .listen_fd = listen_fd …)          the proxy takes the socket over
 *	sandbox_run(sandbox, &command, &result, err)     the build, to its last process
 *	sandbox_free(sandbox)
 *
 * Nothing of it outlives the thread that prepared it: it is killed by the kernel when that ends.
 */

/*
 * What the isolation was worth (trust T4). The order is from worst to best. As root the sandbox is
 * cooperative; as a normal user it is made in a user namespace and confined.
 */
enum isolation {
	ISOLATION_NONE,	       /* --no-sandbox */
	ISOLATION_COOPERATIVE, /* real root: a hostile build can leave it */
	ISOLATION_CONFINED,    /* a user namespace, no capability outside it */
};

/* "none", "cooperative", "confined": as it is recorded and reported. */
const char *isolation_word(enum isolation isolation);

/* What a sandbox of this process is worth. */
enum isolation sandbox_isolation_here(bool no_sandbox);

/* The proxy's port inside a sandbox: always the same, so that it makes no difference in an image.
 */
#define SANDBOX_PORT	   3142
#define SANDBOX_BUILD_PATH "/build"
#define SANDBOX_HOSTNAME   "reproof"
#define SANDBOX_OPENINGS   16

/* Whom a build is run as. */
struct sandbox_user {
	const char *name; /* of user and group */
	uid_t uid;
	gid_t gid;
};

struct sandbox_spec {
	const char *work_directory;   /* this run's, private (0700); made when absent */
	const char *source_directory; /* a copy made for this run (verifier/rebuild/tree.h) */
	const char *output_directory; /* new or empty; not the work directory itself */
	const char *build_path;	      /* NULL: SANDBOX_BUILD_PATH */
	const char *hostname;	      /* NULL: SANDBOX_HOSTNAME */
	/*
	 * Absolute paths that must not be seen: published artifacts, store, database, state
	 * directory, home directories. What does not exist hides nothing. NULL: none.
	 */
	const struct text_list *hidden;
	/*
	 * NULL: root. Otherwise the build has no capability, is known to its /etc/passwd and
	 * /etc/group by this name, and owns the output directory. Not with `no_sandbox`.
	 */
	const struct sandbox_user *user;
	bool no_sandbox; /* no isolation at all: --no-sandbox; then only the time is limited */
	struct build_limits limits;
	bool loop_devices;	  /* as root only: the build sees those that are free */
	bool limit_address_space; /* of each process, to the limit of memory */
	/*
	 * The source directory is the build's work tree: writable, and the build path itself; the
	 * output is elsewhere.
	 */
	bool is_work_tree;
	/* More than loopback is there to prepare a build, never for the build (trust T3). */
	enum network_kind network;
	/* What it has of this host's loopback; none with NETWORK_HOST, which has all of it. */
	const struct opening *openings;
	size_t opening_count; /* at most SANDBOX_OPENINGS */
	/* More that it sees (verifier/rebuild/view.h); NULL and 0: nothing. */
	const struct text_list *tools, *changed;
	const struct view_file *files;
	size_t file_count;
	const struct text_list *scratch; /* places: an empty directory on disk, gone with it */
	/*
	 * What all that the build writes is on, output directory and work tree included; it is as
	 * large as the limit of disk. NULL: what is written is looked for and counted. Borrowed for
	 * as long as the sandbox lives.
	 */
	const struct build_disk *disk;
};

struct sandbox_command {
	/* argv[0] that is not absolute is below the source directory. Ends with NULL. */
	const char *const *argv;
	const char *const *environment; /* all of it, "NAME=value"; ends with NULL */
	mode_t umask;
	int log_fd; /* the build's stdout and stderr; -1 for this process's stderr */
};

struct sandbox;

/*
 * Makes it and its socket; *listen_fd is the caller's, and -1 where the host's network stays. With
 * NULL for it there is none.
 * STATUS_SANDBOX says what is missing and names --no-sandbox; STATUS_CONFLICT when the output
 * directory is not empty. With `no_sandbox` the socket listens on this host's loopback.
 */
enum status sandbox_prepare(const struct sandbox_spec *spec, struct sandbox **sandbox,
	int *listen_fd, unsigned short *port, struct error *err);

enum isolation sandbox_isolation(const struct sandbox *sandbox);
/*
 * NULL, or why a normal user's build has no other user or group than root, so that a chown in it
 * fails, and how to get them. Lives as long as the sandbox.
 */
const char *sandbox_missing_ids(const struct sandbox *sandbox);
/* As the build sees them; they live as long as the sandbox. */
const char *sandbox_source_path(const struct sandbox *sandbox);
const char *sandbox_output_path(const struct sandbox *sandbox);

/*
 * Runs the build, once, in its source directory with /dev/null as stdin, and returns when the last
 * of its processes is gone; those still there when the first one ends are killed. STATUS_OK
 * whatever the build's exit; STATUS_BUILD when it could not be started.
 */
enum status sandbox_run(struct sandbox *sandbox, const struct sandbox_command *command,
	struct process_result *result, struct error *err);

/* How each limit was held, and which one the build broke, if any: it was ended for that. */
const struct build_limits_held *sandbox_limits(const struct sandbox *sandbox);

/*
 * Visits each file of this machine of which the build has a copy (`changed` of the spec), with the
 * bytes it got; of a link they are its target. Ends with the first error.
 */
typedef enum status (*sandbox_copy_visitor)(
	void *context, const char *path, const char *text, struct error *err);
enum status sandbox_each_copy(const struct sandbox *sandbox, sandbox_copy_visitor visit,
	void *context, struct error *err);

/*
 * What it tried to reach besides the proxy (with NETWORK_OWN: what refused it); empty without a
 * network namespace.
 */
const struct wanted_list *sandbox_wanted(const struct sandbox *sandbox);

/*
 * Kills what is left, waits for it, detaches the loop devices of the build's files, and removes the
 * private /tmp. NULL is fine.
 */
void sandbox_free(struct sandbox *sandbox);

/*
 * path_remove_tree() for what a build left, which may belong to ids of this user's range, and be
 * held by loop devices, which are detached.
 */
enum status sandbox_remove_tree(const char *path, struct error *err);

#endif
