/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/view.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"

#define LOOP_CONTROL_MINOR 237 /* linux/miscdevice.h, which is not for programs */

/*
 * Every path here is relative: the present directory is the root that this process had before, and
 * view->root below it is where the view grows. That works in a chroot too, where pivot_root needs
 * the real root of the mount namespace back as this process's.
 */

/* As relative as a path can be made: "." for "/". */
static const char *relative(const char *absolute)
{
	return absolute[1] ? absolute + 1 : ".";
}

static char *place_in(const struct view *view, const char *place)
{
	return xasprintf("%s%s", relative(view->root), place);
}

/*
 * Takes back the root of the mount namespace (a chroot is not one, and then nothing could be made
 * private nor pivoted). Leaves the old root as the present directory.
 */
static enum status real_root_take(struct error *err)
{
	struct stat here, above;
	enum status status = STATUS_OK;
	int old_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old_root < 0 || fchdir(old_root) < 0) {
		status = error_set_errno(err, "cannot open /");
		goto out;
	}
	/* With the root somewhere below, ".." is not stopped at the chroot any more. */
	if (chroot("usr") < 0) {
		status = error_set_errno(err, "cannot change the root directory");
		goto out;
	}
	do {
		if (stat(".", &here) < 0 || chdir("..") < 0 || stat(".", &above) < 0) {
			status = error_set_errno(err, "cannot find the root of the mounts");
			goto out;
		}
	} while (here.st_dev != above.st_dev || here.st_ino != above.st_ino);
	if (chroot(".") < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		fchdir(old_root) < 0)
		status = error_set_errno(err, "cannot make the mounts private");
out:
	if (old_root >= 0)
		close(old_root);
	return status;
}

/* The directories above a place, as far as they are absent. */
static enum status parents_make(const struct view *view, const char *place, struct error *err)
{
	char *parent = path_directory(place);
	char *path = place_in(view, parent);
	enum status status = path_make_directories(path, 0755, err);

	free(path);
	free(parent);
	return status;
}

static enum status text_write(const char *path, const char *text, mode_t mode, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	enum status status = STATUS_OK;
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) < 0)
		status = error_set_errno(err, "cannot write %s", path);
	if (fd >= 0)
		close(fd);
	return status;
}

/* The flags of a mount that a user namespace may not take off (mount_namespaces(7)). */
static unsigned long locked_flags(const char *path)
{
	static const struct {
		unsigned long is_set, flag;
	} flags[] = {
		{ST_RDONLY, MS_RDONLY},
		{ST_NOSUID, MS_NOSUID},
		{ST_NODEV, MS_NODEV},
		{ST_NOEXEC, MS_NOEXEC},
		{ST_NOATIME, MS_NOATIME},
		{ST_NODIRATIME, MS_NODIRATIME},
		{ST_RELATIME, MS_RELATIME},
	};
	unsigned long locked = 0;
	struct statvfs info;

	if (statvfs(path, &info) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (info.f_flag & flags[i].is_set)
			locked |= flags[i].flag;
	return locked;
}

static enum status bind_mount(
	const char *from, const char *path, unsigned long flags, struct error *err)
{
	flags |= MS_REMOUNT | MS_BIND;
	if (mount(from, path, NULL, MS_BIND, NULL) < 0) {
		if (errno == EINVAL)
			return error_set(err, STATUS_SANDBOX,
				"cannot bind %s: a file system is mounted below it, and only root "
				"can leave that out; unmount it, or run as root",
				from);
		return error_set_errno(err, "cannot bind %s", from);
	}
	if (mount(NULL, path, NULL, flags, NULL) < 0 &&
		(errno != EPERM || mount(NULL, path, NULL, flags | locked_flags(path), NULL) < 0))
		return error_set_errno(err, "cannot restrict %s", from);
	return STATUS_OK;
}

/* Makes what a bind mount lies on, and binds. Not recursive: other file systems stay out. */
static enum status shown_mount(const struct view_entry *entry, const char *path, struct error *err)
{
	unsigned long flags = MS_NODEV | (entry->kind == VIEW_READ_ONLY ? MS_RDONLY : 0);
	struct stat info;
	enum status status = STATUS_OK;

	if (stat(relative(entry->from), &info) < 0)
		return error_set_errno(err, "%s", entry->from);
	if (S_ISDIR(info.st_mode)) {
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			status = error_set_errno(err, "cannot make %s", path);
	} else {
		status = text_write(path, "", 0644, err);
	}
	if (status == STATUS_OK)
		status = bind_mount(relative(entry->from), path, flags, err);
	return status;
}

/*
 * What vanished since the plan was made, as another's socket may at any moment, hides nothing: it
 * has no place to lie on, and what is hidden is looked for again at the end.
 */
static enum status mask_mount(
	const struct view *view, enum view_kind kind, const char *path, struct error *err)
{
	enum status status;
	struct stat info;
	char *blank;

	if (lstat(path, &info) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return STATUS_OK;
	if (kind == VIEW_MASK_DIRECTORY) {
		if (mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC,
			    "size=4k,mode=555") < 0)
			return error_set_errno(err, "cannot hide %s", path);
		return STATUS_OK;
	}
	blank = place_in(view, "/.blank");
	status = text_write(blank, "", 0444, err);
	if (status == STATUS_OK)
		status = bind_mount(blank, path, MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, err);
	unlink(blank);
	free(blank);
	return status;
}

static enum status entry_make(
	const struct view *view, const struct view_entry *entry, struct error *err)
{
	bool is_mask = entry->kind == VIEW_MASK_DIRECTORY || entry->kind == VIEW_MASK_FILE;
	char *path = place_in(view, entry->place);
	enum status status = is_mask ? STATUS_OK : parents_make(view, entry->place, err);

	if (status != STATUS_OK)
		goto out;
	switch (entry->kind) {
	case VIEW_DIRECTORY:
		if (mkdir(path, entry->mode) < 0 || chmod(path, entry->mode) < 0)
			status = error_set_errno(err, "cannot make %s", path);
		break;
	case VIEW_LINK:
		if (symlink(entry->from, path) < 0)
			status = error_set_errno(err, "cannot make %s", path);
		break;
	case VIEW_TEXT:
		status = text_write(path, entry->from, entry->mode, err);
		break;
	case VIEW_READ_ONLY:
	case VIEW_WRITABLE:
		status = shown_mount(entry, path, err);
		break;
	case VIEW_MASK_DIRECTORY:
	case VIEW_MASK_FILE:
		status = mask_mount(view, entry->kind, path, err);
		break;
	}
out:
	free(path);
	return status;
}

/* A character device. Where it cannot be made, the host's own, which has to be the same one. */
static enum status device_make(
	const struct view *view, const char *path, dev_t device, struct error *err)
{
	struct stat info;
	enum status status;
	char *from;

	if (!view->is_user) {
		if (mknod(path, S_IFCHR | 0666, device) < 0 || chmod(path, 0666) < 0)
			return error_set_errno(err, "cannot make /%s", path);
		return STATUS_OK;
	}
	from = path_join("/", path);
	status = text_write(path, "", 0666, err);
	if (status == STATUS_OK)
		status = bind_mount(from, path, MS_NOSUID | MS_NOEXEC, err);
	if (status == STATUS_OK &&
		(stat(path, &info) < 0 || !S_ISCHR(info.st_mode) || info.st_rdev != device))
		status = error_set(err, STATUS_SANDBOX, "%s is not the device of that name", from);
	free(from);
	return status;
}

/*
 * Where loop devices are asked for. Not those in use: another's may hold what has to stay hidden.
 * The build is real root's, so this is order and no wall.
 */
static enum status loops_make(const struct view *view, struct error *err)
{
	if (!view->has_loops)
		return STATUS_OK;
	if (mknod("dev/loop-control", S_IFCHR | 0600, makedev(MISC_MAJOR, LOOP_CONTROL_MINOR)) < 0)
		return error_set_errno(err, "cannot make /dev/loop-control");
	for (unsigned i = 0; i < ARRAY_SIZE(view->loops); i++) {
		char path[32];

		snprintf(path, sizeof(path), "dev/loop%u", i);
		if (view->loops[i] && mknod(path, S_IFBLK | 0600, makedev(LOOP_MAJOR, i)) < 0)
			return error_set_errno(err, "cannot make /%s", path);
	}
	return STATUS_OK;
}

/* The few devices of no consequence, and nothing of the host's own /dev. */
static enum status devices_make(const struct view *view, struct error *err)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = {
		{"dev/null", 1, 3},
		{"dev/zero", 1, 5},
		{"dev/full", 1, 7},
		{"dev/random", 1, 8},
		{"dev/urandom", 1, 9},
		{"dev/tty", 5, 0},
	};
	static const struct {
		const char *path, *target;
	} links[] = {
		{"dev/fd", "/proc/self/fd"},
		{"dev/stdin", "/proc/self/fd/0"},
		{"dev/stdout", "/proc/self/fd/1"},
		{"dev/stderr", "/proc/self/fd/2"},
		{"dev/ptmx", "pts/ptmx"},
	};

	if (mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=755") < 0)
		return error_set_errno(err, "cannot mount /dev");
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (device_make(view, nodes[i].path, makedev(nodes[i].major, nodes[i].minor), err) <
			0)
			return err->status;
	if (loops_make(view, err) < 0)
		return err->status;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i].target, links[i].path) < 0)
			return error_set_errno(err, "cannot make /%s", links[i].path);
	if (mkdir("dev/pts", 0755) < 0 || mkdir("dev/shm", 0755) < 0 ||
		mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
			view->has_tty ? "newinstance,ptmxmode=0666,mode=0620,gid=5"
				      : "newinstance,ptmxmode=0666,mode=0620") < 0 ||
		mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") < 0 ||
		mount(NULL, "dev", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC,
			NULL) < 0)
		return error_set_errno(err, "cannot fill /dev");
	return STATUS_OK;
}

/* This PID namespace's /proc, where root cannot change the host by mistake. */
static enum status proc_make(struct error *err)
{
	static const char *const read_only[] = {
		"proc/sys", "proc/sysrq-trigger", "proc/irq", "proc/bus"};
	struct stat info;

	if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		if (errno == EPERM)
			return error_set(err, STATUS_SANDBOX,
				"cannot mount /proc: parts of this machine's own are covered, as a "
				"container does, and then only root can; run it as root, or "
				"outside of the container");
		return error_set_errno(err, "cannot mount /proc");
	}
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++) {
		enum status status;

		if (stat(read_only[i], &info) < 0)
			continue;
		status = bind_mount(read_only[i], read_only[i],
			MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, err);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

/* Makes the present directory the root, and lets go of all that was mounted before. */
static enum status root_change(struct error *err)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_set_errno(err, "cannot change to the build's view");
	return STATUS_OK;
}

/* Does what the plan promised hold? Looks where each secret was, and where each mask is. */
static enum status secrets_check(const struct view *view, struct error *err)
{
	for (size_t i = 0; i < view->secret_count; i++) {
		const struct view_secret *secret = &view->secrets[i];
		struct stat info;

		for (size_t j = 0; j <= view->count; j++) {
			const char *path = j < view->count ? view->entries[j].place : secret->path;

			if (stat(path, &info) == 0 && info.st_dev == secret->device &&
				info.st_ino == secret->inode)
				return error_set(err, STATUS_SANDBOX,
					"the build would see %s as %s", secret->path, path);
		}
	}
	return STATUS_OK;
}

enum status view_enter(const struct view *view, struct error *err)
{
	enum status status = real_root_take(err);

	if (status != STATUS_OK)
		return status;
	umask(022);
	if (mount("tmpfs", relative(view->root), "tmpfs", MS_NODEV | MS_NOSUID,
		    "size=256m,mode=755") < 0)
		return error_set_errno(err, "cannot mount the root of the build's view");
	for (size_t i = 0; i < view->count; i++) {
		status = entry_make(view, &view->entries[i], err);
		if (status != STATUS_OK)
			return status;
	}
	/* In a user namespace both need the host's, which are still mounted (mount(2), EPERM). */
	if (chdir(relative(view->root)) < 0)
		return error_set_errno(err, "cannot go to the build's view");
	status = devices_make(view, err);
	if (status == STATUS_OK)
		status = proc_make(err);
	if (status == STATUS_OK)
		status = root_change(err);
	if (status == STATUS_OK)
		status = secrets_check(view, err);
	return status;
}
