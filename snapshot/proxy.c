/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/httpd.h"
#include "base/path.h"
#include "snapshot/exchange.h"
#include "snapshot/proxy_fetch.h"
#include "snapshot/proxy_route.h"

struct proxy {
	struct proxy_config config;
	struct exchange_server server;
	struct archive_index *index;
	struct proxy_routes *routes;
	struct proxy_fetches *fetches;
	struct httpd *httpd;
};

/* From the store; when it is not there, from elsewhere into the store and then from there. */
static enum status open_body(
	const struct proxy *proxy, struct exchange *exchange, struct error *err)
{
	enum status status = exchange_open(exchange, err);

	if (status == STATUS_NOT_FOUND) {
		status = proxy_fetch(proxy->fetches, &exchange->file, err);
		if (status == STATUS_OK)
			status = exchange_open(exchange, err);
	}
	return status;
}

/*
 * What apt asks for besides packages and can do without, and no pin has: translations, differences
 * of indexes, lists of what is in packages.
 */
static bool is_optional(const char *path)
{
	return strncmp(path, "dists/", 6) == 0 &&
		(strstr(path, "/i18n/") || strstr(path, ".diff/") || strstr(path, "/dep11/") ||
			strstr(path, "/cnf/") || strncmp(path_basename(path), "Contents-", 9) == 0);
}

/* Nobody can be asked for it, and no package is made of it: it is just not there. */
static bool is_left_out(const struct proxy *proxy, const struct archive_file *file)
{
	return !proxy->config.fetcher && is_optional(file->path) &&
		!store_has(proxy->config.store, &file->digest);
}

static void serve(
	const struct proxy *proxy, struct exchange *exchange, struct httpd_request *request)
{
	struct error err;

	if (is_left_out(proxy, &exchange->file)) {
		char *sentence =
			xasprintf("%s of %s is not in the store, and this proxy is offline",
				exchange->file.path, exchange->file.archive);

		exchange_say(exchange, request, 404, sentence);
		free(sentence);
		return;
	}
	if (open_body(proxy, exchange, &err) != STATUS_OK) {
		/* What could not be fetched is named already. */
		if (strncmp(err.text, exchange->file.path, strlen(exchange->file.path)) != 0)
			error_context(&err, "%s", exchange->file.path);
		exchange_fail(exchange, request, &err);
		return;
	}
	exchange_send(exchange, request);
}

static void route(
	const struct proxy *proxy, struct exchange *exchange, struct httpd_request *request)
{
	struct proxy_route found;
	struct error err;
	enum status status;

	if (!exchange_parse(exchange, request))
		return;
	status = proxy_routes_find(proxy->routes, exchange->target.path, &found, &err);
	exchange->file = found.file;
	exchange->modified = found.modified;
	if (status == STATUS_OK)
		serve(proxy, exchange, request);
	else
		exchange_say(exchange, request, status == STATUS_NOT_FOUND ? 404 : 403, err.text);
}

static void handle(void *context, struct httpd_request *request)
{
	struct proxy *proxy = context;
	struct exchange *exchange = exchange_new(&proxy->server, request);
	const char *method = httpd_method(request);

	if (strcmp(method, "CONNECT") == 0) {
		char *sentence =
			xasprintf("%s asks for a tunnel; only http:// is answered, from the pin",
				exchange->request);

		exchange->target.host = xstrdup(httpd_target(request));
		exchange_say(exchange, request, 403, sentence);
		free(sentence);
	} else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		httpd_add_header(request, "Allow", "GET, HEAD");
		exchange_say(exchange, request, 405, "only GET and HEAD are answered");
	} else {
		route(proxy, exchange, request);
	}
	exchange_drop(exchange);
}

static void rejected(void *context, struct httpd_request *request, int status)
{
	struct proxy *proxy = context;

	exchange_rejected(&proxy->server, request, status);
}

/* The worst trouble of its requests. */
static enum status proxy_free(struct proxy *proxy, struct error *err)
{
	enum status status = exchange_server_release(&proxy->server, "proxy", err);

	proxy_fetches_free(proxy->fetches);
	proxy_routes_free(proxy->routes);
	archive_index_free(proxy->index);
	free(proxy);
	return status;
}

enum status proxy_start(const struct proxy_config *config, struct proxy **proxy, struct error *err)
{
	struct proxy *new = xcalloc(1, sizeof(*new));
	struct httpd_config httpd = {.listen_fd = config->listen_fd,
		.port = config->port,
		.handle = handle,
		.rejected = rejected,
		.context = new};
	struct error ignored;

	*proxy = NULL;
	new->config = *config;
	exchange_server_init(&new->server, config->store, config->log, config->log_context);
	if (archive_index_open(config->store, config->pins, &new->index, err) != STATUS_OK ||
		proxy_routes_new(config->store, config->pins, config->places, new->index,
			&new->routes, err) != STATUS_OK) {
		if (config->listen_fd >= 0)
			close(config->listen_fd);
		goto fail;
	}
	new->fetches = proxy_fetches_new(&new->config);
	if (httpd_start(&httpd, &new->httpd, err) != STATUS_OK)
		goto fail;
	*proxy = new;
	return STATUS_OK;
fail:
	(void)proxy_free(new, &ignored);
	return error_context(err, "proxy");
}

unsigned short proxy_port(const struct proxy *proxy)
{
	return httpd_port(proxy->httpd);
}

enum status proxy_stop(struct proxy *proxy, struct error *err)
{
	if (!proxy)
		return STATUS_OK;
	httpd_stop(proxy->httpd);
	return proxy_free(proxy, err);
}
