/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HTTPD_ACCEPT_H
#define BASE_HTTPD_ACCEPT_H

#include <microhttpd.h>

#include "base/error.h"

/*
 * Accepts connections for a daemon, and at the limit leaves the next ones in the socket's queue
 * until one ends. (libmicrohttpd with a thread a connection accepts and drops them instead.)
 */
struct httpd_acceptor;

/* Takes `listen_fd` over, also when it fails. */
enum status httpd_acceptor_new(
	int listen_fd, unsigned limit, struct httpd_acceptor **acceptor, struct error *err);
enum status httpd_acceptor_start(
	struct httpd_acceptor *acceptor, struct MHD_Daemon *daemon, struct error *err);
/* For the daemon's MHD_OPTION_NOTIFY_CONNECTION, with the acceptor as its context. */
void httpd_acceptor_notify(void *context, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode code);
/* Accepts nothing more and closes the listening socket; what is open stays. */
void httpd_acceptor_stop(struct httpd_acceptor *acceptor);
/* After the daemon was stopped. */
void httpd_acceptor_free(struct httpd_acceptor *acceptor);

#endif
