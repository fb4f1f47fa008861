/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_OPENING_H
#define VERIFIER_REBUILD_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"

/*
 * One TCP port of a sandbox's own loopback that leads to one of this host's: all that a sandbox
 * with a network namespace of its own has of the host's loopback.
 */
struct opening {
	struct sockaddr_storage inside, outside; /* IPv4 or IPv6 loopback addresses */
};

/* Of 127.0.0.1; ports in this machine's byte order. */
struct opening opening_of_ports(unsigned short inside, unsigned short outside);

/*
 * The opening for what a URL (http, https, git) names on this host's loopback: by an address of it,
 * or as "localhost". False when it names anything else; those are reached by the network.
 */
bool opening_of_url(const char *url, struct opening *opening);

socklen_t opening_address_size(const struct sockaddr_storage *address);
unsigned short opening_port(const struct sockaddr_storage *address);
bool opening_equal(const struct opening *a, const struct opening *b);

/* A listening socket at `address` of the present network namespace. */
enum status opening_listen(const struct sockaddr_storage *address, int *fd, struct error *err);

#endif
