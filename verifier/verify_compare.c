/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/verify.h"
#include "verifier/verify_index.h"
#include "verifier/verify_judge.h"

/* One side of a comparison as it was named on the command line. */
struct given {
	const char *path;
	struct stat st;
	struct file_set files;
	struct index_head index; /* what it says when it is an index; otherwise zeroed */
};

static enum status stat_given(struct given *given, struct error *err)
{
	given->files = (struct file_set)FILE_SET_INIT;
	if (stat(given->path, &given->st) < 0) {
		error_set_errno(err, "%s", given->path);
		return err->status = STATUS_USAGE;
	}
	if (S_ISREG(given->st.st_mode) || S_ISDIR(given->st.st_mode))
		return STATUS_OK;
	return error_set(
		err, STATUS_USAGE, "%s is neither a regular file nor a directory", given->path);
}

/* What is an index is known by its first bytes; what only has the name of one is refused. */
static enum status open_index(struct given *given, const struct given *other, struct error *err)
{
	int fd = open(given->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum status status = STATUS_OK;

	if (fd < 0) {
		error_set_errno(err, "%s", given->path);
		return err->status;
	}
	if (index_file_is(fd))
		status = index_file_check(fd, &given->index, err);
	else if (index_is_named(given->path) && !index_is_named(other->path))
		status = error_set(err, STATUS_FORMAT, "it is no index of reproof");
	close(fd);
	return status < 0 ? error_context(err, "%s", given->path) : STATUS_OK;
}

/* A single file is a set of one, under the name that both sides get. */
static enum status open_single(struct given *given, const char *name, struct error *err)
{
	char *resolved, *directory;
	struct file *file;

	if (path_resolve(given->path, &resolved, err) < 0)
		return err->status;
	directory = path_directory(resolved);
	given->files.root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (given->files.root_fd < 0)
		error_set_errno(err, "%s", directory);
	file = file_set_add(&given->files, name, FILE_IN_DIRECTORY);
	file->size = (uint64_t)given->st.st_size;
	if (strcmp(name, path_basename(resolved)) != 0)
		file->stored_name = xstrdup(path_basename(resolved));
	file->is_index = given->index.name != NULL;
	free(directory);
	free(resolved);
	return given->files.root_fd < 0 ? err->status : STATUS_OK;
}

static enum status open_indexes(struct given *published, struct given *rebuilt, struct error *err)
{
	if (S_ISDIR(published->st.st_mode))
		return STATUS_OK;
	if (open_index(published, rebuilt, err) < 0)
		return err->status;
	return open_index(rebuilt, published, err);
}

static enum status open_both(struct given *published, struct given *rebuilt, struct error *err)
{
	const char *name = published->index.name != NULL ? published->index.name
							 : path_basename(published->path);

	if (S_ISDIR(published->st.st_mode)) {
		if (file_set_list(&published->files, published->path, err) < 0)
			return err->status;
		return file_set_list(&rebuilt->files, rebuilt->path, err);
	}
	if (open_single(published, name, err) < 0)
		return err->status;
	return open_single(rebuilt, name, err);
}

static enum status judge_sets(struct evidence *evidence, const char *run,
	const struct given *published, const struct given *rebuilt, const struct pair_list *pairs,
	const struct inspection *inspection, enum verdict *worst, struct error *err)
{
	if (verify_pairs(evidence, run, &published->files, &rebuilt->files, pairs, inspection,
		    worst, err) < 0)
		return err->status;
	/* An index holds no list of packages. */
	if (published->index.name != NULL || rebuilt->index.name != NULL)
		return STATUS_OK;
	return verify_packages(evidence, run, &published->files, &rebuilt->files, NULL, NULL, err);
}

static enum status record_comparison(struct evidence *evidence, const struct given *published,
	const struct given *rebuilt, const struct text_list *artifacts,
	const struct inspection *inspection, char run[RUN_ID_SIZE], struct error *err)
{
	struct run_start start = {
		.kind = "compare", .release = published->path, .target = rebuilt->path};
	enum verdict worst = VERDICT_NOT_ATTEMPTED;
	struct pair_list pairs = {0};
	enum status status;
	bool continued;

	pair_files(&published->files, &rebuilt->files, NULL, &pairs);
	status = pair_select(&pairs, artifacts, err);
	if (status == STATUS_OK)
		status = evidence_run_begin(evidence, &start, run, &continued, err);
	if (status == STATUS_OK && (published->index.name != NULL || rebuilt->index.name != NULL))
		status = evidence_run_mark(evidence, run, MARK_FROM_INDEX, err);
	if (status == STATUS_OK && artifacts->count)
		status = evidence_run_mark(evidence, run, MARK_PARTIAL, err);
	if (status == STATUS_OK) {
		struct run_failure failure = {.step = "compare", .text = err->text};
		struct error finish_error;

		status = judge_sets(
			evidence, run, published, rebuilt, &pairs, inspection, &worst, err);
		failure.class = failure_class(status);
		if (evidence_run_finish(evidence, run, worst, status < 0 ? &failure : NULL,
			    &finish_error) < 0) {
			*err = finish_error;
			status = err->status;
		}
		/* What was asked for makes no sense, or cannot be recorded: there is no result. */
		if (status != STATUS_USAGE && status != STATUS_DATABASE)
			status = STATUS_OK;
	}
	pair_list_release(&pairs);
	return status;
}

enum status verify_compare(const char *published_path, const char *rebuilt_path,
	const struct text_list *artifacts, const struct inspection *inspection,
	struct evidence *evidence, char run[RUN_ID_SIZE], struct error *err)
{
	struct given published = {.path = published_path}, rebuilt = {.path = rebuilt_path};
	enum status status;

	if (stat_given(&published, err) < 0 || stat_given(&rebuilt, err) < 0)
		return err->status;
	if (S_ISDIR(published.st.st_mode) != S_ISDIR(rebuilt.st.st_mode))
		return error_set(err, STATUS_USAGE,
			"%s and %s: one is a file and the other a directory", published_path,
			rebuilt_path);
	if (published.st.st_dev == rebuilt.st.st_dev && published.st.st_ino == rebuilt.st.st_ino)
		return error_set(err, STATUS_USAGE,
			"%s and %s are the same; comparing a thing with itself shows nothing",
			published_path, rebuilt_path);
	status = open_indexes(&published, &rebuilt, err);
	if (status == STATUS_OK)
		status = open_both(&published, &rebuilt, err);
	if (status == STATUS_OK)
		status = record_comparison(
			evidence, &published, &rebuilt, artifacts, inspection, run, err);
	index_head_release(&published.index);
	index_head_release(&rebuilt.index);
	file_set_release(&published.files);
	file_set_release(&rebuilt.files);
	return status;
}
