/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_WATCH_H
#define VERIFIER_REBUILD_WATCH_H

#include "base/error.h"
#include "verifier/rebuild/limit.h"

/*
 * Looks again and again at what a build takes, by the first process of its PID namespace, and says
 * which limit it broke. Memory and processes are looked at in watch_broken(), disk in a thread that
 * lives as long as the process: a large tree takes a while.
 */
struct watch;

#define WATCH_INTERVAL 0.1 /* seconds from one watch_broken() to the next */

/*
 * The directories and /proc are cloned now (open_tree(2)): what a build mounts over them, or in
 * them, changes nothing. The log, a descriptor that is borrowed or -1, counts as disk as well. With
 * `backing` not -1, borrowed, they are on one file system as large as the limit of disk, which
 * takes its room from the one that `backing` is on: then it is only looked at whether it is full.
 * It lives as long as the process, whose threads read it.
 */
enum status watch_new(const struct build_limits *limits, const char *const *directories,
	int backing, int log_fd, struct watch **watch, struct error *err);

/* To be called with the build's processes running: nothing is looked at before. */
enum status watch_begin(struct watch *watch, struct error *err);

/*
 * BUILD_LIMIT_NONE, or the broken one and how much was seen. Before the build's first process was
 * waited for: an error when the build cannot be seen, and so may break them all.
 */
enum status watch_broken(
	struct watch *watch, enum build_limit *broken, uint64_t *seen, struct error *err);

/* The same for what stays when the build has ended: it may have been faster than the watch. */
enum build_limit watch_broken_at_end(struct watch *watch, uint64_t *seen);

/* Network namespaces that the build was seen to have of its own, up to NETWORKS_MOST. */
uint64_t watch_networks(const struct watch *watch);

#endif
