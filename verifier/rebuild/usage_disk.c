/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/rebuild/usage.h"

/* What lies deeper is not counted, and held by the floor of free space alone. */
#define DEPTH_MOST 128

/* A build moves and mounts things while it is counted: never through a link or onto a mount. */
static DIR *directory_open(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !directory)
		close(fd);
	return directory;
}

/* One of the files with several names counts for each of them in part. */
static uint64_t bytes_of(const struct stat *info)
{
	uint64_t names = S_ISDIR(info->st_mode) || info->st_nlink == 0 ? 1 : info->st_nlink;

	return (uint64_t)info->st_blocks * 512 / names;
}

static uint64_t tree_read(int root)
{
	DIR *open[DEPTH_MOST];
	uint64_t bytes = 0;
	size_t depth = 0;

	open[0] = directory_open(root, ".");
	if (!open[0])
		return 0;
	for (;;) {
		struct dirent *entry = readdir(open[depth]);
		struct stat info;
		DIR *below;

		if (!entry) {
			closedir(open[depth]);
			if (depth-- == 0)
				return bytes;
			continue;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(open[depth]), entry->d_name, &info,
				AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue;
		if (!S_ISDIR(info.st_mode)) {
			bytes += bytes_of(&info);
			continue;
		}
		below = depth + 1 < DEPTH_MOST ? directory_open(dirfd(open[depth]), entry->d_name)
					       : NULL;
		if (!below)
			continue;
		bytes += bytes_of(&info);
		open[++depth] = below;
	}
}

/* Files that have no name any more, and are there as long as they are open. */
struct removed {
	struct stat *files;
	size_t count, capacity;
};

static void process_add_removed(
	struct removed *removed, const char *pid, const dev_t *devices, size_t count)
{
	char path[64];
	struct dirent *entry;
	struct stat info;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		bool is_ours = false;

		if (entry->d_name[0] == '.' ||
			fstatat(dirfd(fds), entry->d_name, &info, AT_NO_AUTOMOUNT) < 0 ||
			!S_ISREG(info.st_mode) || info.st_nlink != 0)
			continue;
		for (size_t i = 0; i < count; i++)
			is_ours |= devices[i] == info.st_dev;
		if (!is_ours)
			continue;
		ARRAY_GROW(removed->files, removed->count, removed->capacity);
		removed->files[removed->count++] = info;
	}
	if (fds)
		closedir(fds);
}

static int by_inode(const void *left, const void *right)
{
	const struct stat *a = left, *b = right;

	if (a->st_dev != b->st_dev)
		return a->st_dev < b->st_dev ? -1 : 1;
	return a->st_ino == b->st_ino ? 0 : a->st_ino < b->st_ino ? -1 : 1;
}

static uint64_t removed_read(const dev_t *devices, size_t count)
{
	struct removed removed = {0};
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	uint64_t bytes = 0;

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			process_add_removed(&removed, entry->d_name, devices, count);
	if (proc)
		closedir(proc);
	if (removed.count)
		qsort(removed.files, removed.count, sizeof(removed.files[0]), by_inode);
	for (size_t i = 0; i < removed.count; i++)
		if (i == 0 || by_inode(&removed.files[i - 1], &removed.files[i]) != 0)
			bytes += bytes_of(&removed.files[i]);
	free(removed.files);
	return bytes;
}

uint64_t usage_read_disk(const int *directory_fds, size_t count)
{
	dev_t *devices = xcalloc(count, sizeof(*devices));
	uint64_t bytes = 0;
	struct stat info;

	for (size_t i = 0; i < count; i++) {
		if (fstat(directory_fds[i], &info) == 0)
			devices[i] = info.st_dev;
		bytes += tree_read(directory_fds[i]);
	}
	bytes += removed_read(devices, count);
	free(devices);
	return bytes;
}
