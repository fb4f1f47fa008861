/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/array.h"
#include "dbdiff/worker_walls.h"

/*
 * What a worker may ask of the kernel: read what is open, write to what is its own, memory that is
 * not executed, threads of its own process, and its end. Everything else ends it (seccomp(2)).
 */
static const int always[] = {
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(readv),
	SCMP_SYS(preadv),
	SCMP_SYS(lseek),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(getrandom),
	/* Time, where the vDSO cannot tell it. */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	/* Threads, and what glibc does for them. */
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction), /* what ends a worker is SIGKILL and SIGSYS, which none can catch */
	SCMP_SYS(sched_getaffinity), /* malloc counts processors */
	SCMP_SYS(sched_yield),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
};

/* To any descriptor of the job's, in the argument 0. */
static const int to_out[] = {
	SCMP_SYS(write),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),
};

/* What AddressSanitizer runs on and reports with: the filter is no wall against reading then. */
static const int sanitizers[] = {
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getrlimit),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(mmap),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(getppid),
	SCMP_SYS(pipe2), /* writing to one tells whether memory can be read */
	SCMP_SYS(write),
};

/* pthread_create(3) of glibc: exactly this, so that it makes threads and never a process. */
#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_SIGHAND | CLONE_THREAD |        \
		CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

#define LOW_32 UINT32_MAX /* of an argument that is an int: the rest may be anything */

struct filter {
	scmp_filter_ctx context;
	int code; /* the first that was not 0 */
};

static void note(struct filter *filter, int code)
{
	if (filter->code == 0)
		filter->code = code;
}

static void allow(struct filter *filter, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		note(filter, seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, calls[i], 0));
}

static void allow_on(struct filter *filter, int call, int fd)
{
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, call, 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32, (scmp_datum_t)fd)));
}

/* Nothing that could be executed, and no file: a shared mapping would be a way to write one. */
static void allow_memory(struct filter *filter)
{
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)));
	if (!worker_is_sanitized)
		note(filter,
			seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				SCMP_A4(SCMP_CMP_MASKED_EQ, LOW_32, LOW_32)));
}

static void allow_threads(struct filter *filter)
{
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_EQ, THREAD_FLAGS, 0)));
	/* Its flags are in memory, where no filter sees them: glibc takes clone(2) then. */
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
	/* abort(3) and raise(3). */
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, LOW_32, (scmp_datum_t)getpid())));
}

static void allow_sanitizers(struct filter *filter)
{
	const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

	allow(filter, sanitizers, ARRAY_SIZE(sanitizers));
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0)));
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0)));
	/* Of what it opens to find names of functions. */
	for (int command = F_GETFD; command <= F_GETFL; command++)
		note(filter,
			seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_32, (scmp_datum_t)command)));
	/* Is it a terminal? */
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, LOW_32, TCGETS)));
	/* prlimit64() that only asks. */
	note(filter,
		seccomp_rule_add(filter->context, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
			SCMP_A2(SCMP_CMP_EQ, 0, 0)));
}

static void set_attributes(struct filter *filter)
{
	note(filter,
		seccomp_attr_set(filter->context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
	/* A search instead of a list: reads and writes are many. */
	note(filter, seccomp_attr_set(filter->context, SCMP_FLTATR_CTL_OPTIMIZE, 2));
}

enum status worker_filter(const struct worker_job *job, int result_fd, struct error *err)
{
	struct filter filter = {.context = seccomp_init(SCMP_ACT_KILL_PROCESS)};

	if (filter.context == NULL)
		return error_set(err, STATUS_SANDBOX, "worker: no seccomp filter can be made");
	set_attributes(&filter);
	allow(&filter, always, ARRAY_SIZE(always));
	allow_on(&filter, SCMP_SYS(write), result_fd);
	allow_on(&filter, SCMP_SYS(write), STDERR_FILENO);
	allow_on(&filter, SCMP_SYS(writev), STDERR_FILENO);
	for (size_t i = 0; i < job->out_count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(to_out); j++)
			allow_on(&filter, to_out[j], job->out_fds[i]);
	allow_memory(&filter);
	allow_threads(&filter);
	if (worker_is_sanitized)
		allow_sanitizers(&filter);
	note(&filter, seccomp_load(filter.context));
	seccomp_release(filter.context);
	if (filter.code == 0)
		return STATUS_OK;
	return error_set(err, STATUS_SANDBOX, "worker: the seccomp filter is refused: %s",
		strerror(-filter.code));
}
