/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/sandbox_directory.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "verifier/rebuild/sandbox.h"

enum status sandbox_output_make(const char *path, struct error *err)
{
	enum status status = STATUS_OK;
	struct dirent *entry;
	struct stat info;
	DIR *directory;

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, "cannot make the output directory %s", path);
	if (lstat(path, &info) < 0 || !S_ISDIR(info.st_mode))
		return error_set(err, STATUS_CONFLICT, "%s is not a directory", path);
	directory = opendir(path);
	if (!directory)
		return error_set_errno(err, "cannot read %s", path);
	while (status == STATUS_OK && (errno = 0, entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = error_set(err, STATUS_CONFLICT,
				"the output directory %s is not empty: a build needs a new one",
				path);
	if (status == STATUS_OK && errno)
		status = error_set_errno(err, "cannot read %s", path);
	closedir(directory);
	return status;
}

enum status sandbox_directory_make(
	const char *parent, const char *name, mode_t mode, char **path, struct error *err)
{
	enum status status;

	*path = path_join(parent, name);
	status = sandbox_remove_tree(*path, err);
	if (status == STATUS_OK && (mkdir(*path, 0700) < 0 || chmod(*path, mode) < 0))
		status = error_set_errno(err, "cannot make %s", *path);
	return status;
}
