/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/build_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/process.h"
#include "verifier/rebuild/loops.h"

/* fs/ext4/ext4.h, which is not for programs: nothing is written any more, nor what is pending. */
#define EXT4_SHUTDOWN	   _IOR('X', 125, uint32_t)
#define EXT4_SHUTDOWN_DROP 2

#define DISK_BLOCK   4096
#define FIXED_ROOM   ((uint64_t)64 << 20) /* for what ext4 keeps for itself, whatever its size */
#define MKE2FS_TIME  120
#define RESERVE_NAME "reserve"

struct build_disk {
	char *path;
	int root; /* opened before anything was written: build_disk_check() */
	int backing;
	bool is_mounted;
};

enum status build_disk_own_mounts(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_set_errno(err, "this process cannot have mounts of its own");
	return STATUS_OK;
}

/* A file that will have as many bytes, and none of them yet. */
static enum status image_make(const char *image, uint64_t size, int *fd, struct error *err)
{
	enum status status = STATUS_OK;

	if (unlink(image) < 0 && errno != ENOENT)
		return error_set_errno(err, "%s", image);
	*fd = open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0)
		return error_set_errno(err, "cannot make %s", image);
	if (ftruncate(*fd, (off_t)size) < 0) {
		status = error_set(err, STATUS_SANDBOX,
			"no file can have the size of that file system: %s", strerror(errno));
		close(*fd);
		*fd = -1;
	}
	return status;
}

/*
 * Nothing of it outlives the build, so it has no journal; and many inodes, which cost a hole each:
 * a tree of small files must not run out of them first.
 */
static enum status image_format(const char *image, struct error *err)
{
	const char *const argv[] = {"mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256",
		"-i", "8192", "-m", "0", "-O", "^has_journal,^resize_inode", "-E",
		"lazy_itable_init=1,nodiscard,root_owner=0:0", image, NULL};
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer said = {0};
	enum status status;

	spec.argv = argv;
	spec.timeout_seconds = MKE2FS_TIME;
	status = process_capture(&spec, 0, NULL, &said, &result, err);
	while (said.len && said.data[said.len - 1] == '\n')
		buffer_truncate(&said, said.len - 1);
	if (status == STATUS_NOT_FOUND)
		status = error_set(
			err, STATUS_SANDBOX, "mke2fs is not installed: apt-get install e2fsprogs");
	else if (status == STATUS_OK && result.exit_code != 0)
		status = error_set(err, STATUS_SANDBOX, "mke2fs failed: %s",
			said.len ? buffer_text(&said) : "it says nothing");
	buffer_release(&said);
	return status;
}

/* The mount keeps the loop device, which goes with it. */
static enum status image_mount(struct build_disk *disk, int image, struct error *err)
{
	enum status status;
	char device[32];
	int loop;

	status = loop_attach(image, &loop, device, err);
	if (status != STATUS_OK)
		return status;
	/* Of inode tables that were never written the holes are all there is to initialise. */
	if (mount(device, disk->path, "ext4", MS_NODEV | MS_NOSUID | MS_NOEXEC,
		    "noinit_itable,nobarrier,errors=continue") < 0)
		status = error_set(err, STATUS_SANDBOX, "cannot mount an ext4 of %s: %s", device,
			strerror(errno));
	else
		disk->is_mounted = true;
	close(loop);
	return status;
}

/* What is free beyond the size is put into a file that the build does not see. */
static enum status room_set(const struct build_disk *disk, uint64_t size, struct error *err)
{
	struct statvfs info;
	uint64_t room;
	int fd;

	if (fstatvfs(disk->root, &info) < 0)
		return error_set_errno(err, "%s", disk->path);
	room = (uint64_t)info.f_bavail * info.f_frsize;
	if (room < size)
		return error_set(err, STATUS_SANDBOX, "%s is smaller than it was made", disk->path);
	if (room - size < DISK_BLOCK)
		return STATUS_OK;
	fd = openat(disk->root, RESERVE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fallocate(fd, 0, 0, (off_t)(room - size) / DISK_BLOCK * DISK_BLOCK) < 0)
		error_set(err, STATUS_SANDBOX, "cannot set the size of %s: %s", disk->path,
			strerror(errno));
	else
		err->status = STATUS_OK;
	if (fd >= 0)
		close(fd);
	return err->status;
}

enum status build_disk_new(
	const char *path, uint64_t size, struct build_disk **made, struct error *err)
{
	struct build_disk *disk = xcalloc(1, sizeof(*disk));
	char *name = xasprintf("%s.img", path);
	uint64_t whole = size + size / 16 + FIXED_ROOM;
	enum status status;
	int image = -1;

	*disk = (struct build_disk){.path = xstrdup(path), .root = -1, .backing = -1};
	loops_detach_inside(name);
	status = path_make_directories(path, 0700, err);
	if (status == STATUS_OK)
		status = image_make(name, whole / DISK_BLOCK * DISK_BLOCK, &image, err);
	if (status == STATUS_OK)
		status = image_format(name, err);
	if (status == STATUS_OK)
		status = image_mount(disk, image, err);
	if (status == STATUS_OK) {
		disk->backing = open(name, O_PATH | O_CLOEXEC);
		disk->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (disk->backing < 0 || disk->root < 0)
			status = error_set_errno(err, "%s", path);
	}
	if (status == STATUS_OK)
		status = room_set(disk, size, err);
	if (image >= 0) {
		unlink(name);
		close(image);
	}
	if (status != STATUS_OK) {
		build_disk_free(disk);
		disk = NULL;
	}
	free(name);
	*made = disk;
	return status;
}

const char *build_disk_path(const struct build_disk *disk)
{
	return disk->path;
}

int build_disk_backing(const struct build_disk *disk)
{
	return disk->backing;
}

enum status build_disk_check(const struct build_disk *disk, struct error *err)
{
	if (syncfs(disk->root) < 0)
		return error_set(err, STATUS_IO,
			"what the build wrote did not all reach the disk (%s): make room on the "
			"file system that %s is on, or see the kernel's log for errors of the disk",
			strerror(errno), disk->path);
	return STATUS_OK;
}

void build_disk_free(struct build_disk *disk)
{
	const uint32_t how = EXT4_SHUTDOWN_DROP;
	struct stat info;

	if (!disk)
		return;
	if (disk->is_mounted && disk->root >= 0) {
		if (fstat(disk->root, &info) == 0)
			loops_detach_all_of(info.st_dev);
		/* Gigabytes that nobody reads are not written. Where it fails they are. */
		ioctl(disk->root, EXT4_SHUTDOWN, &how);
	}
	if (disk->root >= 0)
		close(disk->root);
	if (disk->backing >= 0)
		close(disk->backing);
	if (disk->is_mounted)
		umount2(disk->path, MNT_DETACH);
	rmdir(disk->path);
	free(disk->path);
	free(disk);
}
