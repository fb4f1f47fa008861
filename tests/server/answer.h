/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SERVER_ANSWER_H
#define TESTS_SERVER_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/server/request.h"
#include "tests/server/rules.h"

/* A request being answered on a connection. Zeroed at first, with `fd` at -1. */
struct answer {
	const char *directory; /* whose files are served; the server's */
	int socket;	       /* the connection's */
	struct request request;
	struct rule rule;     /* that applies to it */
	int fd;		      /* of the file */
	uint64_t size;	      /* of the file as it is served */
	uint64_t real_size;   /* as it is stored */
	uint64_t first, last; /* last is one behind */
	char etag[256];
	char modified[64];
	int posted;    /* the status of what metasnap answers; 0 when nobody asked it */
	int status;    /* that is sent; 0 for none */
	uint64_t sent; /* bytes of the body */
	bool must_close;
};

/*
 * Sends what the rule makes of the file that is asked for, and waits as long as it says. False when
 * the connection is to be closed.
 */
bool answer_send(struct answer *answer);
/* Closes the file; not the socket. */
void answer_release(struct answer *answer);

#endif
