/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/path.h"

#define READ_SIZE ((size_t)64 * 1024)

extern char **environ;

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/*
 * The file that `program` means, NULL when there is none; the caller frees. Relative directories in
 * PATH are passed over: what runs must not depend on where.
 */
static char *find_program(const char *program)
{
	const char *search = getenv("PATH");

	if (strchr(program, '/'))
		return xstrdup(program);
	if (!search || !*search)
		search = "/usr/local/bin:/usr/bin:/bin";
	while (*program) {
		size_t len = strcspn(search, ":");

		if (*search == '/') {
			char *directory = xstrndup(search, len);
			char *path = path_join(directory, program);

			free(directory);
			if (is_program(path))
				return path;
			free(path);
		}
		if (!search[len])
			break;
		search += len + 1;
	}
	return NULL;
}

bool process_exists(const char *program)
{
	char *path = find_program(program);
	bool exists = path && is_program(path);

	free(path);
	return exists;
}

/* What a child that could not become the program tells the parent. */
struct start_failure {
	const char *step; /* points to a constant, and a fork has the same */
	int error;
};

/* Async-signal-safe functions only from here to child(): the parent may have threads. */
static _Noreturn void fail(int report_fd, const char *step)
{
	struct start_failure failure = {.step = step, .error = errno};

	(void)!write(report_fd, &failure, sizeof(failure));
	_exit(127);
}

static void reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	/* Fails for SIGKILL, SIGSTOP and those of the C library; these are as they should be. */
	for (int number = 1; number < NSIG; number++)
		sigaction(number, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The descriptor, or one on /dev/null for -1, under a number that the dup2 calls cannot hit. */
static int move_up(int fd, int fallback, int flags, int report_fd)
{
	int found = fd >= 0 ? fd : fallback;
	int opened = -1;

	if (found < 0)
		found = opened = open("/dev/null", flags);
	int moved = fcntl(found, F_DUPFD_CLOEXEC, 3);
	if (moved < 0)
		fail(report_fd, "passing descriptors");
	if (opened >= 0)
		close(opened);
	return moved;
}

static void limit(int resource, uint64_t most, int report_fd)
{
	struct rlimit limits;

	if (most == 0)
		return;
	if (getrlimit(resource, &limits) != 0)
		fail(report_fd, "limiting what it may use");
	if (limits.rlim_cur > most)
		limits.rlim_cur = most;
	/* At its hard limit of time a process is killed without a signal that says why. */
	most += resource == RLIMIT_CPU;
	if (limits.rlim_max > most)
		limits.rlim_max = most;
	if (setrlimit(resource, &limits) != 0)
		fail(report_fd, "limiting what it may use");
}

static _Noreturn void child(
	const struct process_spec *spec, const char *program, pid_t parent, int report_fd)
{
	char *const *environment =
		spec->environment ? (char *const *)spec->environment : (char *const *)environ;

	setpgid(0, 0);
	reset_signals();
	/* With the parent goes the child; a parent that went before this call is gone already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pid_t now = getppid();
	if (now != parent && now != 0)
		_exit(127);

	report_fd = move_up(report_fd, -1, 0, report_fd);
	int in = move_up(spec->stdin_fd, -1, O_RDONLY, report_fd);
	int out = move_up(spec->stdout_fd, STDERR_FILENO, 0, report_fd);
	int err = move_up(spec->stderr_fd, STDERR_FILENO, 0, report_fd);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		fail(report_fd, "passing descriptors");
	/* Marked and not closed: the report goes through one of them until the last moment. */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		fail(report_fd, "closing descriptors");
	if (spec->pass_fd > 2 && fcntl(spec->pass_fd, F_SETFD, 0) != 0)
		fail(report_fd, "passing descriptors");
	if (spec->directory && chdir(spec->directory) != 0)
		fail(report_fd, "changing directory");
	limit(RLIMIT_AS, spec->limits.memory_bytes, report_fd);
	limit(RLIMIT_FSIZE, spec->limits.file_bytes, report_fd);
	limit(RLIMIT_CPU, spec->limits.cpu_seconds, report_fd);
	execve(program, (char *const *)spec->argv, environment);
	fail(report_fd, "exec");
}

/* Waits for the child to become the program, or for its word why it could not. */
static enum status await_start(
	const struct process_spec *spec, pid_t pid, int report_fd, struct error *err)
{
	struct start_failure failure;
	ssize_t got;

	do
		got = read(report_fd, &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return STATUS_OK;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (got != (ssize_t)sizeof(failure))
		return error_set(err, STATUS_IO, "cannot start %s", spec->argv[0]);
	errno = failure.error;
	if (strcmp(failure.step, "exec") == 0)
		return error_set_errno(err, "cannot start %s", spec->argv[0]);
	if (strcmp(failure.step, "changing directory") == 0)
		return error_set_errno(
			err, "cannot start %s in %s", spec->argv[0], spec->directory);
	return error_set_errno(err, "cannot start %s: %s", spec->argv[0], failure.step);
}

enum status process_start(const struct process_spec *spec, pid_t *pid, struct error *err)
{
	int report[2] = {-1, -1};
	char *program = find_program(spec->argv[0]);
	pid_t parent = getpid();
	enum status status;

	*pid = -1;
	if (!program) {
		status = error_set(err, STATUS_NOT_FOUND, "%s is not installed (not found in PATH)",
			spec->argv[0]);
		goto out;
	}
	if (pipe2(report, O_CLOEXEC) != 0) {
		status = error_set_errno(err, "cannot start %s", spec->argv[0]);
		goto out;
	}
	pid_t forked = fork();
	if (forked == 0)
		child(spec, program, parent, report[1]);
	if (forked < 0) {
		status = error_set_errno(err, "cannot start %s", spec->argv[0]);
		goto out;
	}
	close_fd(&report[1]);
	status = await_start(spec, forked, report[0], err);
	if (status == STATUS_OK)
		*pid = forked;
out:
	close_fd(&report[0]);
	close_fd(&report[1]);
	free(program);
	return status;
}

/* Milliseconds until `deadline`, for poll(): -1 for ever. */
static int time_left(double deadline)
{
	if (deadline <= 0)
		return -1;
	double left = (deadline - clock_monotonic()) * 1000;
	if (left <= 0)
		return 0;
	return left < INT_MAX - 1 ? (int)left + 1 : INT_MAX;
}

static double deadline_after(unsigned seconds)
{
	return seconds > 0 ? clock_monotonic() + seconds : 0;
}

static enum status reap(pid_t pid, struct process_result *result, struct error *err)
{
	int code;

	while (waitpid(pid, &code, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, "waiting for process %d", (int)pid);
	result->exit_code = WIFEXITED(code) ? WEXITSTATUS(code) : -1;
	result->signal = WIFSIGNALED(code) ? WTERMSIG(code) : 0;
	return STATUS_OK;
}

static enum status wait_until(
	pid_t pid, double deadline, struct process_result *result, struct error *err)
{
	*result = (struct process_result){.exit_code = -1};
	struct pollfd ended = {.fd = -1, .events = POLLIN};

	if (deadline > 0) {
		ended.fd = pidfd_open(pid, 0);
		if (ended.fd < 0)
			return error_set_errno(err, "waiting for process %d", (int)pid);
		int count;
		do
			count = poll(&ended, 1, time_left(deadline));
		while (count < 0 && errno == EINTR);
		close(ended.fd);
		if (count == 0) {
			result->timed_out = true;
			/* Not reaped yet, so the number can mean no other process group. */
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
	}
	return reap(pid, result, err);
}

enum status process_wait(
	pid_t pid, unsigned timeout_seconds, struct process_result *result, struct error *err)
{
	return wait_until(pid, deadline_after(timeout_seconds), result, err);
}

/* One of the two outputs that are being taken. */
struct capture {
	struct buffer *buffer;
	int fd; /* -1 at its end */
	size_t taken;
	bool overflowed;
};

/* Reads once; false when nothing was there. */
static bool take(struct capture *capture, size_t limit)
{
	char data[READ_SIZE];
	ssize_t got = read(capture->fd, data, sizeof(data));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (got <= 0) {
		close_fd(&capture->fd);
		return false;
	}
	size_t room = limit - capture->taken;
	size_t kept = (size_t)got < room ? (size_t)got : room;
	buffer_add(capture->buffer, data, kept);
	capture->taken += kept;
	if (kept < (size_t)got)
		capture->overflowed = true;
	return true;
}

/*
 * Until the program ended and what it wrote is read; false when the deadline came first. A
 * grandchild may hold the pipes open, and write, for ever: only the program itself counts.
 */
static bool take_all(struct capture captures[2], int pid_fd, double deadline, size_t limit)
{
	bool ended = false;

	while (!ended && !captures[0].overflowed) {
		struct pollfd fds[3] = {
			{.fd = captures[0].fd, .events = POLLIN},
			{.fd = captures[1].fd, .events = POLLIN},
			{.fd = pid_fd, .events = POLLIN},
		};

		if (deadline > 0 && clock_monotonic() >= deadline)
			return false;
		if (poll(fds, 3, time_left(deadline)) <= 0)
			continue;
		ended = fds[2].revents;
		for (size_t i = 0; i < 2; i++)
			if (captures[i].fd >= 0 && fds[i].revents)
				take(&captures[i], limit);
	}
	/* What stood in the pipes when it ended is no more than they hold. */
	for (size_t i = 0; i < 2; i++) {
		int rest = captures[i].fd >= 0 ? fcntl(captures[i].fd, F_GETPIPE_SZ) : 0;

		for (; rest > 0 && captures[i].fd >= 0 && take(&captures[i], limit);
			rest -= (int)READ_SIZE)
			;
	}
	return true;
}

/* Gives the program a pipe for a buffer that is wanted. */
static enum status open_pipe(
	struct capture *capture, struct buffer *buffer, int *end, struct error *err)
{
	int ends[2];

	if (!buffer)
		return STATUS_OK;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_set_errno(err, "cannot make a pipe");
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*capture = (struct capture){.buffer = buffer, .fd = ends[0]};
	*end = ends[1];
	return STATUS_OK;
}

static enum status capture_started(const struct process_spec *spec, pid_t pid,
	struct capture captures[2], size_t limit, struct process_result *result, struct error *err)
{
	double deadline = deadline_after(spec->timeout_seconds);
	int pid_fd = pidfd_open(pid, 0);
	bool timed_out = false;

	if (pid_fd < 0) {
		error_set_errno(err, "waiting for %s", spec->argv[0]);
		kill(-pid, SIGKILL);
	} else {
		timed_out = !take_all(captures, pid_fd, deadline, limit);
		close(pid_fd);
	}
	if (timed_out || captures[0].overflowed)
		kill(-pid, SIGKILL);
	enum status status = reap(pid, result, err);
	result->timed_out = timed_out;
	if (pid_fd < 0)
		return err->status;
	if (status == STATUS_OK && captures[0].overflowed)
		return error_set(
			err, STATUS_LIMIT, "%s printed more than %zu bytes", spec->argv[0], limit);
	return status;
}

enum status process_capture(const struct process_spec *spec, size_t limit, struct buffer *out,
	struct buffer *errors, struct process_result *result, struct error *err)
{
	struct capture captures[2] = {{.fd = -1}, {.fd = -1}};
	int ends[2] = {-1, -1};
	struct process_spec with_pipes = *spec;
	pid_t pid;
	enum status status;

	*result = (struct process_result){.exit_code = -1};
	status = open_pipe(&captures[0], out, &ends[0], err);
	if (status == STATUS_OK)
		status = open_pipe(&captures[1], errors, &ends[1], err);
	if (status != STATUS_OK)
		goto out;
	if (out)
		with_pipes.stdout_fd = ends[0];
	if (errors)
		with_pipes.stderr_fd = ends[1];
	status = process_start(&with_pipes, &pid, err);
	close_fd(&ends[0]);
	close_fd(&ends[1]);
	if (status == STATUS_OK)
		status = capture_started(spec, pid, captures, limit, result, err);
out:
	for (size_t i = 0; i < 2; i++) {
		close_fd(&ends[i]);
		close_fd(&captures[i].fd);
	}
	return status;
}
