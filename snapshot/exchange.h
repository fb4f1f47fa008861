/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_EXCHANGE_H
#define SNAPSHOT_EXCHANGE_H

#include <pthread.h>

#include "base/httpd.h"
#include "snapshot/proxy_body.h"
#include "snapshot/proxy_target.h"
#include "snapshot/snapshot.h"

/*
 * What the servers of the store's files have in common: each request is logged once, before the
 * last of its answer leaves, and files go out hashed (trust T13). What is answered is theirs.
 */
struct exchange_server {
	struct store *store;
	void (*log)(void *context, const struct proxy_event *event); /* NULL: nobody wants it */
	void *log_context;
	pthread_mutex_t lock; /* for what follows, and for calling the log */
	unsigned failures;
	struct error worst; /* of the requests that failed for trouble */
};

void exchange_server_init(struct exchange_server *server, struct store *store,
	void (*log)(void *context, const struct proxy_event *event), void *log_context);
/* The worst trouble that requests ended in, STATUS_OK for none; releases the server. */
enum status exchange_server_release(
	struct exchange_server *server, const char *name, struct error *err);

/* One request and what is known about it; freed when the last byte of its answer is gone. */
struct exchange {
	struct exchange_server *server;
	struct proxy_target target;
	char *request;		  /* method and target, without secrets */
	struct archive_file file; /* what is asked for; texts borrowed; zeroed while not known */
	int64_t modified;	  /* Last-Modified of the file */
	char *archive, *path;	  /* its texts, when they are the exchange's own; else NULL */
	struct proxy_body *body;
	int status;
	bool is_logged;
	unsigned users; /* the handler, and the reply that reads from it */
};

struct exchange *exchange_new(struct exchange_server *server, const struct httpd_request *request);
/* Lets go of it; what was not logged until then is logged now. */
void exchange_drop(struct exchange *exchange);

/*
 * Reads the target, and answers what is no path of an http:// URL. False when it has answered.
 */
bool exchange_parse(struct exchange *exchange, struct httpd_request *request);

/* Answers with one sentence, which is the logged trouble as well from 500 on. */
void exchange_say(
	struct exchange *exchange, struct httpd_request *request, int status, const char *sentence);
/* Answers with what went wrong: 502 for trust, 504 for the network, else 500. */
void exchange_fail(
	struct exchange *exchange, struct httpd_request *request, const struct error *err);
/* Answers with a text. */
void exchange_text(struct exchange *exchange, struct httpd_request *request, int status,
	const char *type, const char *text, size_t len);

/* Opens exchange->file from the store, for exchange_send(). As proxy_body_open(). */
enum status exchange_open(struct exchange *exchange, struct error *err);
/* Sends it, as httpd_reply_content() does. */
void exchange_send(struct exchange *exchange, struct httpd_request *request);

/* What the server refused by itself, or answered without a handler, is logged as well. */
void exchange_rejected(struct exchange_server *server, struct httpd_request *request, int status);

#endif
