/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "verifier/cmd/cmd_snapshot.h"

struct serve_log {
	FILE *stream;
	bool is_failed;
};

/* One JSON line a request; flushed, so that what was served is known when we are killed. */
static void event_write(void *context, const struct proxy_event *event)
{
	struct serve_log *log = context;
	char time[CLOCK_TEXT_SIZE], hex[SHA256_HEX_SIZE];
	bool is_sent = event->path && (event->status == 200 || event->status == 206);
	struct error err;
	struct json json;

	clock_format(event->time, time);
	digest_hex(&event->digest, hex);
	json_init_stream(&json, log->stream);
	json.compact = true;
	json_object_begin(&json, NULL);
	json_text(&json, "time", time);
	json_text(&json, "host", event->host);
	json_text(&json, "request", event->request);
	json_signed(&json, "status", event->status);
	json_text(&json, "archive", event->archive);
	json_text(&json, "path", event->path);
	json_text(&json, "sha256", is_sent ? hex : NULL);
	json_unsigned(&json, "size", event->size);
	json_text(&json, "error", event->error);
	json_object_end(&json);
	if (json_finish(&json, &err) < 0 || fflush(log->stream) != 0)
		log->is_failed = true;
}

static void wait_for_signal(const sigset_t *signals)
{
	int number;

	while (sigwait(signals, &number) == EINTR)
		;
}

/* A server is up: says where, and waits for a signal. */
static void serve_until_signal(
	const struct snapshot_options *options, const sigset_t *signals, unsigned short port)
{
	fprintf(options->log_path ? stdout : stderr, "http://127.0.0.1:%u\n", port);
	fflush(stdout);
	wait_for_signal(signals);
}

static enum status proxy_serve(struct snapshot_session *session, struct serve_log *log,
	const sigset_t *signals, struct error *err)
{
	struct proxy_config config = {
		.store = session->store,
		.fetcher = session->fetcher,
		.pins = &session->pins,
		.places = &session->places,
		.listen_fd = -1,
		.port = session->options->port,
		.log = event_write,
		.log_context = log,
	};
	struct proxy *proxy = NULL;

	if (proxy_start(&config, &proxy, err) < 0)
		return err->status;
	serve_until_signal(session->options, signals, proxy_port(proxy));
	return proxy_stop(proxy, err);
}

static enum status api_serve(struct snapshot_session *session, struct serve_log *log,
	const sigset_t *signals, struct error *err)
{
	struct api_config config = {
		.store = session->store,
		.pins = &session->pins,
		.listen_fd = -1,
		.port = session->options->port,
		.log = event_write,
		.log_context = log,
	};
	struct api *api = NULL;

	if (api_start(&config, &api, err) < 0)
		return err->status;
	serve_until_signal(session->options, signals, api_port(api));
	return api_stop(api, err);
}

static enum status pins_read(struct snapshot_session *session, struct error *err)
{
	enum status status;

	if (!session->options->is_api)
		return session_read_pins(session, err);
	status = snapshot_pins_stored(
		session->store, &session->trust, &session->options->pins, &session->pins, err);
	session_print_notes(session);
	if (status < 0 && session->options->pins.count == 0)
		error_context(err, "--api takes all pins of the store, unless --pin says which");
	return status;
}

enum status snapshot_cmd_serve(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct serve_log log = {.stream = stdout};
	enum status status = pins_read(session, err);
	sigset_t signals;

	if (status < 0)
		return status;
	/* Blocked before the server's threads are made, so that the signal comes here. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (options->log_path) {
		log.stream = fopen(options->log_path, "ae");
		if (!log.stream)
			return error_set_errno(err, "%s", options->log_path);
	}
	status = options->is_api ? api_serve(session, &log, &signals, err)
				 : proxy_serve(session, &log, &signals, err);
	if (status == STATUS_OK && log.is_failed)
		status = error_set(err, STATUS_IO, "the log could not be written");
	if (options->log_path && fclose(log.stream) != 0 && status == STATUS_OK)
		status = error_set_errno(err, "%s", options->log_path);
	return status;
}
