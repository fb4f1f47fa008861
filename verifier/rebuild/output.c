/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/rebuild/file_copy.h"

/* A mount is refused as well: a bind mount shows a foreign file without a link. */
static int open_beneath(int directory_fd, const char *name, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, directory_fd, name, &how, sizeof(how));
}

static const char *kind_word(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	default:
		return "no regular file";
	}
}

static enum status published_check(const char *name, const struct stat *info,
	const struct text_list *published, struct error *err)
{
	for (size_t i = 0; published && i < published->count; i++) {
		struct stat other;

		if (stat(published->items[i], &other) == 0 && other.st_dev == info->st_dev &&
			other.st_ino == info->st_ino)
			return error_set(err, STATUS_BUILD,
				"the build's output %s is the published file %s itself", name,
				published->items[i]);
	}
	return STATUS_OK;
}

static enum status file_add(struct output *output, const char *name, const struct stat *info,
	const struct text_list *published, struct error *err)
{
	enum status status;

	if (!S_ISREG(info->st_mode))
		return error_set(err, STATUS_BUILD,
			"the build's output %s is %s: only regular files count", name,
			kind_word(info->st_mode));
	status = published_check(name, info, published, err);
	if (status != STATUS_OK)
		return status;
	if (info->st_nlink != 1)
		return error_set(err, STATUS_BUILD,
			"the build's output %s has %ju names: a hard link to another file does not "
			"count",
			name, (uintmax_t)info->st_nlink);
	if ((uint64_t)info->st_size > OUTPUT_SIZE_MAX)
		return error_set(err, STATUS_LIMIT,
			"the build left %s with %llu bytes, more than %llu", name,
			(unsigned long long)info->st_size, (unsigned long long)OUTPUT_SIZE_MAX);
	if (output->count >= OUTPUT_FILE_MAX)
		return error_set(
			err, STATUS_LIMIT, "the build left more than %zu files", OUTPUT_FILE_MAX);
	ARRAY_GROW(output->files, output->count, output->capacity);
	output->files[output->count++] = (struct output_file){
		.name = xstrdup(name),
		.size = (uint64_t)info->st_size,
		.device = info->st_dev,
		.inode = info->st_ino,
	};
	return STATUS_OK;
}

static enum status directory_walk(struct output *output, const char *name, unsigned depth,
	const struct text_list *published, struct error *err);

static enum status entry_walk(struct output *output, const char *name, unsigned depth,
	const struct text_list *published, struct error *err)
{
	enum status status = STATUS_OK;
	struct stat info;
	int fd;

	if (!path_is_contained(name))
		return error_set(
			err, STATUS_BUILD, "the build's output %s has an unusable name", name);
	/* O_PATH | O_NOFOLLOW looks at what is there without opening it. */
	fd = open_beneath(output->directory_fd, name, O_PATH | O_NOFOLLOW);
	if (fd < 0 && errno == EXDEV)
		return error_set(
			err, STATUS_BUILD, "the build's output %s is mounted from elsewhere", name);
	if (fd < 0 && errno == ELOOP)
		return error_set(err, STATUS_BUILD,
			"the build's output %s is a symbolic link: only regular files count", name);
	if (fd < 0 || fstat(fd, &info) < 0)
		status = error_set_errno(err, "the build's output %s", name);
	else if (S_ISDIR(info.st_mode))
		status = directory_walk(output, name, depth + 1, published, err);
	else
		status = file_add(output, name, &info, published, err);
	if (fd >= 0)
		close(fd);
	return status;
}

static enum status directory_walk(struct output *output, const char *name, unsigned depth,
	const struct text_list *published, struct error *err)
{
	enum status status = STATUS_OK;
	struct dirent *entry;
	DIR *directory = NULL;
	int fd;

	if (depth > OUTPUT_DEPTH)
		return error_set(
			err, STATUS_LIMIT, "%s: more than %u directories deep", name, OUTPUT_DEPTH);
	fd = open_beneath(output->directory_fd, *name ? name : ".", O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		directory = fdopendir(fd);
	if (!directory) {
		status = error_set_errno(err, "the build's output %s", name);
		if (fd >= 0)
			close(fd);
		return status;
	}
	while (status == STATUS_OK) {
		char *path;

		errno = 0;
		entry = readdir(directory);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		path = path_join(name, entry->d_name);
		status = entry_walk(output, path, depth, published, err);
		free(path);
	}
	if (status == STATUS_OK && errno != 0)
		status = error_set_errno(err, "the build's output %s", name);
	closedir(directory);
	return status;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct output_file *)a)->name, ((const struct output_file *)b)->name);
}

enum status output_collect(const char *directory, const struct text_list *published,
	struct output *output, struct error *err)
{
	enum status status;

	output->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (output->directory_fd < 0)
		return error_set_errno(err, "the output directory %s", directory);
	status = directory_walk(output, "", 0, published, err);
	if (output->count)
		qsort(output->files, output->count, sizeof(output->files[0]), by_name);
	return status;
}

enum status output_open(
	const struct output *output, const struct output_file *file, int *fd, struct error *err)
{
	struct stat info;

	*fd = open_beneath(output->directory_fd, file->name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return error_set_errno(err, "the build's output %s", file->name);
	if (fstat(*fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_dev == file->device &&
		info.st_ino == file->inode && (uint64_t)info.st_size == file->size)
		return STATUS_OK;
	close(*fd);
	*fd = -1;
	return error_set(
		err, STATUS_BUILD, "the build's output %s changed after the build", file->name);
}

static enum status file_copy_to(const struct output *output, const struct output_file *file,
	const char *destination, struct error *err)
{
	char *path = path_join(destination, file->name), *above = path_directory(path);
	enum status status = path_make_directories(above, 0755, err);
	int in = -1, out = -1;

	if (status == STATUS_OK)
		status = output_open(output, file, &in, err);
	if (status == STATUS_OK) {
		out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		status = out < 0 ? error_set_errno(err, "%s", path)
				 : file_copy(in, out, (off_t)file->size, err);
	}
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) < 0 && status == STATUS_OK)
		status = error_set_errno(err, "%s", path);
	free(path);
	free(above);
	return status;
}

enum status output_copy(const char *directory, const struct text_list *published,
	const char *destination, struct error *err)
{
	struct output output = OUTPUT_INIT;
	enum status status = output_collect(directory, published, &output, err);

	if (status == STATUS_OK && mkdir(destination, 0755) < 0)
		status = error_set_errno(err, "%s", destination);
	for (size_t i = 0; i < output.count && status == STATUS_OK; i++)
		if (file_copy_to(&output, &output.files[i], destination, err) < 0)
			status = error_context(err, "%s", output.files[i].name);
	output_release(&output);
	return status;
}

void output_release(struct output *output)
{
	for (size_t i = 0; i < output->count; i++)
		free(output->files[i].name);
	free(output->files);
	if (output->directory_fd >= 0)
		close(output->directory_fd);
	*output = (struct output)OUTPUT_INIT;
}
