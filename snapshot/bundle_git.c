/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/bundle_git.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/process.h"
#include "base/tempfile.h"
#include "snapshot/bundle_manifest.h"

#define GIT_SECONDS 7200
/*
 * What git may take for a repository that nobody vouches for, and then so much more for each of its
 * bytes: an object of a few bytes can be one of gigabytes once it is put together. Linux, of some
 * 5 GB, is read within these; a pack is written as it is, with an index beside it.
 */
#define GIT_MEMORY	   (UINT64_C(1) << 30)
#define GIT_MEMORY_MOST	   (UINT64_C(4) << 30)
#define GIT_FILE	   (UINT64_C(64) << 20)
#define GIT_CPU_SECONDS	   UINT64_C(300)
#define GIT_BYTES_A_SECOND UINT64_C(500000)
#define GIT_OUTPUT_LIMIT   ((size_t)64 * 1024 * 1024)
#define ARGUMENTS_MOST	   40

/* One run of git. */
struct git {
	const char *directory;
	const char *const *arguments; /* behind "git -C DIRECTORY"; ends with NULL */
	const char *home;	      /* NULL: no configuration but the repository's */
	int stdin_fd;		      /* -1: nothing */
	int stdout_fd;		      /* when `out` is NULL */
	struct buffer *out;
	struct process_limits limits;
};

/* The first line of what git complains of. */
static enum status git_refuse(const struct git *git, const struct process_result *result,
	const struct buffer *errors, struct error *err)
{
	const char *text = buffer_text(errors);
	int len = (int)strcspn(text, "\n");

	if (result->timed_out)
		return error_set(err, STATUS_IO, "git %s did not end within %d seconds",
			git->arguments[0], GIT_SECONDS);
	if (result->signal == SIGXCPU || result->signal == SIGXFSZ)
		return error_set(err, STATUS_LIMIT,
			"git %s would take more than the %ju seconds or %ju bytes that this "
			"repository may need",
			git->arguments[0], (uintmax_t)git->limits.cpu_seconds,
			(uintmax_t)git->limits.file_bytes);
	return error_set(err, STATUS_FORMAT, "git %s: %.*s", git->arguments[0],
		len ? len : (int)strlen("it failed"), len ? text : "it failed");
}

/*
 * STATUS_FORMAT when git says no. Neither replaced objects nor fetching what a partial clone lacks:
 * what is there is what counts. No hook and no monitor of the repository is run.
 */
static enum status git_run(const struct git *git, struct error *err)
{
	char *home = xasprintf("HOME=%s", git->home ? git->home : "/nonexistent");
	const char *const environment[] = {home, "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=/dev/null", "GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=file",
		git->home ? NULL : "GIT_CONFIG_NOSYSTEM=1", NULL};
	const char *argv[ARGUMENTS_MOST] = {"git", "-C", git->directory, "-c",
		"core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c",
		"core.commitGraph=false", "-c", "core.bigFileThreshold=32m", "-c",
		"core.packedGitLimit=256m", "-c", "core.packedGitWindowSize=32m", "-c",
		"pack.threads=2", "-c", "fetch.unpackLimit=1"};
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result = {0};
	struct buffer errors = {0};
	size_t count = 19;
	enum status status;

	for (size_t i = 0; git->arguments[i] && count < ARGUMENTS_MOST - 1; i++)
		argv[count++] = git->arguments[i];
	spec.argv = argv;
	spec.environment = environment;
	spec.stdin_fd = git->stdin_fd;
	spec.stdout_fd = git->stdout_fd;
	spec.timeout_seconds = GIT_SECONDS;
	spec.limits = git->limits;
	status = process_capture(&spec, GIT_OUTPUT_LIMIT, git->out, &errors, &result, err);
	if (status == STATUS_OK && result.exit_code != 0)
		status = git_refuse(git, &result, &errors, err);
	buffer_release(&errors);
	free(home);
	return status;
}

/* What git says on one line; the caller frees. */
static enum status git_ask(const char *directory, const char *home, const char *const *arguments,
	char **answer, struct error *err)
{
	struct buffer out = {0};
	struct git git = {.directory = directory,
		.arguments = arguments,
		.home = home,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.out = &out};
	enum status status = git_run(&git, err);

	*answer = NULL;
	if (status == STATUS_OK) {
		*answer = buffer_detach(&out);
		(*answer)[strcspn(*answer, "\n")] = '\0';
	}
	buffer_release(&out);
	return status;
}

/* ---- writing ---- */

static const char *user_home(void)
{
	const char *home = getenv("HOME");

	return home ? home : "/nonexistent";
}

/* "true" or "false", as rev-parse says it. */
static enum status git_is(const char *directory, const char *what, bool *is, struct error *err)
{
	char *answer;
	enum status status = git_ask(directory, user_home(),
		(const char *const[]){"rev-parse", what, NULL}, &answer, err);

	*is = status == STATUS_OK && strcmp(answer, "true") == 0;
	free(answer);
	return status;
}

/* What HEAD names is all that a bundle holds: what is beside it would be lost without a word. */
static enum status repository_check(const char *directory, struct error *err)
{
	bool is_bare = false, is_shallow = false;
	char *changes = NULL;
	enum status status = git_is(directory, "--is-shallow-repository", &is_shallow, err);

	if (status == STATUS_OK && is_shallow)
		return error_set(err, STATUS_USAGE,
			"%s is a shallow clone, and a rebuild needs its history and tags: run git "
			"fetch --unshallow --tags there",
			directory);
	if (status == STATUS_OK)
		status = git_is(directory, "--is-bare-repository", &is_bare, err);
	if (status < 0 || is_bare)
		return status;
	status = git_ask(directory, user_home(),
		(const char *const[]){"status", "--porcelain", "--untracked-files=no", NULL},
		&changes, err);
	if (status == STATUS_OK && changes[0])
		status = error_set(err, STATUS_USAGE,
			"%s has changes that are not committed (%s): commit them or take them back",
			directory, changes);
	free(changes);
	return status;
}

static enum status name_choose(
	const char *directory, const char *given, char **name, struct error *err)
{
	char *resolved = NULL;
	size_t len;

	*name = NULL;
	if (path_resolve(directory, &resolved, err) < 0)
		return err->status;
	*name = xstrdup(given ? given : path_basename(resolved));
	len = strlen(*name);
	if (!given && len > 4 && path_has_suffix(*name, ".git"))
		(*name)[len -= 4] = '\0';
	free(resolved);
	if (!bundle_is_repository_name(*name, len))
		return error_set(err, STATUS_USAGE,
			"\"%s\" cannot be a repository's name in a bundle: give one of letters, "
			"digits and +-._ with --git DIRECTORY=NAME",
			*name);
	return STATUS_OK;
}

static enum status write_at(int fd, const struct buffer *text, struct error *err)
{
	size_t at = 0;

	while (at < text->len) {
		ssize_t written = write(fd, text->data + at, text->len - at);

		if (written <= 0)
			return error_set_errno(err, "cannot write a temporary file");
		at += (size_t)written;
	}
	return STATUS_OK;
}

/* "OBJECT NAME" lines of HEAD and of the tags that lead into it, by name: a bundle's references. */
static enum status references_list(
	const char *directory, const char *commit, struct buffer *references, struct error *err)
{
	char *merged = xasprintf("--merged=%s", commit);
	const char *const arguments[] = {"for-each-ref", merged, "--sort=refname",
		"--format=%(objectname) %(refname)", "refs/tags", NULL};
	struct git git = {.directory = directory,
		.arguments = arguments,
		.home = user_home(),
		.stdin_fd = -1,
		.stdout_fd = -1,
		.out = references};
	enum status status;

	buffer_add_format(references, "%s HEAD\n", commit);
	status = git_run(&git, err);
	free(merged);
	return status;
}

/*
 * The pack behind the head. Everything is deltified anew by one thread and compressed anew: what
 * the repository happens to be packed like does not show.
 */
static enum status pack_write(
	const char *directory, const struct buffer *references, int fd, struct error *err)
{
	const char *const arguments[] = {"pack-objects", "--revs", "--stdout", "--quiet",
		"--threads=1", "--window=10", "--depth=50", "--window-memory=0", "--compression=6",
		"--delta-base-offset", "--no-reuse-delta", "--no-reuse-object",
		"--no-use-bitmap-index", NULL};
	struct git git = {.directory = directory,
		.arguments = arguments,
		.home = user_home(),
		.stdin_fd = -1,
		.stdout_fd = fd};
	struct buffer objects = {0};
	const char *line = buffer_text(references);
	enum status status;

	for (; *line; line += strcspn(line, "\n") + 1)
		buffer_add_format(&objects, "%.*s\n", (int)strcspn(line, " "), line);
	status = tempfile_unlinked(&git.stdin_fd, err);
	if (status == STATUS_OK)
		status = write_at(git.stdin_fd, &objects, err);
	if (status == STATUS_OK && lseek(git.stdin_fd, 0, SEEK_SET) != 0)
		status = error_set_errno(err, "cannot read a temporary file");
	if (status == STATUS_OK)
		status = git_run(&git, err);
	if (git.stdin_fd >= 0)
		close(git.stdin_fd);
	buffer_release(&objects);
	return status;
}

static enum status file_write(const char *directory, const char *commit, int fd, struct error *err)
{
	struct buffer references = {0}, head = {0};
	enum status status = references_list(directory, commit, &references, err);

	/* gitformat-bundle(5); only repositories of SHA-256 need version 3. */
	if (strlen(commit) == 64)
		buffer_add_text(&head, "# v3 git bundle\n@object-format=sha256\n");
	else
		buffer_add_text(&head, "# v2 git bundle\n");
	buffer_add(&head, buffer_text(&references), references.len);
	buffer_add_char(&head, '\n');
	if (status == STATUS_OK)
		status = write_at(fd, &head, err);
	if (status == STATUS_OK)
		status = pack_write(directory, &references, fd, err);
	buffer_release(&head);
	buffer_release(&references);
	return status;
}

enum status bundle_git_write(const char *option, struct bundle_repository *repository, int *fd,
	uint64_t *size, struct error *err)
{
	const char *equals = strrchr(option, '=');
	char *directory = equals ? xstrndup(option, (size_t)(equals - option)) : xstrdup(option);
	enum status status;

	*repository = (struct bundle_repository){0};
	*fd = -1;
	status = name_choose(directory, equals ? equals + 1 : NULL, &repository->name, err);
	if (status == STATUS_OK)
		status = repository_check(directory, err);
	if (status == STATUS_OK)
		status = git_ask(directory, user_home(),
			(const char *const[]){"rev-parse", "--verify", "HEAD^{commit}", NULL},
			&repository->commit, err);
	if (status == STATUS_OK &&
		!bundle_is_commit(repository->commit, strlen(repository->commit)))
		status = error_set(
			err, STATUS_FORMAT, "git says that HEAD is \"%s\"", repository->commit);
	if (status == STATUS_OK)
		status = tempfile_unlinked(fd, err);
	if (status == STATUS_OK)
		status = file_write(directory, repository->commit, *fd, err);
	if (status == STATUS_OK && lseek(*fd, 0, SEEK_SET) != 0)
		status = error_set_errno(err, "cannot read a temporary file");
	if (status == STATUS_OK)
		status = hash_fd(*fd, &repository->digest, size, err);
	if (status < 0) {
		error_context(err, "--git %s", directory);
		bundle_repository_release(repository);
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
	free(directory);
	return status;
}

/* ---- verifying ---- */

static struct process_limits limits_of(uint64_t size)
{
	uint64_t memory = GIT_MEMORY + size;

	return (struct process_limits){
		.memory_bytes = memory < GIT_MEMORY_MOST ? memory : GIT_MEMORY_MOST,
		.file_bytes = GIT_FILE + 2 * size,
		.cpu_seconds = GIT_CPU_SECONDS + size / GIT_BYTES_A_SECOND,
	};
}

static enum status git_do(const char *directory, const struct process_limits *limits,
	const char *const *arguments, struct error *err)
{
	struct buffer ignored = {0};
	struct git git = {.directory = directory,
		.arguments = arguments,
		.limits = *limits,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.out = &ignored};
	enum status status = git_run(&git, err);

	buffer_release(&ignored);
	return status;
}

static enum status head_check(
	const char *directory, const struct bundle_repository *repository, struct error *err)
{
	char *commit;
	enum status status = git_ask(directory, NULL,
		(const char *const[]){"rev-parse", "--verify", "refs/heads/head^{commit}", NULL},
		&commit, err);

	if (status == STATUS_OK && strcmp(commit, repository->commit) != 0)
		status = error_set(err, STATUS_TRUST, "its HEAD is %s, not %s as the manifest says",
			commit, repository->commit);
	free(commit);
	return status;
}

enum status bundle_git_verify(
	const char *path, const struct bundle_repository *repository, struct error *err)
{
	const char *format = strlen(repository->commit) == 64 ? "--object-format=sha256"
							      : "--object-format=sha1";
	char *directory = NULL, *file = NULL;
	struct process_limits limits = {0};
	struct stat st;
	enum status status = path_resolve(path, &file, err);

	if (status == STATUS_OK && stat(file, &st) != 0)
		status = error_set_errno(err, "%s", file);
	if (status == STATUS_OK)
		status = tempfile_directory(&directory, err);
	if (status == STATUS_OK) {
		limits = limits_of((uint64_t)st.st_size);
		status = git_do(directory, &limits,
			(const char *const[]){
				"init", "--quiet", "--bare", "--template=", format, ".", NULL},
			err);
	}
	if (status == STATUS_OK)
		status = git_do(directory, &limits,
			(const char *const[]){"fetch", "--quiet", "--no-auto-gc", file,
				"+HEAD:refs/heads/head", "+refs/tags/*:refs/tags/*", NULL},
			err);
	if (status == STATUS_OK)
		status = head_check(directory, repository, err);
	if (status == STATUS_OK)
		status = git_do(directory, &limits,
			(const char *const[]){
				"fsck", "--full", "--no-dangling", "--no-progress", NULL},
			err);
	if (status == STATUS_FORMAT)
		err->status = status = STATUS_TRUST;
	if (status < 0)
		error_context(err, "git/%s.bundle", repository->name);
	if (directory) {
		struct error ignored;

		(void)path_remove_tree(directory, &ignored);
	}
	free(directory);
	free(file);
	return status;
}
