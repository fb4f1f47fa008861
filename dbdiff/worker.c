/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "dbdiff/worker_walls.h"

static _Noreturn void child(const struct worker_job *job, int result_fd)
{
	struct error err = {0};
	enum status status = worker_confine(job, result_fd, &err);
	ssize_t written;

	if (status == STATUS_OK)
		status = job->run(job->context, &err);
	err.status = status;
	/* Less than PIPE_BUF: whole or not at all. */
	written = write(result_fd, &err, sizeof(err));
	_exit(written == (ssize_t)sizeof(err) ? 0 : WORKER_EXIT_EARLY);
}

enum status worker_start(struct worker *worker, const struct worker_job *job, struct error *err)
{
	struct worker_job own = *job;
	int fds[2];

	own.parent = getpid();
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
		child(&own, fds[1]);
	}
	close(fds[1]);
	worker->result_fd = fds[0];
	worker->deadline = clock_monotonic() + worker->seconds;
	return STATUS_OK;
}

/* How long to poll for, in milliseconds: 0 when the time is over. */
static int milliseconds_left(const struct worker *workers, size_t count)
{
	double least = 1000;

	for (size_t i = 0; i < count; i++) {
		double left = workers[i].deadline - clock_monotonic();

		if (workers[i].pid > 0 && left < least)
			least = left;
	}
	return least > 0 ? (int)(least * 1000) + 1 : 0;
}

size_t worker_next(const struct worker *workers, size_t count)
{
	struct pollfd *polled = xcalloc(count, sizeof(polled[0]));
	size_t found = count;

	while (found == count) {
		int timeout = milliseconds_left(workers, count), result;

		for (size_t i = 0; i < count; i++)
			polled[i] = (struct pollfd){
				.fd = workers[i].pid > 0 ? workers[i].result_fd : -1,
				.events = POLLIN,
			};
		/* A result that is there counts, late or not. */
		result = poll(polled, count, timeout);
		for (size_t i = 0; i < count && found == count; i++)
			if (result > 0 && polled[i].revents != 0)
				found = i;
		for (size_t i = 0; i < count && found == count; i++)
			if (result <= 0 && workers[i].pid > 0 &&
				workers[i].deadline <= clock_monotonic())
				found = i;
	}
	free(polled);
	return found;
}

/* False when the time is over. */
static bool wait_readable(const struct worker *worker)
{
	struct pollfd poll_fd = {.fd = worker->result_fd, .events = POLLIN};

	worker_next(worker, 1);
	return poll(&poll_fd, 1, 0) > 0;
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

/* What it says of itself is from a process that hostile input may have taken over. */
static enum status take_result(const struct error *result, struct error *err)
{
	switch (result->status) {
	case STATUS_OK:
		return STATUS_OK;
	case STATUS_IO:
	case STATUS_FORMAT:
	case STATUS_LIMIT:
	case STATUS_UNSUPPORTED:
	case STATUS_NOT_FOUND:
	case STATUS_SANDBOX:
	case STATUS_DATABASE:
		return error_set(
			err, result->status, "%.*s", (int)sizeof(result->text) - 1, result->text);
	default:
		return error_set(err, STATUS_IO, "the process that read it told no result");
	}
}

static enum status describe_end(int wait_status, struct error *err)
{
	if (WIFSIGNALED(wait_status))
		return error_set(err, STATUS_LIMIT,
			"the process that read it was ended by signal %d (%s)",
			WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
	if (WEXITSTATUS(wait_status) == WORKER_EXIT_MEMORY)
		return error_set(err, STATUS_LIMIT, "the process that read it ran out of memory");
	return error_set(err, STATUS_LIMIT, "the process that read it ended early (%d)",
		WEXITSTATUS(wait_status));
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
	worker->has_died = got != (ssize_t)sizeof(result);
	worker->was_late = is_late;
	if (!worker->has_died)
		return take_result(&result, err);
	if (is_late)
		return error_set(err, STATUS_LIMIT, "took longer than %u seconds", worker->seconds);
	return describe_end(wait_status, err);
}

void worker_release(struct worker *worker)
{
	if (worker->pid > 0) {
		reap(worker, true);
		close(worker->result_fd);
	}
	*worker = (struct worker){0};
}
