/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/rebuild/file_copy.h"
#include "verifier/rebuild/kas_parts.h"
#include "verifier/rebuild/output.h"

/* The deploy directory that is taken, and the copy. */
struct taking {
	int from; /* what all names are resolved beneath */
	const char *to;
};

/* No link is followed on the way, and nothing above `directory` can be reached. */
static int open_beneath(int directory, const char *name, int flags)
{
	struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));
}

static enum status file_take(const struct taking *taking, const char *name, struct error *err)
{
	int in = open_beneath(taking->from, name, O_RDONLY | O_NONBLOCK);
	char *path = path_join(taking->to, name);
	enum status status = STATUS_OK;
	struct stat info;
	int out = -1;

	if (in < 0 || fstat(in, &info) < 0)
		status = error_set_errno(err, "%s", name);
	else if (!S_ISREG(info.st_mode))
		status = error_set(err, STATUS_BUILD, "%s is no longer the file it was", name);
	if (status == STATUS_OK) {
		out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (out < 0)
			status = error_set_errno(err, "%s", path);
	}
	if (status == STATUS_OK && file_copy(in, out, info.st_size, err) < 0)
		status = error_context(err, "%s", name);
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) < 0 && status == STATUS_OK)
		status = error_set_errno(err, "%s", path);
	free(path);
	return status;
}

/* A second name of an artifact is none of its own; a way out is an attack or a mistake. */
static enum status link_check(const struct taking *taking, const char *name, struct error *err)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
	int fd = (int)syscall(SYS_openat2, taking->from, name, &how, sizeof(how));

	if (fd < 0)
		return error_set(err, STATUS_BUILD,
			"%s in the deploy directory is a link that leads out of it, or nowhere",
			name);
	close(fd);
	return STATUS_OK;
}

static enum status directory_take(
	const struct taking *taking, const char *path, unsigned depth, struct error *err);

static enum status entry_take(
	const struct taking *taking, const char *name, unsigned depth, struct error *err)
{
	struct stat info;

	if (fstatat(taking->from, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "%s", name);
	if (S_ISREG(info.st_mode))
		return file_take(taking, name, err);
	if (S_ISLNK(info.st_mode))
		return link_check(taking, name, err);
	if (S_ISDIR(info.st_mode))
		return directory_take(taking, name, depth + 1, err);
	return error_set(err, STATUS_BUILD,
		"%s in the deploy directory is a device, FIFO or socket, and no artifact", name);
}

static enum status directory_take(
	const struct taking *taking, const char *path, unsigned depth, struct error *err)
{
	int fd = open_beneath(taking->from, path, O_RDONLY | O_DIRECTORY);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	char *copy = path_join(taking->to, path);
	enum status status = STATUS_OK;
	struct dirent *entry;

	if (!directory) {
		status = error_set_errno(err, "%s", path);
		if (fd >= 0)
			close(fd);
	} else if (depth > OUTPUT_DEPTH) {
		status = error_set(
			err, STATUS_LIMIT, "%s: more than %u directories deep", path, OUTPUT_DEPTH);
	} else if (strcmp(path, ".") != 0 && mkdir(copy, 0755) < 0) {
		status = error_set_errno(err, "%s", copy);
	}
	while (status == STATUS_OK && directory && (errno = 0, entry = readdir(directory))) {
		char *below = strcmp(path, ".") == 0 ? xstrdup(entry->d_name)
						     : path_join(path, entry->d_name);

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = entry_take(taking, below, depth, err);
		free(below);
	}
	if (status == STATUS_OK && errno)
		status = error_set_errno(err, "%s", path);
	if (directory)
		closedir(directory);
	free(copy);
	return status;
}

static char *deploy_path(const struct kas *kas)
{
	return xasprintf("build/tmp/deploy/images/%s", kas->settings->machine);
}

/* The deploy directory, reached without a link; -1 with errno set. */
static int deploy_open(const struct kas *kas)
{
	char *path = deploy_path(kas);
	int tree = open(kas->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = tree < 0 ? -1 : open_beneath(tree, path, O_RDONLY | O_DIRECTORY);

	if (tree >= 0)
		close(tree);
	free(path);
	return fd;
}

static enum status deploy_missing(const struct kas *kas, struct error *err)
{
	return error_set(err, STATUS_BUILD,
		"the build has left no build/tmp/deploy/images/%s (%s): is \"machine\" right?",
		kas->settings->machine, strerror(errno));
}

/* As scripts/deploy-cip-core.sh of isar-cip-core does before it publishes. */
static enum status compress_one(struct kas *kas, const char *name, struct error *err)
{
	struct kas_step step = {.what = "xz", .is_after_build = true};
	char *directory = deploy_path(kas);
	char *path = path_join(directory, name);

	kas_add_user(kas, &step.argv);
	text_list_add(&step.argv, "/usr/bin/xz");
	text_list_add(&step.argv, "-9");
	text_list_add(&step.argv, "-k");
	text_list_add(&step.argv, "-T0");
	text_list_add(&step.argv, "--");
	text_list_add(&step.argv, path);
	free(path);
	free(directory);
	return kas_run_step(kas, &step, err);
}

static enum status compress_matching(struct kas *kas, const char *glob, struct error *err)
{
	int fd = deploy_open(kas);
	struct text_list names = {0};
	enum status status;
	size_t count = 0;

	if (fd < 0)
		return deploy_missing(kas, err);
	status = path_names(fd, "the deploy directory", &names, err);
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		if (fnmatch(glob, names.items[i], FNM_PERIOD) != 0)
			continue;
		count++;
		status = compress_one(kas, names.items[i], err);
	}
	if (status == STATUS_OK && count == 0)
		status = error_set(err, STATUS_BUILD,
			"the deploy directory has no %s, which is to be compressed", glob);
	text_list_release(&names);
	return status;
}

enum status kas_compress(struct kas *kas, struct error *err)
{
	for (size_t i = 0; i < kas->settings->compressed.count; i++)
		if (compress_matching(kas, kas->settings->compressed.items[i], err) < 0)
			return err->status;
	return STATUS_OK;
}

enum status kas_take_output(const struct kas *kas, const char *directory, struct error *err)
{
	struct taking taking = {.from = deploy_open(kas), .to = directory};
	enum status status;

	if (taking.from < 0)
		return deploy_missing(kas, err);
	status = directory_take(&taking, ".", 0, err);
	close(taking.from);
	return status;
}
