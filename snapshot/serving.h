/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_SERVING_H
#define SNAPSHOT_SERVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

/* The pinning proxy, and the Snapshot API. */

struct store;
struct fetcher;
struct place_list;
struct pin_list;

/*
 * One request to the proxy or the API, as it is logged: before the last of its answer leaves, so
 * that the list of what a build was given is whole when the build ends.
 */
struct proxy_event {
	int64_t time;
	const char *host;    /* as the client asked for it; "" in origin form */
	const char *request; /* method and target, without secrets */
	int status;	     /* HTTP */
	const char *archive; /* NULL when refused */
	const char *path;
	struct digest digest; /* of the whole file; a GET of status 200 or 206 sent of it */
	uint64_t size;
	const char *error; /* trust or network trouble behind a 5xx, or NULL */
};

struct proxy_config {
	struct store *store;
	struct fetcher *fetcher; /* NULL: offline, only what is in the store */
	const struct pin_list *pins;
	const struct place_list *places;
	/* A listening socket that the proxy takes over, also when it cannot start; or -1. */
	int listen_fd;
	unsigned short port; /* with listen_fd -1: on 127.0.0.1; 0 lets the system choose */
	/* Called from the server's threads, one at a time. */
	void (*log)(void *context, const struct proxy_event *event);
	void *log_context;
};

struct proxy;

enum status proxy_start(const struct proxy_config *config, struct proxy **proxy, struct error *err);
unsigned short proxy_port(const struct proxy *proxy);
/*
 * Waits for running requests, stops, and frees. Returns STATUS_TRUST, STATUS_NETWORK or STATUS_IO
 * (the worst) when a request failed for such a reason while it ran, also when it was mended later,
 * so that the caller's run is trouble, not red.
 */
enum status proxy_stop(struct proxy *proxy, struct error *err);

/*
 * A server of what the pins of a store name and the store has, as snapshot.debian.org
 * (/mr/…, /file/SHA1, /archive/ARCHIVE/TIME/…) and metasnap.debian.net (POST /cgi-bin/api) answer.
 * For people and their tools: no verdict comes from it, and it fetches nothing.
 */
struct api_config {
	struct store *store;
	const struct pin_list *pins; /* verified; several times of one suite are fine */
	int listen_fd;		     /* as proxy_config has it */
	unsigned short port;	     /* with listen_fd -1: on 127.0.0.1; 0 lets the system choose */
	/* Called from the server's threads, one at a time. */
	void (*log)(void *context, const struct proxy_event *event);
	void *log_context;
};

struct api;

/* Reads the indexes of all pins, which takes a second or two each. Borrows what it is given. */
enum status api_start(const struct api_config *config, struct api **api, struct error *err);
unsigned short api_port(const struct api *api);
/* As proxy_stop(). */
enum status api_stop(struct api *api, struct error *err);

#endif
