/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SERVER_REQUEST_H
#define TESTS_SERVER_REQUEST_H

#include <limits.h>
#include <stdbool.h>

/* What the archive server wants to know of an HTTP request. */
struct request {
	char method[16];
	char path[PATH_MAX];
	char range[64]; /* "" when there is none */
	char if_range[256];
	bool is_last; /* Connection: close */
};

/* Reads up to the empty line; false at the end of the connection. */
bool request_read(struct request *request, int socket);

#endif
