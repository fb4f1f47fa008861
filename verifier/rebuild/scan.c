/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

void scan_tree(int directory_fd, scan_visitor visit, void *context)
{
	DIR *open[SCAN_DEPTH_MOST];
	size_t depth = 0;

	open[0] = directory_open(directory_fd, ".");
	if (!open[0])
		return;
	for (;;) {
		struct dirent *entry = readdir(open[depth]);
		struct stat info;
		DIR *below = NULL;

		if (!entry) {
			closedir(open[depth]);
			if (depth-- == 0)
				return;
			continue;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			fstatat(dirfd(open[depth]), entry->d_name, &info,
				AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue;
		if (S_ISDIR(info.st_mode)) {
			if (depth + 1 < SCAN_DEPTH_MOST)
				below = directory_open(dirfd(open[depth]), entry->d_name);
			if (!below)
				continue;
			open[++depth] = below;
		}
		visit(context, &info);
	}
}
