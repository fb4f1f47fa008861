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
	bool is_sent = event->status == 200 || event->status == 206;
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

enum status snapshot_cmd_serve(struct snapshot_session *session, struct error *err)
{
	const struct snapshot_options *options = session->options;
	struct serve_log log = {.stream = stdout};
	struct proxy_config config = {
		.store = session->store,
		.fetcher = session->fetcher,
		.pins = &session->pins,
		.places = &session->places,
		.listen_fd = -1,
		.port = options->port,
		.log = event_write,
		.log_context = &log,
	};
	struct proxy *proxy = NULL;
	enum status status = session_read_pins(session, err);
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
	status = proxy_start(&config, &proxy, err);
	if (status == STATUS_OK) {
		fprintf(options->log_path ? stdout : stderr, "http://127.0.0.1:%u\n",
			proxy_port(proxy));
		fflush(stdout);
		wait_for_signal(&signals);
		status = proxy_stop(proxy, err);
	}
	if (status == STATUS_OK && log.is_failed)
		status = error_set(err, STATUS_IO, "the log could not be written");
	if (options->log_path && fclose(log.stream) != 0 && status == STATUS_OK)
		status = error_set_errno(err, "%s", options->log_path);
	return status;
}
