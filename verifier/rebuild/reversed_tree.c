/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/reversed_tree.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/process.h"
#include "verifier/rebuild/tree.h"

#define MOUNT_SECONDS 10

enum status reversed_tree_begin(struct error *err)
{
	/* What is mounted on the host from now on is still seen; what is mounted here is not. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_set(err, STATUS_SANDBOX, "mounts of its own cannot be had here (%s)",
			strerror(errno));
	return STATUS_OK;
}

/* Waits until another file system is there. */
static enum status mount_wait(const char *path, dev_t before, struct error *err)
{
	double deadline = clock_monotonic() + MOUNT_SECONDS;
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	struct stat info;

	while (clock_monotonic() < deadline) {
		if (stat(path, &info) == 0 && info.st_dev != before)
			return STATUS_OK;
		nanosleep(&pause, NULL);
	}
	return error_set(err, STATUS_UNSUPPORTED, "disorderfs did not mount");
}

static enum status disorderfs_start(
	struct reversed_tree *tree, const char *source, struct error *err)
{
	/* Not --multi-user: it reads as the build's user, who must not reach the run's directory.
	 */
	const char *const argv[] = {"disorderfs", "-f", "-q", "-o", "allow_other", "-o",
		"default_permissions", "--sort-dirents=no", "--reverse-dirents=yes",
		"--pad-blocks=0", source, tree->path, NULL};
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct stat info;

	spec.argv = argv;
	if (stat(tree->path, &info) < 0)
		return error_set_errno(err, "%s", tree->path);
	if (process_start(&spec, &tree->disorderfs, err) < 0)
		return err->status;
	return mount_wait(tree->path, info.st_dev, err);
}

static enum status names_list(const char *path, struct text_list *names, struct error *err)
{
	DIR *directory = opendir(path);
	enum status status = STATUS_OK;
	struct dirent *entry;

	if (!directory)
		return error_set_errno(err, "%s", path);
	while ((errno = 0, entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			text_list_add(names, entry->d_name);
	}
	if (errno)
		status = error_set_errno(err, "%s", path);
	closedir(directory);
	return status;
}

/* Counts the directories with an order; STATUS_UNSUPPORTED for one that is not the opposite one. */
static enum status order_check(
	const char *source, const char *copy, size_t *count, struct error *err)
{
	struct text_list names = {0}, opposite = {0};
	enum status status = names_list(source, &names, err);

	if (status == STATUS_OK)
		status = names_list(copy, &opposite, err);
	if (status == STATUS_OK && names.count != opposite.count)
		status = error_set(
			err, STATUS_UNSUPPORTED, "%s does not list what %s does", copy, source);
	*count += names.count > 1;
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		char *below = path_join(source, names.items[i]);
		char *shown = path_join(copy, names.items[i]);
		struct stat info;

		if (strcmp(names.items[i], opposite.items[names.count - 1 - i]) != 0)
			status = error_set(err, STATUS_UNSUPPORTED,
				"%s does not list in the opposite order", copy);
		else if (lstat(below, &info) == 0 && S_ISDIR(info.st_mode))
			status = order_check(below, shown, count, err);
		free(below);
		free(shown);
	}
	text_list_release(&names);
	text_list_release(&opposite);
	return status;
}

static enum status copy_make(const struct reversed_tree *tree, const char *source, int64_t mtime,
	bool reversed, char **copy, struct error *err)
{
	const struct tree_options options = {.mtime = mtime, .reversed = reversed};
	struct digest digest;

	if (mount("tmpfs", tree->path, "tmpfs", MS_NODEV | MS_NOSUID,
		    "mode=755,size=" REVERSED_COPY_SIZE) < 0)
		return error_set_errno(err, "cannot mount %s", tree->path);
	*copy = path_join(tree->path, "source");
	return tree_copy(source, *copy, &options, &digest, err);
}

/* Kernels differ in which end of what was made they list first: what is seen decides. */
static enum status in_memory_make(
	struct reversed_tree *tree, const char *source, int64_t mtime, struct error *err)
{
	enum status status = STATUS_UNSUPPORTED;
	char *copy = NULL;

	for (int reversed = 0; reversed < 2; reversed++) {
		size_t count = 0;

		status = copy_make(tree, source, mtime, reversed != 0, &copy, err);
		if (status == STATUS_OK)
			status = order_check(source, copy, &count, err);
		if (status != STATUS_UNSUPPORTED)
			break;
		umount2(tree->path, MNT_DETACH);
		free(copy);
		copy = NULL;
	}
	if (status == STATUS_OK) {
		free(tree->path);
		tree->path = copy;
		copy = NULL;
	}
	free(copy);
	return status;
}

enum status reversed_tree_make(struct reversed_tree *tree, const char *source, const char *path,
	bool by_disorderfs, int64_t mtime, struct error *err)
{
	enum status status = path_make_directories(path, 0700, err);
	size_t count = 0;

	if (status < 0)
		return status;
	tree->path = xstrdup(path);
	status = by_disorderfs ? disorderfs_start(tree, source, err)
			       : in_memory_make(tree, source, mtime, err);
	if (status == STATUS_OK)
		status = order_check(source, tree->path, &count, err);
	if (status == STATUS_OK && count == 0)
		status = error_set(err, STATUS_UNSUPPORTED,
			"no directory of the source tree has more than one entry");
	if (status < 0)
		reversed_tree_release(tree);
	return status;
}

void reversed_tree_release(struct reversed_tree *tree)
{
	struct process_result result;
	struct error ignored;
	char *above;

	if (!tree->path)
		return;
	/* A copy is below where its file system is mounted. */
	above = path_directory(tree->path);
	if (umount2(tree->path, MNT_DETACH) < 0)
		umount2(above, MNT_DETACH);
	if (tree->disorderfs > 0)
		process_wait(tree->disorderfs, MOUNT_SECONDS, &result, &ignored);
	free(above);
	free(tree->path);
	*tree = (struct reversed_tree){0};
}
