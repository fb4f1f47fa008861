/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/path.h"
#include "snapshot/store.h"

#define PRIVATE_PREFIX "add-"
#define PART_SUFFIX    ".part"
/* A part that no run has come back to for so long is given up. */
#define PART_SECONDS ((int64_t)14 * 24 * 60 * 60)
/* Far more than there can be processes that clean at the same moment. */
#define OPEN_ATTEMPTS 100

/*
 * Between opening (or making) a file and locking it, its owner or a cleaner may have removed or
 * renamed it: it is ours only if the name still leads to it once the lock is held.
 */
static bool part_is_owned(struct store *store, int fd, const char *name)
{
	struct stat opened, present;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 &&
		fstatat(store_tmp_fd(store), name, &present, AT_SYMLINK_NOFOLLOW) == 0 &&
		opened.st_dev == present.st_dev && opened.st_ino == present.st_ino;
}

static enum status private_open(struct store *store, struct store_part *part, struct error *err)
{
	for (unsigned i = 0; i < OPEN_ATTEMPTS; i++) {
		char *path = xasprintf("%s/tmp/" PRIVATE_PREFIX "XXXXXX", store_directory(store));
		int fd = mkostemp(path, O_CLOEXEC);

		if (fd < 0) {
			error_set_errno(
				err, "store: cannot make a file in %s/tmp", store_directory(store));
			free(path);
			return err->status;
		}
		part->name = xstrdup(strrchr(path, '/') + 1);
		free(path);
		if (part_is_owned(store, fd, part->name)) {
			part->fd = fd;
			return STATUS_OK;
		}
		close(fd);
		free(part->name);
		part->name = NULL;
	}
	return error_set(err, STATUS_CONFLICT, "store: other processes keep removing from %s/tmp",
		store_directory(store));
}

enum status store_part_open(struct store *store, const struct digest *expected,
	struct store_part *part, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	int fd;

	part->fd = -1;
	part->name = NULL;
	if (expected == NULL)
		return private_open(store, part, err);

	digest_hex(expected, hex);
	part->name = xasprintf("%s" PART_SUFFIX, hex);
	fd = openat(store_tmp_fd(store), part->name,
		O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_set_errno(
			err, "store: cannot make %s/tmp/%s", store_directory(store), part->name);
	} else if (!part_is_owned(store, fd, part->name)) {
		close(fd);
		error_set(err, STATUS_CONFLICT, "store: another process is fetching %s", hex);
	} else {
		part->fd = fd;
		return STATUS_OK;
	}
	free(part->name);
	part->name = NULL;
	return err->status;
}

bool store_is_full(int number)
{
	return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

enum status store_no_room(const struct store *store, int number, struct error *err)
{
	return error_set(err, STATUS_IO,
		"store: no room in %s (%s): nothing was stored. Make room there, or name another "
		"one with --store",
		store_directory(store), strerror(number));
}

enum status store_part_write(struct store *store, struct store_part *part, const void *data,
	size_t len, struct error *err)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(part->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && store_is_full(errno))
			return store_no_room(store, errno, err);
		if (n < 0)
			return error_set_errno(
				err, "store: cannot write to %s", store_directory(store));
		at += n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

static void part_release(struct store_part *part)
{
	if (part->fd >= 0)
		close(part->fd); /* and with it goes the lock */
	part->fd = -1;
	free(part->name);
	part->name = NULL;
}

enum status store_part_commit(struct store *store, struct store_part *part,
	const struct digest *digest, const struct sha1 *sha1, struct error *err)
{
	enum status status = STATUS_OK;

	/* A delayed allocation may find the disk full only now. */
	if (fsync(part->fd) != 0)
		status = error_set_errno(err,
			"store: cannot write to %s: nothing was stored. "
			"Make room there or name another store",
			store_directory(store));
	if (status == STATUS_OK)
		status = store_publish(store, part->name, digest, sha1, err);
	if (status != STATUS_OK) {
		store_part_discard(store, part);
		return status;
	}
	/* Only now: a read-only part could not be taken up again by a normal user. */
	(void)fchmod(part->fd, 0444);
	part_release(part);
	return STATUS_OK;
}

void store_part_discard(struct store *store, struct store_part *part)
{
	if (part->fd >= 0)
		(void)unlinkat(store_tmp_fd(store), part->name, 0);
	part_release(part);
}

void store_part_close(struct store *store, struct store_part *part)
{
	struct stat st;
	bool is_private =
		part->fd >= 0 && strncmp(part->name, PRIVATE_PREFIX, strlen(PRIVATE_PREFIX)) == 0;

	if (is_private || (part->fd >= 0 && fstat(part->fd, &st) == 0 && st.st_size == 0))
		store_part_discard(store, part);
	else
		part_release(part);
}

/* A part whose file has come into the store by another way is of no use either. */
static bool part_is_stale(struct store *store, const char *name, int64_t now)
{
	size_t len = strlen(name);
	struct digest digest;
	struct stat st;

	if (strncmp(name, PRIVATE_PREFIX, strlen(PRIVATE_PREFIX)) == 0)
		return true;
	if (len != SHA256_HEX_SIZE - 1 + strlen(PART_SUFFIX) ||
		strcmp(name + SHA256_HEX_SIZE - 1, PART_SUFFIX) != 0 ||
		!digest_parse(name, SHA256_HEX_SIZE - 1, &digest))
		return false;
	if (store_has(store, &digest))
		return true;
	return fstatat(store_tmp_fd(store), name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_mtime < now - PART_SECONDS;
}

enum status store_parts_clean(struct store *store, struct error *err)
{
	int64_t now = clock_now();
	struct text_list names = {0};
	int fd = openat(store_tmp_fd(store), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *path = path_join(store_directory(store), "tmp");
	enum status status = path_names(fd, path, &names, err);

	free(path);
	for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
		if (!part_is_stale(store, names.items[i], now))
			continue;
		fd = openat(store_tmp_fd(store), names.items[i],
			O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (part_is_owned(store, fd, names.items[i]))
			(void)unlinkat(store_tmp_fd(store), names.items[i], 0);
		close(fd);
	}
	text_list_release(&names);
	return status < 0 ? error_context(err, "store") : STATUS_OK;
}
