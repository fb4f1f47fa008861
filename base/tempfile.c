/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tempfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"

static const char *temporary_directory(void)
{
	const char *directory = getenv("TMPDIR");

	return directory && directory[0] == '/' ? directory : "/var/tmp";
}

enum status tempfile_open(
	struct tempfile *file, const char *final_path, mode_t mode, struct error *err)
{
	char *directory = path_directory(final_path);
	char *name = xasprintf(".%s.XXXXXX", path_basename(final_path));
	enum status status = STATUS_OK;

	*file = (struct tempfile)TEMPFILE_INIT;
	file->path = path_join(directory, name);
	file->final_path = xstrdup(final_path);
	file->fd = mkostemp(file->path, O_CLOEXEC);
	if (file->fd < 0) {
		status = error_set_errno(err, "cannot write %s", final_path);
		free(file->path);
		file->path = NULL;
	} else if (fchmod(file->fd, mode) < 0) {
		status = error_set_errno(err, "%s", file->path);
	}
	if (status < 0)
		tempfile_release(file);
	free(name);
	free(directory);
	return status;
}

enum status tempfile_write(struct tempfile *file, const void *data, size_t len, struct error *err)
{
	const char *at = data;

	while (len) {
		ssize_t written = write(file->fd, at, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set_errno(err, "cannot write %s", file->final_path);
		at += written;
		len -= (size_t)written;
	}
	return STATUS_OK;
}

static enum status sync_directory(const char *path, struct error *err)
{
	enum status status = STATUS_OK;
	char *directory = path_directory(path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		status = error_set_errno(err, "%s", directory);
	if (fd >= 0)
		close(fd);
	free(directory);
	return status;
}

enum status tempfile_commit(struct tempfile *file, struct error *err)
{
	enum status status;

	if (fsync(file->fd) < 0)
		return error_set_errno(err, "cannot write %s", file->final_path);
	if (rename(file->path, file->final_path) < 0)
		return error_set_errno(err, "cannot put %s in its place", file->final_path);
	free(file->path);
	file->path = NULL;
	status = sync_directory(file->final_path, err);
	tempfile_release(file);
	return status;
}

void tempfile_release(struct tempfile *file)
{
	if (file->fd >= 0 && file->final_path)
		close(file->fd);
	if (file->path) {
		unlink(file->path);
		free(file->path);
	}
	free(file->final_path);
	*file = (struct tempfile)TEMPFILE_INIT;
}

enum status tempfile_write_all(
	const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
	struct tempfile file = TEMPFILE_INIT;
	enum status status = tempfile_open(&file, path, mode, err);

	if (status == STATUS_OK)
		status = tempfile_write(&file, data, len, err);
	if (status == STATUS_OK)
		status = tempfile_commit(&file, err);
	tempfile_release(&file);
	return status;
}

enum status tempfile_unlinked(int *fd, struct error *err)
{
	const char *directory = temporary_directory();
	char *path;

	*fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return STATUS_OK;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return error_set_errno(err, "cannot make a temporary file in %s", directory);
	path = path_join(directory, "reproof-XXXXXX");
	*fd = mkostemp(path, O_CLOEXEC);
	if (*fd >= 0)
		unlink(path);
	else
		error_set_errno(err, "cannot make a temporary file in %s", directory);
	free(path);
	return *fd >= 0 ? STATUS_OK : err->status;
}

enum status tempfile_directory(char **path, struct error *err)
{
	*path = path_join(temporary_directory(), "reproof-XXXXXX");
	if (mkdtemp(*path))
		return STATUS_OK;
	error_set_errno(err, "cannot make a directory in %s", temporary_directory());
	free(*path);
	*path = NULL;
	return err->status;
}
