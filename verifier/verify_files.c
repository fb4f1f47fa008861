/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"

#define DEPTH_LIMIT 16
#define FILES_LIMIT 100000

struct file *file_set_add(struct file_set *set, const char *name, enum file_place place)
{
	struct file *file;

	ARRAY_GROW(set->files, set->count, set->capacity);
	file = &set->files[set->count++];
	*file = (struct file){.name = xstrdup(name), .place = place};
	return file;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

void file_set_sort(struct file_set *set)
{
	if (set->count)
		qsort(set->files, set->count, sizeof(set->files[0]), compare_names);
}

struct file *file_set_find(const struct file_set *set, const char *name)
{
	struct file key = {.name = (char *)name};

	if (set->count == 0)
		return NULL;
	return bsearch(&key, set->files, set->count, sizeof(set->files[0]), compare_names);
}

/* What an entry that is neither a regular file nor a directory is called. */
static const char *describe_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link; only regular files are artifacts";
	case S_IFIFO:
		return "a FIFO; only regular files are artifacts";
	case S_IFSOCK:
		return "a socket; only regular files are artifacts";
	case S_IFCHR:
	case S_IFBLK:
		return "a device node; only regular files are artifacts";
	default:
		return "of an unknown kind; only regular files are artifacts";
	}
}

static enum status list_directory(
	struct file_set *set, int fd, const char *prefix, unsigned depth, struct error *err);

static enum status list_entry(struct file_set *set, int directory, const char *entry,
	const char *prefix, unsigned depth, struct error *err)
{
	char *name = prefix[0] ? path_join(prefix, entry) : xstrdup(entry);
	enum status status = STATUS_OK;
	struct stat st;

	if (fstatat(directory, entry, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		status = error_set_errno(err, "%s", name);
	} else if (set->count >= FILES_LIMIT) {
		status = error_set(err, STATUS_LIMIT, "more than %d files", FILES_LIMIT);
	} else if (S_ISDIR(st.st_mode)) {
		int fd = openat(directory, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			status = list_directory(set, fd, name, depth + 1, err);
		else
			file_set_add(set, name, FILE_IN_DIRECTORY)->problem = xasprintf(
				"is a directory that cannot be read: %s", strerror(errno));
	} else {
		struct file *file = file_set_add(set, name, FILE_IN_DIRECTORY);

		file->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		if (!S_ISREG(st.st_mode))
			file->problem = xasprintf("is %s", describe_kind(st.st_mode));
	}
	free(name);
	return status;
}

/* Takes the descriptor over. */
static enum status list_directory(
	struct file_set *set, int fd, const char *prefix, unsigned depth, struct error *err)
{
	enum status status = STATUS_OK;
	DIR *stream = fdopendir(fd);

	if (!stream) {
		error_set_errno(err, "cannot list %s", prefix);
		close(fd);
		return err->status;
	}
	if (depth > DEPTH_LIMIT)
		status = error_set(err, STATUS_LIMIT, "%s: more than %d directories deep", prefix,
			DEPTH_LIMIT);
	while (status == STATUS_OK) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(stream);
		if (!entry && errno)
			status = error_set_errno(err, "cannot list %s", prefix);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		status = list_entry(set, dirfd(stream), entry->d_name, prefix, depth, err);
	}
	closedir(stream);
	return status;
}

enum status file_set_list(struct file_set *set, const char *directory, struct error *err)
{
	int fd;

	set->root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (set->root_fd < 0)
		return error_set_errno(err, "%s", directory);
	fd = openat(set->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "%s", directory);
	if (list_directory(set, fd, "", 0, err) < 0)
		return error_context(err, "%s", directory);
	file_set_sort(set);
	return STATUS_OK;
}

enum status file_set_open(
	const struct file_set *set, const struct file *file, int *fd, struct error *err)
{
	*fd = -1;
	if (file->problem)
		return error_set(err, STATUS_FORMAT, "%s", file->problem);
	switch (file->place) {
	case FILE_IN_DIRECTORY:
		return path_open_beneath(
			set->root_fd, file->stored_name ? file->stored_name : file->name, fd, err);
	case FILE_IN_STORE:
		return store_read(set->store, &file->digest, fd, NULL, err);
	case FILE_HASH_ONLY:
		break;
	}
	return error_set(err, STATUS_NOT_FOUND, "only its hash is known");
}

void file_set_release(struct file_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		free(set->files[i].name);
		free(set->files[i].stored_name);
		free(set->files[i].problem);
	}
	free(set->files);
	if (set->root_fd >= 0)
		close(set->root_fd);
	*set = (struct file_set)FILE_SET_INIT;
}
