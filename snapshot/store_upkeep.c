/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/store.h"

/* The names of a directory of the store in their order; "." and ".." are none. */
static enum status names_read(
	struct store *store, const char *path, struct text_list *names, struct error *err)
{
	int fd = openat(store_fd(store), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char *whole = path_join(store_directory(store), path);
	enum status status = path_names(fd, whole, names, err);

	free(whole);
	return status < 0 ? error_context(err, "store") : STATUS_OK;
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

/* What stands at "sha256/AB/NAME"; something else than a stored file has no digest. */
static enum status file_visit(struct store *store, const char *directory, const char *name,
	store_visitor visit, void *context, struct error *err)
{
	char *path = xasprintf("sha256/%s/%s", directory, name);
	char *hex = xasprintf("%s%s", directory, name);
	struct digest digest;
	struct stat st;
	enum status status = STATUS_OK;

	if (fstatat(store_fd(store), path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		/* Another process has taken it away since. */
		if (errno != ENOENT)
			status = error_set_errno(
				err, "store: cannot look at %s/%s", store_directory(store), path);
	} else if (S_ISREG(st.st_mode) && is_hex(hex, SHA256_HEX_SIZE - 1) &&
		digest_parse(hex, SHA256_HEX_SIZE - 1, &digest)) {
		status = visit(context, path, &digest, (uint64_t)st.st_size, err);
	} else {
		status = visit(context, path, NULL, (uint64_t)st.st_size, err);
	}
	free(hex);
	free(path);
	return status;
}

static enum status directory_visit(struct store *store, const char *name, store_visitor visit,
	void *context, struct error *err)
{
	char *path = xasprintf("sha256/%s", name);
	struct text_list names = {0};
	struct stat st;
	enum status status = STATUS_OK;

	if (!is_hex(name, 2) || fstatat(store_fd(store), path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		!S_ISDIR(st.st_mode)) {
		status = visit(context, path, NULL, 0, err);
		free(path);
		return status;
	}
	status = names_read(store, path, &names, err);
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
		status = file_visit(store, name, names.items[i], visit, context, err);
	text_list_release(&names);
	free(path);
	return status;
}

enum status store_each(struct store *store, store_visitor visit, void *context, struct error *err)
{
	struct text_list names = {0};
	enum status status = names_read(store, "sha256", &names, err);

	for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
		status = directory_visit(store, names.items[i], visit, context, err);
	text_list_release(&names);
	return status;
}

static enum status directory_tally(
	struct store *store, const char *name, struct store_tally *tally, struct error *err)
{
	struct text_list names = {0};
	enum status status = names_read(store, name, &names, err);

	*tally = (struct store_tally){0};
	for (size_t i = 0; i < names.count; i++) {
		char *path = xasprintf("%s/%s", name, names.items[i]);
		struct stat st;

		if (fstatat(store_fd(store), path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
			tally->files++;
			tally->bytes += (uint64_t)st.st_size;
		}
		free(path);
	}
	text_list_release(&names);
	return status;
}

enum status store_beside_tally(struct store *store, struct store_tally *quarantine,
	struct store_tally *unfinished, struct error *err)
{
	enum status status = directory_tally(store, "quarantine", quarantine, err);

	return status == STATUS_OK ? directory_tally(store, "tmp", unfinished, err) : status;
}

enum status store_share(struct store *store, struct error *err)
{
	while (flock(store_fd(store), LOCK_SH) != 0) {
		if (errno != EINTR)
			return error_set_errno(
				err, "store: cannot lock %s", store_directory(store));
	}
	return STATUS_OK;
}

enum status store_hold_alone(struct store *store, struct error *err)
{
	struct error ignored;

	if (flock(store_fd(store), LOCK_EX | LOCK_NB) == 0)
		return STATUS_OK;
	if (errno == EWOULDBLOCK)
		error_set(err, STATUS_CONFLICT,
			"store: another reproof uses %s (a build, a proxy, a fetch): nothing was "
			"removed. Run it again when that has ended",
			store_directory(store));
	else
		error_set_errno(err, "store: cannot lock %s", store_directory(store));
	/* The attempt has given up what was held before. */
	(void)store_share(store, &ignored);
	return err->status;
}

enum status store_remove(struct store *store, const struct digest *digest, struct error *err)
{
	char hex[SHA256_HEX_SIZE], path[SHA256_HEX_SIZE + 16];

	digest_hex(digest, hex);
	snprintf(path, sizeof(path), "sha256/%.2s/%s", hex, hex + 2);
	if (unlinkat(store_fd(store), path, 0) != 0 && errno != ENOENT)
		return error_set_errno(
			err, "store: cannot remove %s/%s", store_directory(store), path);
	return STATUS_OK;
}

/* More things of one name than anybody leaves there. */
#define ASIDE_ATTEMPTS 1000

enum status store_set_aside(struct store *store, const char *path, char **name, struct error *err)
{
	const char *slash = strrchr(path, '/');

	for (unsigned i = 0; i < ASIDE_ATTEMPTS; i++) {
		*name = xasprintf("quarantine/foreign-%u-%s", i, slash ? slash + 1 : path);
		if (renameat2(store_fd(store), path, store_fd(store), *name, RENAME_NOREPLACE) == 0)
			return STATUS_OK;
		free(*name);
		*name = NULL;
		if (errno != EEXIST)
			break;
	}
	return error_set_errno(
		err, "store: cannot move %s/%s to quarantine/", store_directory(store), path);
}
