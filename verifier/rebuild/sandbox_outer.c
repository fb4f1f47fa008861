/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/sandbox_outer.h"

#include <unistd.h>

#include "verifier/rebuild/handout.h"
#include "verifier/rebuild/relay.h"

enum status outer_ready_receive(
	int control, struct sandbox_ready *ready, int *fd, struct error *err)
{
	enum status status;
	size_t len;

	status = handout_receive(control, ready, sizeof(*ready), &len, fd, err);
	if (status == STATUS_END)
		return error_set(err, STATUS_SANDBOX, "the sandbox ended before it was ready");
	if (status != STATUS_OK)
		return status;
	if (len != sizeof(*ready))
		status = error_set(err, STATUS_SANDBOX, "the sandbox's answer was cut");
	else if (ready->error.status != STATUS_OK)
		status = error_set(
			err, STATUS_SANDBOX, "setting the sandbox up: %s", ready->error.text);
	if (status != STATUS_OK && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return status;
}

/* One of the descriptors that follow. */
static enum status descriptor_take(int control, int *fd, struct error *err)
{
	struct sandbox_ready ready;

	if (outer_ready_receive(control, &ready, fd, err) < 0)
		return err->status;
	return *fd >= 0 ? STATUS_OK
			: error_set(err, STATUS_SANDBOX, "the sandbox handed out too little");
}

static enum status uplink_connect(struct outer_network *network, int control, struct error *err)
{
	int net = -1, user = -1;
	enum status status = descriptor_take(control, &net, err);

	if (status == STATUS_OK)
		status = descriptor_take(control, &user, err);
	if (status == STATUS_OK)
		status = uplink_start(net, user, &network->uplink, err);
	if (net >= 0)
		close(net);
	if (user >= 0)
		close(user);
	return status;
}

static enum status openings_serve(struct outer_network *network, int control,
	const struct sandbox_spec *spec, struct error *err)
{
	if (spec->opening_count == 0)
		return STATUS_OK;
	network->relay = relay_new();
	for (size_t i = 0; i < spec->opening_count; i++) {
		int fd;

		if (descriptor_take(control, &fd, err) < 0)
			return err->status;
		relay_add(network->relay, fd, &spec->openings[i].outside);
	}
	return relay_start(network->relay, err);
}

enum status outer_network_begin(struct outer_network *network, int control,
	const struct sandbox_spec *spec, struct error *err)
{
	if (spec->no_sandbox)
		return STATUS_OK;
	if (spec->network == NETWORK_OWN && uplink_connect(network, control, err) < 0)
		return err->status;
	return spec->network == NETWORK_HOST ? STATUS_OK
					     : openings_serve(network, control, spec, err);
}

void outer_network_end(struct outer_network *network)
{
	relay_free(network->relay);
	uplink_stop(&network->uplink);
	*network = (struct outer_network){0};
}
