/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_NETWORK_H
#define VERIFIER_REBUILD_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * What a build tries to reach besides the proxy. In a network namespace with loopback alone nothing
 * can be reached; so that it is known what was wanted, every address is routed to loopback, where
 * nobody listens, and the first packet of each attempt is read there. That costs the build nothing,
 * and misses nothing that uses the sandbox's network namespace: a build that makes another one of
 * its own reaches nothing there, and is not seen to try.
 */

/* Which network a sandbox has. */
enum network_kind {
	NETWORK_LOOPBACK, /* a namespace with loopback alone: builds */
	NETWORK_OWN,	  /* a namespace that gets outside by itself (verifier/rebuild/uplink.h) */
	NETWORK_HOST,	  /* this host's */
};

#define WANTED_MOST	64
#define WANTED_TEXT_MAX 256

struct wanted {
	char kind[8];		      /* "tcp", "udp"; "name": a DNS query */
	char target[WANTED_TEXT_MAX]; /* "192.0.2.7:443", "[2001:db8::7]:443", "deb.example.org" */
	uint64_t count;		      /* packets */
};

struct wanted_list {
	struct wanted items[WANTED_MOST];
	size_t count;
	/* Network namespaces of its own that were seen: nothing is reached there, and not seen. */
	uint64_t own_networks;
	uint64_t more; /* packets to others when the list was full, and those not read in time */
};

/* Switches loopback on, as the first thing in a new network namespace. */
enum status network_start(struct error *err);

/* Needs CAP_NET_ADMIN and CAP_NET_RAW in the namespace. *fd can be polled, and is the caller's. */
enum status network_watch(int *fd, struct error *err);

/*
 * The same where there is more than loopback and all routes stay as they are: what is told of is
 * each TCP connection that was refused at once, on loopback as well. UDP and what is only not
 * answered are not seen.
 */
enum status network_watch_refused(int *fd, struct error *err);

/* Reads what has come, a bounded part of it at once. */
void network_read(int fd, struct wanted_list *list);
/* The same of all there is, when the build has ended and nothing comes any more. */
void network_read_all(int fd, struct wanted_list *list);

/* " tcp 192.0.2.7:443, name deb.example.org, and more"; nothing for an empty list. */
void wanted_list_text(const struct wanted_list *list, struct buffer *text);

/* Adds what another list has. */
void wanted_list_join(struct wanted_list *list, const struct wanted_list *other);

#endif
