/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_USER_NAMESPACE_H
#define VERIFIER_REBUILD_USER_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * A user namespace (user_namespaces(7)) in which a normal user is root over ids that are the user's
 * own: the user, and the ranges that /etc/subuid and /etc/subgid give (subuid(5)), which the
 * programs newuidmap and newgidmap map.
 */
struct user_map {
	uid_t uid;
	gid_t gid;
	bool has_range; /* false: the user alone, and a chown to anyone else fails */
	uint64_t uid_start, gid_start, uid_count, gid_count;
	char missing[512]; /* without a range: what is not there, and how to get it */
};

/* What this user can have. Never fails: without a range it says in `missing` why. */
void user_map_find(struct user_map *map);

/* A range for a user out of a text as subuid(5) says: the first line of that name or number. */
bool user_map_parse(
	const char *text, const char *name, uid_t uid, uint64_t *start, uint64_t *count);

/*
 * For a process with one thread, which then has to be mapped by one outside (user_map_apply) before
 * it takes its root's ids. STATUS_SANDBOX says what forbids it, and what to do.
 */
enum status user_namespace_enter(struct error *err);
enum status user_map_apply(const struct user_map *map, pid_t pid, struct error *err);
enum status user_namespace_take_root(const struct user_map *map, struct error *err);

/*
 * Runs one function in a process in such a namespace and waits for it: what a build left belongs to
 * ids that only root in there can act for. As root it is simply called.
 */
typedef enum status (*user_namespace_function)(void *context, struct error *err);
enum status user_namespace_run(user_namespace_function function, void *context, struct error *err);

#endif
