/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/rebuild/scan.h"
#include "verifier/rebuild/usage.h"

/* One of the files with several names counts for each of them in part. */
static uint64_t bytes_of(const struct stat *info)
{
	uint64_t names = S_ISDIR(info->st_mode) || info->st_nlink == 0 ? 1 : info->st_nlink;

	return (uint64_t)info->st_blocks * 512 / names;
}

static void bytes_add(void *context, const struct stat *info)
{
	*(uint64_t *)context += bytes_of(info);
}

/* Files that have no name any more, and are there as long as they are open. */
struct removed {
	struct stat *files;
	size_t count, capacity;
};

static void process_add_removed(
	struct removed *removed, int proc, const char *pid, const dev_t *devices, size_t count)
{
	char path[64];
	struct dirent *entry;
	struct stat info;
	DIR *fds;

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	fds = usage_directory(proc, path);
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

static uint64_t removed_read(int proc, const dev_t *devices, size_t count)
{
	struct removed removed = {0};
	DIR *processes = usage_directory(proc, ".");
	struct dirent *entry;
	uint64_t bytes = 0;

	while (processes && (entry = readdir(processes)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			process_add_removed(&removed, proc, entry->d_name, devices, count);
	if (processes)
		closedir(processes);
	if (removed.count)
		qsort(removed.files, removed.count, sizeof(removed.files[0]), by_inode);
	for (size_t i = 0; i < removed.count; i++)
		if (i == 0 || by_inode(&removed.files[i - 1], &removed.files[i]) != 0)
			bytes += bytes_of(&removed.files[i]);
	free(removed.files);
	return bytes;
}

bool usage_read_disk(int proc, const int *directory_fds, size_t count, uint64_t *bytes)
{
	dev_t *devices = xcalloc(count, sizeof(*devices));
	bool is_whole = true;
	struct stat info;

	*bytes = 0;
	for (size_t i = 0; i < count; i++) {
		if (fstat(directory_fds[i], &info) == 0)
			devices[i] = info.st_dev;
		is_whole &= scan_tree(directory_fds[i], bytes_add, bytes);
	}
	*bytes += removed_read(proc, devices, count);
	free(devices);
	return is_whole;
}
