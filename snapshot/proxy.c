/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/httpd.h"
#include "snapshot/proxy_body.h"
#include "snapshot/proxy_fetch.h"
#include "snapshot/proxy_route.h"
#include "snapshot/proxy_target.h"

struct proxy {
	struct proxy_config config;
	struct archive_index *index;
	struct proxy_routes *routes;
	struct proxy_fetches *fetches;
	struct httpd *httpd;
	pthread_mutex_t lock; /* for what follows, and for calling the log */
	unsigned failures;
	struct error worst; /* of the requests that failed for trouble */
};

/* One request and what is known about it; freed when the last byte of its answer is gone. */
struct exchange {
	struct proxy *proxy;
	struct proxy_target target;
	char *request; /* method and target, without secrets */
	struct proxy_route route;
	struct proxy_body *body;
	int status;
	bool is_logged;
	unsigned users; /* the handler, and the reply that reads from it */
};

/* Trouble that is worse hides what is less bad: a wrong byte outranks a missing one. */
static unsigned badness(enum status status)
{
	if (status == STATUS_TRUST)
		return 3;
	return status == STATUS_NETWORK ? 1 : 2;
}

static void note_failure(struct proxy *proxy, const struct error *err)
{
	pthread_mutex_lock(&proxy->lock);
	if (proxy->failures++ == 0 || badness(err->status) > badness(proxy->worst.status))
		proxy->worst = *err;
	pthread_mutex_unlock(&proxy->lock);
}

/* Logs it, once. `error` is the trouble behind it or NULL. */
static void exchange_log(struct exchange *exchange, const char *error)
{
	struct proxy *proxy = exchange->proxy;
	const struct archive_file *file = &exchange->route.file;
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
	if (!proxy->config.log)
		return;
	pthread_mutex_lock(&proxy->lock);
	proxy->config.log(proxy->config.log_context, &event);
	pthread_mutex_unlock(&proxy->lock);
}

static void exchange_drop(struct exchange *exchange)
{
	if (--exchange->users > 0)
		return;
	/* The client went away before the end, or the body was empty. */
	exchange_log(exchange, NULL);
	proxy_body_free(exchange->body);
	proxy_target_release(&exchange->target);
	free(exchange->request);
	free(exchange);
}

static void exchange_free(void *context)
{
	exchange_drop(context);
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
	error_context(&err, "%s", exchange->route.file.path);
	note_failure(exchange->proxy, &err);
	exchange->status = 502;
	exchange_log(exchange, err.text);
	return false;
}

/* Answers with one sentence. */
static void answer(
	struct exchange *exchange, struct httpd_request *request, int status, const char *sentence)
{
	struct buffer text = {0};

	buffer_add_text(&text, "reproof: ");
	escape_line(&text, sentence, strlen(sentence));
	buffer_add_char(&text, '\n');
	exchange->status = status;
	exchange_log(exchange, status >= 500 ? sentence : NULL);
	httpd_reply_text(
		request, status, "text/plain; charset=utf-8", buffer_text(&text), text.len);
	buffer_release(&text);
}

static void answer_trouble(
	struct exchange *exchange, struct httpd_request *request, const struct error *err)
{
	int status = 500;

	if (err->status == STATUS_TRUST)
		status = 502;
	else if (err->status == STATUS_NETWORK)
		status = 504;
	note_failure(exchange->proxy, err);
	answer(exchange, request, status, err->text);
}

/* From the store; when it is not there, from elsewhere into the store and then from there. */
static enum status open_body(struct exchange *exchange, struct error *err)
{
	struct proxy *proxy = exchange->proxy;
	const struct archive_file *file = &exchange->route.file;
	enum status status = proxy_body_open(proxy->config.store, file, &exchange->body, err);

	if (status == STATUS_NOT_FOUND) {
		status = proxy_fetch(proxy->fetches, file, err);
		if (status == STATUS_OK)
			status = proxy_body_open(proxy->config.store, file, &exchange->body, err);
	}
	return status;
}

static void serve(struct exchange *exchange, struct httpd_request *request)
{
	char etag[SHA256_HEX_SIZE];
	struct httpd_content content = {.type = "application/octet-stream",
		.etag = etag,
		.modified = exchange->route.modified,
		.read = exchange_read,
		.free = exchange_free,
		.context = exchange};
	struct error err;

	if (open_body(exchange, &err) != STATUS_OK) {
		error_context(&err, "%s", exchange->route.file.path);
		answer_trouble(exchange, request, &err);
		return;
	}
	digest_hex(&exchange->route.file.digest, etag);
	content.size = proxy_body_size(exchange->body);
	exchange->users++;
	exchange->status = httpd_reply_content(request, &content);
	/* Where nothing of the file will be read, this is all that happens. */
	if (strcmp(httpd_method(request), "GET") != 0 || exchange->status >= 300)
		exchange_log(exchange, NULL);
}

static void route(struct exchange *exchange, struct httpd_request *request)
{
	struct proxy *proxy = exchange->proxy;
	struct error err;
	enum status status;

	status = proxy_target_parse(httpd_target(request), &exchange->target, &err);
	if (status != STATUS_OK) {
		error_context(&err, "%s", exchange->request);
		answer(exchange, request, status == STATUS_UNSUPPORTED ? 403 : 400, err.text);
		return;
	}
	status = proxy_routes_find(proxy->routes, exchange->target.path, &exchange->route, &err);
	if (status == STATUS_OK)
		serve(exchange, request);
	else
		answer(exchange, request, status == STATUS_NOT_FOUND ? 404 : 403, err.text);
}

static struct exchange *exchange_new(struct proxy *proxy, const struct httpd_request *request)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));
	char *target = escape_url_secrets(httpd_target(request));

	exchange->proxy = proxy;
	exchange->users = 1;
	exchange->request = xasprintf("%s %s", httpd_method(request), target);
	free(target);
	return exchange;
}

static void handle(void *context, struct httpd_request *request)
{
	struct exchange *exchange = exchange_new(context, request);
	const char *method = httpd_method(request);

	if (strcmp(method, "CONNECT") == 0) {
		struct buffer sentence = {0};

		exchange->target.host = xstrdup(httpd_target(request));
		buffer_add_format(&sentence,
			"%s asks for a tunnel; only http:// is answered, from the pin",
			exchange->request);
		answer(exchange, request, 403, buffer_text(&sentence));
		buffer_release(&sentence);
	} else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		httpd_add_header(request, "Allow", "GET, HEAD");
		answer(exchange, request, 405, "only GET and HEAD are answered");
	} else {
		route(exchange, request);
	}
	exchange_drop(exchange);
}

/* What the server refused by itself: a line or headers that are too long or malformed. */
static void rejected(void *context, struct httpd_request *request, int status)
{
	struct exchange *exchange = exchange_new(context, request);

	exchange->status = status ? status : 400;
	exchange_drop(exchange);
}

static void proxy_free(struct proxy *proxy)
{
	proxy_fetches_free(proxy->fetches);
	proxy_routes_free(proxy->routes);
	archive_index_free(proxy->index);
	pthread_mutex_destroy(&proxy->lock);
	free(proxy);
}

enum status proxy_start(const struct proxy_config *config, struct proxy **proxy, struct error *err)
{
	struct proxy *new = xcalloc(1, sizeof(*new));
	struct httpd_config httpd = {.listen_fd = config->listen_fd,
		.port = config->port,
		.handle = handle,
		.rejected = rejected,
		.context = new};
	enum status status;

	*proxy = NULL;
	new->config = *config;
	pthread_mutex_init(&new->lock, NULL);
	status = archive_index_open(config->store, config->pins, &new->index, err);
	if (status == STATUS_OK)
		status = proxy_routes_new(
			config->store, config->pins, config->places, new->index, &new->routes, err);
	if (status != STATUS_OK) {
		if (config->listen_fd >= 0)
			close(config->listen_fd);
		proxy_free(new);
		return error_context(err, "proxy");
	}
	new->fetches = proxy_fetches_new(&new->config);
	status = httpd_start(&httpd, &new->httpd, err);
	if (status != STATUS_OK) {
		proxy_free(new);
		return error_context(err, "proxy");
	}
	*proxy = new;
	return STATUS_OK;
}

unsigned short proxy_port(const struct proxy *proxy)
{
	return httpd_port(proxy->httpd);
}

enum status proxy_stop(struct proxy *proxy, struct error *err)
{
	enum status status = STATUS_OK;

	if (!proxy)
		return STATUS_OK;
	httpd_stop(proxy->httpd);
	if (proxy->failures > 0) {
		status = proxy->worst.status;
		*err = proxy->worst;
		if (proxy->failures > 1)
			error_context(err, "proxy: %u requests failed, the worst", proxy->failures);
		else
			error_context(err, "proxy");
	}
	proxy_free(proxy);
	return status;
}
