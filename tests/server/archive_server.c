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
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <strings.h>
#include <sys/stat.h>

#include "tests/server/request.h"
#include "tests/server/rules.h"

#define BLOCK_SIZE 16384

struct server {
	const char *directory;
	const char *rules_path;
	int log_fd;
	struct rules rules;
	pthread_mutex_t lock;
	unsigned connections;
	unsigned active;
};

/* A request being answered on a connection. */
struct answer {
	struct server *server;
	int socket;
	struct rule rule;
	struct request request;
	int fd;
	uint64_t size; /* of the file as it is served */
	uint64_t real_size;
	uint64_t first, last; /* last is one behind */
	char etag[256];
	char modified[64];
	int status;
	uint64_t sent;
	bool must_close;
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void http_date(time_t when, char text[64])
{
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(text, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static bool send_all(int socket, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(socket, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- the answer ---- */

/* `extra`: more header lines. */
static bool send_head(struct answer *answer, uint64_t length, const char *extra)
{
	const struct rule *rule = &answer->rule;
	char head[4096], date[64];
	int len;

	http_date(time(NULL), date);
	len = snprintf(head, sizeof(head), "HTTP/1.1 %d Status\r\nDate: %s\r\n%s", answer->status,
		date, extra);
	if (rule->has[RULE_RETRY_AFTER] && rule->text[RULE_RETRY_AFTER][0] == '+') {
		http_date(time(NULL) + rule->number[RULE_RETRY_AFTER], date);
		len += snprintf(
			head + len, sizeof(head) - (size_t)len, "Retry-After: %s\r\n", date);
	} else if (rule->has[RULE_RETRY_AFTER]) {
		len += snprintf(head + len, sizeof(head) - (size_t)len, "Retry-After: %s\r\n",
			rule->text[RULE_RETRY_AFTER]);
	}
	if (rule->has[RULE_CHUNKED])
		len += snprintf(
			head + len, sizeof(head) - (size_t)len, "Transfer-Encoding: chunked\r\n");
	else if (!rule->has[RULE_UNFRAMED])
		len += snprintf(head + len, sizeof(head) - (size_t)len, "Content-Length: %ju\r\n",
			(uintmax_t)length);
	if (answer->must_close)
		len += snprintf(head + len, sizeof(head) - (size_t)len, "Connection: close\r\n");
	len += snprintf(head + len, sizeof(head) - (size_t)len, "\r\n");
	return send_all(answer->socket, head, (size_t)len);
}

static bool send_short(struct answer *answer, int status, const char *extra)
{
	char body[64];
	int len = snprintf(body, sizeof(body), "status %d\n", status);

	answer->status = status;
	answer->rule.has[RULE_CHUNKED] = answer->rule.has[RULE_UNFRAMED] = false;
	if (!send_head(answer, (uint64_t)len, extra))
		return false;
	if (strcmp(answer->request.method, "HEAD") == 0)
		return true;
	answer->sent = (uint64_t)len;
	return send_all(answer->socket, body, (size_t)len);
}

static bool open_file(struct answer *answer)
{
	const struct rule *rule = &answer->rule;
	const char *name = rule->has[RULE_FILE] ? rule->text[RULE_FILE] : answer->request.path + 1;
	struct stat st;
	int directory;

	if (strstr(name, "..") != NULL || name[0] == '/')
		return false;
	directory = open(answer->server->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return false;
	answer->fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	close(directory);
	if (answer->fd < 0 || fstat(answer->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	answer->real_size = answer->size = (uint64_t)st.st_size;
	if (rule->has[RULE_APPEND])
		answer->size += (uint64_t)rule->number[RULE_APPEND];
	if (rule->has[RULE_TRUNCATE] && (uint64_t)rule->number[RULE_TRUNCATE] < answer->size)
		answer->size = (uint64_t)rule->number[RULE_TRUNCATE];
	if (rule->has[RULE_ETAG])
		snprintf(answer->etag, sizeof(answer->etag), "\"%.200s\"", rule->text[RULE_ETAG]);
	else
		snprintf(answer->etag, sizeof(answer->etag), "\"%jx-%jx\"", (uintmax_t)answer->size,
			(uintmax_t)st.st_mtime);
	http_date(st.st_mtime, answer->modified);
	return true;
}

/* 200, 206 or 416, and which bytes. */
static void choose_range(struct answer *answer)
{
	const struct request *request = &answer->request;
	uint64_t shift =
		answer->rule.has[RULE_SHIFT] ? (uint64_t)answer->rule.number[RULE_SHIFT] : 0;
	uintmax_t first = 0, last = 0;
	int fields;

	answer->status = 200;
	answer->first = 0;
	answer->last = answer->size;
	fields = sscanf(request->range, "bytes=%ju-%ju", &first, &last);
	if (fields < 1 || answer->rule.has[RULE_NORANGE])
		return;
	if (request->if_range[0] != '\0' && !answer->rule.has[RULE_NOIFRANGE] &&
		(answer->rule.has[RULE_BARE] ||
			(strcmp(request->if_range, answer->etag) != 0 &&
				strcmp(request->if_range, answer->modified) != 0)))
		return;
	if (first >= answer->size) {
		answer->status = 416;
		return;
	}
	answer->status = 206;
	answer->first = first + shift < answer->size ? first + shift : first;
	if (fields == 2 && last < answer->size)
		answer->last = last + 1;
}

/* Sends what has been read at `offset`; false when the connection is to end. */
static bool send_block(struct answer *answer, const char *block, size_t len)
{
	const struct rule *rule = &answer->rule;
	char chunk[32];
	int chunk_len = snprintf(chunk, sizeof(chunk), "%zx\r\n", len);

	if (rule->has[RULE_CHUNKED] && !send_all(answer->socket, chunk, (size_t)chunk_len))
		return false;
	if (!send_all(answer->socket, block, len))
		return false;
	answer->sent += len;
	return !rule->has[RULE_CHUNKED] || send_all(answer->socket, "\r\n", 2);
}

static void wait_for_close(int socket)
{
	struct pollfd fd = {.fd = socket, .events = POLLIN};

	(void)poll(&fd, 1, -1);
}

/* Fills the block with the file as the rule wants it. */
static bool read_block(struct answer *answer, uint64_t offset, char *block, size_t len)
{
	const struct rule *rule = &answer->rule;
	uint64_t flip = (uint64_t)rule->number[RULE_FLIP];
	size_t real = offset >= answer->real_size ? 0 : len;

	if (real > 0 && answer->real_size - offset < real)
		real = (size_t)(answer->real_size - offset);
	memset(block, 'x', len);
	if (real > 0 && pread(answer->fd, block, real, (off_t)offset) != (ssize_t)real)
		return false;
	if (rule->has[RULE_FLIP] && flip >= offset && flip - offset < len)
		block[flip - offset] ^= 1;
	return true;
}

static bool send_body(struct answer *answer)
{
	const struct rule *rule = &answer->rule;
	uint64_t limit = UINT64_MAX;
	char block[BLOCK_SIZE];

	if (rule->has[RULE_CUT])
		limit = (uint64_t)rule->number[RULE_CUT];
	if (rule->has[RULE_STALL])
		limit = (uint64_t)rule->number[RULE_STALL];
	for (uint64_t at = answer->first; at < answer->last;) {
		size_t len = sizeof(block);

		if (rule->has[RULE_SLOW])
			len = rule->number[RULE_SLOW] > 20 ? (size_t)rule->number[RULE_SLOW] / 20
							   : 1;
		len = len > sizeof(block) ? sizeof(block) : len;
		len = answer->last - at < len ? (size_t)(answer->last - at) : len;
		len = limit - answer->sent < len ? (size_t)(limit - answer->sent) : len;
		if (len == 0) {
			if (rule->has[RULE_STALL])
				wait_for_close(answer->socket);
			return false;
		}
		if (!read_block(answer, at, block, len) || !send_block(answer, block, len))
			return false;
		if (rule->has[RULE_SLOW])
			usleep(50000);
		at += len;
	}
	return !rule->has[RULE_CHUNKED] || send_all(answer->socket, "0\r\n\r\n", 5);
}

static bool send_file(struct answer *answer)
{
	const struct rule *rule = &answer->rule;
	char extra[1024];
	int len;

	if (!open_file(answer))
		return send_short(answer, 404, "");
	choose_range(answer);
	if (answer->status == 416) {
		snprintf(extra, sizeof(extra), "Content-Range: bytes */%ju\r\n",
			(uintmax_t)answer->size);
		return send_short(answer, 416, extra);
	}
	len = snprintf(extra, sizeof(extra), "%s",
		rule->has[RULE_NORANGE] ? "" : "Accept-Ranges: bytes\r\n");
	if (!rule->has[RULE_BARE])
		len += snprintf(extra + len, sizeof(extra) - (size_t)len,
			"ETag: %s\r\nLast-Modified: %s\r\n", answer->etag, answer->modified);
	if (answer->status == 206)
		snprintf(extra + len, sizeof(extra) - (size_t)len,
			"Content-Range: bytes %ju-%ju/%ju\r\n", (uintmax_t)answer->first,
			(uintmax_t)answer->last - 1, (uintmax_t)answer->size);
	if (!send_head(answer, answer->last - answer->first, extra))
		return false;
	return strcmp(answer->request.method, "HEAD") == 0 || send_body(answer);
}

/* False when the connection is to be closed. */
static bool respond(struct answer *answer)
{
	const struct rule *rule = &answer->rule;
	char location[RULE_TEXT_SIZE + 32];

	answer->must_close = answer->request.is_last || rule->has[RULE_UNFRAMED];
	if (rule->has[RULE_PAUSE])
		usleep((useconds_t)rule->number[RULE_PAUSE] * 1000);
	if (rule->has[RULE_DROP])
		return false;
	if (rule->has[RULE_REDIRECT]) {
		snprintf(location, sizeof(location), "Location: %s\r\n", rule->text[RULE_REDIRECT]);
		return send_short(answer, 302, location) && !answer->must_close;
	}
	if (rule->has[RULE_STATUS])
		return send_short(answer, (int)rule->number[RULE_STATUS], "") &&
			!answer->must_close;
	return send_file(answer) && !answer->must_close;
}

/* ---- connections ---- */

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
	struct answer answer = {.server = server, .socket = connection->socket, .fd = -1};
	double started;
	unsigned active;
	bool goes_on;

	if (!request_read(&answer.request, connection->socket))
		return false;
	started = now_seconds();
	pthread_mutex_lock(&server->lock);
	active = ++server->active;
	rules_match(&server->rules, server->rules_path, answer.request.path, &answer.rule);
	pthread_mutex_unlock(&server->lock);

	goes_on = respond(&answer);
	if (answer.fd >= 0)
		close(answer.fd);
	pthread_mutex_lock(&server->lock);
	server->active--;
	log_request(connection, &answer, started, active);
	pthread_mutex_unlock(&server->lock);
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
