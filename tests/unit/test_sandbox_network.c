/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "verifier/rebuild/opening.h"
#include "verifier/rebuild/relay.h"
#include "verifier/rebuild/uplink.h"

/*
 * What prepare has of the network (trust T3), as root and as the user nobody: each test listens on
 * this host's loopback and on an abstract socket, and what runs inside tries to get there.
 */

#define USER 65534

static struct build build;

/* Answers each connection with one line until the test's process ends. */
static void *serve(void *context)
{
	int listener = *(int *)context;

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		ck_assert_int_eq(write(fd, "host\n", 5), 5);
		close(fd);
	}
}

static unsigned short listen_here(void)
{
	static int listeners[8];
	static size_t count;
	struct opening any = opening_of_ports(0, 0);
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	struct error err;
	pthread_t thread;
	int fd;

	ck_assert(opening_listen(&any.inside, &fd, &err) == STATUS_OK);
	ck_assert(fcntl(fd, F_SETFL, 0) == 0);
	ck_assert(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	ck_assert(count < ARRAY_SIZE(listeners));
	listeners[count] = fd;
	ck_assert(pthread_create(&thread, NULL, serve, &listeners[count++]) == 0);
	pthread_detach(thread);
	return ntohs(address.sin_port);
}

static void listen_abstract(char name[32])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name, 32, "reproof-test-%d", getpid());
	memcpy(address.sun_path + 1, name, strlen(name));
	ck_assert(bind(fd, (struct sockaddr *)&address,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) ==
		0);
	ck_assert(listen(fd, 5) == 0);
}

static void become_user(void)
{
	ck_assert(unshare(CLONE_NEWNS) == 0);
	ck_assert(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	ck_assert(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0);
	ck_assert(setgroups(0, NULL) == 0 && setresgid(USER, USER, USER) == 0);
	ck_assert(setresuid(USER, USER, USER) == 0);
	ck_assert(prctl(PR_SET_DUMPABLE, 1) == 0);
	ck_assert(setenv("TMPDIR", "/tmp", 1) == 0);
}

static bool is_wanted(const char *kind, const char *target)
{
	const struct wanted_list *wanted = sandbox_wanted(build.sandbox);

	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->items[i].kind, kind) == 0 &&
			strcmp(wanted->items[i].target, target) == 0)
			return true;
	return false;
}

/* Python has abstract sockets; everything else is bash's /dev/tcp. */
static const char tries[] =
	"try() { (exec 3<>/dev/tcp/127.0.0.1/$1 && cat <&3) 2>/dev/null || echo refused; }\n"
	"try %u\n"
	"try %u\n"
	"python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"\\0%s\")' 2>&1 | "
	"grep -o 'Connection refused'\n"
	"exec 3<>/dev/tcp/127.0.0.1/%u; cat <&3\n"
	"ls /sys/class/net 2>/dev/null; tail -n 1 /etc/resolv.conf 2>/dev/null\n"
	"cat /proc/net/dev | grep -c tap0\n";

/* A service of this host is out of reach, and named; what was opened is reached, at its port. */
static void check_reach(enum network_kind network, const char *resolver, const char *taps)
{
	unsigned short closed = listen_here(), open = listen_here();
	struct opening opening = opening_of_ports(3142, open);
	char abstract[32], *script, *target, *expected;
	static const char *const argv[] = {"/bin/bash", "build.sh", NULL};
	struct error err;

	listen_abstract(abstract);
	build.spec.network = network;
	build.spec.openings = &opening;
	build.spec.opening_count = 1;
	build.command.argv = argv;
	script = xasprintf(tries, closed, open, abstract, 3142u);
	expected = xasprintf("refused\nrefused\nConnection refused\nhost\n%s%s\n", resolver, taps);
	build_script(&build, script);
	ck_assert_msg(
		sandbox_prepare(&build.spec, &build.sandbox, NULL, &build.port, &err) == STATUS_OK,
		"%s", err.text);
	build_run_prepared(&build);
	ck_assert_str_eq(build.log, expected);
	target = xasprintf("127.0.0.1:%u", closed);
	ck_assert(is_wanted("tcp", target) == (network == NETWORK_OWN));
	ck_assert(!is_wanted("tcp", "127.0.0.1:3142"));
	free(target);
	free(expected);
	free(script);
}

START_TEST(loopback_of_this_host_is_out_of_reach)
{
	build_init(&build);
	check_reach(NETWORK_OWN, "nameserver " UPLINK_NAMESERVER "\n", "1");
	build_release(&build);
}
END_TEST

START_TEST(of_a_normal_user_as_well)
{
	become_user();
	build_init(&build);
	check_reach(NETWORK_OWN, "nameserver " UPLINK_NAMESERVER "\n", "1");
	build_release(&build);
}
END_TEST

/* Without the outside network it has the same openings, and no name server. */
START_TEST(openings_need_no_uplink)
{
	build_init(&build);
	check_reach(NETWORK_LOOPBACK, "", "0");
	build_release(&build);
}
END_TEST

/* The way outside is not a way to loopback either: 10.0.2.2 is this host, as slirp has it. */
START_TEST(the_gateway_is_no_way_to_loopback)
{
	static const char *const argv[] = {"/bin/bash", "build.sh", NULL};
	unsigned short closed = listen_here();
	char *script =
		xasprintf("(exec 3<>/dev/tcp/10.0.2.2/%u && cat <&3) 2>/dev/null || echo refused\n"
			  "(echo >/dev/udp/10.0.2.2/%u) && echo sent",
			closed, closed);

	build_init(&build);
	build.spec.network = NETWORK_OWN;
	build.command.argv = argv;
	build_pass(&build, script);
	ck_assert_str_eq(build.log, "refused\nsent\n");
	build_release(&build);
	free(script);
}
END_TEST

/* And with the sandbox what served it is gone. */
START_TEST(nothing_stays)
{
	build_init(&build);
	build.spec.network = NETWORK_OWN;
	build_pass(&build, "true");
	build_release(&build);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* ---- without a sandbox ---- */

START_TEST(which_urls_name_this_hosts_loopback)
{
	static const struct {
		const char *url;
		const char *address; /* NULL: not of loopback */
		unsigned port;
	} rows[] = {
		{"http://127.0.0.1:8080/x.git", "127.0.0.1", 8080},
		{"https://127.0.0.2/x.git", "127.0.0.2", 443},
		{"http://localhost/x", "127.0.0.1", 80},
		{"http://LOCALHOST:3128", "127.0.0.1", 3128},
		{"git://[::1]/x.git", "::1", 9418},
		{"git://127.1.2.3/x.git", "127.1.2.3", 9418},
		{"127.0.0.1:3128", "127.0.0.1", 3128},
		{"http://128.0.0.1:8080/", NULL, 0},
		{"http://localhost.example:8080/", NULL, 0},
		{"http://127.0.0.1.example/", NULL, 0},
		{"https://git.example/127.0.0.1:8080", NULL, 0},
		{"https://127.0.0.1:80@git.example/", NULL, 0},
		{"", NULL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[INET6_ADDRSTRLEN] = "";
		struct opening opening;
		bool found = opening_of_url(rows[i].url, &opening);

		ck_assert_msg(found == (rows[i].address != NULL), "%s", rows[i].url);
		if (!found)
			continue;
		if (opening.inside.ss_family == AF_INET6)
			inet_ntop(AF_INET6,
				&((struct sockaddr_in6 *)(void *)&opening.inside)->sin6_addr, text,
				sizeof(text));
		else
			inet_ntop(AF_INET,
				&((struct sockaddr_in *)(void *)&opening.inside)->sin_addr, text,
				sizeof(text));
		ck_assert_str_eq(text, rows[i].address);
		ck_assert_uint_eq(opening_port(&opening.inside), rows[i].port);
		ck_assert_uint_eq(opening_port(&opening.outside), rows[i].port);
	}
}
END_TEST

#define LARGE ((size_t)3 * 1024 * 1024)

static int connect_to(unsigned short port)
{
	struct opening opening = opening_of_ports(port, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert(connect(fd, (struct sockaddr *)&opening.inside,
			  opening_address_size(&opening.inside)) == 0);
	return fd;
}

static unsigned short port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	ck_assert(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	return ntohs(address.sin_port);
}

/* Sends back what it gets, once the other side has said that this was all. */
static void *echo_late(void *context)
{
	int fd = accept(*(int *)context, NULL, NULL);
	char *data = xmalloc(LARGE);
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, data + len, LARGE - len)) > 0)
		len += (size_t)got;
	for (size_t at = 0; at < len; at += (size_t)got)
		if ((got = write(fd, data + at, len - at)) <= 0)
			break;
	close(fd);
	free(data);
	return NULL;
}

/* Bytes arrive as they were sent, in both directions, over one side's end; and a dead target. */
START_TEST(a_relay_carries_everything)
{
	struct opening any = opening_of_ports(0, 0), target;
	struct relay *relay = relay_new();
	char *sent = xmalloc(LARGE), *back = xmalloc(LARGE);
	int listener, door, dead, fd;
	unsigned short port;
	pthread_t thread;
	struct error err;
	size_t len = 0;
	ssize_t got;

	for (size_t i = 0; i < LARGE; i++)
		sent[i] = (char)(i * 7 + i / 4096);
	ck_assert(opening_listen(&any.inside, &listener, &err) == STATUS_OK);
	ck_assert(fcntl(listener, F_SETFL, 0) == 0);
	ck_assert(opening_listen(&any.inside, &door, &err) == STATUS_OK);
	ck_assert(opening_listen(&any.inside, &dead, &err) == STATUS_OK);
	target = opening_of_ports(0, port_of(listener));
	relay_add(relay, door, &target.outside);
	ck_assert(relay_start(relay, &err) == STATUS_OK);
	port = port_of(door);
	ck_assert(pthread_create(&thread, NULL, echo_late, &listener) == 0);
	fd = connect_to(port);
	for (size_t at = 0; at < LARGE; at += (size_t)got)
		ck_assert_int_gt(got = write(fd, sent + at, LARGE - at), 0);
	ck_assert(shutdown(fd, SHUT_WR) == 0);
	while ((got = read(fd, back + len, LARGE - len)) > 0)
		len += (size_t)got;
	ck_assert_uint_eq(len, LARGE);
	ck_assert(memcmp(sent, back, LARGE) == 0);
	close(fd);
	pthread_join(thread, NULL);
	/* Nobody listens any more: the connection ends, and the next one is served all the same. */
	close(listener);
	for (int i = 0; i < 2 * RELAY_CONNECTIONS; i++) {
		fd = connect_to(port);
		ck_assert_int_le(read(fd, back, 1), 0);
		close(fd);
	}
	relay_free(relay);
	close(dead);
	free(sent);
	free(back);
}
END_TEST

static bool has_uplink(void)
{
	if (uplink_exists() && access("/dev/net/tun", R_OK | W_OK) == 0)
		return true;
	fprintf(stderr,
		"SKIP: test_sandbox_network: NOT TESTED HERE: needs slirp4netns, /dev/net/tun\n");
	return false;
}

int main(void)
{
	Suite *suite = suite_create("sandbox_network");
	TCase *plain = tcase_create("plain"), *inside = tcase_create("inside");
	SRunner *runner;
	int failed;

	tcase_set_timeout(plain, 60);
	tcase_add_test(plain, which_urls_name_this_hosts_loopback);
	tcase_add_test(plain, a_relay_carries_everything);
	suite_add_tcase(suite, plain);
	tcase_set_timeout(inside, 120);
	if (build_can_isolate("test_sandbox_network")) {
		tcase_add_test(inside, openings_need_no_uplink);
		if (has_uplink()) {
			tcase_add_test(inside, loopback_of_this_host_is_out_of_reach);
			tcase_add_test(inside, of_a_normal_user_as_well);
			tcase_add_test(inside, the_gateway_is_no_way_to_loopback);
			tcase_add_test(inside, nothing_stays);
		}
		suite_add_tcase(suite, inside);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
