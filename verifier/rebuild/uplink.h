/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_UPLINK_H
#define VERIFIER_REBUILD_UPLINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The outside network for a network namespace of its own, by slirp4netns(1): TCP and UDP to where
 * this host gets as well, and not to its loopback. The namespace gets the interface tap0.
 */
#define UPLINK_PROGRAM "slirp4netns"
/* Where it answers DNS, with the host's name servers. */
#define UPLINK_NAMESERVER "10.0.2.3"

/* True when it is installed. */
bool uplink_exists(void);

/* A zeroed struct is none. */
struct uplink {
	pid_t pid;
	int hold; /* it ends when this process has closed it, however that ends */
};

/*
 * `network` and `user` are descriptors of the namespaces (namespaces(7)); `user` owns `network`.
 * STATUS_SANDBOX with what it said when it cannot.
 */
enum status uplink_start(int network, int user, struct uplink *uplink, struct error *err);
void uplink_stop(struct uplink *uplink);

#endif
