/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_CGROUP_H
#define VERIFIER_REBUILD_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A cgroup (cgroups(7), version 2) of a build's own, below the one that this process is in: the
 * kernel counts all memory of its processes, and of files in any tmpfs of theirs, and ends the
 * build as a whole when there is more than the limit.
 *
 *	OWN/reproof.N          the limits, which the build does not see
 *	OWN/reproof.N/build    its processes; the root of their cgroup namespace
 *	OWN/reproof.self       this process, while OWN gives controllers to what is below it: then
 *no process may be in OWN itself
 */
struct cgroup;

/*
 * Makes one; a limit of zero is none. Removes what killed runs left beside it, and ends what is
 * still in there. STATUS_SANDBOX when there is no version 2, or without the controller `memory`, or
 * the controllers cannot be had: OWN is another's, or holds other processes, as a login's does.
 */
enum status cgroup_new(uint64_t memory, uint64_t tasks, struct cgroup **cgroup, struct error *err);

/*
 * A descriptor by which a process, whatever its mounts and capabilities are by then, puts itself
 * into it: cgroup_join().
 */
int cgroup_door(const struct cgroup *cgroup);

/* Uses only what fork leaves usable; -1 with errno set. Makes it the root of a cgroup namespace. */
int cgroup_join(int door);

/* True when the build was ended for its memory; *most is how much it had at most, where known. */
bool cgroup_was_ended(const struct cgroup *cgroup, uint64_t *most);

/* Ends what is left in it, and removes it. NULL is fine. */
void cgroup_free(struct cgroup *cgroup);

#endif
