/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "verifier/rebuild/watch.h"

/*
 * Without a PID namespace: all processes that are, or by their parents' end became, this one's
 * children. Never kill(-1), which is every process of the machine.
 */
static void children_kill(void)
{
	char *path, *line = NULL;
	size_t size = 0;
	FILE *file;

	path = xasprintf("/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (file && getline(&line, &size, file) > 0) {
		char *end, *at = line;

		for (;; at = end) {
			long pid = strtol(at, &end, 10);

			if (end == at)
				break;
			if (pid > 1)
				kill((pid_t)pid, SIGKILL);
		}
	}
	if (file)
		fclose(file);
	free(line);
	free(path);
}

static void result_set(struct process_result *result, int wait_status)
{
	result->exit_code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
	result->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
}

/* Reaps what has ended; true when the build's first process is among them. */
static bool ended_reap(pid_t build, struct process_result *result)
{
	bool has_ended = false;
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG | __WALL)) > 0) {
		if (pid == build) {
			result_set(result, wait_status);
			has_ended = true;
		}
	}
	return has_ended;
}

/* Milliseconds until the build has to be looked at again; -1 for never. */
static int pause_length(const struct watch *watch, uint64_t seconds, double deadline)
{
	double left = deadline - clock_monotonic();

	if (watch && (!seconds || left > WATCH_INTERVAL))
		return (int)(WATCH_INTERVAL * 1000);
	if (!seconds)
		return -1;
	return left > 86400 ? 86400 * 1000 : (int)(left * 1000) + 1;
}

/* Until the first process ends, a limit is broken, or nobody waits for the outcome any more. */
static enum status build_wait(const struct supervision *supervision, struct watch *watch,
	pid_t build, int signals, struct supervised *supervised, struct error *err)
{
	uint64_t seconds = supervision->limits.most[BUILD_TIME];
	double deadline = clock_monotonic() + (double)seconds;
	struct pollfd watched[] = {{.fd = signals, .events = POLLIN},
		{.fd = supervision->control, .events = POLLIN},
		{.fd = supervision->network, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (!ended_reap(build, &supervised->result)) {
		int ready = poll(watched, 3, pause_length(watch, seconds, deadline));

		if (ready > 0 && watched[1].revents)
			return STATUS_OK;
		if (ready > 0 && watched[0].revents && read(signals, &info, sizeof(info)) < 0)
			return STATUS_OK;
		if (ready > 0 && watched[2].revents)
			network_read(supervision->network, &supervised->wanted);
		if (seconds && clock_monotonic() >= deadline) {
			supervised->broken = BUILD_TIME;
			supervised->seen = seconds;
			supervised->result.timed_out = true;
		} else if (watch &&
			watch_broken(watch, &supervised->broken, &supervised->seen, err) !=
				STATUS_OK) {
			return err->status;
		}
		if (supervised->broken != BUILD_LIMIT_NONE)
			return STATUS_OK;
	}
	if (watch)
		supervised->broken = watch_broken_at_end(watch, &supervised->seen);
	return STATUS_OK;
}

/*
 * Everything the build left behind, daemons with it, is ended. In a PID namespace that is done by
 * the kernel when this process, its first, ends, and the keeper's wait returns after the last one.
 */
static void rest_end(pid_t build, bool is_isolated, struct process_result *result)
{
	bool has_ended = result->exit_code >= 0 || result->signal;
	int wait_status;
	pid_t pid;

	if (is_isolated) {
		if (!has_ended && kill(build, SIGKILL) == 0 &&
			waitpid(build, &wait_status, 0) == build)
			result_set(result, wait_status);
		return;
	}
	for (;;) {
		children_kill();
		pid = waitpid(-1, &wait_status, __WALL);
		if (pid == build && !has_ended)
			result_set(result, wait_status);
		if (pid < 0 && errno == ECHILD)
			return;
	}
}

enum status supervise(const struct supervision *supervision, const struct launch *launch,
	struct supervised *supervised, struct error *err)
{
	struct watch *watch = NULL;
	enum status status = STATUS_OK;
	sigset_t child;
	int signals;
	pid_t build;

	*supervised = (struct supervised){.result = {.exit_code = -1}, .broken = BUILD_LIMIT_NONE};
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signals = signalfd(-1, &child, SFD_CLOEXEC);
	if (signals < 0)
		return error_set_errno(err, "cannot watch the build");
	if (supervision->is_isolated)
		status = watch_new(&supervision->limits, supervision->written, supervision->backing,
			launch->log_fd, &watch, err);
	if (status == STATUS_OK)
		status = launch_start(launch, &build, err);
	if (status == STATUS_OK) {
		if (watch)
			status = watch_begin(watch, err);
		if (status == STATUS_OK)
			status = build_wait(supervision, watch, build, signals, supervised, err);
		if (supervision->network >= 0)
			network_read_all(supervision->network, &supervised->wanted);
		if (watch)
			supervised->wanted.own_networks = watch_networks(watch);
		rest_end(build, supervision->is_isolated, &supervised->result);
	}
	close(signals);
	return status;
}
