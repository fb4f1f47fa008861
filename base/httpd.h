/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HTTPD_H
#define BASE_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * A small HTTP/1.1 server on libmicrohttpd: a thread a connection, so a handler may block. It does
 * keep-alive, HEAD, one Range and the conditional headers; what a target means is the handler's.
 */
struct httpd;
struct httpd_request;

struct httpd_config {
	int listen_fd;		/* a listening socket, of any network namespace, or -1 */
	unsigned short port;	/* with listen_fd -1: on 127.0.0.1; 0 lets the system choose */
	unsigned connections;	/* at once; more wait in the socket's queue; 0 for 128 */
	size_t header_bytes;	/* of one request, and as much for its reply's; 0 for 32 KiB */
	unsigned idle_seconds;	/* a connection without a byte is closed; 0 for 60 */
	unsigned drain_seconds; /* httpd_stop() waits that long for running requests; 0 for 30 */
	size_t form_bytes;	/* the most that is read of a POSTed form; 0: no body is read */
	/* Called from many threads at once; it calls one httpd_reply_…() (else the answer is 500).
	 */
	void (*handle)(void *context, struct httpd_request *request);
	/*
	 * A request that was answered without the handler, as too large or malformed; status is 0
	 * when the connection was just closed. Only what had a request line is told. May be NULL.
	 */
	void (*rejected)(void *context, struct httpd_request *request, int status);
	void *context;
};

/* Takes `listen_fd` over, also when it fails. */
enum status httpd_start(const struct httpd_config *config, struct httpd **httpd, struct error *err);
unsigned short httpd_port(const struct httpd *httpd); /* 0 when the socket has none */
/* Accepts nothing more, lets running requests end, closes what is left, and frees. */
void httpd_stop(struct httpd *httpd);

/* Of a request; valid while it is handled. All of it is what the client wrote, undecoded. */
const char *httpd_method(const struct httpd_request *request);
const char *httpd_target(const struct httpd_request *request); /* "" when there was none */
const char *httpd_header(const struct httpd_request *request, const char *name); /* or NULL */

/*
 * The value of a field of the POSTed form (multipart/form-data or
 * application/x-www-form-urlencoded), NULL when there is none or it comes twice. A form that is too
 * long or malformed does not reach the handler: 413, 400, or the connection is cut.
 */
const char *httpd_form_field(const struct httpd_request *request, const char *name);

/* Adds a header to the reply that follows; copies both. */
void httpd_add_header(struct httpd_request *request, const char *name, const char *value);

/* What can be sent whole or in part. */
struct httpd_content {
	uint64_t size;
	const char *type; /* Content-Type */
	const char *etag; /* strong, without its quotes; NULL for none */
	int64_t modified; /* seconds since the epoch; -1 for none */
	/*
	 * Fills exactly `len` bytes of the content at `offset`; offsets grow. `last`: they are the
	 * last of what this reply sends. False cuts the connection before any of them is sent.
	 */
	bool (*read)(void *context, uint64_t offset, void *data, size_t len, bool last);
	void (*free)(void *context); /* once, whatever came of it; may be NULL */
	void *context;
};

/*
 * Each gives the HTTP status it answered with. If-Modified-Since answers 304 for exactly our own
 * date only: an earlier state must be able to replace a later one.
 */
int httpd_reply_text(
	struct httpd_request *request, int status, const char *type, const char *text, size_t len);
int httpd_reply_content(struct httpd_request *request, const struct httpd_content *content);

/* "Sat, 11 Jul 2026 10:16:37 GMT" (RFC 9110, 5.6.7), without regard to the locale. */
#define HTTPD_DATE_SIZE 32
void httpd_format_date(int64_t time, char text[HTTPD_DATE_SIZE]);

#endif
