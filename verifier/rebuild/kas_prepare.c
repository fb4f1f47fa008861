/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/rebuild/kas_parts.h"
#include "verifier/rebuild/tree.h"

#define BUILD_DIRECTORY "build"
#define DOWNLOADS	"build/downloads"

static enum status directory_make(const struct kas *kas, struct error *err)
{
	/* A killed build may have left loop devices on files in them: these are detached first. */
	if (sandbox_remove_tree(kas->prepared, err) < 0 || sandbox_remove_tree(kas->tree, err) < 0)
		return err->status;
	if (unlink(kas->spec.log) < 0 && errno != ENOENT)
		return error_set_errno(err, "%s", kas->spec.log);
	if (mkdir(kas->prepared, 0755) < 0)
		return error_set_errno(err, "%s", kas->prepared);
	return kas->spec.no_sandbox ? STATUS_OK : build_user_own(&kas->user, kas->prepared, err);
}

static enum status ask_version(struct kas *kas, struct kas_prepared *prepared, struct error *err)
{
	struct buffer out = {0};
	struct kas_step step = {.what = "kas --version", .out = &out};
	enum status status;

	kas_add_user(kas, &step.argv);
	text_list_add(&step.argv, kas->settings->program ? kas->settings->program : KAS_PROGRAM);
	text_list_add(&step.argv, "--version");
	status = kas_run_step(kas, &step, err);
	if (status == STATUS_BUILD && !kas->settings->program && access(KAS_PROGRAM, X_OK) < 0)
		status = error_set(err, STATUS_USAGE,
			"there is no kas on this machine: install it (apt-get install kas), or "
			"name "
			"one by \"program\"");
	while (out.len && out.data[out.len - 1] == '\n')
		buffer_truncate(&out, out.len - 1);
	prepared->version = buffer_detach(&out);
	if (status == STATUS_OK)
		status = kas_check_version(kas, prepared->version, err);
	return status;
}

/*
 * The repositories that the kas files name. Without the steps that run what is in them: until the
 * tree is closed nothing of it has been executed.
 */
static enum status checkout(struct kas *kas, struct error *err)
{
	struct kas_step step = {.what = "kas checkout", .has_network = true};

	kas_add_user(kas, &step.argv);
	text_list_add(&step.argv, kas->settings->program ? kas->settings->program : KAS_PROGRAM);
	text_list_add(&step.argv, "checkout");
	text_list_add(&step.argv, "--skip");
	text_list_add(&step.argv, "setup_environ");
	text_list_add(&step.argv, "--skip");
	text_list_add(&step.argv, "write_bbconfig");
	kas_add_files(kas, &step.argv);
	return kas_run_step(kas, &step, err);
}

/* What recipes fetch from elsewhere: by what the repositories hold, so nothing else of it counts.
 */
static enum status fetch(struct kas *kas, struct error *err)
{
	struct kas_step step = {.what = "kas build --runonly=fetch", .has_network = true};

	kas_add_command(kas, &step.argv, "build");
	text_list_add(&step.argv, "--");
	text_list_add(&step.argv, "--runonly=fetch");
	kas_add_given(kas, &step.argv);
	return kas_run_step(kas, &step, err);
}

/* ---- what is left ---- */

static void file_taken(void *context, const char *path, const struct digest *digest, uint64_t size)
{
	struct kas_prepared *prepared = context;

	ARRAY_GROW(prepared->files, prepared->file_count, prepared->file_capacity);
	prepared->files[prepared->file_count++] =
		(struct kas_file){.path = xstrdup(path), .digest = *digest, .size = size};
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct kas_file *)a)->path, ((const struct kas_file *)b)->path);
}

/*
 * The build's tree is a copy, made file by file of what is recorded: nobody has it open, and
 * nothing of it has run yet.
 */
static enum status close_tree(struct kas *kas, struct kas_prepared *prepared, struct error *err)
{
	struct text_list excluded = {0};
	struct tree_options options = {.excluded = &excluded,
		.forbidden = kas->spec.forbidden,
		.forbidden_count = kas->spec.forbidden_count,
		.mtime = kas->spec.epoch,
		.apart = ".git",
		.taken = file_taken,
		.context = prepared};
	char *resolved = NULL, *build = NULL;
	struct digest files;
	enum status status = path_resolve(kas->prepared, &resolved, err);

	if (status == STATUS_OK) {
		build = path_join(resolved, BUILD_DIRECTORY);
		text_list_add(&excluded, build);
		kas_list_left_out(prepared, resolved, &excluded);
		status = tree_copy(kas->prepared, kas->tree, &options, &files, err);
	}
	if (status == STATUS_OK)
		kas_digest_tree(prepared, &files);
	text_list_release(&excluded);
	free(resolved);
	free(build);
	return status;
}

static void download_taken(
	void *context, const char *path, const struct digest *digest, uint64_t size)
{
	char *whole = path_join(DOWNLOADS, path);

	file_taken(context, whole, digest, size);
	free(whole);
}

/* BitBake's shared state is what is already built, whatever it is called by the directory. */
static enum status refuse_results(const struct kas_prepared *prepared, struct error *err)
{
	for (size_t i = 0; i < prepared->file_count; i++) {
		const char *name = path_basename(prepared->files[i].path);

		if (strncmp(name, "sstate:", 7) == 0 || path_has_suffix(name, ".siginfo"))
			return error_set(err, STATUS_BUILD,
				"%s was there before the build: what is already built must not go "
				"into it",
				prepared->files[i].path);
	}
	return STATUS_OK;
}

/* deb(5): an ar archive whose first member is debian-binary. */
static enum status packages_mark(
	const struct kas *kas, struct kas_prepared *prepared, struct error *err)
{
	static const char magic[] = "!<arch>\ndebian-binary";
	int tree = open(kas->tree, O_PATH | O_DIRECTORY | O_CLOEXEC);
	enum status status = STATUS_OK;

	if (tree < 0)
		return error_set_errno(err, "%s", kas->tree);
	for (size_t i = 0; i < prepared->file_count && status == STATUS_OK; i++) {
		struct kas_file *file = &prepared->files[i];
		char start[sizeof(magic) - 1];
		int fd;

		if (strncmp(file->path, DOWNLOADS "/", sizeof(DOWNLOADS)) != 0)
			continue;
		status = path_open_beneath(tree, file->path, &fd, err);
		if (status != STATUS_OK)
			break;
		file->is_package = read(fd, start, sizeof(start)) == sizeof(start) &&
			memcmp(start, magic, sizeof(start)) == 0;
		close(fd);
	}
	close(tree);
	return status;
}

/* Of all that fetching left only the downloads, and those only where they are what they seem. */
static enum status take_downloads(struct kas *kas, struct kas_prepared *prepared, struct error *err)
{
	struct tree_options options = {.forbidden = kas->spec.forbidden,
		.forbidden_count = kas->spec.forbidden_count,
		.mtime = kas->spec.epoch,
		.taken = download_taken,
		.context = prepared};
	char *build = path_join(kas->prepared, BUILD_DIRECTORY);
	char *from = path_join(kas->prepared, DOWNLOADS);
	char *to = path_join(kas->tree, DOWNLOADS), *above = path_join(kas->tree, BUILD_DIRECTORY);
	enum status status = STATUS_OK;
	struct stat info;

	if (!kas_is_directory(build) || !kas_is_directory(from)) {
		/* Nothing was fetched; or the name leads elsewhere. */
		if (lstat(from, &info) == 0 ||
			(lstat(build, &info) == 0 && !kas_is_directory(build)))
			status = error_set(err, STATUS_BUILD, "%s is no directory", DOWNLOADS);
		goto out;
	}
	if (mkdir(above, 0755) < 0)
		status = error_set_errno(err, "%s", above);
	if (status == STATUS_OK && tree_copy(from, to, &options, &prepared->downloads, err) < 0)
		status = error_context(err, "%s", DOWNLOADS);
out:
	free(build);
	free(from);
	free(to);
	free(above);
	return status;
}

/* The program's directory stays on the host, so it is looked at before and after. */
static enum status check_program(const struct kas *kas, struct digest *digest, struct error *err)
{
	struct tree_options options = {
		.forbidden = kas->spec.forbidden, .forbidden_count = kas->spec.forbidden_count};

	return tree_check(kas->program_directory, &options, digest, err);
}

enum status kas_check_program(
	const struct kas *kas, const struct kas_prepared *prepared, struct error *err)
{
	struct digest now;

	if (!prepared->has_program)
		return STATUS_OK;
	if (check_program(kas, &now, err) < 0)
		return err->status;
	if (!digest_equal(&now, &prepared->program))
		return error_set(err, STATUS_BUILD, "%s changed while the build ran",
			kas->program_directory);
	return STATUS_OK;
}

static enum status tree_finish(struct kas *kas, struct kas_prepared *prepared, struct error *err)
{
	if (prepared->file_count)
		qsort(prepared->files, prepared->file_count, sizeof(prepared->files[0]), by_path);
	if (refuse_results(prepared, err) < 0 || packages_mark(kas, prepared, err) < 0)
		return err->status;
	return kas->spec.no_sandbox ? STATUS_OK : build_user_own(&kas->user, kas->tree, err);
}

enum status kas_freeze(struct kas *kas, const char *path, struct digest *digest, struct error *err)
{
	if (sandbox_remove_tree(path, err) < 0)
		return err->status;
	if (rename(kas->tree, path) < 0)
		return error_set_errno(err, "cannot keep what was prepared as %s", path);
	return tree_digest(path, digest, err);
}

enum status kas_thaw(
	struct kas *kas, const char *path, const struct digest *digest, struct error *err)
{
	struct tree_options options = {.mtime = kas->spec.epoch};
	struct digest now;

	if (sandbox_remove_tree(kas->tree, err) < 0 ||
		tree_copy(path, kas->tree, &options, &now, err) < 0)
		return err->status;
	if (!digest_equal(&now, digest))
		return error_set(err, STATUS_BUILD, "%s changed between two builds", path);
	return kas->spec.no_sandbox ? STATUS_OK : build_user_own(&kas->user, kas->tree, err);
}

enum status kas_prepare(struct kas *kas, unsigned short proxy_port, struct kas_prepared *prepared,
	struct error *err)
{
	struct error ignored;
	enum status status = directory_make(kas, err);

	if (status == STATUS_OK)
		status = kas_open_ports(kas, proxy_port, err);
	if (status == STATUS_OK)
		status = kas_clone(kas, err);
	if (status == STATUS_OK)
		status = ask_version(kas, prepared, err);
	if (status == STATUS_OK && kas->program_directory) {
		prepared->has_program = true;
		status = check_program(kas, &prepared->program, err);
	}
	if (status == STATUS_OK)
		status = checkout(kas, err);
	if (status == STATUS_OK)
		status = kas_take_repositories(kas, prepared, err);
	if (status == STATUS_OK)
		status = close_tree(kas, prepared, err);
	if (status == STATUS_OK && !kas->settings->fetches_nothing) {
		status = fetch(kas, err);
		if (status == STATUS_OK)
			status = take_downloads(kas, prepared, err);
	}
	if (status == STATUS_OK)
		status = tree_finish(kas, prepared, err);
	prepared->network = kas->network;
	for (size_t i = 0; kas->spec.given && i < kas->spec.given->count; i++)
		text_list_add(&prepared->given, kas->spec.given->items[i]);
	prepared->wanted = kas->wanted;
	sandbox_remove_tree(kas->output, &ignored);
	sandbox_remove_tree(kas->prepared, &ignored);
	return status == STATUS_OK ? STATUS_OK : error_context(err, "prepare");
}
