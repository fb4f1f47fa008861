/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_BUILD_FIXTURE_H
#define TESTS_UNIT_BUILD_FIXTURE_H

/* A source directory with a script, run in a sandbox; shared by the tests of verifier/rebuild. */

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "verifier/rebuild/output.h"
#include "verifier/rebuild/sandbox.h"

struct build {
	char *top, *work, *source, *output, *log_path;
	struct text_list hidden;
	struct sandbox_spec spec;
	struct sandbox_command command;
	struct sandbox *sandbox;
	int listen_fd;
	unsigned short port;
	struct process_result result;
	char *log;
};

static const char *const build_argv[] = {"build.sh", NULL};
static const char *const build_environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};

/* Namespaces can be had here; when not, says so loudly, and the caller leaves its tests out. */
static inline bool build_can_isolate(const char *program)
{
	int wait_status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) < 0);
	waitpid(pid, &wait_status, 0);
	if (geteuid() == 0 && wait_status == 0)
		return true;
	fprintf(stderr, "SKIP: %s: NOT TESTED HERE: needs root with CAP_SYS_ADMIN\n", program);
	return false;
}

/*
 * Loop devices are the machine's: one that another test lets go of meanwhile is the next that is
 * free, and no build sees it. Held until this program ends.
 */
static inline void build_hold_loops(void)
{
	int control = open("/dev/loop-control", O_RDONLY | O_CLOEXEC);

	if (control < 0 || flock(control, LOCK_EX) < 0)
		abort();
}

static inline void build_write(const char *path, const char *text, mode_t mode)
{
	struct error err;

	ck_assert_msg(tempfile_write_all(path, text, strlen(text), mode, &err) == STATUS_OK, "%s",
		err.text);
}

static inline void build_init(struct build *build)
{
	struct error err;

	*build = (struct build){.listen_fd = -1};
	ck_assert(tempfile_directory(&build->top, &err) == STATUS_OK);
	build->work = path_join(build->top, "work");
	build->source = path_join(build->top, "source");
	build->output = path_join(build->top, "output");
	build->log_path = path_join(build->top, "log");
	ck_assert(mkdir(build->source, 0755) == 0);
	build->spec = (struct sandbox_spec){
		.work_directory = build->work,
		.source_directory = build->source,
		.output_directory = build->output,
		.hidden = &build->hidden,
	};
	build->command = (struct sandbox_command){
		.argv = build_argv,
		.environment = build_environment,
		.umask = 022,
		.log_fd = -1,
	};
}

static inline void build_script(struct build *build, const char *script)
{
	char *path = path_join(build->source, "build.sh");
	char *text = xasprintf("#!/bin/sh\n%s\n", script);

	build_write(path, text, 0755);
	free(text);
	free(path);
}

static inline void build_prepare(struct build *build)
{
	struct error err;

	ck_assert_msg(sandbox_prepare(&build->spec, &build->sandbox, &build->listen_fd,
			      &build->port, &err) == STATUS_OK,
		"%s", err.text);
}

/* Runs what was prepared; the log is then in build->log. */
static inline void build_run_prepared(struct build *build)
{
	struct error err;
	size_t len;
	int log = open(build->log_path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(log, 0);
	build->command.log_fd = log;
	ck_assert_msg(
		sandbox_run(build->sandbox, &build->command, &build->result, &err) == STATUS_OK,
		"%s", err.text);
	close(log);
	build->command.log_fd = -1;
	free(build->log);
	ck_assert(path_read_file(build->log_path, 1 << 20, &build->log, &len, &err) == STATUS_OK);
}

static inline void build_run(struct build *build, const char *script)
{
	build_script(build, script);
	build_prepare(build);
	build_run_prepared(build);
}

/* Runs it and expects it to end well. */
static inline void build_pass(struct build *build, const char *script)
{
	build_run(build, script);
	ck_assert_msg(build->result.exit_code == 0, "exit %d, signal %d: %s",
		build->result.exit_code, build->result.signal, build->log);
}

/* Ready for another one. */
static inline void build_again(struct build *build)
{
	struct error err;

	sandbox_free(build->sandbox);
	build->sandbox = NULL;
	if (build->listen_fd >= 0)
		close(build->listen_fd);
	build->listen_fd = -1;
	ck_assert(path_remove_tree(build->output, &err) == STATUS_OK);
}

static inline void build_release(struct build *build)
{
	struct error err;

	build_again(build);
	ck_assert_msg(path_remove_tree(build->top, &err) == STATUS_OK, "%s", err.text);
	text_list_release(&build->hidden);
	free(build->top);
	free(build->work);
	free(build->source);
	free(build->output);
	free(build->log_path);
	free(build->log);
}

/* How many processes of this machine have `marker` in their command line. */
static inline unsigned processes_with(const char *marker)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned found = 0;

	while ((entry = readdir(proc))) {
		char path[300], line[4096];
		ssize_t len;
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		fd = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? open(path, O_RDONLY) : -1;
		if (fd < 0)
			continue;
		len = read(fd, line, sizeof(line));
		close(fd);
		if (len > 0 && memmem(line, (size_t)len, marker, strlen(marker)))
			found++;
	}
	closedir(proc);
	return found;
}

/*
 * Runs it in a process that is killed when `processes` of its processes have `marker` in their
 * command line; returns when none is left.
 */
static inline void build_run_killed(
	struct build *build, const char *script, const char *marker, unsigned processes)
{
	pid_t pid;

	build_script(build, script);
	pid = fork();
	if (pid == 0) {
		struct error err;

		build_prepare(build);
		build->command.argv = (const char *const[]){
			"build.sh", sandbox_output_path(build->sandbox), NULL};
		sandbox_run(build->sandbox, &build->command, &build->result, &err);
		_exit(0);
	}
	while (processes_with(marker) < processes)
		poll(NULL, 0, 20);
	ck_assert(kill(pid, SIGKILL) == 0);
	ck_assert(waitpid(pid, NULL, 0) == pid);
	while (processes_with(marker) > 0)
		poll(NULL, 0, 20);
}

#endif
