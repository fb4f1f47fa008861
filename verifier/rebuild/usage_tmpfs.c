/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/usage_tmpfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/rebuild/mount_table.h"
#include "verifier/rebuild/scan.h"
#include "verifier/rebuild/usage.h"

/* The mounts as one process sees them: of its namespace and below its root directory. */
struct view_key {
	ino_t mounts; /* the namespace's */
	dev_t device; /* the root directory's */
	ino_t inode;
};

/* One look at all of it. */
struct tmpfs_look {
	int proc;
	const struct device_list *foreign;
	struct device_list seen;
	struct view_key *views;
	size_t view_count, view_capacity;
	struct stat *files; /* those that were counted one by one */
	size_t file_count, file_capacity;
	uint64_t bytes;
	bool is_whole;
};

static bool device_is_in(const struct device_list *list, dev_t device)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == device)
			return true;
	return false;
}

static void device_add(struct device_list *list, dev_t device)
{
	ARRAY_GROW(list->items, list->count, list->capacity);
	list->items[list->count++] = device;
}

static bool device_is_new(const struct tmpfs_look *look, dev_t device)
{
	return !device_is_in(&look->seen, device) && !device_is_in(look->foreign, device);
}

static void blocks_add(void *context, const struct stat *info)
{
	uint64_t names = S_ISDIR(info->st_mode) || info->st_nlink == 0 ? 1 : info->st_nlink;

	*(uint64_t *)context += (uint64_t)info->st_blocks * 512 / names;
}

/*
 * `fd` may be any file of it. One that was made without a size says nothing of what is in it, and
 * is looked through when `fd` is its root.
 */
static void tmpfs_add(struct tmpfs_look *look, int fd, dev_t device)
{
	struct statfs info;

	if (fstatfs(fd, &info) < 0 || info.f_type != TMPFS_MAGIC)
		return;
	if (info.f_blocks)
		look->bytes += (uint64_t)(info.f_blocks - info.f_bfree) * (uint64_t)info.f_bsize;
	else
		look->is_whole &= scan_tree(fd, blocks_add, &look->bytes);
	device_add(&look->seen, device);
}

/* One of a tmpfs, and its device. */
static bool line_parse(char *line, struct mount_line *mount, dev_t *device)
{
	unsigned major, minor;

	if (!mount_line_parse(line, mount) ||
		(strcmp(mount->type, "tmpfs") != 0 && strcmp(mount->type, "devtmpfs") != 0) ||
		sscanf(mount->device, "%u:%u", &major, &minor) != 2)
		return false;
	*device = makedev(major, minor);
	return true;
}

static FILE *mounts_open(int proc, const char *pid)
{
	char path[64];
	int fd;
	FILE *file;

	snprintf(path, sizeof(path), "%.20s/mountinfo", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (fd >= 0 && !file)
		close(fd);
	return file;
}

bool tmpfs_find_foreign(int proc, struct device_list *foreign)
{
	FILE *file = mounts_open(proc, "self");
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		struct mount_line mount;
		dev_t device;

		if (line_parse(line, &mount, &device) && strcmp(mount.root, "/") != 0 &&
			!device_is_in(foreign, device))
			device_add(foreign, device);
	}
	free(line);
	if (file)
		fclose(file);
	return file != NULL;
}

/* What a process sees at a mount's place is that mount only when nothing lies over it. */
static void mount_add(struct tmpfs_look *look, const char *pid, const char *point, dev_t device)
{
	char *path = xasprintf("%.20s/root%s", pid, point);
	int fd = openat(look->proc, path, O_PATH | O_CLOEXEC);
	struct stat info;

	if (fd >= 0 && fstat(fd, &info) == 0 && info.st_dev == device)
		tmpfs_add(look, fd, device);
	if (fd >= 0)
		close(fd);
	free(path);
}

static bool mounts_add(struct tmpfs_look *look, const char *pid)
{
	FILE *file = mounts_open(look->proc, pid);
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		struct mount_line mount;
		dev_t device;

		if (line_parse(line, &mount, &device) && device_is_new(look, device))
			mount_add(look, pid, mount.point, device);
	}
	free(line);
	if (file)
		fclose(file);
	return file != NULL;
}

/* True for the first process with these mounts. */
static bool view_is_new(struct tmpfs_look *look, const char *pid)
{
	struct view_key key;
	struct stat info;
	char path[64];

	snprintf(path, sizeof(path), "%.20s/ns/mnt", pid);
	if (fstatat(look->proc, path, &info, 0) < 0)
		return false;
	key.mounts = info.st_ino;
	snprintf(path, sizeof(path), "%.20s/root", pid);
	if (fstatat(look->proc, path, &info, 0) < 0)
		return false;
	key.device = info.st_dev;
	key.inode = info.st_ino;
	for (size_t i = 0; i < look->view_count; i++) {
		const struct view_key *other = &look->views[i];

		if (other->mounts == key.mounts && other->device == key.device &&
			other->inode == key.inode)
			return false;
	}
	ARRAY_GROW(look->views, look->view_count, look->view_capacity);
	look->views[look->view_count++] = key;
	return true;
}

static void file_add(struct tmpfs_look *look, int fd, const struct stat *info)
{
	struct statfs system;

	if (fstatfs(fd, &system) < 0 || system.f_type != TMPFS_MAGIC)
		return;
	if (system.f_blocks) {
		tmpfs_add(look, fd, info->st_dev);
		return;
	}
	/* Of one without a size, mounted nowhere, or of none: that file alone is known. */
	for (size_t i = 0; i < look->file_count; i++)
		if (look->files[i].st_dev == info->st_dev && look->files[i].st_ino == info->st_ino)
			return;
	ARRAY_GROW(look->files, look->file_count, look->file_capacity);
	look->files[look->file_count++] = *info;
	look->bytes += (uint64_t)info->st_blocks * 512;
}

static void open_files_add(struct tmpfs_look *look, const char *pid)
{
	struct dirent *entry;
	char path[64];
	DIR *fds;

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	fds = usage_directory(look->proc, path);
	while (fds && (entry = readdir(fds))) {
		struct stat info;
		int fd;

		if (entry->d_name[0] == '.' ||
			fstatat(dirfd(fds), entry->d_name, &info, AT_NO_AUTOMOUNT) < 0 ||
			major(info.st_dev) != 0 ||
			(!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) ||
			!device_is_new(look, info.st_dev))
			continue;
		fd = openat(dirfd(fds), entry->d_name, O_PATH | O_CLOEXEC);
		if (fd >= 0) {
			file_add(look, fd, &info);
			close(fd);
		}
	}
	if (fds)
		closedir(fds);
}

typedef void (*pid_visitor)(struct tmpfs_look *look, const char *pid);

static void each_pid(struct tmpfs_look *look, pid_visitor visit)
{
	DIR *directory = usage_directory(look->proc, ".");
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			visit(look, entry->d_name);
	if (directory)
		closedir(directory);
}

static void process_mounts_add(struct tmpfs_look *look, const char *pid)
{
	if (view_is_new(look, pid))
		mounts_add(look, pid);
}

bool tmpfs_read(int proc, const struct device_list *foreign, uint64_t *bytes)
{
	struct tmpfs_look look = {.proc = proc, .foreign = foreign, .is_whole = true};
	bool is_read = mounts_add(&look, "self");

	/* First where all of a file system is known, then what only an open file leads to. */
	each_pid(&look, process_mounts_add);
	each_pid(&look, open_files_add);
	free(look.seen.items);
	free(look.views);
	free(look.files);
	*bytes = look.bytes;
	return is_read && look.is_whole;
}
