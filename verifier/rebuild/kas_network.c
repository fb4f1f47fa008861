/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "verifier/rebuild/kas_parts.h"
#include "verifier/rebuild/uplink.h"

/*
 * What prepare has of the network (trust T3). It runs what the repositories hold, so this host's
 * loopback and abstract sockets are not part of that: its steps have a network namespace of their
 * own where that can be had, and of loopback the ports that the descriptor or this machine's
 * configuration name.
 */

const char *kas_proxy_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value && !strchr(value, '@') ? value : NULL;
}

static enum status port_open(struct kas *kas, const struct opening *opening, struct error *err)
{
	for (size_t i = 0; i < kas->opening_count; i++)
		if (opening_equal(&kas->openings[i], opening))
			return STATUS_OK;
	if (kas->opening_count == SANDBOX_OPENINGS)
		return error_set(err, STATUS_LIMIT,
			"the descriptor names more than %d ports of this host's loopback",
			SANDBOX_OPENINGS - 1);
	kas->openings[kas->opening_count++] = *opening;
	return STATUS_OK;
}

static enum status url_open(struct kas *kas, const char *url, struct error *err)
{
	struct opening opening;

	if (!url || url[0] == '/' || !opening_of_url(url, &opening))
		return STATUS_OK;
	return port_open(kas, &opening, err);
}

static bool is_taken(const struct kas *kas, unsigned short port)
{
	for (size_t i = 0; i < kas->opening_count; i++)
		if (opening_port(&kas->openings[i].inside) == port)
			return true;
	return false;
}

enum status kas_open_ports(struct kas *kas, unsigned short proxy_port, struct error *err)
{
	static const char *const variables[] = {"https_proxy", "HTTPS_PROXY"};
	const struct release_kas *settings = kas->settings;
	enum status status = STATUS_OK;
	struct opening archive;

	kas->opening_count = 0;
	kas->archive_port = proxy_port;
	kas->network = NETWORK_HOST;
	if (kas->spec.is_offline)
		kas->network = NETWORK_LOOPBACK;
	else if (uplink_exists())
		kas->network = NETWORK_OWN;
	if (kas->spec.no_sandbox)
		kas->network = NETWORK_HOST;
	if (kas->network == NETWORK_HOST)
		return STATUS_OK;
	if (kas->network == NETWORK_OWN) {
		status = url_open(kas, settings->repository, err);
		for (size_t i = 0; i < settings->mirror_count && status == STATUS_OK; i++)
			status = url_open(kas, settings->mirrors[i].place, err);
		for (size_t i = 0; i < ARRAY_SIZE(variables) && status == STATUS_OK; i++)
			status = url_open(kas, kas_proxy_variable(variables[i]), err);
	}
	if (status != STATUS_OK)
		return status;
	/* As the build sees it, but where that port is somebody else's. */
	kas->archive_port = SANDBOX_PORT;
	while (is_taken(kas, kas->archive_port))
		kas->archive_port++;
	archive = opening_of_ports(kas->archive_port, proxy_port);
	return port_open(kas, &archive, err);
}
