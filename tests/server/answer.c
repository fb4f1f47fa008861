/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent for one request: a file as the rule has it (archive_server.c says what they do). */
#include "tests/server/answer.h"
#include "tests/server/metasnap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_SIZE 16384

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
	directory = open(answer->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return false;
	answer->fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	close(directory);
	if (answer->fd >= 0 && answer->request.body != NULL && !rule->has[RULE_FILE])
		answer->fd = metasnap_answer(answer->fd, answer->request.body, &answer->posted);
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

	answer->status = answer->posted ? answer->posted : 200;
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

bool answer_send(struct answer *answer)
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

void answer_release(struct answer *answer)
{
	if (answer->fd >= 0)
		close(answer->fd);
}
