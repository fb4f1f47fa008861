/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/httpd.h"
#include "snapshot/api_answer.h"
#include "snapshot/api_archive.h"
#include "snapshot/api_metasnap.h"
#include "snapshot/exchange.h"
#include "snapshot/store.h"

/* A question to metasnap of some 20,000 packages. */
#define FORM_BYTES ((size_t)1024 * 1024)

struct api {
	struct exchange_server server;
	struct pin_list pins; /* borrowed items, by time */
	struct httpd *httpd;
	pthread_mutex_t lock; /* for what follows: one answer is made at a time, many are sent */
	struct catalog catalog;
	struct api_tables tables;
};

/* What is not to be had, and what is no question, is no trouble of ours. */
static void answer_error(
	struct exchange *exchange, struct httpd_request *request, const struct error *err)
{
	if (err->status == STATUS_NOT_FOUND || err->status == STATUS_UNSUPPORTED)
		exchange_say(exchange, request, 404, err->text);
	else if (err->status == STATUS_FORMAT || err->status == STATUS_LIMIT)
		exchange_say(exchange, request, 400, err->text);
	else if (err->status == STATUS_CONFLICT)
		exchange_say(exchange, request, 409, err->text);
	else
		exchange_fail(exchange, request, err);
}

/* From the store or not at all: what it does not have is fetched by nobody. */
static void send_file(struct exchange *exchange, struct httpd_request *request)
{
	struct error err;

	if (exchange_open(exchange, &err) == STATUS_OK) {
		exchange_send(exchange, request);
		return;
	}
	if (err.status == STATUS_NOT_FOUND)
		error_set(&err, STATUS_NOT_FOUND,
			"%s of %s is signed for, but not in the store; reproof snapshot fetch "
			"gets packages there",
			exchange->file.path, exchange->file.archive);
	else
		error_context(&err, "%s", exchange->file.path);
	answer_error(exchange, request, &err);
}

/* ---- /file/SHA1 ---- */

/* Fills in the first place that a pin has for the file; its texts are the exchange's. */
static enum status place_find(struct catalog *catalog, struct exchange *exchange, struct error *err)
{
	sqlite3_stmt *row = catalog_ask(catalog, CATALOG_PLACES, NULL, 0, err);
	struct error ignored;
	enum status status;

	if (!row)
		return err->status;
	sql_bind_blob(row, 1, exchange->file.digest.bytes, SHA256_SIZE);
	status = sql_step(&catalog->sql, row, err);
	if (status == STATUS_OK) {
		exchange->archive = xstrdup(sql_column_text(row, 0));
		exchange->path =
			xasprintf("%s/%s", sql_column_text(row, 3) + 1, sql_column_text(row, 2));
		exchange->file.archive = exchange->archive;
		exchange->file.path = exchange->path;
		exchange->file.size = (uint64_t)sqlite3_column_int64(row, 4);
		(void)clock_parse_snapshot(sql_column_text(row, 1), &exchange->modified, &ignored);
	}
	sqlite3_reset(row);
	if (status == STATUS_END)
		return error_set(err, STATUS_NOT_FOUND,
			"the store has that file, but no index of its pins names it");
	return status;
}

/*
 * A file is found by its SHA-1 and served for its SHA-256, which a signed index must name. What
 * the store wrote down may be damaged: a file is no answer to another SHA-1 than its own.
 */
static enum status named_file_find(
	struct api *api, struct exchange *exchange, const struct sha1 *sha1, struct error *err)
{
	struct sha1 found;
	enum status status;
	int fd = -1;

	pthread_mutex_lock(&api->lock);
	status = catalog_refresh(&api->catalog, err);
	if (status == STATUS_OK)
		status = sha1_names_find(&api->catalog.names, sha1, &exchange->file.digest, err);
	if (status == STATUS_OK)
		status = place_find(&api->catalog, exchange, err);
	pthread_mutex_unlock(&api->lock);
	if (status == STATUS_OK)
		status = store_read_sha1(
			api->server.store, &exchange->file.digest, &fd, NULL, &found, err);
	if (fd >= 0)
		close(fd);
	if (status == STATUS_TRUST)
		status = err->status = STATUS_IO; /* damage of our own, as in proxy_body_open() */
	if (status == STATUS_OK && !sha1_equal(&found, sha1))
		status = error_set(err, STATUS_IO,
			"%s/sha1 names another file; run reproof snapshot fsck",
			store_directory(api->server.store));
	return status;
}

static void file_serve(struct api *api, struct exchange *exchange, struct httpd_request *request)
{
	const char *hex = exchange->target.path + strlen("/file/");
	struct sha1 sha1;
	struct error err;

	if (!sha1_parse(hex, strlen(hex), &sha1))
		exchange_say(exchange, request, 404, "what stands behind /file/ is no SHA-1");
	else if (named_file_find(api, exchange, &sha1, &err) == STATUS_OK)
		send_file(exchange, request);
	else
		answer_error(exchange, request, &err);
}

/* ---- /archive/ARCHIVE/TIME/… ---- */

static void archive_serve(struct api *api, struct exchange *exchange, struct httpd_request *request)
{
	struct buffer location = {0};
	struct api_found found;
	struct error err;
	enum status status;

	pthread_mutex_lock(&api->lock);
	status = api_archive_find(&api->tables, exchange->target.path, &found, &location, &err);
	pthread_mutex_unlock(&api->lock);
	exchange->file = found.file;
	exchange->modified = found.modified;
	if (status == STATUS_OK) {
		send_file(exchange, request);
	} else if (status == STATUS_END) {
		httpd_add_header(request, "Location", buffer_text(&location));
		exchange_say(exchange, request, 302, buffer_text(&location));
	} else {
		answer_error(exchange, request, &err);
	}
	buffer_release(&location);
}

/* ---- /mr/… ---- */

static void question_serve(
	struct api *api, struct exchange *exchange, struct httpd_request *request)
{
	const char *target = httpd_target(request);
	const char *query = target + strcspn(target, "?#");
	struct api_question question = {.catalog = &api->catalog,
		.pins = &api->pins,
		.path = exchange->target.path,
		.query = *query == '?' ? query + 1 : ""};
	struct buffer answer = {0};
	struct error err;
	enum status status;

	pthread_mutex_lock(&api->lock);
	status = catalog_refresh(&api->catalog, &err);
	if (status == STATUS_OK)
		status = api_answer(&question, &answer, &err);
	pthread_mutex_unlock(&api->lock);
	if (status == STATUS_OK)
		exchange_text(exchange, request, 200, "application/json", buffer_text(&answer),
			answer.len);
	else
		answer_error(exchange, request, &err);
	buffer_release(&answer);
}

/* ---- metasnap ---- */

static void metasnap_serve(
	struct api *api, struct exchange *exchange, struct httpd_request *request)
{
	const char *archive = httpd_form_field(request, "archive");
	const char *arch = httpd_form_field(request, "arch");
	const char *packages = httpd_form_field(request, "pkgs");
	struct buffer answer = {0};
	struct error err;
	enum status status;

	if (!archive || !arch || !packages) {
		exchange_say(exchange, request, 400,
			"a form with archive, arch and pkgs (NAME:ARCH=VERSION,...) is wanted");
		return;
	}
	pthread_mutex_lock(&api->lock);
	status = metasnap_answer(&api->catalog, archive, arch, packages, &answer, &err);
	pthread_mutex_unlock(&api->lock);
	if (status == STATUS_OK || (status == STATUS_NOT_FOUND && answer.len))
		exchange_text(exchange, request, status == STATUS_OK ? 200 : 404,
			"text/plain; charset=utf-8", buffer_text(&answer), answer.len);
	else
		answer_error(exchange, request, &err);
	buffer_release(&answer);
}

/* ---- the server ---- */

static const struct {
	const char *prefix; /* all of the path, unless it ends in a slash */
	bool is_post;
	void (*serve)(struct api *api, struct exchange *exchange, struct httpd_request *request);
} routes[] = {
	{"/mr/", false, question_serve},
	{"/file/", false, file_serve},
	{"/archive/", false, archive_serve},
	{"/cgi-bin/api", true, metasnap_serve},
};

static void route(struct api *api, struct exchange *exchange, struct httpd_request *request)
{
	const char *method = httpd_method(request);
	bool is_post = strcmp(method, "POST") == 0;

	if (!exchange_parse(exchange, request))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		size_t len = strlen(routes[i].prefix);

		if (strncmp(exchange->target.path, routes[i].prefix, len) != 0 ||
			(routes[i].prefix[len - 1] != '/' && exchange->target.path[len]))
			continue;
		if (is_post == routes[i].is_post) {
			routes[i].serve(api, exchange, request);
			return;
		}
		httpd_add_header(request, "Allow", routes[i].is_post ? "POST" : "GET, HEAD");
		exchange_say(exchange, request, 405, "not with that method");
		return;
	}
	exchange_say(exchange, request, 404,
		"only /mr/, /file/, /archive/ and POST /cgi-bin/api are answered");
}

static void handle(void *context, struct httpd_request *request)
{
	static const char *const methods[] = {"GET", "HEAD", "POST"};
	struct api *api = context;
	struct exchange *exchange = exchange_new(&api->server, request);
	size_t i = 0;

	while (i < ARRAY_SIZE(methods) && strcmp(httpd_method(request), methods[i]) != 0)
		i++;
	if (i < ARRAY_SIZE(methods)) {
		route(api, exchange, request);
	} else {
		httpd_add_header(request, "Allow", "GET, HEAD, POST");
		exchange_say(exchange, request, 405, "only GET, HEAD and POST are answered");
	}
	exchange_drop(exchange);
}

static void rejected(void *context, struct httpd_request *request, int status)
{
	struct api *api = context;

	exchange_rejected(&api->server, request, status);
}

/* The worst trouble of its requests. */
static enum status api_free(struct api *api, struct error *err)
{
	enum status status = exchange_server_release(&api->server, "api", err);

	catalog_release(&api->catalog);
	api_tables_release(&api->tables);
	free(api->pins.items);
	pthread_mutex_destroy(&api->lock);
	free(api);
	return status;
}

static int pin_compare(const void *a, const void *b)
{
	const struct pin *left = a, *right = b;

	if (left->timestamp != right->timestamp)
		return left->timestamp < right->timestamp ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void pins_sort(struct api *api, const struct pin_list *pins)
{
	api->pins.items = xcalloc(pins->count + 1, sizeof(pins->items[0]));
	api->pins.count = pins->count;
	if (pins->count) {
		memcpy(api->pins.items, pins->items, pins->count * sizeof(pins->items[0]));
		qsort(api->pins.items, pins->count, sizeof(pins->items[0]), pin_compare);
	}
}

enum status api_start(const struct api_config *config, struct api **api, struct error *err)
{
	struct api *new = xcalloc(1, sizeof(*new));
	struct httpd_config httpd = {.listen_fd = config->listen_fd,
		.port = config->port,
		.form_bytes = FORM_BYTES,
		.handle = handle,
		.rejected = rejected,
		.context = new};
	struct error ignored;

	*api = NULL;
	exchange_server_init(&new->server, config->store, config->log, config->log_context);
	pthread_mutex_init(&new->lock, NULL);
	pins_sort(new, config->pins);
	new->tables = (struct api_tables){.store = config->store, .pins = &new->pins};
	if (catalog_open(config->store, &new->pins, &new->catalog, err) != STATUS_OK) {
		if (config->listen_fd >= 0)
			close(config->listen_fd);
		goto fail;
	}
	if (httpd_start(&httpd, &new->httpd, err) != STATUS_OK)
		goto fail;
	*api = new;
	return STATUS_OK;
fail:
	(void)api_free(new, &ignored);
	return error_context(err, "api");
}

unsigned short api_port(const struct api *api)
{
	return httpd_port(api->httpd);
}

enum status api_stop(struct api *api, struct error *err)
{
	if (!api)
		return STATUS_OK;
	httpd_stop(api->httpd);
	return api_free(api, err);
}
