/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/server/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define REQUEST_SIZE 16384
#define BODY_MAX     ((size_t)16 * 1024 * 1024)

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return found == NULL ? -1 : (int)(found - digits);
}

/* Without scheme, host and query, decoded. */
static void decode_target(const char *target, char path[PATH_MAX])
{
	size_t len = 0;

	if (strncmp(target, "http://", 7) == 0) {
		target = strchr(target + 7, '/');
		if (target == NULL)
			target = "/";
	}
	while (*target != '\0' && *target != '?' && len + 1 < PATH_MAX) {
		if (*target == '%' && hex_value(target[1]) >= 0 && hex_value(target[2]) >= 0) {
			path[len++] = (char)(hex_value(target[1]) * 16 + hex_value(target[2]));
			target += 3;
		} else {
			path[len++] = *target++;
		}
	}
	path[len] = '\0';
}

static void parse_header(struct request *request, const char *line)
{
	if (strncasecmp(line, "Range: ", 7) == 0)
		snprintf(request->range, sizeof(request->range), "%s", line + 7);
	else if (strncasecmp(line, "If-Range: ", 10) == 0)
		snprintf(request->if_range, sizeof(request->if_range), "%s", line + 10);
	else if (strncasecmp(line, "Content-Length: ", 16) == 0)
		request->body_len = strtoul(line + 16, NULL, 10);
	else if (strncasecmp(line, "Connection: close", 17) == 0)
		request->is_last = true;
}

static bool parse_request(char *text, struct request *request)
{
	char *line = text, *next;
	char *target = strchr(text, ' '), *version;

	*request = (struct request){0};
	if (target == NULL || (size_t)(target - text) >= sizeof(request->method))
		return false;
	*target++ = '\0';
	version = strchr(target, ' ');
	if (version == NULL)
		return false;
	*version++ = '\0';
	snprintf(request->method, sizeof(request->method), "%.15s", text);
	decode_target(target, request->path);
	request->is_last = strncmp(version, "HTTP/1.0", 8) == 0;
	for (line = version; (next = strstr(line, "\r\n")) != NULL; line = next + 2) {
		*next = '\0';
		parse_header(request, line);
	}
	return true;
}

static bool body_read(struct request *request, int socket)
{
	size_t len = 0;

	if (request->body_len > BODY_MAX)
		return false;
	if (request->body_len == 0)
		return true;
	request->body = calloc(request->body_len + 1, 1);
	while (request->body != NULL && len < request->body_len) {
		ssize_t n = recv(socket, request->body + len, request->body_len - len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return request->body != NULL;
}

bool request_read(struct request *request, int socket)
{
	char text[REQUEST_SIZE];
	size_t len = 0;

	*request = (struct request){0};
	while (len + 1 < sizeof(text)) {
		ssize_t n = recv(socket, text + len, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text[++len] = '\0';
		if (len >= 4 && strcmp(text + len - 4, "\r\n\r\n") == 0)
			return parse_request(text, request) && body_read(request, socket);
	}
	return false;
}

void request_release(struct request *request)
{
	free(request->body);
	request->body = NULL;
}
