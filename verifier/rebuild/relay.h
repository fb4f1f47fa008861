/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_RELAY_H
#define VERIFIER_REBUILD_RELAY_H

#include <sys/socket.h>

#include "base/error.h"

/*
 * Carries TCP connections from listening sockets of another network namespace to addresses of this
 * one: the outer side of a sandbox's openings. One thread, bounded connections and memory.
 */
struct relay;

#define RELAY_CONNECTIONS 128 /* at once; more wait in their sockets' queues */

struct relay *relay_new(void);
/* Before it starts. Takes `listen_fd`, which does not block, over. */
void relay_add(struct relay *relay, int listen_fd, const struct sockaddr_storage *target);
enum status relay_start(struct relay *relay, struct error *err);
/* Closes what is open, and frees. NULL is fine. */
void relay_free(struct relay *relay);

#endif
