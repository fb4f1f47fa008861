/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"

/* On the way down only the last so many have a buffer of entries, which has 32 kB. */
#define BUFFERED_MOST 32

/* A directory on the way. It is kept open: by its name it may be another one by now. */
struct level {
	DIR *directory; /* NULL: only `fd` is kept, and from which entry to go on */
	int fd;
	long at;
};

struct scan {
	struct level *levels;
	size_t count, capacity;
	bool is_whole;
};

/* A build moves and mounts things while it is counted: never through a link or onto a mount. */
static int directory_open(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
}

/* Gone, another thing by now, a mount, or not ours to read. */
static bool is_passed_over(int number)
{
	return number == ENOENT || number == ENOTDIR || number == ELOOP || number == EXDEV ||
		number == EACCES || number == EPERM;
}

/* Without an open file for it the buffer stays. */
static void level_park(struct level *level)
{
	int fd = fcntl(dirfd(level->directory), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return;
	level->fd = fd;
	level->at = telldir(level->directory);
	closedir(level->directory);
	level->directory = NULL;
}

static bool level_resume(struct level *level)
{
	level->directory = fdopendir(level->fd);
	if (level->directory)
		seekdir(level->directory, level->at);
	return level->directory != NULL;
}

static bool level_enter(struct scan *scan, int parent, const char *name)
{
	int fd = scan->count < SCAN_DEPTH_MOST ? directory_open(parent, name) : -1;
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory) {
		if (scan->count == SCAN_DEPTH_MOST || !is_passed_over(errno))
			scan->is_whole = false;
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (scan->count >= BUFFERED_MOST && scan->levels[scan->count - BUFFERED_MOST].directory)
		level_park(&scan->levels[scan->count - BUFFERED_MOST]);
	ARRAY_GROW(scan->levels, scan->count, scan->capacity);
	scan->levels[scan->count++] = (struct level){.directory = directory, .fd = -1};
	return true;
}

/* Back to the nearest one above that can be gone on with. */
static void level_leave(struct scan *scan)
{
	closedir(scan->levels[--scan->count].directory);
	while (scan->count && !scan->levels[scan->count - 1].directory &&
		!level_resume(&scan->levels[scan->count - 1])) {
		scan->is_whole = false;
		close(scan->levels[--scan->count].fd);
	}
}

bool scan_tree(int directory_fd, scan_visitor visit, void *context)
{
	struct scan scan = {.is_whole = true};

	level_enter(&scan, directory_fd, ".");
	while (scan.count) {
		DIR *directory = scan.levels[scan.count - 1].directory;
		struct dirent *entry = (errno = 0, readdir(directory));
		struct stat info;

		if (!entry) {
			scan.is_whole &= errno == 0;
			level_leave(&scan);
			continue;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(directory), entry->d_name, &info,
				AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue;
		if (S_ISDIR(info.st_mode) && !level_enter(&scan, dirfd(directory), entry->d_name))
			continue;
		visit(context, &info);
	}
	free(scan.levels);
	return scan.is_whole;
}
