/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/handout.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum status handout_listen(unsigned short port, int *fd, unsigned short *chosen, struct error *err)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	enum status status = STATUS_OK;
	int one = 1;
	int listener;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(port);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return error_set_errno(err, "cannot make a socket");
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, SOMAXCONN) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
		status = error_set_errno(err, "cannot listen on 127.0.0.1:%u", port);
		close(listener);
		return status;
	}
	*fd = listener;
	*chosen = ntohs(address.sin_port);
	return STATUS_OK;
}

enum status handout_send(int socket, const void *data, size_t len, int fd, struct error *err)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (len > HANDOUT_MESSAGE_SIZE)
		return error_set(err, STATUS_LIMIT,
			"arguments and environment of the build are over %zu bytes",
			HANDOUT_MESSAGE_SIZE);
	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return error_set_errno(err, "cannot send to the sandbox's other side");
	return STATUS_OK;
}

enum status handout_receive(
	int socket, void *data, size_t size, size_t *len, int *fd, struct error *err)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header;
	ssize_t got;

	*fd = -1;
	*len = 0;
	do {
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno != ECONNRESET)
		return error_set_errno(err, "cannot receive from the sandbox's other side");
	if (got <= 0)
		return STATUS_END;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
		header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return error_set(err, STATUS_FORMAT, "a message of the sandbox was cut");
	}
	*len = (size_t)got;
	return STATUS_OK;
}
