/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a worker at once: calls that it does not need. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/array.h"
#include "tests/unit/worker_fixture.h"

static pid_t test_pid;

static void setup(void)
{
	worker_setup();
	test_pid = getpid();
}

struct call {
	const char *name;
	long number;
	unsigned long arguments[6];
	bool with_sanitizer; /* a sanitizer needs it, so there it is no wall */
};

#define P(pointer) ((unsigned long)(uintptr_t)(pointer))

static const char passwd[] = "/etc/passwd";
static const char *const no_words[] = {"/bin/true", NULL};
static struct sockaddr_in address = {.sin_family = AF_INET};
static unsigned char page[8192] __attribute__((aligned(4096)));

static const struct call calls[] = {
	{"a TCP socket", SYS_socket, {AF_INET, SOCK_STREAM}, false},
	{"a UNIX socket", SYS_socket, {AF_UNIX, SOCK_STREAM}, false},
	{"a pair of sockets", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, P(page)}, false},
	{"connect", SYS_connect, {0, P(&address), sizeof(address)}, false},
	{"sendto", SYS_sendto, {1, P(page), 1, 0, P(&address), sizeof(address)}, false},
	{"opening to read", SYS_openat, {AT_FDCWD, P(passwd), O_RDONLY}, true},
	{"opening to write", SYS_openat, {AT_FDCWD, P(place), O_WRONLY}, false},
	{"making a file", SYS_openat, {AT_FDCWD, P(place), O_RDONLY | O_CREAT, 0600}, false},
	{"openat2", SYS_openat2, {AT_FDCWD, P(passwd), P(page), 24}, false},
	{"a directory", SYS_mkdirat, {AT_FDCWD, P(place), 0700}, false},
	{"removing", SYS_unlinkat, {AT_FDCWD, P(place), 0}, false},
	{"renaming", SYS_renameat2, {AT_FDCWD, P(place), AT_FDCWD, P(place), 0}, false},
	{"a link", SYS_symlinkat, {P(passwd), AT_FDCWD, P(place)}, false},
	{"a mode", SYS_fchmodat, {AT_FDCWD, P(place), 0777}, false},
	{"cutting by name", SYS_truncate, {P(place), 0}, false},
	{"looking up", SYS_newfstatat, {AT_FDCWD, P(passwd), P(page), 0}, true},
	{"execve", SYS_execve, {P("/bin/true"), P(no_words), P(no_words + 1)}, false},
	{"execveat", SYS_execveat, {0, P(""), P(no_words), P(no_words + 1), AT_EMPTY_PATH}, false},
	{"a process", SYS_clone, {SIGCHLD}, false},
	{"a thread of other namespaces", SYS_clone, {CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD}, false},
#ifdef SYS_fork
	{"fork", SYS_fork, {0}, false},
	{"vfork", SYS_vfork, {0}, false},
#endif
	{"ptrace", SYS_ptrace, {PTRACE_TRACEME}, false},
	{"memory of others", SYS_process_vm_readv, {1, P(page), 0, P(page), 0, 0}, false},
	{"memory to execute", SYS_mprotect, {P(page), 4096, PROT_READ | PROT_EXEC}, false},
	{"new memory to execute", SYS_mmap,
		{0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1UL}, true},
	{"a file in memory", SYS_memfd_create, {P("x"), 0}, false},
	{"namespaces", SYS_unshare, {CLONE_NEWUSER}, false},
	{"limits", SYS_prlimit64, {0, RLIMIT_NOFILE, P(page), 0}, false},
	{"prctl", SYS_prctl, {4, 1}, false},
	{"a filter", SYS_seccomp, {0, 0, 0}, false},
	{"another descriptor", SYS_dup, {2}, false},
	{"fcntl", SYS_fcntl, {2, F_DUPFD, 3}, false},
	{"ioctl", SYS_ioctl, {2, 0x5412, P(page)}, false},
	{"io_uring", SYS_io_uring_setup, {1, P(page)}, false},
	{"keys", SYS_keyctl, {0}, false},
	{"bpf", SYS_bpf, {0, P(page), 8}, false},
	{"user faults", SYS_userfaultfd, {1}, false},
	{"a pipe", SYS_pipe2, {P(page), 0}, true},
	{"mount", SYS_mount, {P("x"), P("/"), P("tmpfs"), 0, 0}, false},
	{"a root", SYS_chroot, {P("/")}, false},
	{"a user", SYS_setuid, {0}, false},
	{"capabilities", SYS_capset, {P(page), P(page)}, false},
};

static enum status make_call(void *context, struct error *err)
{
	const struct call *call = context;
	const unsigned long *a = call->arguments;
	long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);

	return error_set(err, STATUS_IO, "it was let: %ld, %s", result, strerror(errno));
}

static void expect_killed(enum status status, const char *name)
{
	ck_assert_msg(status == STATUS_LIMIT &&
			strstr(comparing.err.text, "ended by signal 31 (") != NULL,
		"%s: %d %s", name, status, comparing.err.text);
}

START_TEST(a_call_that_is_not_needed_ends_it)
{
	const struct call *call = &calls[_i];

	if (worker_is_sanitized && call->with_sanitizer)
		return;
	expect_killed(run(make_call, (void *)call), call->name);
	ck_assert_int_eq(access(place, F_OK), -1);
}
END_TEST

static void *call_in_thread(void *context)
{
	struct error ignored;

	make_call(context, &ignored);
	return NULL;
}

static enum status make_call_in_thread(void *context, struct error *err)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_in_thread, context) != 0)
		return error_set(err, STATUS_IO, "no thread");
	pthread_join(thread, NULL);
	return error_set(err, STATUS_IO, "it was let");
}

START_TEST(a_thread_is_behind_the_same_walls)
{
	const struct call *call = &calls[_i];

	if (worker_is_sanitized && call->with_sanitizer)
		return;
	expect_killed(run(make_call_in_thread, (void *)call), call->name);
	ck_assert_int_eq(access(place, F_OK), -1);
}
END_TEST

/* These depend on what is known at run time only. */
static enum status kill_parent(void *context, struct error *err)
{
	(void)context;
	return error_set(err, STATUS_IO, "it was let: %d", kill(test_pid, 0));
}

static enum status signal_parent(void *context, struct error *err)
{
	(void)context;
	return error_set(
		err, STATUS_IO, "it was let: %ld", syscall(SYS_tgkill, test_pid, test_pid, 0));
}

static enum status trace_parent(void *context, struct error *err)
{
	(void)context;
	return error_set(
		err, STATUS_IO, "it was let: %ld", ptrace(PTRACE_ATTACH, test_pid, NULL, NULL));
}

static enum status write_to_input(void *context, struct error *err)
{
	(void)context;
	return error_set(err, STATUS_IO, "it was let: %zd", pwrite(in_fd, "x", 1, 0));
}

static enum status cut_input(void *context, struct error *err)
{
	(void)context;
	return error_set(err, STATUS_IO, "it was let: %d", ftruncate(in_fd, 0));
}

static enum status map_input(void *context, struct error *err)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, in_fd, 0);

	(void)context;
	return error_set(err, STATUS_IO, "it was let: %d", map != MAP_FAILED);
}

START_TEST(others_and_the_input_are_out_of_reach)
{
	char text[6] = {0};

	expect_killed(run(kill_parent, NULL), "kill");
	expect_killed(run(signal_parent, NULL), "tgkill");
	expect_killed(run(trace_parent, NULL), "ptrace");
	expect_killed(run(write_to_input, NULL), "pwrite");
	expect_killed(run(cut_input, NULL), "ftruncate");
	if (!worker_is_sanitized)
		expect_killed(run(map_input, NULL), "mmap");
	ck_assert_int_eq(pread(in_fd, text, 5, 0), 5);
	ck_assert_str_eq(text, "input");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker_filter");
	TCase *tests = tcase_create("worker_filter");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, worker_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_call_that_is_not_needed_ends_it, 0, (int)ARRAY_SIZE(calls));
	tcase_add_loop_test(tests, a_thread_is_behind_the_same_walls, 0, (int)ARRAY_SIZE(calls));
	tcase_add_test(tests, others_and_the_input_are_out_of_reach);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
