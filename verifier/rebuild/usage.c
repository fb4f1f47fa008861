/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum status usage_open(struct usage *usage, struct error *err)
{
	*usage = (struct usage){0};
	usage->proc = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (usage->proc < 0 || !tmpfs_find_foreign(usage->proc, &usage->foreign))
		return error_set_errno(err, "cannot watch the build's processes in /proc");
	return STATUS_OK;
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

struct networks_look {
	struct network_set *set;
	ino_t own;
};

static ino_t network_of(int proc, const char *pid)
{
	struct stat info;
	char path[64];

	snprintf(path, sizeof(path), "%.20s/ns/net", pid);
	return fstatat(proc, path, &info, 0) == 0 ? info.st_ino : 0;
}

static void network_add(void *context, int proc, const char *pid)
{
	struct networks_look *look = context;
	ino_t inode = network_of(proc, pid);

	if (!inode || inode == look->own || look->set->count == NETWORKS_MOST)
		return;
	for (size_t i = 0; i < look->set->count; i++)
		if (look->set->inodes[i] == inode)
			return;
	look->set->inodes[look->set->count++] = inode;
}

void usage_read_networks(const struct usage *usage, struct network_set *networks)
{
	struct networks_look look = {networks, network_of(usage->proc, "self")};

	if (look.own)
		each_process(usage->proc, network_add, &look);
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

enum status usage_read(
	const struct usage *usage, uint64_t *processes, uint64_t *memory, struct error *err)
{
	struct sum sum = {0};
	uint64_t tmpfs = 0;

	each_process(usage->proc, resident_add, &sum);
	if (!sum.processes || !tmpfs_read(usage->proc, &usage->foreign, &tmpfs))
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

uint64_t usage_read_exact(const struct usage *usage)
{
	struct sum sum = {0};
	uint64_t tmpfs = 0;

	tmpfs_read(usage->proc, &usage->foreign, &tmpfs);
	each_process(usage->proc, proportional_add, &sum);
	/* What is shared is in a tmpfs for the most part. */
	return sum.bytes + (sum.shared > tmpfs ? sum.shared : tmpfs);
}
