/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include "verifier/rebuild/tasks.h"
#include "verifier/rebuild/usage.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/*
 * Builds that take more than they may (as root and as a normal user), and what they try to reach.
 * Every one of them would go on without end, or for a terabyte: it ends by the limit or the test's
 * time is up.
 */

#define MIB (UINT64_C(1) << 20)

static struct build build;
static char *nap;

static void setup(void)
{
	build_init(&build);
	nap = xasprintf("99999.%08d", getpid());
}

static void teardown(void)
{
	build_release(&build);
	free(nap);
}

/* Runs it; it has to be ended by that limit, with all its processes. */
static void build_breaks(const char *script, enum build_limit limit, uint64_t most)
{
	char *text = xasprintf("sleep %s & %s", nap, script);

	build.spec.limits.most[limit] = most;
	build_run(&build, text);
	free(text);
	ck_assert_msg(sandbox_limits(build.sandbox)->broken == limit, "%d, exit %d: %s",
		sandbox_limits(build.sandbox)->broken, build.result.exit_code, build.log);
	ck_assert_int_eq(build.result.signal, SIGKILL);
	ck_assert_uint_eq(processes_with(nap), 0);
}

/* A build that stays below each limit is not touched. */
START_TEST(a_modest_build_keeps_to_all)
{
	build.spec.limits = (struct build_limits){{[BUILD_TIME] = 100,
		[BUILD_MEMORY] = 200 * MIB,
		[BUILD_DISK] = 20 * MIB,
		[BUILD_FREE_SPACE] = MIB,
		[BUILD_PROCESSES] = 20}};
	build_pass(&build,
		"head -c 10M /dev/zero >/tmp/a; cp /tmp/a /build/output/b; for i in 1 2 3 4 5; do "
		"ln /tmp/a /tmp/a$i; sleep 0.3 & done; wait; truncate -s 900G /tmp/sparse\n"
		"perl -e '$x = \"x\" x 50_000_000; fork; fork; sleep 1'");
	ck_assert_int_eq(sandbox_limits(build.sandbox)->broken, BUILD_LIMIT_NONE);
	ck_assert_str_eq(sandbox_limits(build.sandbox)->mechanism[BUILD_TIME], "clock");
	ck_assert_str_eq(sandbox_limits(build.sandbox)->mechanism[BUILD_MEMORY], "watcher");
}
END_TEST

START_TEST(a_build_that_never_ends)
{
	build_breaks("while :; do :; done", BUILD_TIME, 1);
	ck_assert(build.result.timed_out);
}
END_TEST

/* What a build may do to the /proc it is watched through: none of it may blind the watch. */
#define COVER	  "mount -t tmpfs none /proc || exit; "
#define COVER_ONE "mount --bind /dev/null /proc/1/mountinfo || exit; "
#define HIDE	  "mount -o remount,hidepid=2 /proc || exit; "
#define UNMOUNT	  "umount -l /proc || exit; "

/* They wait: unseen, they would not take the machine with them. */
#define SHM   "head -c 300M /dev/zero >/dev/shm/big; exec sleep 1000"
#define LARGE "exec perl -e '$x = \"x\" x 300_000_000; sleep 1000'"
#define FORKS "exec perl -e 'for (1 .. 100) { fork or last } sleep 1000'"

#define FILL "head -c 300M /dev/zero"
#define MOUNTED_ELSEWHERE                                                                          \
	"exec unshare -m sh -c 'mkdir /tmp/m; mount -t tmpfs none /tmp/m; " FILL " >/tmp/m/big; "

/* Shared with children it counts once (the modest build); in a tmpfs it counts as well. */
static const char *const eaters[] = {
	"perl -e '$x .= \"x\" x 10_000_000 while 1'",
	"for i in 1 2 3 4 5 6; do perl -e '$x = \"x\" x 30_000_000; sleep 1000' & done; wait",
	"exec cat /dev/zero >/dev/shm/big",
	"mkdir /tmp/m; mount -t tmpfs none /tmp/m; exec cat /dev/zero >/tmp/m/big",
	"mkdir '/tmp/a b'; mount -t tmpfs none '/tmp/a b'; head -c 300M /dev/zero >'/tmp/a b/big'; "
	"exec sleep 1000",
	COVER SHM,
	COVER LARGE,
	COVER_ONE SHM,
	HIDE LARGE,
	UNMOUNT SHM,
	UNMOUNT "mkdir /tmp/m; mount -t tmpfs none /tmp/m; head -c 300M /dev/zero >/tmp/m/big; "
		"exec sleep 1000",
	/* In mounts of its own, below a root of its own, under a name that is written otherwise. */
	MOUNTED_ELSEWHERE "exec sleep 1000'",
	MOUNTED_ELSEWHERE "mkdir /tmp/r; mount --rbind / /tmp/r; exec chroot /tmp/r sleep 1000'",
	"m='/tmp/a b\\c\nd'; mkdir \"$m\"; mount -t tmpfs none \"$m\"; " FILL
	" >\"$m/big\"; exec sleep 1000",
	/* Under another, or mounted nowhere any more, with a file open. */
	"mkdir /tmp/m; mount -t tmpfs none /tmp/m; exec 3>/tmp/m/big; mount -t tmpfs none "
	"/tmp/m; " FILL " >&3; exec sleep 1000",
	"mkdir /tmp/m; mount -t tmpfs none /tmp/m; exec 3>/tmp/m/big; umount -l /tmp/m; " FILL
	" >&3; exec sleep 1000",
	/* Only a part is mounted, and nothing is open. */
	"mkdir /tmp/m /tmp/p; mount -t tmpfs none /tmp/m; mkdir /tmp/m/s; mount --bind /tmp/m/s "
	"/tmp/p; "
	"umount -l /tmp/m; " FILL " >/tmp/p/big; exec sleep 1000",
	/* It says nothing of what is in it. */
	"mkdir /tmp/m; mount -t tmpfs -o size=0 none /tmp/m; " FILL " >/tmp/m/big; exec sleep 1000",
	/* Behind many. */
	"mkdir /tmp/m; for i in $(seq 300); do mkdir /tmp/m/$i; mount -t tmpfs none /tmp/m/$i; "
	"done; " FILL " >/tmp/m/300/big; exec sleep 1000",
	/* In no file system at all. */
	"exec perl -e '$n = \"x\"; $fd = syscall(319, $n, 0); open F, \">&=$fd\" or die; "
	"print F \"x\" x 1_000_000 for 1 .. 300; close STDIN; sleep 1000'",
};

START_TEST(a_build_that_eats_memory)
{
	build_breaks(eaters[_i], BUILD_MEMORY, 100 * MIB);
	ck_assert_uint_gt(sandbox_limits(build.sandbox)->seen, 100 * MIB);
}
END_TEST

/* Then the process that asks for it gets none, and the build fails by itself. */
START_TEST(one_process_gets_no_more_address_space)
{
	build.spec.limits.most[BUILD_MEMORY] = 300 * MIB;
	build.spec.limit_address_space = true;
	build_run(&build, "exec perl -e '$x = \"x\" x 400_000_000; print \"GOT\"; sleep 1000'");
	ck_assert_ptr_null(strstr(build.log, "GOT"));
	ck_assert_ptr_nonnull(strstr(build.log, "Out of memory"));
	ck_assert_str_eq(
		sandbox_limits(build.sandbox)->mechanism[BUILD_MEMORY], "rlimit and watcher");
}
END_TEST

/* No hole in any of them; one has no name any more; one is faster than the watch. */
static const char *const writers[] = {
	"exec perl -e '$b = chr(7) x 65536; print $b while 1' >/build/output/big",
	"n=0; mkdir /tmp/d; while :; do n=$((n + 1)); head -c 100000 /dev/urandom >/tmp/d/$n; done",
	"fallocate -l 1G /var/tmp/big; exec sleep 1000",
	"exec 3>/tmp/gone; rm /tmp/gone; exec cat /dev/zero >&3",
	"mount -t tmpfs none /tmp; exec cat /dev/zero >/build/output/big",
	COVER "exec 3>/tmp/gone; rm /tmp/gone; head -c 100M /dev/zero >&3; exec sleep 1000",
	/* Behind a mount of its own, and deeper than a process usually has files open. */
	"mkdir /build/output/d; mount --bind /build/output/d /build/output/d; exec cat /dev/zero "
	">/build/output/d/big",
	"exec perl -e 'chdir \"/build/output\"; for (1 .. 1500) { mkdir \"d\"; chdir \"d\" or die "
	"} "
	"open F, \">big\" or die; $b = chr(7) x 65536; print F $b while 1'",
};

START_TEST(a_build_that_fills_the_disk)
{
	build_breaks(writers[_i], BUILD_DISK, 50 * MIB);
	ck_assert_uint_gt(sandbox_limits(build.sandbox)->seen, 50 * MIB);
}
END_TEST

START_TEST(a_build_that_ends_before_it_is_seen)
{
	build.spec.limits.most[BUILD_DISK] = 50 * MIB;
	build_run(&build, "fallocate -l 100M /build/output/big");
	ck_assert_int_eq(build.result.exit_code, 0);
	ck_assert_int_eq(sandbox_limits(build.sandbox)->broken, BUILD_DISK);
}
END_TEST

/* What a build says is on disk too, and not in its directories. */
START_TEST(a_build_that_talks_without_end)
{
	struct stat info;
	struct error err;

	build.spec.limits.most[BUILD_DISK] = 50 * MIB;
	build_script(&build, "exec yes");
	build_prepare(&build);
	build.command.log_fd =
		open(build.log_path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	ck_assert(sandbox_run(build.sandbox, &build.command, &build.result, &err) == STATUS_OK);
	ck_assert_int_eq(sandbox_limits(build.sandbox)->broken, BUILD_DISK);
	ck_assert_uint_gt(sandbox_limits(build.sandbox)->seen, 50 * MIB);
	ck_assert_int_eq(build.result.signal, SIGKILL);
	ck_assert(fstat(build.command.log_fd, &info) == 0);
	ck_assert_int_gt(info.st_size, (off_t)(50 * MIB));
	close(build.command.log_fd);
}
END_TEST

/* What is too deep to be counted is not taken for nothing. */
START_TEST(a_build_that_nests_without_end)
{
	build_breaks("exec perl -e 'chdir \"/tmp\"; while (1) { mkdir \"d\"; chdir \"d\" or die }'",
		BUILD_DISK, 1 << 30);
	ck_assert_uint_eq(sandbox_limits(build.sandbox)->seen, BUILD_UNCOUNTED);
}
END_TEST

/* The watch's own bound of open files is none of the build's. */
START_TEST(a_build_has_its_own_bound_of_open_files)
{
	struct rlimit own;
	char *expected;

	ck_assert(getrlimit(RLIMIT_NOFILE, &own) == 0 && own.rlim_cur > 256);
	own.rlim_cur = 256;
	ck_assert(setrlimit(RLIMIT_NOFILE, &own) == 0);
	expected = own.rlim_max == RLIM_INFINITY ? xstrdup("256\nunlimited\n")
						 : xasprintf("256\n%ju\n", (uintmax_t)own.rlim_max);
	build_pass(&build, "ulimit -Sn; ulimit -Hn");
	ck_assert_str_eq(build.log, expected);
	free(expected);
}
END_TEST

START_TEST(free_space_has_to_stay)
{
	build_breaks("sleep 1000", BUILD_FREE_SPACE, UINT64_C(1) << 60);
}
END_TEST

/* A look that shows nothing is none: it must not pass for a build that takes nothing. */
START_TEST(what_cannot_be_seen_is_trouble)
{
	char *process = path_join(build.source, "4711");
	uint64_t processes, memory;
	struct error err;
	struct usage usage = {0};

	usage.proc = open(build.source, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(usage_read(&usage, &processes, &memory, &err), STATUS_SANDBOX);
	ck_assert_ptr_nonnull(strstr(err.text, "no longer sees its processes"));
	ck_assert(mkdir(process, 0755) == 0);
	ck_assert_int_eq(usage_read(&usage, &processes, &memory, &err), STATUS_SANDBOX);
	ck_assert_ptr_nonnull(strstr(err.text, "no longer sees its mounts"));
	close(usage.proc);
	ck_assert_int_eq(usage_open(&usage, &err), STATUS_OK);
	ck_assert_int_eq(usage_read(&usage, &processes, &memory, &err), STATUS_OK);
	ck_assert(processes > 0 && memory > 0);
	close(usage.proc);
	free(usage.foreign.items);
	free(process);
}
END_TEST

static const char *const bombs[] = {
	"perl -e 'while (1) { fork }'",
	"perl -e 'while (1) { if (!fork) { exit if fork; require POSIX; POSIX::setsid(); } }'",
	COVER FORKS,
	HIDE FORKS,
	UNMOUNT FORKS,
};

START_TEST(a_fork_bomb)
{
	build_breaks(bombs[_i], BUILD_PROCESSES, 50);
}
END_TEST

/* The kernel's own bound holds whatever happens between two looks, and is the sandbox's alone. */
START_TEST(a_fork_bomb_leaves_the_machine_its_numbers)
{
	struct build_limits limits = {0};
	char *before, *after;
	struct error err;
	size_t len;

	if (tasks_bound(50) == 0) {
		fprintf(stderr,
			"SKIP: test_sandbox_limits: NOT TESTED HERE: the bound of tasks "
			"needs Linux 6.14\n");
		return;
	}
	limits.most[BUILD_PROCESSES] = 50;
	build.spec.limits = limits;
	ck_assert(path_read_file("/proc/sys/kernel/pid_max", 64, &before, &len, &err) == STATUS_OK);
	build_pass(&build, "cat /proc/sys/kernel/pid_max");
	ck_assert_str_eq(build.log, "301\n");
	ck_assert_str_eq(sandbox_limits(build.sandbox)->mechanism[BUILD_PROCESSES],
		"pid namespace and watcher");
	ck_assert(path_read_file("/proc/sys/kernel/pid_max", 64, &after, &len, &err) == STATUS_OK);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

static void become_user(void)
{
	ck_assert(setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0);
	ck_assert(setresuid(65534, 65534, 65534) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	ck_assert(setenv("TMPDIR", "/tmp", 1) == 0);
}

#define EATERS	((int)ARRAY_SIZE(eaters))
#define WRITERS ((int)ARRAY_SIZE(writers))
#define BOMBS	((int)ARRAY_SIZE(bombs))

/* Everything above once more, where the watch sees through a user namespace. */
START_TEST(the_same_as_a_user)
{
	become_user();
	setup();
	if (_i < EATERS)
		build_breaks(eaters[_i], BUILD_MEMORY, 100 * MIB);
	else if (_i < EATERS + WRITERS)
		build_breaks(writers[_i - EATERS], BUILD_DISK, 50 * MIB);
	else
		build_breaks(bombs[_i - EATERS - WRITERS], BUILD_PROCESSES, 50);
	teardown();
}
END_TEST

/* ---- what it wants of the network ---- */

static const char *wanted_text(void)
{
	const struct wanted_list *list = sandbox_wanted(build.sandbox);
	static char text[1000];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < list->count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %s\n", list->items[i].kind,
			list->items[i].target);
	return text;
}

static const struct {
	const char *script, *wanted;
} wishes[] = {
	{"true", ""},
	{"getent hosts deb.example.org", "name deb.example.org\n"},
	{"perl -MIO::Socket::INET -e 'IO::Socket::INET->new(\"192.0.2.7:443\") and print "
	 "\"REACHED\"'",
		"tcp 192.0.2.7:443\n"},
	{"perl -MIO::Socket::IP -e 'IO::Socket::IP->new(PeerAddr => \"2001:db8::7\", PeerPort => "
	 "80) and print \"REACHED\"'",
		"tcp [2001:db8::7]:80\n"},
	{"perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0); send(S, \"x\", 0, "
	 "pack_sockaddr_in(123, inet_aton(\"198.51.100.1\")))'",
		"udp 198.51.100.1:123\n"},
	{"perl -MSocket -e 'socket(S, AF_INET6, SOCK_DGRAM, 0); send(S, \"x\", 0, "
	 "pack_sockaddr_in6(123, Socket::inet_pton(AF_INET6, \"2001:db8::1\")))'",
		"udp [2001:db8::1]:123\n"},
	/* A server of its own on loopback is nobody else. */
	{"perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 1, LocalAddr => "
	 "\"127.0.0.1\"); IO::Socket::INET->new(\"127.0.0.1:\" . $s->sockport) or die; "
	 "socket(S, AF_INET, 2, 0); send(S, \"x\", 0, Socket::pack_sockaddr_in(9, "
	 "Socket::inet_aton(\"127.0.0.1\")))'",
		""},
	/* Of its own DNS server, by hand: what is no name of a host is not printed as it is. */
	{"perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0); send(S, \"\\1\\2\\1\\0\\0\\1\\0\\0"
	 "\\0\\0\\0\\0\\4a\\e[m\\0\\0\\1\\0\\1\", 0, pack_sockaddr_in(53, "
	 "inet_aton(\"8.8.8.8\")))'",
		"name a??m\nudp 8.8.8.8:53\n"},
};

START_TEST(what_a_build_wants_is_named)
{
	struct build_limits limits = {{[BUILD_TIME] = 60}};

	if (_i >= (int)ARRAY_SIZE(wishes)) {
		become_user();
		setup();
	}
	build.spec.limits = limits;
	build_run(&build, wishes[_i % (int)ARRAY_SIZE(wishes)].script);
	ck_assert_int_eq(sandbox_limits(build.sandbox)->broken, BUILD_LIMIT_NONE);
	ck_assert_ptr_null(strstr(build.log, "REACHED"));
	ck_assert_str_eq(wanted_text(), wishes[_i % (int)ARRAY_SIZE(wishes)].wanted);
	if (_i >= (int)ARRAY_SIZE(wishes))
		teardown();
}
END_TEST

START_TEST(the_list_is_bounded)
{
	build_pass(&build,
		"exec perl -MSocket -e 'for $i (1 .. 5000) { socket(S, AF_INET, SOCK_DGRAM, 0); "
		"send(S, "
		"\"x\", 0, pack_sockaddr_in($i, inet_aton(\"198.51.100.1\"))) }'");
	ck_assert_uint_eq(sandbox_wanted(build.sandbox)->count, WANTED_MOST);
	ck_assert_uint_eq(sandbox_wanted(build.sandbox)->more, 5000 - WANTED_MOST);
}
END_TEST

/* More than one look takes, and few enough that the socket holds them all. */
START_TEST(nothing_that_came_is_left_unread)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(123)};
	struct wanted_list list = {0}, first = {0};
	int watch, out, room = 1 << 20;
	struct error err;

	ck_assert(unshare(CLONE_NEWNET) == 0);
	ck_assert(network_start(&err) == STATUS_OK && network_watch(&watch, &err) == STATUS_OK);
	ck_assert(setsockopt(watch, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) == 0);
	out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert(inet_pton(AF_INET, "198.51.100.1", &to.sin_addr) == 1);
	for (int i = 0; i < 900; i++)
		ck_assert(sendto(out, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	network_read(watch, &first);
	ck_assert(first.count == 1 && first.items[0].count < 900);
	network_read_all(watch, &list);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_uint_eq(first.items[0].count + list.items[0].count, 900);
	ck_assert_uint_eq(first.more + list.more, 0);
	close(out);
	close(watch);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits of a sandbox");
	TCase *root = tcase_create("root"), *user = tcase_create("user");
	SRunner *runner;
	int failed;

	if (!build_can_isolate("test_sandbox_limits"))
		return EXIT_SUCCESS;
	tcase_add_checked_fixture(root, setup, teardown);
	tcase_set_timeout(root, 120);
	tcase_set_timeout(user, 120);
	tcase_add_test(root, a_modest_build_keeps_to_all);
	tcase_add_test(root, a_build_that_never_ends);
	tcase_add_loop_test(root, a_build_that_eats_memory, 0, EATERS);
	tcase_add_test(root, one_process_gets_no_more_address_space);
	tcase_add_loop_test(root, a_build_that_fills_the_disk, 0, WRITERS);
	tcase_add_test(root, a_build_that_ends_before_it_is_seen);
	tcase_add_test(root, a_build_that_talks_without_end);
	tcase_add_test(root, a_build_that_nests_without_end);
	tcase_add_test(root, a_build_has_its_own_bound_of_open_files);
	tcase_add_test(root, free_space_has_to_stay);
	tcase_add_test(root, nothing_that_came_is_left_unread);
	tcase_add_test(root, what_cannot_be_seen_is_trouble);
	tcase_add_test(root, a_fork_bomb_leaves_the_machine_its_numbers);
	tcase_add_loop_test(root, a_fork_bomb, 0, BOMBS);
	tcase_add_loop_test(root, what_a_build_wants_is_named, 0, (int)ARRAY_SIZE(wishes));
	tcase_add_test(root, the_list_is_bounded);
	tcase_add_loop_test(user, the_same_as_a_user, 0, EATERS + WRITERS + BOMBS);
	tcase_add_loop_test(user, what_a_build_wants_is_named, (int)ARRAY_SIZE(wishes),
		2 * (int)ARRAY_SIZE(wishes));
	suite_add_tcase(suite, root);
	suite_add_tcase(suite, user);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
