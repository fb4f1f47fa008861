/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"

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

static enum status remove_at(int parent, const char *name, dev_t device, struct error *err);

static enum status remove_children(int directory, dev_t device, struct error *err)
{
	enum status status = STATUS_OK;
	struct dirent *entry;
	DIR *stream = fdopendir(directory);

	if (!stream) {
		error_set_errno(err, "cannot list");
		close(directory);
		return err->status;
	}
	while (status == STATUS_OK && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		status = remove_at(dirfd(stream), entry->d_name, device, err);
	}
	closedir(stream);
	return status;
}

static enum status remove_at(int parent, const char *name, dev_t device, struct error *err)
{
	struct stat st;
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return STATUS_OK;
	if (errno != EISDIR && errno != EPERM)
		return error_set_errno(err, "cannot remove %s", name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot remove %s", name);
	if (fstat(fd, &st) < 0 || (device && st.st_dev != device)) {
		close(fd);
		return error_set(err, STATUS_IO,
			"cannot remove %s: another file system is mounted there", name);
	}
	if (remove_children(fd, st.st_dev, err) < 0)
		return error_context(err, "%s", name);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove %s", name);
	return STATUS_OK;
}

enum status path_remove_tree(const char *path, struct error *err)
{
	return remove_at(AT_FDCWD, path, 0, err);
}

enum status path_resolve(const char *path, char **resolved, struct error *err)
{
	*resolved = realpath(path, NULL);
	return *resolved ? STATUS_OK : error_set_errno(err, "%s", path);
}

enum status path_open_beneath(int directory_fd, const char *name, int *fd, struct error *err)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;

	*fd = (int)syscall(SYS_openat2, directory_fd, name, &how, sizeof(how));
	if (*fd < 0) {
		if (errno == ELOOP || errno == EXDEV || errno == ENXIO)
			return error_set(err, STATUS_FORMAT,
				"%s is a link, or leads out of its directory; only regular files "
				"count",
				name);
		return error_set_errno(err, "%s", name);
	}
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return STATUS_OK;
	close(*fd);
	*fd = -1;
	return error_set(err, STATUS_FORMAT, "%s is not a regular file", name);
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
