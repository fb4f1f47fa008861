/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_FETCHER_H
#define SNAPSHOT_FETCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

/* Fetching into the store. */

struct store;

struct fetcher; /* a connection pool with its health per host; one a process is enough */

/* Behind each the default. */
struct fetch_options {
	unsigned connections;	  /* transfers at once; 8 */
	unsigned attempts;	  /* tries a URL; 5 */
	unsigned retry_seconds;	  /* the longest wait obeyed from Retry-After or backoff; 60 */
	unsigned timeout_seconds; /* without a byte; 30 */
	unsigned breaker_seconds; /* a host that only fails is left alone; 30 */
	unsigned slow_bytes;	  /* a second; a slower host is asked behind others; 20000 */
	/* For each host; 0 is no bound of its own, which is the default. */
	unsigned host_connections; /* transfers at once */
	unsigned host_rate;	   /* requests a second */
	/* The same for this one, where it is less: snapshot.debian.org, 2 and 4. */
	const char *strict_host;
	unsigned strict_connections, strict_rate;
};

extern const struct fetch_options fetch_options_default;

enum status fetcher_new(
	const struct fetch_options *options, struct fetcher **fetcher, struct error *err);
void fetcher_free(struct fetcher *fetcher);

/*
 * Gets a URL whose digest is not known beforehand (InRelease, a published artifact) into the
 * store; *served is the URL after redirects (NULL if not wanted; the caller frees).
 */
enum status fetcher_get(struct fetcher *fetcher, struct store *store, const char *url,
	uint64_t size_limit, struct digest *digest, uint64_t *size, char **served,
	struct error *err);

/* A file to be fetched by its hash; the first of `urls` that gives it wins. */
struct fetch_item {
	const char *name; /* for messages: "openssl_3.0.17-1_amd64.deb" */
	struct digest digest;
	uint64_t size;
	struct text_list urls;
	bool done;
};

/*
 * Gets every item that the store lacks, several at once, with a progress line called `step`. A file
 * whose hash does not fit is dropped and the next URL is tried. When all that can be done is done
 * and items are left, the status is of the worst failure: STATUS_TRUST when a place gave wrong
 * bytes and no place gave the right ones, else STATUS_NETWORK; STATUS_IO when the store cannot be
 * written. Without a `step` there is no progress line. Several threads may fetch at once.
 */
enum status fetcher_get_all(struct fetcher *fetcher, struct store *store, const char *step,
	struct fetch_item *items, size_t count, struct error *err);

#endif
