/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/clock.h"

/* Decompressors may ask for windows of up to 2 GiB (zstd); an artifact needs far less. */
#define ADDRESS_SPACE ((rlim_t)3 << 30)
#define INDEX_SPACE   ((rlim_t)8 << 30) /* beside what is spooled */
#define OPEN_FILES    64

/* AddressSanitizer reserves terabytes of addresses. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static const bool is_sanitized = SANITIZED;

static int set_limit(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -1;
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value)
		value = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = value;
	return setrlimit(resource, &limit);
}

static int set_limits(const struct limits *limits)
{
	int result = 0;

	result |= set_limit(RLIMIT_CORE, 0);
	result |= set_limit(RLIMIT_NOFILE, OPEN_FILES);
	result |= set_limit(RLIMIT_CPU, (rlim_t)limits->seconds + 1);
	result |= set_limit(RLIMIT_FSIZE, (rlim_t)limits->total_bytes + INDEX_SPACE);
	if (!is_sanitized)
		result |= set_limit(RLIMIT_AS, ADDRESS_SPACE);
	return result;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Everything but stderr, what the job keeps, and the pipe. */
static void close_others(const struct worker_job *job, int result_fd)
{
	int *kept = xcalloc(job->fd_count + 4, sizeof(kept[0]));
	size_t count = 0;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd >= 0) {
		dup2(null_fd, STDIN_FILENO);
		dup2(null_fd, STDOUT_FILENO);
	}
	kept[count++] = STDERR_FILENO;
	kept[count++] = result_fd;
	for (size_t i = 0; i < job->fd_count; i++)
		kept[count++] = job->fds[i];
	qsort(kept, count, sizeof(kept[0]), compare_fds);
	for (size_t i = 0; i < count; i++) {
		unsigned first = (unsigned)kept[i] + 1;
		unsigned last = i + 1 < count ? (unsigned)kept[i + 1] - 1 : ~0U;

		if (kept[i] < STDERR_FILENO || (i + 1 < count && kept[i + 1] <= kept[i] + 1))
			continue;
		close_range(first, last, 0);
	}
	free(kept);
}

/* The parent's own handlers at exit are not for this process. */
static void leave(void)
{
	_exit(3);
}

/* What a process may do is cut down here; the seccomp filter will be its last step. */
static enum status confine(
	const struct worker_job *job, int result_fd, pid_t parent, struct error *err)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	if (atexit(leave) != 0)
		return error_set(err, STATUS_IO, "worker: no handler at exit");
	/* A signal to stop goes to the whole group: the parent answers it, and its end is ours. */
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		set_limits(job->limits) < 0)
		return error_set_errno(err, "worker: cannot be confined");
	if (getppid() != parent)
		_exit(3);
	close_others(job, result_fd);
	return STATUS_OK;
}

static void child(const struct worker_job *job, int result_fd, pid_t parent)
{
	struct error err = {0};
	enum status status = confine(job, result_fd, parent, &err);
	ssize_t written;

	if (status == STATUS_OK)
		status = job->run(job->context, &err);
	err.status = status;
	/* Less than PIPE_BUF: whole or not at all. */
	written = write(result_fd, &err, sizeof(err));
	_exit(written == (ssize_t)sizeof(err) ? 0 : 3);
}

enum status worker_start(struct worker *worker, const struct worker_job *job, struct error *err)
{
	pid_t parent = getpid();
	int fds[2];

	*worker = (struct worker){.result_fd = -1, .seconds = job->limits->seconds};
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "worker");
	worker->pid = fork();
	if (worker->pid < 0) {
		worker->pid = 0;
		close(fds[0]);
		close(fds[1]);
		return error_set_errno(err, "worker: cannot start");
	}
	if (worker->pid == 0) {
		close(fds[0]);
		child(job, fds[1], parent);
	}
	close(fds[1]);
	worker->result_fd = fds[0];
	worker->deadline = clock_monotonic() + worker->seconds;
	return STATUS_OK;
}

/* False when the time is over. */
static bool wait_readable(const struct worker *worker)
{
	struct pollfd poll_fd = {.fd = worker->result_fd, .events = POLLIN};

	for (;;) {
		double left = worker->deadline - clock_monotonic();
		int result;

		if (left <= 0)
			return false;
		result = poll(&poll_fd, 1, left < 1000 ? (int)(left * 1000) + 1 : 1000000);
		if (result > 0 || (result < 0 && errno != EINTR))
			return true;
	}
}

static int reap(struct worker *worker, bool is_late)
{
	int wait_status = 0;

	if (is_late)
		kill(worker->pid, SIGKILL);
	while (waitpid(worker->pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	worker->pid = 0;
	return wait_status;
}

enum status worker_wait(struct worker *worker, struct error *err)
{
	struct error result;
	ssize_t got = -1;
	bool is_late = !wait_readable(worker);
	int wait_status;

	if (!is_late) {
		do
			got = read(worker->result_fd, &result, sizeof(result));
		while (got < 0 && errno == EINTR);
	}
	/* One that has told its result, or has closed the pipe, has nothing more to do. */
	wait_status = reap(worker, true);
	close(worker->result_fd);
	worker->result_fd = -1;
	if (is_late)
		return error_set(err, STATUS_LIMIT, "took longer than %u seconds", worker->seconds);
	if (got == (ssize_t)sizeof(result)) {
		result.text[sizeof(result.text) - 1] = '\0';
		if (result.status < 0)
			*err = result;
		return result.status;
	}
	if (WIFSIGNALED(wait_status))
		return error_set(err, STATUS_LIMIT,
			"the process that read it was ended by signal %d (%s)",
			WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	return error_set(err, STATUS_LIMIT, "the process that read it ended early (%d)",
		WEXITSTATUS(wait_status));
}

void worker_release(struct worker *worker)
{
	if (worker->pid > 0) {
		reap(worker, true);
		close(worker->result_fd);
	}
	*worker = (struct worker){0};
}
