/* SPDX-License-Identifier: Apache-2.0 */
#include "base/httpd_accept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/alloc.h"

struct httpd_acceptor {
	struct MHD_Daemon *daemon;
	int listen_fd;
	int wake_fd; /* readable when it is to stop */
	pthread_t thread;
	bool is_running;
	unsigned limit;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned open;
	bool is_stopping;
};

enum status httpd_acceptor_new(
	int listen_fd, unsigned limit, struct httpd_acceptor **acceptor, struct error *err)
{
	struct httpd_acceptor *new = xcalloc(1, sizeof(*new));
	int flags = fcntl(listen_fd, F_GETFL);

	new->listen_fd = listen_fd;
	new->limit = limit;
	pthread_mutex_init(&new->lock, NULL);
	pthread_cond_init(&new->changed, NULL);
	new->wake_fd = eventfd(0, EFD_CLOEXEC);
	/* A client that is gone again before accept() must not hold the thread there. */
	if (new->wake_fd < 0 || flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		fcntl(listen_fd, F_SETFD, FD_CLOEXEC) != 0) {
		error_set_errno(err, "cannot prepare the listening socket");
		httpd_acceptor_free(new);
		return err->status;
	}
	*acceptor = new;
	return STATUS_OK;
}

/* False when it is to stop. */
static bool wait_for_room(struct httpd_acceptor *acceptor)
{
	bool go_on;

	pthread_mutex_lock(&acceptor->lock);
	while (acceptor->open >= acceptor->limit && !acceptor->is_stopping)
		pthread_cond_wait(&acceptor->changed, &acceptor->lock);
	go_on = !acceptor->is_stopping;
	pthread_mutex_unlock(&acceptor->lock);
	return go_on;
}

static void count(struct httpd_acceptor *acceptor, int change)
{
	pthread_mutex_lock(&acceptor->lock);
	acceptor->open += (unsigned)change;
	pthread_cond_broadcast(&acceptor->changed);
	pthread_mutex_unlock(&acceptor->lock);
}

static void accept_one(struct httpd_acceptor *acceptor)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd = accept4(acceptor->listen_fd, (struct sockaddr *)&address, &len,
		SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		/* Out of descriptors or memory: the poll would return at once, again and again. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			poll(NULL, 0, 100);
		return;
	}
	count(acceptor, 1);
	/* Closes the socket itself when it fails. */
	if (MHD_add_connection(acceptor->daemon, fd, (struct sockaddr *)&address, len) != MHD_YES)
		count(acceptor, -1);
}

static void *accept_all(void *context)
{
	struct httpd_acceptor *acceptor = context;
	struct pollfd polled[] = {{.fd = acceptor->listen_fd, .events = POLLIN},
		{.fd = acceptor->wake_fd, .events = POLLIN}};

	while (wait_for_room(acceptor)) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			break;
		if (polled[1].revents)
			break;
		if (polled[0].revents)
			accept_one(acceptor);
	}
	return NULL;
}

enum status httpd_acceptor_start(
	struct httpd_acceptor *acceptor, struct MHD_Daemon *daemon, struct error *err)
{
	acceptor->daemon = daemon;
	errno = pthread_create(&acceptor->thread, NULL, accept_all, acceptor);
	if (errno != 0)
		return error_set_errno(err, "cannot start a thread");
	acceptor->is_running = true;
	return STATUS_OK;
}

void httpd_acceptor_notify(void *context, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode code)
{
	(void)connection;
	(void)slot;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		count(context, -1);
}

void httpd_acceptor_stop(struct httpd_acceptor *acceptor)
{
	if (acceptor->is_running) {
		pthread_mutex_lock(&acceptor->lock);
		acceptor->is_stopping = true;
		pthread_cond_broadcast(&acceptor->changed);
		pthread_mutex_unlock(&acceptor->lock);
		eventfd_write(acceptor->wake_fd, 1);
		pthread_join(acceptor->thread, NULL);
		acceptor->is_running = false;
	}
	if (acceptor->listen_fd >= 0)
		close(acceptor->listen_fd);
	acceptor->listen_fd = -1;
}

void httpd_acceptor_free(struct httpd_acceptor *acceptor)
{
	if (!acceptor)
		return;
	httpd_acceptor_stop(acceptor);
	if (acceptor->wake_fd >= 0)
		close(acceptor->wake_fd);
	pthread_cond_destroy(&acceptor->changed);
	pthread_mutex_destroy(&acceptor->lock);
	free(acceptor);
}
