/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/escape.h"

void exchange_server_init(struct exchange_server *server, struct store *store,
	void (*log)(void *context, const struct proxy_event *event), void *log_context)
{
	*server = (struct exchange_server){.store = store, .log = log, .log_context = log_context};
	pthread_mutex_init(&server->lock, NULL);
}

enum status exchange_server_release(
	struct exchange_server *server, const char *name, struct error *err)
{
	enum status status = STATUS_OK;

	if (server->failures > 0) {
		status = server->worst.status;
		*err = server->worst;
		if (server->failures > 1)
			error_context(
				err, "%s: %u requests failed, the worst", name, server->failures);
		else
			error_context(err, "%s", name);
	}
	pthread_mutex_destroy(&server->lock);
	return status;
}

/* Trouble that is worse hides what is less bad: a wrong byte outranks a missing one. */
static unsigned badness(enum status status)
{
	if (status == STATUS_TRUST)
		return 3;
	return status == STATUS_NETWORK ? 1 : 2;
}

static void note_failure(struct exchange_server *server, const struct error *err)
{
	pthread_mutex_lock(&server->lock);
	if (server->failures++ == 0 || badness(err->status) > badness(server->worst.status))
		server->worst = *err;
	pthread_mutex_unlock(&server->lock);
}

/* Logs it, once. `error` is the trouble behind it or NULL. */
static void exchange_log(struct exchange *exchange, const char *error)
{
	struct exchange_server *server = exchange->server;
	const struct archive_file *file = &exchange->file;
	struct proxy_event event = {
		.time = clock_now(),
		.host = exchange->target.host ? exchange->target.host : "",
		.request = exchange->request,
		.status = exchange->status,
		.archive = file->path ? file->archive : NULL,
		.path = file->path,
		.digest = file->digest,
		.size = exchange->body ? proxy_body_size(exchange->body) : file->size,
		.error = error,
	};

	if (exchange->is_logged)
		return;
	exchange->is_logged = true;
	if (!server->log)
		return;
	pthread_mutex_lock(&server->lock);
	server->log(server->log_context, &event);
	pthread_mutex_unlock(&server->lock);
}

struct exchange *exchange_new(struct exchange_server *server, const struct httpd_request *request)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));
	char *target = escape_url_secrets(httpd_target(request));

	exchange->server = server;
	exchange->users = 1;
	exchange->request = xasprintf("%s %s", httpd_method(request), target);
	free(target);
	return exchange;
}

void exchange_drop(struct exchange *exchange)
{
	if (--exchange->users > 0)
		return;
	/* The client went away before the end, or the body was empty. */
	exchange_log(exchange, NULL);
	proxy_body_free(exchange->body);
	proxy_target_release(&exchange->target);
	free(exchange->request);
	free(exchange->archive);
	free(exchange->path);
	free(exchange);
}

static void exchange_free(void *context)
{
	exchange_drop(context);
}

void exchange_text(struct exchange *exchange, struct httpd_request *request, int status,
	const char *type, const char *text, size_t len)
{
	exchange->status = status;
	exchange_log(exchange, NULL);
	httpd_reply_text(request, status, type, text, len);
}

void exchange_say(
	struct exchange *exchange, struct httpd_request *request, int status, const char *sentence)
{
	struct buffer text = {0};

	buffer_add_text(&text, "reproof: ");
	escape_line(&text, sentence, strlen(sentence));
	buffer_add_char(&text, '\n');
	exchange->status = status;
	exchange_log(exchange, status >= 500 ? sentence : NULL);
	exchange_text(exchange, request, status, "text/plain; charset=utf-8", buffer_text(&text),
		text.len);
	buffer_release(&text);
}

void exchange_fail(
	struct exchange *exchange, struct httpd_request *request, const struct error *err)
{
	int status = 500;

	if (err->status == STATUS_TRUST)
		status = 502;
	else if (err->status == STATUS_NETWORK)
		status = 504;
	note_failure(exchange->server, err);
	exchange_say(exchange, request, status, err->text);
}

bool exchange_parse(struct exchange *exchange, struct httpd_request *request)
{
	struct error err;
	enum status status = proxy_target_parse(httpd_target(request), &exchange->target, &err);

	if (status == STATUS_OK)
		return true;
	error_context(&err, "%s", exchange->request);
	exchange_say(exchange, request, status == STATUS_UNSUPPORTED ? 403 : 400, err.text);
	return false;
}

enum status exchange_open(struct exchange *exchange, struct error *err)
{
	return proxy_body_open(exchange->server->store, &exchange->file, &exchange->body, err);
}

/*
 * The event is logged before the last block leaves: when a build has got its last file, the list
 * of what it was given is complete.
 */
static bool exchange_read(void *context, uint64_t offset, void *data, size_t len, bool last)
{
	struct exchange *exchange = context;
	struct error err;

	if (proxy_body_read(exchange->body, offset, data, len, last, &err)) {
		if (last)
			exchange_log(exchange, NULL);
		return true;
	}
	error_context(&err, "%s", exchange->file.path);
	note_failure(exchange->server, &err);
	exchange->status = 502;
	exchange_log(exchange, err.text);
	return false;
}

void exchange_send(struct exchange *exchange, struct httpd_request *request)
{
	char etag[SHA256_HEX_SIZE];
	struct httpd_content content = {.size = proxy_body_size(exchange->body),
		.type = "application/octet-stream",
		.etag = etag,
		.modified = exchange->modified,
		.read = exchange_read,
		.free = exchange_free,
		.context = exchange};

	digest_hex(&exchange->file.digest, etag);
	exchange->users++;
	exchange->status = httpd_reply_content(request, &content);
	/* Where nothing of the file will be read, this is all that happens. */
	if (strcmp(httpd_method(request), "GET") != 0 || exchange->status >= 300)
		exchange_log(exchange, NULL);
}

void exchange_rejected(struct exchange_server *server, struct httpd_request *request, int status)
{
	struct exchange *exchange = exchange_new(server, request);

	exchange->status = status ? status : 400;
	exchange_drop(exchange);
}
