/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * What a program, and each that it starts, may use at most (setrlimit(2)); 0: as this process. One
 * that wants more memory is told that there is none; one that writes or computes more is killed by
 * SIGXFSZ or SIGXCPU.
 */
struct process_limits {
	uint64_t memory_bytes; /* of address space */
	uint64_t file_bytes;   /* of one file */
	uint64_t cpu_seconds;
};

/*
 * How to start a program. argv, never a shell string. Descriptors other than 0, 1, 2 are closed,
 * signal handlers and mask are as at login, and it gets a process group of its own. It is killed
 * when the thread that started it ends.
 */
struct process_spec {
	const char *const *argv; /* argv[0] is looked up in this process's PATH; ends with NULL */
	const char *const
		*environment;  /* "NAME=value"; ends with NULL; NULL means this process's */
	const char *directory; /* NULL means this one */
	int stdin_fd;	       /* -1 means /dev/null */
	int stdout_fd;	       /* -1 means this process's stderr */
	int stderr_fd;	       /* -1 means this process's */
	int pass_fd;	       /* one more descriptor to pass, under its own number; -1 for none */
	unsigned timeout_seconds; /* 0 means none; then SIGKILL to its process group */
	struct process_limits limits;
};

#define PROCESS_SPEC_INIT                                                                          \
	{                                                                                          \
		.stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .pass_fd = -1                    \
	}

/* How a program ended. */
struct process_result {
	int exit_code; /* -1 when a signal ended it */
	int signal;    /* 0 when it exited */
	bool timed_out;
};

/*
 * STATUS_OK says that it runs: a program that is not there (STATUS_NOT_FOUND) or cannot be executed
 * is known here.
 */
enum status process_start(const struct process_spec *spec, pid_t *pid, struct error *err);
/* STATUS_OK however it ended: `result` says how. */
enum status process_wait(
	pid_t pid, unsigned timeout_seconds, struct process_result *result, struct error *err);

/*
 * Runs it with stdout and stderr into buffers; for NULL they go where `spec` says. Ends with the
 * program, even when a child of its own holds the pipes. More than `limit` bytes of stdout is
 * STATUS_LIMIT; of stderr what is more is dropped.
 */
enum status process_capture(const struct process_spec *spec, size_t limit, struct buffer *out,
	struct buffer *errors, struct process_result *result, struct error *err);

/* True when the program can be found in PATH. */
bool process_exists(const char *program);

#endif
