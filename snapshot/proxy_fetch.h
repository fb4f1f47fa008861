/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_PROXY_FETCH_H
#define SNAPSHOT_PROXY_FETCH_H

#include "snapshot/snapshot.h"

/* Files on their way into the store: however many ask for one at once, it is fetched once. */
struct proxy_fetches;

/* Borrows what the configuration names. */
struct proxy_fetches *proxy_fetches_new(const struct proxy_config *config);
void proxy_fetches_free(struct proxy_fetches *fetches);

/*
 * Fetches a file that the store lacks, or waits for who is at it and gives what that came to.
 * STATUS_NETWORK also when the proxy is offline.
 */
enum status proxy_fetch(
	struct proxy_fetches *fetches, const struct archive_file *file, struct error *err);

#endif
