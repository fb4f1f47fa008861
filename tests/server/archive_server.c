/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP server for tests: serves the regular files below a directory on 127.0.0.1, and
 * misbehaves where it is told to.
 *
 *	archive_server DIRECTORY [--port-file FILE] [--rules FILE] [--log FILE] [--with-parent]
 *
 * It prints its port and a newline on stdout, and writes it to --port-file (atomically) when it
 * can be connected to. It runs until it is killed; --with-parent: at the latest when the thread
 *that started it ends. It does keep-alive, HEAD, single ranges, If-Range, ETag ("SIZE-MTIME"),
 * Last-Modified and Date, and takes absolute-form targets (http://ANY/path) as a proxy would.
 * A POST is answered as metasnap does, from the file it goes to, a table of what there is
 * (metasnap.h).
 *
 * Rules: one a line, `PATH-GLOB COUNT ACTION [ARGUMENT] [ACTION [ARGUMENT]]…`; `#` begins a
 *comment. The glob (fnmatch, `*` crosses slashes) is matched against the decoded path with its
 *first slash. The first rule that matches and is not used up applies, alone; COUNT is how often, -1
 *for always. The file is read before each request when it has changed (replace it by rename, as
 * tempfile_write_all() does); counts then begin anew. It may be absent. The actions:
 *
 *	status CODE        that status with a short body instead of the file
 *	retry-after VALUE  that header; "+N" is the HTTP-date N seconds from now
 *	cut N              the whole Content-Length, but only N bytes of the body, then the end
 *	stall N            N bytes of the body, then silence until the client goes away
 *	drop               the connection is closed without an answer
 *	file PATH          the bytes of another file (below DIRECTORY) under this name
 *	flip OFFSET        the lowest bit of the byte at OFFSET of the file is turned over
 *	append N           N more bytes "x" behind the file, Content-Length with them
 *	truncate N         the file ends after N bytes, and Content-Length says so
 *	redirect URL       302 to there
 *	norange            ranges are not honoured
 *	noifrange          If-Range is not heeded: ranges are of whatever the file is now
 *	shift N            a range begins N bytes later than asked for, and says so
 *	etag TEXT          "TEXT" instead of the file's own ETag
 *	bare               neither ETag nor Last-Modified
 *	chunked            chunked coding, no Content-Length
 *	unframed           neither: the end of the connection is the end of the body
 *	slow N             N bytes of the body a second
 *	pause N            N milliseconds before the answer
 *
 * Log: one line a request, when it is over:
 *	START END CONNECTION ACTIVE METHOD PATH RANGE STATUS BYTES
 * with times in seconds on the monotonic clock, the connection's number from 1, how many
 * connections had a request under way when it came (itself included), the Range header's value or
 * "-", and how many bytes of the body were sent.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tests/server/answer.h"
#include "tests/server/rules.h"

struct server {
	const char *directory;
	const char *rules_path;
	int log_fd;
	struct rules rules;
	pthread_mutex_t lock;
	unsigned connections;
	unsigned active;
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct connection {
	struct server *server;
	int socket;
	unsigned number;
};

static void log_request(const struct connection *connection, const struct answer *answer,
	double started, unsigned active)
{
	const struct request *request = &answer->request;

	if (connection->server->log_fd < 0)
		return;
	dprintf(connection->server->log_fd, "%.6f %.6f %u %u %s %s %s %d %ju\n", started,
		now_seconds(), connection->number, active, request->method, request->path,
		request->range[0] != '\0' ? request->range : "-", answer->status,
		(uintmax_t)answer->sent);
}

static bool serve_request(const struct connection *connection)
{
	struct server *server = connection->server;
	struct answer answer = {
		.directory = server->directory, .socket = connection->socket, .fd = -1};
	double started;
	unsigned active;
	bool goes_on;

	if (!request_read(&answer.request, connection->socket)) {
		request_release(&answer.request);
		return false;
	}
	started = now_seconds();
	pthread_mutex_lock(&server->lock);
	active = ++server->active;
	rules_match(&server->rules, server->rules_path, answer.request.path, &answer.rule);
	pthread_mutex_unlock(&server->lock);

	goes_on = answer_send(&answer);
	answer_release(&answer);
	pthread_mutex_lock(&server->lock);
	server->active--;
	log_request(connection, &answer, started, active);
	pthread_mutex_unlock(&server->lock);
	request_release(&answer.request);
	return goes_on;
}

static void *serve_connection(void *context)
{
	struct connection *connection = context;

	while (serve_request(connection))
		continue;
	close(connection->socket);
	free(connection);
	return NULL;
}

static void accept_forever(struct server *server, int listener)
{
	for (;;) {
		struct connection *connection;
		pthread_t thread;
		int one = 1;
		int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (accepted < 0)
			continue;
		setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		connection = malloc(sizeof(*connection));
		if (connection == NULL)
			exit(1);
		*connection = (struct connection){server, accepted, ++server->connections};
		if (pthread_create(&thread, NULL, serve_connection, connection) != 0)
			exit(1);
		pthread_detach(thread);
	}
}

static int listen_on_loopback(unsigned short *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listener, 128) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
		perror("archive_server");
		exit(1);
	}
	*port = ntohs(address.sin_port);
	return listener;
}

static void write_port_file(const char *path, unsigned short port)
{
	char temporary[PATH_MAX];
	FILE *stream;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	stream = fopen(temporary, "we");
	if (stream == NULL || fprintf(stream, "%hu\n", port) < 0 || fclose(stream) != 0 ||
		rename(temporary, path) != 0) {
		perror(path);
		exit(1);
	}
}

static void usage(void)
{
	fprintf(stderr,
		"usage: archive_server DIRECTORY [--port-file FILE] [--rules FILE] "
		"[--log FILE] [--with-parent]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct server server = {.log_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
	const char *port_file = NULL;
	unsigned short port;
	int listener;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;

		if (strcmp(argv[i], "--port-file") == 0 && has_value)
			port_file = argv[++i];
		else if (strcmp(argv[i], "--rules") == 0 && has_value)
			server.rules_path = argv[++i];
		else if (strcmp(argv[i], "--log") == 0 && has_value)
			server.log_fd =
				open(argv[++i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		else if (strcmp(argv[i], "--with-parent") == 0)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		else if (server.directory == NULL && argv[i][0] != '-')
			server.directory = argv[i];
		else
			usage();
	}
	if (server.directory == NULL)
		usage();
	listener = listen_on_loopback(&port);
	printf("%hu\n", port);
	fflush(stdout);
	if (port_file != NULL)
		write_port_file(port_file, port);
	accept_forever(&server, listener);
}
