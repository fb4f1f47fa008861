/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD. DIE="3-5:2 8:1": the third to the fifth process that is forked, and the eighth,
 * end by a signal in place of their second, or first, write(). FORGED=-5: what they tell last, a
 * struct error, has this status in place of that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pid_t (*real_fork)(void);
static ssize_t (*real_write)(int fd, const void *data, size_t len);
static unsigned forks, writes_left;

__attribute__((constructor)) static void find(void)
{
	*(void **)&real_fork = dlsym(RTLD_NEXT, "fork");
	*(void **)&real_write = dlsym(RTLD_NEXT, "write");
}

pid_t fork(void)
{
	const char *rule = getenv("DIE");
	unsigned number = ++forks, first, last, at;
	pid_t pid = real_fork();

	for (; pid == 0 && rule && *rule; rule += strspn(rule, " ")) {
		if ((sscanf(rule, "%u-%u:%u", &first, &last, &at) == 3 ||
			    (sscanf(rule, "%u:%u", &first, &at) == 2 && (last = first))) &&
			number >= first && number <= last)
			writes_left = at;
		rule += strcspn(rule, " ");
	}
	return pid;
}

ssize_t write(int fd, const void *data, size_t len)
{
	const char *forged = getenv("FORGED");
	int told[257]; /* as large as a struct error is */

	if (!writes_left || (forged && len != sizeof(told)) || --writes_left)
		return real_write(fd, data, len);
	if (!forged)
		__builtin_trap();
	memcpy(told, data, len);
	told[0] = atoi(forged);
	return real_write(fd, told, len);
}
