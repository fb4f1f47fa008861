/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PID_MAX "/proc/sys/kernel/pid_max"
#define THREADS 4   /* for each process there may be */
#define LEAST	301 /* the kernel takes no less: its first 300 numbers are reserved */

static bool is_namespaces_own(void)
{
	struct utsname name;
	char *end;
	unsigned long major, minor;

	if (uname(&name) < 0)
		return false;
	major = strtoul(name.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major > 6 || (major == 6 && minor >= 14);
}

/* 0 when it cannot be read. */
static uint64_t machine_most(void)
{
	char text[32];
	int fd = open(PID_MAX, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	return strtoull(text, NULL, 10);
}

uint64_t tasks_bound(uint64_t processes)
{
	uint64_t most = is_namespaces_own() ? machine_most() / 2 : 0;

	if (!processes || most < LEAST)
		return 0;
	if (processes < most / THREADS)
		most = processes * THREADS;
	return most < LEAST ? LEAST : most;
}

bool tasks_bound_set(uint64_t tasks)
{
	char text[32];
	int fd = open(PID_MAX, O_WRONLY | O_CLOEXEC);
	int len = snprintf(text, sizeof(text), "%ju", (uintmax_t)tasks);
	bool is_set = fd >= 0 && write(fd, text, (size_t)len) == len;

	if (fd >= 0)
		close(fd);
	return is_set;
}
