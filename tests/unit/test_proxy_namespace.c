/* SPDX-License-Identifier: Apache-2.0 */
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "tests/unit/proxy_stage.h"

/*
 * The proxy serves a network namespace that holds only loopback: the socket is made inside and
 * handed out over SCM_RIGHTS; the proxy keeps its own network, and fetches through it.
 */
static void send_fd(int channel, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte = 'x';
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(channel, &message, 0) != 1)
		_exit(10);
}

static int receive_fd(int channel)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)};
	int fd = -1;

	ck_assert_int_eq(recvmsg(channel, &message, MSG_CMSG_CLOEXEC), 1);
	ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&message));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

/* In the child: a namespace of its own with loopback up, and a listening socket in it. */
static int listen_inside(unsigned short *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct ifreq interface = {.ifr_name = "lo"};
	socklen_t len = sizeof(address);
	int fd;

	if (unshare(CLONE_NEWNET) != 0)
		_exit(11);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	interface.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &interface) != 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(fd, 16) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		_exit(12);
	*port = ntohs(address.sin_port);
	return fd;
}

/* True when nothing answers there. */
static bool is_unreachable(unsigned short port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool refused = connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0;

	close(fd);
	return refused;
}

static _Noreturn void live_inside(int channel, unsigned short mirror_port)
{
	static const char *const targets[] = {
		"http://mirror.invalid/debian/pool/main/s/small_1_amd64.deb",
		"http://mirror.invalid/debian/pool/main/m/missing_1_amd64.deb",
	};
	unsigned short port;
	int fd = listen_inside(&port);

	send_fd(channel, fd);
	close(fd);
	if (!is_unreachable(mirror_port))
		_exit(13);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (http_status(port, targets[i]) != 200)
			_exit(14 + (int)i);
	_exit(0);
}

START_TEST(a_socket_of_another_namespace)
{
	unsigned short mirror_port = httpd_port(stage.mirror);
	int channel[2], status = -1;
	struct error err;
	pid_t child;

	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		live_inside(channel[1], mirror_port);
	close(channel[1]);
	stage_start(stage.fetcher, receive_fd(channel[0]));
	close(channel[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_uint_eq(stage.event_count, 2);
	ck_assert_str_eq(stage.events[1].path, "pool/main/m/missing_1_amd64.deb");
	ck_assert_uint_eq(
		stage_file_find("/mirrors/debian/pool/main/m/missing_1_amd64.deb")->requests, 1);
}
END_TEST

/* Tried in a process of its own: it cannot be left again. */
static bool can_unshare(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(unshare(CLONE_NEWNET) == 0 ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(void)
{
	TCase *tcase = tcase_create("proxy_namespace");

	if (!can_unshare()) {
		fprintf(stderr,
			"SKIPPED: proxy_namespace: no network namespace can be made here "
			"(needs root)\n");
		return EXIT_SUCCESS;
	}
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, stage_set_up, stage_tear_down);
	tcase_add_test(tcase, a_socket_of_another_namespace);
	return stage_main("proxy_namespace", tcase);
}
