/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/path.h"
#include "verifier/rebuild/kas_parts.h"
#include "verifier/rebuild/tree.h"

#define GIT	       "/usr/bin/git"
#define REPOSITORY_MAX 64
#define DIRECTORY_MAX  500000 /* of the tree; Linux has 6,000 */

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

enum status kas_clone(struct kas *kas, struct error *err)
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

/*
 * The index is made anew from the commit: as git leaves it, it has the times and inodes of this
 * tree, which are no other's, and may claim that a changed file is not.
 */
static enum status repository_take(
	struct kas *kas, struct kas_prepared *prepared, const char *path, struct error *err)
{
	static const char *const index[] = {"-c", "index.threads=1", "read-tree", "HEAD", NULL};
	static const char *const head[] = {"rev-parse", "--verify", "HEAD^{commit}", NULL};
	static const char *const object[] = {"cat-file", "commit", "HEAD", NULL};
	static const char *const origin[] = {"config", "--get", "remote.origin.url", NULL};
	static const char *const state[] = {"status", "--porcelain", "--untracked-files=no", NULL};
	static const char *const tags[] = {"for-each-ref", "--merged=HEAD",
		"--format=%(objectname) %(refname)", "refs/tags", NULL};
	struct kas_repository *repository;
	struct buffer bytes = {0}, list = {0};
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
		status = git(kas, "git for-each-ref", path, false, tags, &list, err);
	if (status == STATUS_OK)
		hash_memory(list.data, list.len, &repository->tags);
	if (status == STATUS_OK)
		status = git(kas, "git read-tree", path, false, index, NULL, err);
	if (status == STATUS_OK)
		status = git_line(kas, "git status", path, state, &changed, err);
	if (status == STATUS_OK && *changed)
		status =
			error_set(err, STATUS_BUILD, "%s is not as its commit %.40s has it: %.200s",
				path, repository->commit, changed);
	buffer_release(&bytes);
	buffer_release(&list);
	free(changed);
	return status == STATUS_OK ? STATUS_OK : error_context(err, "repository %s", path);
}

bool kas_is_directory(const char *path)
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

	if (kas_is_directory(mark))
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

		if (status == STATUS_OK && kas_is_directory(full))
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

static int by_path(const void *a, const void *b)
{
	return strcmp(
		((const struct kas_repository *)a)->path, ((const struct kas_repository *)b)->path);
}

enum status kas_take_repositories(struct kas *kas, struct kas_prepared *prepared, struct error *err)
{
	struct repository_walk walk = {kas, prepared, 0};
	enum status status = repositories_take(&walk, ".", 0, err);

	if (prepared->repository_count)
		qsort(prepared->repositories, prepared->repository_count,
			sizeof(prepared->repositories[0]), by_path);
	return status;
}

void kas_list_left_out(
	const struct kas_prepared *prepared, const char *tree, struct text_list *paths)
{
	static const char *const names[] = {".git/logs", ".git/FETCH_HEAD", ".git/ORIG_HEAD"};

	for (size_t i = 0; i < prepared->repository_count; i++) {
		const char *path = prepared->repositories[i].path;
		char *directory = strcmp(path, ".") == 0 ? xstrdup(tree) : path_join(tree, path);

		for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
			char *left_out = path_join(directory, names[n]);

			text_list_add(paths, left_out);
			free(left_out);
		}
		free(directory);
	}
}

void kas_digest_tree(struct kas_prepared *prepared, const struct digest *files)
{
	char hex[SHA256_HEX_SIZE], object[SHA256_HEX_SIZE], tags[SHA256_HEX_SIZE];
	struct buffer text = {0};

	digest_hex(files, hex);
	buffer_add_format(&text, "reproof-kas-tree-1\n%s\n", hex);
	for (size_t i = 0; i < prepared->repository_count; i++) {
		const struct kas_repository *repository = &prepared->repositories[i];

		digest_hex(&repository->object, object);
		digest_hex(&repository->tags, tags);
		buffer_add_format(&text, "%s %s %s ", repository->commit, object, tags);
		buffer_add(&text, repository->path, strlen(repository->path) + 1);
	}
	hash_memory(text.data, text.len, &prepared->tree);
	buffer_release(&text);
}
