/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"

#define REMOVAL_DEPTH 100

char *path_join(const char *directory, const char *name)
{
	size_t len = strlen(directory);

	if (len == 0 || name[0] == '/')
		return xstrdup(name);
	return xasprintf("%s%s%s", directory, directory[len - 1] == '/' ? "" : "/", name);
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

bool path_is_contained(const char *name)
{
	const char *component = name;

	for (const char *at = name;; at++) {
		size_t len = (size_t)(at - component);

		if (*at != '/' && *at != '\0') {
			if ((unsigned char)*at < 0x20 || *at == 0x7f)
				return false;
			continue;
		}
		if (len == 0 || (len == 1 && component[0] == '.') ||
			(len == 2 && component[0] == '.' && component[1] == '.'))
			return false;
		if (*at == '\0')
			return true;
		component = at + 1;
	}
}

enum status path_make_directories(const char *path, mode_t mode, struct error *err)
{
	char *copy = xstrdup(path);
	enum status status = STATUS_OK;
	struct stat st;

	for (char *at = copy + 1; copy[0] && status == STATUS_OK; at++) {
		char was = *at;

		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			status = error_set_errno(err, "cannot make the directory %s", copy);
		*at = was;
		if (was == '\0')
			break;
	}
	if (status == STATUS_OK && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		status = error_set(err, STATUS_IO, "%s is not a directory", path);
	free(copy);
	return status;
}

/* openat() that crosses no mount point, bind mounts included. */
static int open_directory(int parent, const char *name, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = resolve,
	};

	return (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
}

/* Opens a directory to be emptied. What made it may have taken our rights to it away. */
static enum status open_for_removal(
	int parent, const char *name, uint64_t resolve, int *fd, struct error *err)
{
	struct stat st;

	*fd = open_directory(parent, name, resolve);
	if (*fd < 0 && errno == EACCES && fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0)
		*fd = open_directory(parent, name, resolve);
	if (*fd < 0 && errno == EXDEV)
		return error_set(err, STATUS_IO,
			"cannot remove %s: another file system is mounted there", name);
	if (*fd < 0)
		return error_set_errno(err, "cannot remove %s", name);
	if (fstat(*fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
		fchmod(*fd, S_IRWXU);
	return STATUS_OK;
}

/* A tree that is being removed. Each level costs a descriptor, so what is too deep is moved up. */
struct removal {
	int root;
	unsigned moved; /* directories so far */
};

static enum status move_up(struct removal *removal, int parent, const char *name, struct error *err)
{
	int result;

	do {
		char above[32];

		snprintf(above, sizeof(above), ".moved-%u", removal->moved++);
		result = renameat2(parent, name, removal->root, above, RENAME_NOREPLACE);
	} while (result < 0 && errno == EEXIST);
	return result == 0 ? STATUS_OK : error_set_errno(err, "cannot remove %s", name);
}

static enum status remove_children(
	struct removal *removal, int directory, unsigned depth, struct error *err);

static enum status remove_child(
	struct removal *removal, int parent, const char *name, unsigned depth, struct error *err)
{
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return STATUS_OK;
	if (errno != EISDIR)
		return error_set_errno(err, "cannot remove %s", name);
	if (depth >= REMOVAL_DEPTH)
		return move_up(removal, parent, name, err);
	if (open_for_removal(parent, name, RESOLVE_NO_XDEV, &fd, err) < 0)
		return err->status;
	if (remove_children(removal, fd, depth + 1, err) < 0)
		return error_context(err, "%s", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove %s", name);
	return STATUS_OK;
}

/* Empties the directory and closes it. */
static enum status remove_children(
	struct removal *removal, int directory, unsigned depth, struct error *err)
{
	enum status status = STATUS_OK;
	DIR *stream = fdopendir(directory);
	unsigned moved;

	if (!stream) {
		error_set_errno(err, "cannot list");
		close(directory);
		return err->status;
	}
	do {
		struct dirent *entry;

		moved = removal->moved;
		rewinddir(stream);
		while (status == STATUS_OK && (errno = 0, entry = readdir(stream)) != NULL)
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				status = remove_child(
					removal, dirfd(stream), entry->d_name, depth, err);
		if (status == STATUS_OK && errno != 0)
			status = error_set_errno(err, "cannot list");
	} while (status == STATUS_OK && depth == 0 && removal->moved != moved);
	closedir(stream);
	return status;
}

enum status path_remove_tree(const char *path, struct error *err)
{
	struct removal removal = {0};

	if (unlink(path) == 0 || errno == ENOENT)
		return STATUS_OK;
	if (errno != EISDIR)
		return error_set_errno(err, "cannot remove %s", path);
	if (open_for_removal(AT_FDCWD, path, 0, &removal.root, err) < 0)
		return err->status;
	if (remove_children(&removal, removal.root, 0, err) < 0)
		return error_context(err, "%s", path);
	if (rmdir(path) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove %s", path);
	return STATUS_OK;
}

enum status path_names(int fd, const char *path, struct text_list *names, struct error *err)
{
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	enum status status = STATUS_OK;
	struct dirent *entry;

	if (!directory) {
		error_set_errno(err, "cannot read %s", path);
		if (fd >= 0)
			close(fd);
		return err->status;
	}
	while ((errno = 0, entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			text_list_add(names, entry->d_name);
	}
	if (errno != 0)
		status = error_set_errno(err, "cannot read all of %s", path);
	closedir(directory);
	text_list_sort(names);
	return status;
}

enum status path_resolve(const char *path, char **resolved, struct error *err)
{
	*resolved = realpath(path, NULL);
	return *resolved ? STATUS_OK : error_set_errno(err, "%s", path);
}

static enum status open_beneath(int directory_fd, const char *name, uint64_t flags, int *fd,
	struct stat *st, struct error *err)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	*fd = (int)syscall(SYS_openat2, directory_fd, name, &how, sizeof(how));
	if (*fd < 0 && (errno == ELOOP || errno == EXDEV))
		return error_set(err, STATUS_FORMAT,
			"%s is a link, or leads out of its directory; only regular files count",
			name);
	if (*fd < 0)
		return error_set_errno(err, "%s", name);
	if (fstat(*fd, st) == 0 && S_ISREG(st->st_mode))
		return STATUS_OK;
	close(*fd);
	*fd = -1;
	return error_set(err, STATUS_FORMAT, "%s is not a regular file", name);
}

enum status path_open_beneath(int directory_fd, const char *name, int *fd, struct error *err)
{
	struct stat seen;
	struct stat st;
	int seen_fd;

	/* Only looked at first: opening a device can act on it, and opening a FIFO can wait. */
	if (open_beneath(directory_fd, name, O_PATH, &seen_fd, &seen, err) < 0) {
		*fd = -1;
		return err->status;
	}
	enum status status =
		open_beneath(directory_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, fd, &st, err);
	/* With `seen_fd` open the inode number cannot come to mean another file. */
	if (status == STATUS_OK && (st.st_dev != seen.st_dev || st.st_ino != seen.st_ino)) {
		close(*fd);
		*fd = -1;
		status = error_set(
			err, STATUS_CONFLICT, "%s was replaced while it was opened", name);
	}
	close(seen_fd);
	return status;
}

bool path_has_suffix(const char *path, const char *suffix)
{
	size_t len = strlen(path), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(path + len - suffix_len, suffix) == 0;
}

enum status path_read_file(
	const char *path, size_t limit, char **data, size_t *len, struct error *err)
{
	enum status status = STATUS_OK;
	struct buffer buffer = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*data = NULL;
	if (fd < 0)
		return error_set_errno(err, "%s", path);
	for (;;) {
		ssize_t got = read(fd, buffer_reserve(&buffer, 65536), 65536);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = error_set_errno(err, "reading %s", path);
		if (got <= 0)
			break;
		buffer.len += (size_t)got;
		if (buffer.len > limit) {
			status = error_set(
				err, STATUS_LIMIT, "%s is larger than %zu bytes", path, limit);
			break;
		}
	}
	close(fd);
	if (status == STATUS_OK) {
		buffer_add(&buffer, "", 0);
		*len = buffer.len;
		*data = buffer_detach(&buffer);
	}
	buffer_release(&buffer);
	return status;
}
