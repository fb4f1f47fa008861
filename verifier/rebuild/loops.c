/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "verifier/rebuild/scan.h"

#define BACKING_FILES "/sys/block/loop*/loop/backing_file"

/* One in use, and the file it holds. */
struct loop {
	unsigned number;
	dev_t device;
	ino_t inode;
	bool is_below;
};

struct loop_list {
	struct loop *items;
	size_t count, capacity;
};

bool loop_is_used(unsigned number)
{
	char *path = xasprintf("/sys/block/loop%u/loop/backing_file", number);
	bool is_used = access(path, F_OK) == 0 || errno != ENOENT;

	free(path);
	return is_used;
}

static int loop_open(unsigned number)
{
	char *path = xasprintf("/dev/loop%u", number);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	free(path);
	return fd;
}

/* linux/kdev_t.h, new_encode_dev(): what the ioctl's lo_device is. */
static dev_t device_decode(uint64_t encoded)
{
	return makedev((unsigned)(encoded >> 8 & 0xfff),
		(unsigned)((encoded & 0xff) | (encoded >> 12 & 0xfff00)));
}

static bool loop_read(unsigned number, struct loop *loop)
{
	struct loop_info64 info = {0};
	int fd = loop_open(number);
	bool is_read = fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0;

	if (fd >= 0)
		close(fd);
	*loop = (struct loop){.number = number,
		.device = device_decode(info.lo_device),
		.inode = (ino_t)info.lo_inode};
	return is_read;
}

/* Those that hold a file of this file system. */
static void loops_find(dev_t device, struct loop_list *loops)
{
	glob_t found = {0};

	glob(BACKING_FILES, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		unsigned number;
		struct loop loop;

		if (sscanf(found.gl_pathv[i], "/sys/block/loop%u/", &number) != 1 ||
			!loop_read(number, &loop) || loop.device != device)
			continue;
		ARRAY_GROW(loops->items, loops->count, loops->capacity);
		loops->items[loops->count++] = loop;
	}
	globfree(&found);
}

static void entry_look(void *context, const struct stat *info)
{
	struct loop_list *loops = context;

	for (size_t i = 0; i < loops->count; i++)
		if (loops->items[i].inode == info->st_ino && loops->items[i].device == info->st_dev)
			loops->items[i].is_below = true;
}

/* While it is open no other file comes to it: that it holds the same one is looked at again. */
static enum status loop_detach(const struct loop *loop, struct error *err)
{
	struct loop_info64 info;
	enum status status = STATUS_OK;
	int fd = loop_open(loop->number);

	if (fd < 0)
		return error_set_errno(err, "cannot open /dev/loop%u", loop->number);
	if (ioctl(fd, LOOP_GET_STATUS64, &info) == 0 &&
		device_decode(info.lo_device) == loop->device && info.lo_inode == loop->inode &&
		ioctl(fd, LOOP_CLR_FD) < 0 && errno != ENXIO)
		status = error_set_errno(err,
			"cannot detach /dev/loop%u, which a build left attached to its file",
			loop->number);
	close(fd);
	return status;
}

enum status loops_detach(const char *directory, struct error *err)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct loop_list loops = {0};
	enum status status = STATUS_OK;
	bool is_whole = true;
	struct stat info;

	if (fd >= 0 && fstat(fd, &info) == 0)
		loops_find(info.st_dev, &loops);
	if (loops.count)
		is_whole = scan_tree(fd, entry_look, &loops);
	for (size_t i = 0; i < loops.count && status == STATUS_OK; i++)
		if (loops.items[i].is_below)
			status = loop_detach(&loops.items[i], err);
	if (status == STATUS_OK && !is_whole)
		status = error_set(err, STATUS_LIMIT,
			"%s cannot all be looked through for files that loop devices hold: its "
			"directories are nested too deep, or there are too few open files (ulimit "
			"-n); detach them (losetup -d) and remove it by hand",
			directory);
	if (fd >= 0)
		close(fd);
	free(loops.items);
	return status;
}

void loops_detach_all_of(dev_t device)
{
	struct loop_list loops = {0};
	struct error ignored;

	loops_find(device, &loops);
	for (size_t i = 0; i < loops.count; i++)
		loop_detach(&loops.items[i], &ignored);
	free(loops.items);
}

/* The kernel's text of a removed file: its path and " (deleted)". */
static bool loop_holds_removed(const char *backing, const char *image)
{
	static const char mark[] = " (deleted)\n";
	size_t len = strlen(image);
	struct error ignored;
	bool is_held;
	char *text;
	size_t size;

	if (path_read_file(backing, 65536, &text, &size, &ignored) < 0)
		return false;
	is_held = strncmp(text, image, len) == 0 && strcmp(text + len, mark) == 0;
	free(text);
	return is_held;
}

void loops_detach_inside(const char *image)
{
	glob_t found = {0};

	glob(BACKING_FILES, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char device[32];
		unsigned number;
		struct stat info;

		if (sscanf(found.gl_pathv[i], "/sys/block/loop%u/", &number) != 1 ||
			!loop_holds_removed(found.gl_pathv[i], image))
			continue;
		snprintf(device, sizeof(device), "/dev/loop%u", number);
		if (stat(device, &info) == 0 && S_ISBLK(info.st_mode))
			loops_detach_all_of(info.st_rdev);
	}
	globfree(&found);
}

/* Whoever else looks for a free one at the same time may be faster. */
#define ATTACH_TRIES 64

enum status loop_attach(int file, int *fd, char device[32], struct error *err)
{
	const struct loop_config config = {
		.fd = (unsigned)file, .block_size = 4096, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	enum status status = STATUS_SANDBOX;

	*fd = -1;
	if (control < 0)
		return error_set(err, STATUS_SANDBOX, "no loop devices: /dev/loop-control: %s",
			strerror(errno));
	for (int i = 0; i < ATTACH_TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0)
			break;
		snprintf(device, 32, "/dev/loop%d", number);
		*fd = open(device, O_RDWR | O_CLOEXEC);
		if (*fd < 0)
			break;
		if (ioctl(*fd, LOOP_CONFIGURE, &config) == 0) {
			status = STATUS_OK;
			break;
		}
		number = errno;
		close(*fd);
		*fd = -1;
		errno = number;
		if (number != EBUSY)
			break;
	}
	if (status != STATUS_OK)
		error_set(err, STATUS_SANDBOX, "no loop device can be had: %s", strerror(errno));
	close(control);
	return status;
}
