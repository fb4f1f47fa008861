/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "verifier/rebuild/cgroup.h"

/*
 * What building an image as root needs: owners and modes, chroots, mounts, device nodes, file
 * capabilities. Without CAP_DAC_READ_SEARCH, which opens files by handle in any directory of a
 * mounted file system; without CAP_SYS_PTRACE, which would reach the sandbox's first process;
 * without what touches the host: modules, reboot, clock, raw I/O, kernel log, network set-up.
 */
static const int kept[] = {
	CAP_AUDIT_WRITE, /* sudo says at each call that it lacks it */
	CAP_CHOWN,
	CAP_DAC_OVERRIDE,
	CAP_FOWNER,
	CAP_FSETID,
	CAP_IPC_OWNER,
	CAP_KILL,
	CAP_LEASE,
	CAP_MKNOD,
	CAP_NET_BIND_SERVICE,
	CAP_SETFCAP,
	CAP_SETGID,
	CAP_SETPCAP,
	CAP_SETUID,
	CAP_SYS_ADMIN,
	CAP_SYS_CHROOT,
	CAP_SYS_NICE,
	CAP_SYS_RESOURCE,
};

static bool is_kept(int capability)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == capability)
			return true;
	return false;
}

/* What root gets back when it executes a program is bounded; the rest goes at once. */
static int capabilities_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (!is_kept(capability) && prctl(PR_CAPBSET_DROP, capability) < 0)
			return -1;
	if (syscall(SYS_capget, &header, sets) < 0)
		return -1;
	for (unsigned word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
		for (unsigned bit = 0; bit < 32; bit++)
			if (!is_kept((int)(word * 32 + bit)))
				sets[word].permitted &= ~(1U << bit);
		sets[word].effective &= sets[word].permitted;
		sets[word].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &header, sets);
}

static int limit_set(int resource, uint64_t most)
{
	const struct rlimit limit = {.rlim_cur = most, .rlim_max = most};

	return most ? setrlimit((__rlimit_resource_t)resource, &limit) : 0;
}

/*
 * When memory runs out on this machine, the build is what the kernel ends (proc(5),
 * oom_score_adj). Where that cannot be said the watch has to do.
 */
static void offer_to_end(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	ssize_t written = fd < 0 ? 0 : write(fd, "500", 3);

	(void)written;
	if (fd >= 0)
		close(fd);
}

/* Only what fork leaves usable; -1 with errno set. */
static int child_prepare(const struct launch *launch)
{
	struct rlimit no_core = {0};
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(launch->umask);
	if (null < 0 || setsid() < 0 || dup2(launch->log_fd, STDOUT_FILENO) < 0 ||
		dup2(launch->log_fd, STDERR_FILENO) < 0 || dup2(null, STDIN_FILENO) < 0 ||
		syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ||
		setrlimit(RLIMIT_CORE, &no_core) < 0 ||
		setrlimit(RLIMIT_NOFILE, &launch->files) < 0 || chdir(launch->directory) < 0)
		return -1;
	offer_to_end();
	if (launch->door >= 0 && cgroup_join(launch->door) < 0)
		return -1;
	if (limit_set(RLIMIT_AS, launch->address_space) < 0 ||
		limit_set(RLIMIT_NPROC, launch->processes) < 0)
		return -1;
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	if (launch->is_restricted &&
		((launch->has_groups && setgroups(0, NULL) < 0) || capabilities_drop() < 0))
		return -1;
	/* Last: the capabilities go with the user. */
	if (launch->uid &&
		(setresgid(launch->gid, launch->gid, launch->gid) < 0 ||
			setresuid(launch->uid, launch->uid, launch->uid) < 0))
		return -1;
	return 0;
}

enum status launch_start(const struct launch *launch, pid_t *pid, struct error *err)
{
	int failure[2];
	int number = 0;
	ssize_t got;

	if (pipe2(failure, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	*pid = fork();
	if (*pid == 0) {
		if (child_prepare(launch) == 0)
			execve(launch->argv[0], (char *const *)launch->argv,
				(char *const *)launch->environment);
		number = errno;
		_exit(write(failure[1], &number, sizeof(number)) > 0 ? 126 : 127);
	}
	if (*pid < 0)
		number = errno;
	close(failure[1]);
	do {
		got = read(failure[0], &number, sizeof(number));
	} while (got < 0 && errno == EINTR);
	close(failure[0]);
	if (number == 0)
		return STATUS_OK;
	if (*pid > 0)
		waitpid(*pid, NULL, 0);
	return error_set(
		err, STATUS_BUILD, "cannot start %s: %s", launch->argv[0], strerror(number));
}
