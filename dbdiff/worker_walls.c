/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/worker_walls.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/alloc.h"
#include "base/array.h"

/* What no artifact comes near: libraries allocate by numbers that they read. */
#define ADDRESS_SPACE ((rlim_t)3 << 30)
#define INDEX_SPACE   ((rlim_t)8 << 30) /* beside what is spooled */
#define THREADS	      64
#define PROCESSES     4096 /* of the whole user, where the worker has no user namespace */
#define OPEN_FILES    64   /* with a sanitizer, which opens files to report */

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

const bool worker_is_sanitized = SANITIZED;

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

static int set_limits(const struct limits *limits, bool is_apart)
{
	int result = 0;

	result |= set_limit(RLIMIT_CORE, 0);
	result |= set_limit(RLIMIT_NOFILE, worker_is_sanitized ? OPEN_FILES : 0);
	result |= set_limit(RLIMIT_NPROC, is_apart ? THREADS : PROCESSES);
	result |= set_limit(RLIMIT_MEMLOCK, 0);
	result |= set_limit(RLIMIT_CPU, (rlim_t)limits->seconds + 1);
	result |= set_limit(RLIMIT_FSIZE, (rlim_t)limits->total_bytes + INDEX_SPACE);
	if (!worker_is_sanitized)
		result |= set_limit(RLIMIT_AS, ADDRESS_SPACE);
	return result;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * stdin, stdout and stderr are a hole: what a worker that was taken over prints would reach a
 * terminal. A sanitizer's report is to be seen.
 */
static enum status close_standard(struct error *err)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
		(!worker_is_sanitized && dup2(null_fd, STDERR_FILENO) < 0))
		return error_set_errno(err, "worker: /dev/null");
	return STATUS_OK;
}

static enum status close_others(const struct worker_job *job, int result_fd, struct error *err)
{
	int *kept = xcalloc(job->fd_count + job->out_count + 2, sizeof(kept[0]));
	enum status status = STATUS_OK;
	size_t count = 0;

	kept[count++] = STDERR_FILENO;
	kept[count++] = result_fd;
	for (size_t i = 0; i < job->fd_count; i++)
		kept[count++] = job->fds[i];
	for (size_t i = 0; i < job->out_count; i++)
		kept[count++] = job->out_fds[i];
	qsort(kept, count, sizeof(kept[0]), compare_fds);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		unsigned first = (unsigned)kept[i] + 1;
		unsigned last = i + 1 < count ? (unsigned)kept[i + 1] - 1 : ~0U;

		if (kept[i] < STDERR_FILENO || (i + 1 < count && kept[i + 1] <= kept[i] + 1))
			continue;
		if (close_range(first, last, 0) < 0)
			status = error_set_errno(err, "worker: descriptors cannot be closed");
	}
	free(kept);
	return status;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	return (int)syscall(SYS_capset, &header, none);
}

/* The parent's own handlers at exit are not for this process. */
static void leave(void)
{
	_exit(WORKER_EXIT_EARLY);
}

enum status worker_confine(const struct worker_job *job, int result_fd, struct error *err)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	bool is_apart;

	if (atexit(leave) != 0)
		return error_set(err, STATUS_IO, "worker: no handler at exit");
	/* A signal to stop goes to the whole group: the parent answers it, and its end is ours. */
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	if (worker_preload(err) < 0 || close_standard(err) < 0)
		return err->status;
	/* A second wall where this is allowed; the filter is the first. */
	is_apart = unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0;
	if (drop_capabilities() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
		prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		set_limits(job->limits, is_apart) < 0)
		return error_set_errno(err, "worker: cannot be confined");
	if (getppid() != job->parent)
		_exit(WORKER_EXIT_EARLY);
	if (close_others(job, result_fd, err) < 0)
		return err->status;
	return worker_filter(job, result_fd, err);
}
