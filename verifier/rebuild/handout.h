/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_HANDOUT_H
#define VERIFIER_REBUILD_HANDOUT_H

#include <stddef.h>

#include "base/error.h"

#define HANDOUT_MESSAGE_SIZE ((size_t)128 * 1024)

/*
 * A listening socket keeps the network namespace it was made in: one made inside the sandbox and
 * passed to a process outside is served by that process, with the outside network (design §5).
 */

/* Listens on 127.0.0.1 of the present network namespace; port 0 lets the system choose. */
enum status handout_listen(unsigned short port, int *fd, unsigned short *chosen, struct error *err);

/*
 * One message over a SOCK_SEQPACKET pair, at most HANDOUT_MESSAGE_SIZE bytes, with a descriptor
 * beside it unless that is -1. Does not raise SIGPIPE.
 */
enum status handout_send(int socket, const void *data, size_t len, int fd, struct error *err);

/*
 * The next message, and its descriptor (close-on-exec, the caller's) or -1. STATUS_END when the
 * other side is gone.
 */
enum status handout_receive(
	int socket, void *data, size_t size, size_t *len, int *fd, struct error *err);

#endif
