/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/rebuild/kas_parts.h"
#include "verifier/rebuild/tree.h"

#define GIT	       "/usr/bin/git"
#define REPOSITORY_MAX 64
#define DIRECTORY_MAX  500000 /* of the tree; Linux has 6,000 */

#define BUILD_DIRECTORY "build"
#define DOWNLOADS	"build/downloads"

static void add_words(struct text_list *argv, const char *const *words)
{
	for (; *words; words++)
		text_list_add(argv, *words);
}

/* One git command as the build's user; `out` may be NULL. */
static enum status git(struct kas *kas, const char *what, const char *repository, bool has_network,
	const char *const *words, struct buffer *out, struct error *err)
{
	struct kas_step step = {.what = what, .has_network = has_network, .out = out};

	kas_add_user(kas, &step.argv);
	text_list_add(&step.argv, GIT);
	text_list_add(&step.argv, "-C");
	text_list_add(&step.argv, repository);
	add_words(&step.argv, words);
	return kas_run_step(kas, &step, err);
}

/* Its output as one line. */
static enum status git_line(struct kas *kas, const char *what, const char *repository,
	const char *const *words, char **line, struct error *err)
{
	struct buffer out = {0};
	enum status status = git(kas, what, repository, false, words, &out, err);

	while (out.len && out.data[out.len - 1] == '\n')
		buffer_truncate(&out, out.len - 1);
	*line = buffer_detach(&out);
	return status;
}

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

/* A tag must be what it was when the descriptor was written. */
static enum status check_ref(struct kas *kas, struct error *err)
{
	const struct release_kas *settings = kas->settings;
	char *name = xasprintf("%s^{commit}", settings->ref);
	const char *const words[] = {"rev-parse", "--verify", name, NULL};
	char *commit = NULL;
	enum status status = git_line(kas, "git rev-parse", ".", words, &commit, err);

	if (status == STATUS_BUILD)
		status = error_set(err, STATUS_USAGE, "%s has no tag or commit %s",
			settings->repository, settings->ref);
	else if (status == STATUS_OK && strcmp(commit, settings->commit) != 0)
		status = error_set(err, STATUS_TRUST,
			"%s names the commit %.60s, and the descriptor says %s: was the tag moved?",
			settings->ref, commit, settings->commit);
	free(commit);
	free(name);
	return status;
}

static enum status check_whole(struct kas *kas, struct error *err)
{
	static const char *const words[] = {"rev-parse", "--is-shallow-repository", NULL};
	char *answer = NULL;
	enum status status = git_line(kas, "git rev-parse", ".", words, &answer, err);

	if (status == STATUS_OK && strcmp(answer, "false") != 0)
		status = error_set(err, STATUS_USAGE,
			"%s is a shallow clone: the image's BUILD_ID is made from the tags, and "
			"would be another one; give a repository with its whole history",
			kas->settings->repository);
	free(answer);
	return status;
}

static enum status clone(struct kas *kas, struct error *err)
{
	const struct release_kas *settings = kas->settings;
	const char *const words[] = {"clone", "--quiet", "--no-checkout", "--no-hardlinks", "--",
		settings->repository, ".", NULL};
	const char *const out[] = {"checkout", "--quiet", "--detach", settings->commit, NULL};

	if (git(kas, "git clone", ".", true, words, NULL, err) < 0) {
		if (err->status == STATUS_BUILD)
			err->status = STATUS_NETWORK;
		return error_context(err, "%s", settings->repository);
	}
	if (check_whole(kas, err) < 0 || check_ref(kas, err) < 0)
		return err->status;
	return git(kas, "git checkout", ".", false, out, NULL, err);
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

static enum status repository_take(
	struct kas *kas, struct kas_prepared *prepared, const char *path, struct error *err)
{
	static const char *const head[] = {"rev-parse", "--verify", "HEAD^{commit}", NULL};
	static const char *const object[] = {"cat-file", "commit", "HEAD", NULL};
	static const char *const origin[] = {"config", "--get", "remote.origin.url", NULL};
	static const char *const state[] = {"status", "--porcelain", "--untracked-files=no", NULL};
	struct kas_repository *repository;
	struct buffer bytes = {0};
	char *changed = NULL;
	enum status status;

	if (prepared->repository_count == REPOSITORY_MAX)
		return error_set(err, STATUS_LIMIT, "more than %d repositories", REPOSITORY_MAX);
	ARRAY_GROW(
		prepared->repositories, prepared->repository_count, prepared->repository_capacity);
	repository = &prepared->repositories[prepared->repository_count++];
	*repository = (struct kas_repository){.path = xstrdup(path)};
	status = git_line(kas, "git rev-parse", path, head, &repository->commit, err);
	if (status == STATUS_OK && strcmp(path, ".") == 0 &&
		strcmp(repository->commit, kas->settings->commit) != 0)
		status = error_set(err, STATUS_TRUST, "the commit %.60s is checked out, and not %s",
			repository->commit, kas->settings->commit);
	if (status == STATUS_OK)
		status = git_line(kas, "git config", path, origin, &repository->url, err);
	if (status == STATUS_OK)
		status = git(kas, "git cat-file", path, false, object, &bytes, err);
	if (status == STATUS_OK)
		hash_memory(bytes.data, bytes.len, &repository->object);
	if (status == STATUS_OK)
		status = git_line(kas, "git status", path, state, &changed, err);
	if (status == STATUS_OK && *changed)
		status =
			error_set(err, STATUS_BUILD, "%s is not as its commit %.40s has it: %.200s",
				path, repository->commit, changed);
	buffer_release(&bytes);
	free(changed);
	return status == STATUS_OK ? STATUS_OK : error_context(err, "repository %s", path);
}

static bool is_directory(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The way through the tree, in which each directory may be a repository. */
struct repository_walk {
	struct kas *kas;
	struct kas_prepared *prepared;
	size_t directories;
};

/* git keeps nothing below its own directory that a build would take for a work tree. */
static int is_worth_a_look(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		strcmp(entry->d_name, ".git") != 0;
}

/* Every repository, whoever cloned it. What is deeper tree_copy() refuses. */
static enum status repositories_take(
	struct repository_walk *walk, const char *path, unsigned depth, struct error *err)
{
	char *directory = path_join(walk->kas->prepared, path);
	char *mark = path_join(directory, ".git");
	struct dirent **names = NULL;
	enum status status = STATUS_OK;
	struct stat info;
	int count = 0;

	if (is_directory(mark))
		status = repository_take(walk->kas, walk->prepared, path, err);
	else if (lstat(mark, &info) == 0)
		status = error_set(err, STATUS_BUILD,
			"%s/.git is no directory: submodules and work trees of git cannot be "
			"recorded",
			path);
	else if (++walk->directories > DIRECTORY_MAX)
		status = error_set(err, STATUS_LIMIT,
			"more than %d directories, any of which may be a repository",
			DIRECTORY_MAX);
	if (status == STATUS_OK && depth < TREE_DEPTH)
		count = scandir(directory, &names, is_worth_a_look, alphasort);
	/* What cannot be listed may hold a repository that would not be recorded. */
	if (count < 0)
		status = error_set_errno(err, "cannot read %s", directory);
	for (int i = 0; i < count; i++) {
		char *below = strcmp(path, ".") == 0 ? xstrdup(names[i]->d_name)
						     : path_join(path, names[i]->d_name);
		char *full = path_join(walk->kas->prepared, below);

		if (status == STATUS_OK && is_directory(full))
			status = repositories_take(walk, below, depth + 1, err);
		free(full);
		free(below);
		free(names[i]);
	}
	free(names);
	free(mark);
	free(directory);
	return status;
}

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
		.taken = file_taken,
		.context = prepared};
	char *resolved = NULL, *build = NULL;
	enum status status = path_resolve(kas->prepared, &resolved, err);

	if (status == STATUS_OK) {
		build = path_join(resolved, BUILD_DIRECTORY);
		text_list_add(&excluded, build);
		status = tree_copy(kas->prepared, kas->tree, &options, &prepared->tree, err);
	}
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

	if (!is_directory(build) || !is_directory(from)) {
		/* Nothing was fetched; or the name leads elsewhere. */
		if (lstat(from, &info) == 0 || (lstat(build, &info) == 0 && !is_directory(build)))
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
	if (refuse_results(prepared, err) < 0)
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
	struct repository_walk walk = {kas, prepared, 0};
	struct error ignored;
	enum status status = directory_make(kas, err);

	if (status == STATUS_OK)
		status = kas_open_ports(kas, proxy_port, err);
	if (status == STATUS_OK)
		status = clone(kas, err);
	if (status == STATUS_OK)
		status = ask_version(kas, prepared, err);
	if (status == STATUS_OK && kas->program_directory) {
		prepared->has_program = true;
		status = check_program(kas, &prepared->program, err);
	}
	if (status == STATUS_OK)
		status = checkout(kas, err);
	if (status == STATUS_OK)
		status = repositories_take(&walk, ".", 0, err);
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
