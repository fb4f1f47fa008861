/* SPDX-License-Identifier: Apache-2.0 */
#include "base/httpd.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/httpd_accept.h"
#include "base/httpd_form.h"
#include "base/httpd_range.h"
#include "base/number.h"

#define BLOCK_SIZE ((size_t)128 * 1024)
#define BACKLOG	   128
/* Of a connection's thread: the C library's 8 MiB add up where memory is limited. */
#define STACK_SIZE ((size_t)1024 * 1024)

struct httpd {
	struct MHD_Daemon *daemon;
	struct httpd_acceptor *acceptor;
	struct httpd_config config;
	unsigned short port;
	pthread_mutex_t lock;
	pthread_cond_t idle; /* nothing is running any more */
	unsigned running;
	bool draining;
};

struct httpd_request {
	struct MHD_Connection *connection;
	struct httpd *httpd;
	const char *method;
	char *target;
	struct text_list headers; /* of the reply: name, value, name, value */
	struct httpd_form *form;  /* or NULL */
	int refused;		  /* what was answered without the handler; 0: nothing */
	bool seen;
	bool answered;
};

/* What of a content a reply sends. */
struct body {
	struct httpd_content content;
	struct httpd_range range;
};

static size_t unescape_nothing(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

/* The first that is heard of a request: its target, before the library touches it. */
static void *request_begin(void *context, const char *target, struct MHD_Connection *connection)
{
	struct httpd *httpd = context;
	struct httpd_request *request = xcalloc(1, sizeof(*request));

	request->connection = connection;
	request->httpd = httpd;
	request->method = "";
	request->target = xstrdup(target ? target : "");
	pthread_mutex_lock(&httpd->lock);
	httpd->running++;
	pthread_mutex_unlock(&httpd->lock);
	return request;
}

/* The status that the library itself answered with, 0 when it did not. */
static int answered_with(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);

	return info ? (int)info->http_status : 0;
}

static void request_end(void *context, struct MHD_Connection *connection, void **slot,
	enum MHD_RequestTerminationCode why)
{
	struct httpd *httpd = context;
	struct httpd_request *request = *slot;

	(void)why;
	if (!request)
		return;
	*slot = NULL;
	if ((!request->seen || request->refused) && httpd->config.rejected)
		httpd->config.rejected(httpd->config.context, request,
			request->refused ? request->refused : answered_with(connection));
	httpd_form_free(request->form);
	text_list_release(&request->headers);
	free(request->target);
	free(request);
	pthread_mutex_lock(&httpd->lock);
	if (--httpd->running == 0)
		pthread_cond_broadcast(&httpd->idle);
	pthread_mutex_unlock(&httpd->lock);
}

static bool has_body(struct httpd_request *request)
{
	return httpd_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
		httpd_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

static enum MHD_Result refuse(struct httpd_request *request, int status)
{
	request->refused = status;
	httpd_reply_text(request, status, "text/plain", "", 0);
	return request->answered ? MHD_YES : MHD_NO;
}

/* Whether its body is a form that is to be read. */
static bool form_begin(struct httpd_request *request)
{
	size_t limit = request->httpd->config.form_bytes;

	if (limit && strcmp(request->method, MHD_HTTP_METHOD_POST) == 0)
		request->form = httpd_form_new(request->connection, limit);
	return request->form != NULL;
}

/* A length that is said is refused at once; one that is not, when it is reached. */
static bool is_too_long(const struct httpd_request *request)
{
	const char *text = httpd_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t len;

	return text &&
		(!number_parse(text, strlen(text), &len) ||
			len > request->httpd->config.form_bytes);
}

/*
 * The library calls with the headers, with each piece of the body, and when the body was read. An
 * answer to the first call leaves a body unread and closes the connection, which is what a body
 * gets here unless it is a form that is wanted.
 */
static enum MHD_Result request_handle(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *data, size_t *len,
	void **slot)
{
	struct httpd *httpd = context;
	struct httpd_request *request = *slot;

	(void)url;
	(void)version;
	if (!request || request->connection != connection)
		return MHD_NO;
	request->method = method;
	if (!request->seen) {
		request->seen = true;
		if (!has_body(request))
			return MHD_YES;
		if (form_begin(request))
			return is_too_long(request) ? refuse(request, 413) : MHD_YES;
	} else if (*len > 0) {
		/* In the midst of a body no answer can be given. */
		if (!request->form || !httpd_form_take(request->form, data, *len)) {
			request->refused = 413;
			return MHD_NO;
		}
		*len = 0;
		return MHD_YES;
	}
	if (request->form && !httpd_form_finish(request->form))
		return refuse(request, 400);
	httpd->config.handle(httpd->config.context, request);
	if (!request->answered)
		httpd_reply_text(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", "", 0);
	return request->answered ? MHD_YES : MHD_NO;
}

const char *httpd_method(const struct httpd_request *request)
{
	return request->method;
}

const char *httpd_target(const struct httpd_request *request)
{
	return request->target;
}

const char *httpd_form_field(const struct httpd_request *request, const char *name)
{
	return request->form ? httpd_form_value(request->form, name) : NULL;
}

const char *httpd_header(const struct httpd_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void httpd_add_header(struct httpd_request *request, const char *name, const char *value)
{
	text_list_add(&request->headers, name);
	text_list_add(&request->headers, value);
}

/* Queues the response and lets go of it. */
static int reply(struct httpd_request *request, int status, struct MHD_Response *response)
{
	struct httpd *httpd = request->httpd;
	bool draining;

	for (size_t i = 0; i + 1 < request->headers.count; i += 2)
		MHD_add_response_header(
			response, request->headers.items[i], request->headers.items[i + 1]);
	pthread_mutex_lock(&httpd->lock);
	draining = httpd->draining;
	pthread_mutex_unlock(&httpd->lock);
	if (draining)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (MHD_queue_response(request->connection, (unsigned)status, response) == MHD_YES)
		request->answered = true;
	MHD_destroy_response(response);
	return status;
}

int httpd_reply_text(
	struct httpd_request *request, int status, const char *type, const char *text, size_t len)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, (void *)text, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	if (type)
		httpd_add_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return reply(request, status, response);
}

static ssize_t body_read(void *context, uint64_t position, char *data, size_t len)
{
	struct body *body = context;
	const struct httpd_content *content = &body->content;
	bool last = position + len >= body->range.len;

	if (position > body->range.len || len > body->range.len - position)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!content->read(content->context, body->range.start + position, data, len, last))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return (ssize_t)len;
}

static void body_free(void *context)
{
	struct body *body = context;

	if (body->content.free)
		body->content.free(body->content.context);
	free(body);
}

static void add_validators(struct httpd_request *request, const struct httpd_content *content,
	const struct httpd_validators *validators)
{
	if (content->etag)
		httpd_add_header(request, MHD_HTTP_HEADER_ETAG, validators->etag);
	if (content->modified >= 0)
		httpd_add_header(request, MHD_HTTP_HEADER_LAST_MODIFIED, validators->date);
}

static struct httpd_conditions conditions_of(const struct httpd_request *request)
{
	struct httpd_conditions conditions = {
		.none_match = httpd_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH),
		.modified_since = httpd_header(request, MHD_HTTP_HEADER_IF_MODIFIED_SINCE),
	};

	if (strcmp(request->method, MHD_HTTP_METHOD_GET) == 0) {
		conditions.range = httpd_header(request, MHD_HTTP_HEADER_RANGE);
		conditions.if_range = httpd_header(request, MHD_HTTP_HEADER_IF_RANGE);
	}
	return conditions;
}

int httpd_reply_content(struct httpd_request *request, const struct httpd_content *content)
{
	struct httpd_conditions conditions = conditions_of(request);
	struct body *body = xcalloc(1, sizeof(*body));
	struct httpd_validators validators;
	char text[HTTPD_CONTENT_RANGE_SIZE];
	struct MHD_Response *response;
	size_t block;
	int status;

	httpd_validators_init(&validators, content->etag, content->modified);
	body->content = *content;
	status = httpd_conditions_judge(&conditions, &validators, content->size, &body->range);
	add_validators(request, content, &validators);
	if (status == MHD_HTTP_PARTIAL_CONTENT || status == MHD_HTTP_RANGE_NOT_SATISFIABLE) {
		httpd_content_range(status, &body->range, content->size, text);
		httpd_add_header(request, MHD_HTTP_HEADER_CONTENT_RANGE, text);
	}
	if (status != MHD_HTTP_OK && status != MHD_HTTP_PARTIAL_CONTENT) {
		body_free(body);
		return httpd_reply_text(request, status, NULL, "", 0);
	}
	httpd_add_header(request, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	httpd_add_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, content->type);
	block = body->range.len < BLOCK_SIZE ? (size_t)body->range.len : BLOCK_SIZE;
	response = MHD_create_response_from_callback(
		body->range.len, block ? block : 1, body_read, body, body_free);
	if (!response) {
		body_free(body);
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	return reply(request, status, response);
}

static enum status listen_on_loopback(unsigned short port, int *listen_fd, struct error *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(fd, BACKLOG) != 0) {
		error_set_errno(err, "cannot listen on 127.0.0.1 port %hu", port);
		close(fd);
		return err->status;
	}
	*listen_fd = fd;
	return STATUS_OK;
}

static enum status port_of(int fd, unsigned short *port, struct error *err)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return error_set_errno(err, "cannot ask the listening socket for its port");
	*port = 0;
	if (address.ss_family == AF_INET)
		*port = ntohs(((struct sockaddr_in *)&address)->sin_port);
	else if (address.ss_family == AF_INET6)
		*port = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return STATUS_OK;
}

static void set_defaults(struct httpd_config *config)
{
	if (config->connections == 0)
		config->connections = 128;
	if (config->header_bytes == 0)
		config->header_bytes = (size_t)32 * 1024;
	if (config->idle_seconds == 0)
		config->idle_seconds = 60;
	if (config->drain_seconds == 0)
		config->drain_seconds = 30;
}

static void httpd_free(struct httpd *httpd)
{
	if (httpd->daemon)
		MHD_stop_daemon(httpd->daemon);
	httpd_acceptor_free(httpd->acceptor);
	pthread_cond_destroy(&httpd->idle);
	pthread_mutex_destroy(&httpd->lock);
	free(httpd);
}

static struct httpd *httpd_new(const struct httpd_config *config)
{
	struct httpd *httpd = xcalloc(1, sizeof(*httpd));
	pthread_condattr_t attributes;

	httpd->config = *config;
	set_defaults(&httpd->config);
	pthread_mutex_init(&httpd->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&httpd->idle, &attributes);
	pthread_condattr_destroy(&attributes);
	return httpd;
}

/* Twice the connections, because the library counts those it has yet to clean up as well. */
static struct MHD_Daemon *start_daemon(struct httpd *httpd)
{
	const struct httpd_config *config = &httpd->config;

	return MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION |
			MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC,
		0, NULL, NULL, request_handle, httpd, MHD_OPTION_CONNECTION_LIMIT,
		2 * config->connections + 8, MHD_OPTION_CONNECTION_TIMEOUT, config->idle_seconds,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, config->header_bytes,
		MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, MHD_OPTION_UNESCAPE_CALLBACK,
		unescape_nothing, NULL, MHD_OPTION_URI_LOG_CALLBACK, request_begin, httpd,
		MHD_OPTION_NOTIFY_COMPLETED, request_end, httpd, MHD_OPTION_NOTIFY_CONNECTION,
		httpd_acceptor_notify, httpd->acceptor, MHD_OPTION_END);
}

enum status httpd_start(const struct httpd_config *config, struct httpd **httpd, struct error *err)
{
	struct httpd *new = httpd_new(config);
	int listen_fd = config->listen_fd;

	if (listen_fd < 0 && listen_on_loopback(config->port, &listen_fd, err) != STATUS_OK)
		goto out;
	if (httpd_acceptor_new(listen_fd, new->config.connections, &new->acceptor, err) !=
		STATUS_OK)
		goto out;
	if (port_of(listen_fd, &new->port, err) != STATUS_OK)
		goto out;
	new->daemon = start_daemon(new);
	if (!new->daemon) {
		error_set(
			err, STATUS_IO, "cannot start the HTTP server: no threads or memory left");
		goto out;
	}
	if (httpd_acceptor_start(new->acceptor, new->daemon, err) != STATUS_OK)
		goto out;
	*httpd = new;
	return STATUS_OK;
out:
	httpd_free(new);
	return err->status;
}

unsigned short httpd_port(const struct httpd *httpd)
{
	return httpd->port;
}

void httpd_stop(struct httpd *httpd)
{
	struct timespec until;

	if (!httpd)
		return;
	httpd_acceptor_stop(httpd->acceptor);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += httpd->config.drain_seconds;
	pthread_mutex_lock(&httpd->lock);
	httpd->draining = true;
	while (httpd->running > 0)
		if (pthread_cond_timedwait(&httpd->idle, &httpd->lock, &until) != 0)
			break;
	pthread_mutex_unlock(&httpd->lock);
	httpd_free(httpd);
}
