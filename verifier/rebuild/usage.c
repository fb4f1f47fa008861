/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "verifier/rebuild/mount_table.h"

enum status usage_open(int *proc, struct error *err)
{
	*proc = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return *proc < 0 ? error_set_errno(err, "cannot watch the build's processes in /proc")
			 : STATUS_OK;
}

DIR *usage_directory(int proc, const char *path)
{
	int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !directory)
		close(fd);
	return directory;
}

typedef void (*process_visitor)(void *context, int proc, const char *pid);

static void each_process(int proc, process_visitor visit, void *context)
{
	DIR *directory = usage_directory(proc, ".");
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			strtol(entry->d_name, NULL, 10) != getpid())
			visit(context, proc, entry->d_name);
	if (directory)
		closedir(directory);
}

/* The start of a process's file as a text; "" when there is none (any more). */
static void process_file_read(int proc, const char *pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%.20s/%s", pid, name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? 0 : read(fd, text, size - 1);
	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

#define TMPFS_MOST 256 /* that are told apart; more are not counted */

/*
 * What lies in a tmpfs is memory, whoever maps it. Only those mounted whole: of another a part is
 * shown here, and the rest belongs to others. False when the mounts cannot be read.
 */
static bool tmpfs_read(int proc, uint64_t *total)
{
	int fd = openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	FILE *mounts = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned seen[TMPFS_MOST];
	size_t count = 0, size = 0;
	uint64_t bytes = 0;
	char *line = NULL;

	if (!mounts) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (count < TMPFS_MOST && getline(&line, &size, mounts) > 0) {
		struct mount_line mount;
		unsigned minor;
		struct statvfs info;
		bool is_seen = false;

		if (!mount_line_parse(line, &mount) || strcmp(mount.type, "tmpfs") != 0 ||
			strcmp(mount.root, "/") != 0 || sscanf(mount.device, "0:%u", &minor) != 1)
			continue;
		for (size_t i = 0; i < count; i++)
			is_seen |= seen[i] == minor;
		if (is_seen || statvfs(mount.point, &info) < 0)
			continue;
		seen[count++] = minor;
		bytes += (uint64_t)(info.f_blocks - info.f_bfree) * info.f_frsize;
	}
	free(line);
	fclose(mounts);
	*total = bytes;
	return true;
}

struct sum {
	uint64_t processes, bytes, shared;
};

static void resident_add(void *context, int proc, const char *pid)
{
	unsigned long size = 0, resident = 0;
	struct sum *sum = context;
	char text[128];

	process_file_read(proc, pid, "statm", text, sizeof(text));
	sscanf(text, "%lu %lu", &size, &resident);
	sum->processes++;
	sum->bytes += resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

enum status usage_read(int proc, uint64_t *processes, uint64_t *memory, struct error *err)
{
	struct sum sum = {0};
	uint64_t tmpfs = 0;

	each_process(proc, resident_add, &sum);
	if (!sum.processes || !tmpfs_read(proc, &tmpfs))
		return error_set(err, STATUS_SANDBOX,
			"the build was ended: the sandbox no longer sees its %s, so its limits "
			"cannot be held; look in the build's log for what it does to /proc, and at "
			"whether this machine is out of open files or memory",
			sum.processes ? "mounts" : "processes");
	*processes = sum.processes;
	*memory = sum.bytes + tmpfs;
	return STATUS_OK;
}

/* The number behind "\nName:", in kB there. */
static uint64_t field_read(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

static void proportional_add(void *context, int proc, const char *pid)
{
	struct sum *sum = context;
	char text[2048];

	process_file_read(proc, pid, "smaps_rollup", text, sizeof(text));
	sum->bytes += field_read(text, "\nPss_Anon:") + field_read(text, "\nSwapPss:");
	sum->shared += field_read(text, "\nPss_Shmem:");
}

uint64_t usage_read_exact(int proc)
{
	struct sum sum = {0};
	uint64_t tmpfs = 0;

	tmpfs_read(proc, &tmpfs);
	each_process(proc, proportional_add, &sum);
	/* What is shared is in a tmpfs for the most part. */
	return sum.bytes + (sum.shared > tmpfs ? sum.shared : tmpfs);
}
