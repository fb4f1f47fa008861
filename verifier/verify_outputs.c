/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_outputs.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/progress.h"
#include "verifier/rebuild/output.h"

static enum status record_output(struct verification *verification, const struct output *output,
	const struct output_file *file, struct error *err)
{
	struct file *rebuilt = file_set_add(&verification->rebuilt, file->name, FILE_IN_DIRECTORY);
	int fd;

	if (output_open(output, file, &fd, err) < 0)
		return err->status;
	if (hash_fd(fd, &rebuilt->digest, &rebuilt->size, err) < 0) {
		error_context(err, "%s", file->name);
		close(fd);
		return err->status;
	}
	close(fd);
	rebuilt->has_digest = true;
	return evidence_output(verification->evidence, verification->run, file->name,
		&rebuilt->digest, rebuilt->size, err);
}

static enum status open_root(
	struct verification *verification, const char *directory, struct error *err)
{
	verification->rebuilt.root_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return verification->rebuilt.root_fd < 0 ? error_set_errno(err, "%s", directory)
						 : STATUS_OK;
}

enum status outputs_collect(struct verification *verification, const char *directory,
	const struct text_list *published, struct error *err)
{
	struct output output = OUTPUT_INIT;
	enum status status = output_collect(directory, published, &output, err);

	if (status == STATUS_OK)
		status = open_root(verification, directory, err);
	if (status == STATUS_OK)
		status = evidence_begin(verification->evidence, err);
	if (status == STATUS_OK) {
		for (size_t i = 0; i < output.count && status == STATUS_OK; i++)
			status = record_output(verification, &output, &output.files[i], err);
		status = evidence_end(verification->evidence, status, err);
	}
	file_set_sort(&verification->rebuilt);
	output_release(&output);
	return status;
}

static enum status add_recorded(void *context, const char *name, const struct digest *digest,
	uint64_t size, struct error *err)
{
	struct file *file = file_set_add(context, name, FILE_IN_DIRECTORY);

	(void)err;
	file->has_digest = true;
	file->digest = *digest;
	file->size = size;
	return STATUS_OK;
}

/* True when the file is there and has the recorded bytes. */
static bool is_as_recorded(const struct file_set *set, const struct file *file)
{
	struct digest digest;
	struct error err;
	bool same;
	int fd;

	if (file_set_open(set, file, &fd, &err) < 0)
		return false;
	same = hash_fd(fd, &digest, NULL, &err) == STATUS_OK &&
		digest_equal(&digest, &file->digest);
	close(fd);
	return same;
}

enum status outputs_reuse(
	struct verification *verification, const char *directory, bool *usable, struct error *err)
{
	struct file_set *rebuilt = &verification->rebuilt;
	struct file_set there = FILE_SET_INIT;

	*usable = false;
	if (evidence_each_output(
		    verification->evidence, verification->run, add_recorded, rebuilt, err) < 0)
		return err->status;
	file_set_sort(rebuilt);
	if (file_set_list(&there, directory, err) == STATUS_OK && there.count == rebuilt->count &&
		open_root(verification, directory, err) == STATUS_OK) {
		*usable = true;
		for (size_t i = 0; i < rebuilt->count && *usable; i++)
			*usable = is_as_recorded(rebuilt, &rebuilt->files[i]);
	}
	file_set_release(&there);
	if (*usable)
		progress_note("rebuild", "kept: what this run had built before it was interrupted");
	else
		file_set_release(rebuilt);
	return STATUS_OK;
}
