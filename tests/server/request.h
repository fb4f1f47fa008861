/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SERVER_REQUEST_H
#define TESTS_SERVER_REQUEST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* What the archive server wants to know of an HTTP request. */
struct request {
	char method[16];
	char path[PATH_MAX];
	char range[64]; /* "" when there is none */
	char if_range[256];
	bool is_last; /* Connection: close */
	char *body;   /* NUL-terminated; NULL when there is none */
	size_t body_len;
};

/* Reads it with its body; false at the end of the connection. Release it in any case. */
bool request_read(struct request *request, int socket);
void request_release(struct request *request);

#endif
