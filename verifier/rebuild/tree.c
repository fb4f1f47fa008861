/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"

struct tree_entry {
	char *path; /* below the tree's root; first, for sorting */
	char kind;  /* of the digest's lines */
	struct digest digest;
	char *target;
};

struct tree_walk {
	const struct tree_options *options;
	const char *source;	 /* without links */
	const char *destination; /* NULL: only the digest */
	struct tree_entry *entries;
	size_t count, capacity;
	char *chunk;
};

#define CHUNK_SIZE ((size_t)256 * 1024)

static enum status write_all(int fd, const char *data, size_t len, struct error *err)
{
	while (len > 0) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_set_errno(err, "cannot write");
		data += done;
		len -= (size_t)done;
	}
	return STATUS_OK;
}

/* Hashes what is read, and writes the same bytes; `to` is -1 when there is no copy. */
static enum status bytes_copy(struct tree_walk *walk, int from, int to, struct digest *digest,
	uint64_t *size, struct error *err)
{
	enum status status = STATUS_OK;
	struct hash hash;

	*size = 0;
	hash_init(&hash);
	while (status == STATUS_OK) {
		ssize_t got = read(from, walk->chunk, CHUNK_SIZE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			status = error_set_errno(err, "cannot read");
		if (got <= 0)
			break;
		hash_update(&hash, walk->chunk, (size_t)got);
		*size += (uint64_t)got;
		if (to >= 0)
			status = write_all(to, walk->chunk, (size_t)got, err);
	}
	hash_finish(&hash, digest);
	hash_release(&hash);
	return status;
}

static int compare_digests(const void *a, const void *b)
{
	return digest_compare(a, b);
}

static enum status content_check(
	const struct tree_options *options, const struct tree_entry *entry, struct error *err)
{
	if (options->forbidden_count == 0 ||
		!bsearch(&entry->digest, options->forbidden, options->forbidden_count,
			sizeof(options->forbidden[0]), compare_digests))
		return STATUS_OK;
	return error_set(err, STATUS_BUILD,
		"%s in the source tree has the content of a published artifact, or of a large part "
		"of one: a build must not be given what it has to reproduce",
		entry->path);
}

static enum status times_set(
	const struct tree_walk *walk, int directory_fd, const char *path, struct error *err)
{
	struct timespec times[2] = {
		{.tv_sec = walk->options->mtime}, {.tv_sec = walk->options->mtime}};

	if (utimensat(directory_fd, path, times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "%s", path);
	return STATUS_OK;
}

static enum status file_take(struct tree_walk *walk, struct tree_entry *entry, const char *from,
	const char *to, struct error *err)
{
	int in = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	enum status status = STATUS_OK;
	struct stat info;
	uint64_t size;
	int out = -1;

	if (in < 0 || fstat(in, &info) < 0) {
		status = error_set_errno(err, "%s", from);
		goto out;
	}
	if (!S_ISREG(info.st_mode)) {
		status = error_set(err, STATUS_FORMAT, "%s changed while it was read", from);
		goto out;
	}
	entry->kind = info.st_mode & S_IXUSR ? 'x' : 'f';
	if (to) {
		mode_t mode = entry->kind == 'x' ? 0755 : 0644;

		out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (out < 0 || fchmod(out, mode) < 0) {
			status = error_set_errno(err, "%s", to);
			goto out;
		}
	}
	status = bytes_copy(walk, in, out, &entry->digest, &size, err);
	if (status != STATUS_OK)
		error_context(err, "%s", from);
	else
		status = content_check(walk->options, entry, err);
	if (status == STATUS_OK && to)
		status = times_set(walk, AT_FDCWD, to, err);
	if (status == STATUS_OK && walk->options->taken)
		walk->options->taken(walk->options->context, entry->path, &entry->digest, size);
out:
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) < 0 && status == STATUS_OK)
		status = error_set_errno(err, "%s", to);
	return status;
}

static enum status link_take(struct tree_walk *walk, struct tree_entry *entry, const char *from,
	const char *to, struct error *err)
{
	char target[4096];
	ssize_t len = readlink(from, target, sizeof(target));

	if (len < 0 || len == sizeof(target))
		return error_set_errno(err, "%s", from);
	entry->kind = 'l';
	entry->target = xstrndup(target, (size_t)len);
	if (!to)
		return STATUS_OK;
	if (symlink(entry->target, to) < 0)
		return error_set_errno(err, "%s", to);
	return times_set(walk, AT_FDCWD, to, err);
}

static enum status directory_take(
	struct tree_walk *walk, const char *path, unsigned depth, struct error *err);

static bool is_apart(const struct tree_options *options, const char *path)
{
	size_t len = options->apart ? strlen(options->apart) : 0;

	for (const char *name = path; len > 0; name++) {
		size_t size = strcspn(name, "/");

		if (size == len && strncmp(name, options->apart, len) == 0)
			return true;
		name += size;
		if (!*name)
			break;
	}
	return false;
}

static void entry_release(struct tree_entry *entry)
{
	free(entry->path);
	free(entry->target);
}

/* One name: `path` is below the tree's root. */
static enum status entry_take(
	struct tree_walk *walk, const char *path, unsigned depth, struct error *err)
{
	char *from = path_join(walk->source, path);
	char *to = walk->destination ? path_join(walk->destination, path) : NULL;
	struct tree_entry entry = {.path = xstrdup(path), .kind = 'd'};
	enum status status = STATUS_OK;
	struct stat info;

	if (walk->options->excluded && text_list_contains(walk->options->excluded, from)) {
		entry_release(&entry);
		goto out;
	}
	if (lstat(from, &info) < 0)
		status = error_set_errno(err, "%s", from);
	else if (S_ISREG(info.st_mode))
		status = file_take(walk, &entry, from, to, err);
	else if (S_ISLNK(info.st_mode))
		status = link_take(walk, &entry, from, to, err);
	else if (S_ISDIR(info.st_mode))
		status = directory_take(walk, path, depth + 1, err);
	else
		status = error_set(err, STATUS_FORMAT,
			"%s: a source tree holds files, directories and links only", from);
	if (is_apart(walk->options, path)) {
		entry_release(&entry);
		goto out;
	}
	ARRAY_GROW(walk->entries, walk->count, walk->capacity);
	walk->entries[walk->count++] = entry;
out:
	free(from);
	free(to);
	return status;
}

/* What a directory lists, in its order. */
static enum status names_read(
	DIR *directory, const char *path, struct text_list *names, struct error *err)
{
	struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(directory);
		if (!entry)
			return errno ? error_set_errno(err, "%s", path) : STATUS_OK;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			text_list_add(names, entry->d_name);
	}
}

/* Makes the directory in the copy, and takes what is in it; its time is set last. */
static enum status directory_take(
	struct tree_walk *walk, const char *path, unsigned depth, struct error *err)
{
	char *from = *path ? path_join(walk->source, path) : xstrdup(walk->source);
	char *to = NULL;
	DIR *directory = opendir(from);
	enum status status = STATUS_OK;
	struct text_list names = {0};

	if (walk->destination)
		to = *path ? path_join(walk->destination, path) : xstrdup(walk->destination);
	if (depth > TREE_DEPTH)
		status = error_set(
			err, STATUS_LIMIT, "%s: more than %u directories deep", from, TREE_DEPTH);
	else if (!directory)
		status = error_set_errno(err, "%s", from);
	else if (to && (mkdir(to, 0755) < 0 || chmod(to, 0755) < 0))
		status = error_set_errno(err, "%s", to);
	if (status == STATUS_OK)
		status = names_read(directory, from, &names, err);
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		size_t at = walk->options->reversed ? names.count - 1 - i : i;
		char *name = path_join(path, names.items[at]);

		status = entry_take(walk, name, depth, err);
		free(name);
	}
	if (status == STATUS_OK && to)
		status = times_set(walk, AT_FDCWD, to, err);
	if (directory)
		closedir(directory);
	text_list_release(&names);
	free(from);
	free(to);
	return status;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

static void digest_take(struct tree_walk *walk, struct digest *digest)
{
	static const char head[] = "reproof-tree-1\n";
	struct hash hash;

	if (walk->count)
		qsort(walk->entries, walk->count, sizeof(walk->entries[0]), by_path);
	hash_init(&hash);
	hash_update(&hash, head, sizeof(head) - 1);
	for (size_t i = 0; i < walk->count; i++) {
		const struct tree_entry *entry = &walk->entries[i];
		const char start[2] = {entry->kind, ' '};
		char hex[SHA256_HEX_SIZE];

		hash_update(&hash, start, sizeof(start));
		if (entry->kind == 'f' || entry->kind == 'x') {
			digest_hex(&entry->digest, hex);
			hash_update(&hash, hex, strlen(hex));
			hash_update(&hash, " ", 1);
		}
		hash_update(&hash, entry->path, strlen(entry->path) + 1);
		if (entry->target)
			hash_update(&hash, entry->target, strlen(entry->target) + 1);
	}
	hash_finish(&hash, digest);
	hash_release(&hash);
}

static enum status tree_take(const char *source, const char *destination,
	const struct tree_options *options, struct digest *digest, struct error *err)
{
	struct tree_walk walk = {.options = options, .destination = destination};
	enum status status;
	char *resolved;

	status = path_resolve(source, &resolved, err);
	if (status != STATUS_OK)
		return error_context(err, "source tree");
	walk.source = resolved;
	walk.chunk = xmalloc(CHUNK_SIZE);
	status = directory_take(&walk, "", 0, err);
	if (status == STATUS_OK)
		digest_take(&walk, digest);
	for (size_t i = 0; i < walk.count; i++)
		entry_release(&walk.entries[i]);
	free(walk.entries);
	free(walk.chunk);
	free(resolved);
	return status;
}

enum status tree_copy(const char *source, const char *destination,
	const struct tree_options *options, struct digest *digest, struct error *err)
{
	return tree_take(source, destination, options, digest, err);
}

enum status tree_check(const char *path, const struct tree_options *options, struct digest *digest,
	struct error *err)
{
	return tree_take(path, NULL, options, digest, err);
}

enum status tree_digest(const char *path, struct digest *digest, struct error *err)
{
	static const struct tree_options plain;

	return tree_take(path, NULL, &plain, digest, err);
}
