/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_SANDBOX_OUTER_H
#define VERIFIER_REBUILD_SANDBOX_OUTER_H

#include "verifier/rebuild/sandbox.h"
#include "verifier/rebuild/sandbox_init.h"
#include "verifier/rebuild/uplink.h"

/* For sandbox.c only: the outer side of what the first process hands out (sandbox_init.h). */

struct relay;

/* One message; its descriptor, or -1. STATUS_SANDBOX when it tells of an error. */
enum status outer_ready_receive(
	int control, struct sandbox_ready *ready, int *fd, struct error *err);

/* What serves a sandbox's network from outside. A zeroed struct serves nothing. */
struct outer_network {
	struct uplink uplink;
	struct relay *relay;
};

/* Receives what follows the first message, and serves it. To be ended also after an error. */
enum status outer_network_begin(struct outer_network *network, int control,
	const struct sandbox_spec *spec, struct error *err);
void outer_network_end(struct outer_network *network);

#endif
