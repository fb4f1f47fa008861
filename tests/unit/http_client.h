/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"

/* An HTTP client that sends exactly what it is told, for the tests of servers. */
struct http_answer {
	int status;	       /* 0 when none came */
	struct buffer headers; /* with the status line */
	struct buffer body;
	bool is_whole; /* all of Content-Length came */
};

static inline void http_answer_release(struct http_answer *answer)
{
	buffer_release(&answer->headers);
	buffer_release(&answer->body);
	*answer = (struct http_answer){0};
}

static inline int http_connect(unsigned short port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 60};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static inline void http_send(int fd, const char *text)
{
	size_t len = strlen(text);

	ck_assert_int_eq(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* The value of a header of the answer, for the caller to free; NULL when it is not there. */
static inline char *http_header(const struct http_answer *answer, const char *name)
{
	const char *line = buffer_text(&answer->headers);
	size_t len = strlen(name);

	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0)
			return strndup(line + len + 2, strcspn(line + len + 2, "\r"));
	}
	return NULL;
}

static inline void http_assert_header(
	const struct http_answer *answer, const char *name, const char *value)
{
	char *found = http_header(answer, name);

	ck_assert_pstr_eq(found, value);
	free(found);
}

/* The status line and headers of the next answer. */
static inline bool http_receive_head(int fd, struct http_answer *answer)
{
	char c;

	*answer = (struct http_answer){0};
	while (!strstr(buffer_text(&answer->headers), "\r\n\r\n")) {
		if (recv(fd, &c, 1, 0) != 1)
			return false;
		buffer_add_char(&answer->headers, c);
	}
	answer->status = (int)strtol(answer->headers.data + strlen("HTTP/1.1 "), NULL, 10);
	return true;
}

/* Its body, as far as it comes. */
static inline void http_receive_body(int fd, struct http_answer *answer)
{
	char *text = http_header(answer, "Content-Length");
	size_t len = text ? (size_t)strtoull(text, NULL, 10) : 0;

	free(text);
	while (answer->body.len < len) {
		size_t left = len - answer->body.len;
		size_t want = left < 65536 ? left : 65536;
		ssize_t got = recv(fd, buffer_reserve(&answer->body, want), want, 0);

		if (got <= 0)
			return;
		answer->body.len += (size_t)got;
		answer->body.data[answer->body.len] = '\0';
	}
	answer->is_whole = true;
}

static inline struct http_answer http_receive(int fd)
{
	struct http_answer answer;

	if (http_receive_head(fd, &answer))
		http_receive_body(fd, &answer);
	return answer;
}

/* One request on its own connection; `request` is all of it but the last empty line. */
static inline struct http_answer http_ask(unsigned short port, const char *request)
{
	int fd = http_connect(port);
	struct http_answer answer;
	struct buffer whole = {0};

	/* At once: a server that has enough of it closes the connection. */
	buffer_add_format(&whole, "%s\r\n", request);
	http_send(fd, buffer_text(&whole));
	buffer_release(&whole);
	if (http_receive_head(fd, &answer) && strncmp(request, "HEAD ", 5) != 0)
		http_receive_body(fd, &answer);
	close(fd);
	return answer;
}

/* GET of a target on its own connection. */
static inline struct http_answer http_get(unsigned short port, const char *target)
{
	struct buffer request = {0};
	struct http_answer answer;

	buffer_add_format(&request, "GET %s HTTP/1.1\r\nHost: test\r\n", target);
	answer = http_ask(port, buffer_text(&request));
	buffer_release(&request);
	return answer;
}

static inline int http_status(unsigned short port, const char *target)
{
	struct http_answer answer = http_get(port, target);
	int status = answer.status;

	http_answer_release(&answer);
	return status;
}

#endif
