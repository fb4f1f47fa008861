/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "verifier/rebuild/scan.h"

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
	static const char pattern[] = "/sys/block/loop*/loop/backing_file";
	glob_t found = {0};

	glob(pattern, 0, NULL, &found);
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
	struct stat info;

	if (fd >= 0 && fstat(fd, &info) == 0)
		loops_find(info.st_dev, &loops);
	if (loops.count)
		scan_tree(fd, entry_look, &loops);
	for (size_t i = 0; i < loops.count && status == STATUS_OK; i++)
		if (loops.items[i].is_below)
			status = loop_detach(&loops.items[i], err);
	if (fd >= 0)
		close(fd);
	free(loops.items);
	return status;
}
