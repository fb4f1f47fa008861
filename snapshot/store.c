/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/path.h"
#include "snapshot/store_sha1.h"

#define COPY_SIZE ((size_t)256 * 1024)

struct store {
	char *directory;
	int fd;
	int tmp_fd;
};

/* "sha256/AB/REST": two levels keep directories small. */
struct store_path {
	char directory[sizeof("sha256/AB")];
	char file[sizeof("sha256/AB/") + SHA256_HEX_SIZE];
};

static struct store_path store_path(const struct digest *digest)
{
	struct store_path path = {0};
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	snprintf(path.directory, sizeof(path.directory), "sha256/%.2s", hex);
	snprintf(path.file, sizeof(path.file), "sha256/%.2s/%s", hex, hex + 2);
	return path;
}

static enum status directory_open(
	const struct store *store, const char *name, int *fd, struct error *err)
{
	*fd = openat(store->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return error_set_errno(err, "store: cannot open %s/%s", store->directory, name);
	return STATUS_OK;
}

static enum status store_layout(struct store *store, struct error *err)
{
	/* sha256 last: where it is, the others have been made once. */
	static const char *const names[] = {"pins", "quarantine", "tmp", "sha256"};
	struct stat st;
	size_t first = 0;

	store->fd = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0)
		return error_set_errno(err, "store: cannot open %s", store->directory);
	/* That pins went away is to be seen: an empty directory would say that there are none. */
	if (fstatat(store->fd, "sha256", &st, AT_SYMLINK_NOFOLLOW) == 0)
		first = 1;
	for (size_t i = first; i < ARRAY_SIZE(names); i++) {
		if (mkdirat(store->fd, names[i], 0700) != 0 && errno != EEXIST)
			return error_set_errno(
				err, "store: cannot make %s/%s", store->directory, names[i]);
	}
	return directory_open(store, "tmp", &store->tmp_fd, err);
}

enum status store_open(const char *directory, struct store **store, struct error *err)
{
	struct store *opened;
	enum status status;

	*store = NULL;
	status = path_make_directories(directory, 0700, err);
	if (status != STATUS_OK)
		return error_context(err, "store");

	opened = xcalloc(1, sizeof(*opened));
	opened->directory = xstrdup(directory);
	opened->fd = -1;
	opened->tmp_fd = -1;
	status = store_layout(opened, err);
	if (status == STATUS_OK)
		status = store_share(opened, err);
	if (status == STATUS_OK)
		status = store_parts_clean(opened, err);
	if (status != STATUS_OK) {
		store_free(opened);
		return status;
	}
	*store = opened;
	return STATUS_OK;
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	if (store->tmp_fd >= 0)
		close(store->tmp_fd);
	if (store->fd >= 0)
		close(store->fd);
	free(store->directory);
	free(store);
}

const char *store_directory(const struct store *store)
{
	return store->directory;
}

int store_fd(const struct store *store)
{
	return store->fd;
}

int store_tmp_fd(const struct store *store)
{
	return store->tmp_fd;
}

bool store_has(struct store *store, const struct digest *digest)
{
	struct store_path path = store_path(digest);
	struct stat st;

	return fstatat(store->fd, path.file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* A lock belongs to an open file, so each holder opens its own: threads exclude each other too. */
enum status store_lock(struct store *store, int *lock, struct error *err)
{
	enum status status = directory_open(store, "sha256", lock, err);

	if (status != STATUS_OK)
		return status;
	while (flock(*lock, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		error_set_errno(err, "store: cannot lock %s", store->directory);
		close(*lock);
		*lock = -1;
		return err->status;
	}
	return STATUS_OK;
}

static enum status fsync_directory(struct store *store, const char *name, struct error *err)
{
	int fd = -1;
	enum status status = directory_open(store, name, &fd, err);

	if (status == STATUS_OK && fsync(fd) != 0)
		status = error_set_errno(err, "store: cannot write %s/%s", store->directory, name);
	if (fd >= 0)
		close(fd);
	return status;
}

enum status store_publish(struct store *store, const char *tmp_name, const struct digest *digest,
	const struct sha1 *sha1, struct error *err)
{
	struct store_path path = store_path(digest);
	int lock = -1;
	enum status status;

	status = store_lock(store, &lock, err);
	if (status != STATUS_OK)
		return status;
	if (mkdirat(store->fd, path.directory, 0700) == 0)
		status = fsync_directory(store, "sha256", err);
	else if (errno != EEXIST)
		status = error_set_errno(
			err, "store: cannot make %s/%s", store->directory, path.directory);
	if (status == STATUS_OK && !store_has(store, digest))
		status = store_sha1_add(store, digest, sha1, err);
	if (status == STATUS_OK && renameat(store->tmp_fd, tmp_name, store->fd, path.file) != 0)
		status = error_set_errno(
			err, "store: cannot make %s/%s", store->directory, path.file);
	close(lock);
	if (status == STATUS_OK)
		status = fsync_directory(store, path.directory, err);
	return status;
}

/*
 * Moves a file whose bytes do not fit its name out of the way; its new name says what it should
 * have been and what it is. When `fd` is not what stands there any more, another process has
 * mended it already, and nothing is moved.
 */
static enum status store_quarantine(struct store *store, const struct digest *digest,
	const struct digest *found, int fd, struct error *err)
{
	char expected_hex[SHA256_HEX_SIZE], found_hex[SHA256_HEX_SIZE];
	char name[2 * SHA256_HEX_SIZE + 32];
	struct store_path path = store_path(digest);
	struct stat opened, present;
	int lock = -1;
	enum status status;

	digest_hex(digest, expected_hex);
	digest_hex(found, found_hex);
	snprintf(name, sizeof(name), "quarantine/%s-is-%s", expected_hex, found_hex);

	status = store_lock(store, &lock, err);
	if (status != STATUS_OK)
		return status;
	if (fstat(fd, &opened) == 0 &&
		fstatat(store->fd, path.file, &present, AT_SYMLINK_NOFOLLOW) == 0 &&
		opened.st_dev == present.st_dev && opened.st_ino == present.st_ino &&
		renameat(store->fd, path.file, store->fd, name) != 0) {
		error_set_errno(err,
			"store: %s/%s has sha256 %s and cannot be moved to %s: remove it by hand",
			store->directory, path.file, found_hex, name);
		err->status = STATUS_TRUST;
	} else {
		error_set(err, STATUS_TRUST,
			"store: the file %s in %s has sha256 %s: not used, and moved to %s "
			"(the disk is damaged, or somebody wrote to it). "
			"Run it again: what is missing is fetched again",
			expected_hex, store->directory, found_hex, name);
	}
	close(lock);
	return err->status;
}

static enum status stored_open(struct store *store, const struct digest *digest, int *fd,
	uint64_t *size, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct store_path path = store_path(digest);
	struct stat st;

	digest_hex(digest, hex);
	/* O_NONBLOCK: a FIFO put there must not hold us. */
	*fd = openat(store->fd, path.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return error_set(err, STATUS_NOT_FOUND, "store: no file with sha256 %s in %s", hex,
			store->directory);
	if (*fd < 0)
		return error_set_errno(
			err, "store: cannot open %s/%s", store->directory, path.file);
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(*fd);
		*fd = -1;
		return error_set(err, STATUS_TRUST, "store: %s/%s is not a regular file: remove it",
			store->directory, path.file);
	}
	*size = (uint64_t)st.st_size;
	return STATUS_OK;
}

enum status store_read(struct store *store, const struct digest *digest, int *fd, uint64_t *size,
	struct error *err)
{
	return store_read_sha1(store, digest, fd, size, NULL, err);
}

enum status store_read_sha1(struct store *store, const struct digest *digest, int *fd,
	uint64_t *size, struct sha1 *sha1, struct error *err)
{
	struct digest found;
	uint64_t length = 0;
	enum status status;

	status = stored_open(store, digest, fd, &length, err);
	if (status != STATUS_OK)
		return status;
	status = sha1 ? content_hash_fd(*fd, &found, sha1, &length, err)
		      : hash_fd(*fd, &found, &length, err);
	if (status == STATUS_OK && !digest_equal(&found, digest))
		status = store_quarantine(store, digest, &found, *fd, err);
	if (status == STATUS_OK && lseek(*fd, 0, SEEK_SET) != 0)
		status = error_set_errno(err, "store: cannot seek in %s", store->directory);
	if (status != STATUS_OK) {
		close(*fd);
		*fd = -1;
		return status;
	}
	if (size != NULL)
		*size = length;
	return STATUS_OK;
}

/* Reads up to `len` bytes, less only at the end of the file. */
static enum status read_whole(
	struct store *store, int fd, char *data, size_t len, size_t *got, struct error *err)
{
	*got = 0;
	while (*got < len) {
		ssize_t n = read(fd, data + *got, len - *got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, "store: cannot read from %s", store->directory);
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return STATUS_OK;
}

enum status store_read_all(struct store *store, const struct digest *digest, size_t limit,
	char **data, size_t *len, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct digest found;
	uint64_t size = 0;
	char *bytes = NULL;
	int fd = -1;
	enum status status;

	*data = NULL;
	*len = 0;
	digest_hex(digest, hex);
	status = stored_open(store, digest, &fd, &size, err);
	if (status != STATUS_OK)
		goto out;
	if (size > limit) {
		status = error_set(err, STATUS_LIMIT,
			"store: the file %s has %ju bytes, more than the %zu allowed", hex,
			(uintmax_t)size, limit);
		goto out;
	}
	bytes = xmalloc((size_t)size + 1);
	status = read_whole(store, fd, bytes, (size_t)size, len, err);
	if (status != STATUS_OK)
		goto out;
	/* The bytes that are handed out are the bytes that are hashed. */
	hash_memory(bytes, *len, &found);
	if (!digest_equal(&found, digest)) {
		status = store_quarantine(store, digest, &found, fd, err);
		goto out;
	}
	bytes[*len] = '\0';
	*data = bytes;
	bytes = NULL;
out:
	if (status != STATUS_OK)
		*len = 0;
	free(bytes);
	if (fd >= 0)
		close(fd);
	return status;
}

/* Copies all of `from` into the part, or to `to` without one, and hashes what goes by. */
static enum status copy_hashing(struct store *store, int from, struct store_part *part, int to,
	struct digest *digest, struct sha1 *sha1, uint64_t *size, struct error *err)
{
	char *block = xmalloc(COPY_SIZE);
	struct content_hash hash;
	size_t got = 0;
	enum status status;

	*size = 0;
	content_hash_init(&hash);
	while ((status = read_whole(store, from, block, COPY_SIZE, &got, err)) == STATUS_OK &&
		got > 0) {
		content_hash_update(&hash, block, got);
		*size += got;
		if (part != NULL) {
			status = store_part_write(store, part, block, got, err);
		} else {
			for (size_t at = 0; at < got && status == STATUS_OK;) {
				ssize_t n = write(to, block + at, got - at);

				if (n >= 0)
					at += (size_t)n;
				else if (errno != EINTR)
					status = error_set_errno(err, "cannot write a copy");
			}
		}
		if (status != STATUS_OK)
			break;
	}
	content_hash_finish(&hash, digest, sha1);
	content_hash_release(&hash);
	free(block);
	return status;
}

enum status store_add(struct store *store, int fd, const struct digest *expected,
	struct digest *digest, uint64_t *size, struct error *err)
{
	struct store_part part = STORE_PART_INIT;
	struct digest found;
	struct sha1 sha1;
	uint64_t length = 0;
	enum status status;

	status = store_part_open(store, NULL, &part, err);
	if (status == STATUS_OK)
		status = copy_hashing(store, fd, &part, -1, &found, &sha1, &length, err);
	if (status == STATUS_OK && expected != NULL && !digest_equal(&found, expected)) {
		char expected_hex[SHA256_HEX_SIZE], found_hex[SHA256_HEX_SIZE];

		digest_hex(expected, expected_hex);
		digest_hex(&found, found_hex);
		status = error_set(err, STATUS_TRUST,
			"has sha256 %s, expected %s: refused, nothing was stored", found_hex,
			expected_hex);
	}
	if (status == STATUS_OK)
		status = store_part_commit(store, &part, &found, &sha1, err);
	store_part_discard(store, &part);
	if (status != STATUS_OK)
		return status;
	if (digest != NULL)
		*digest = found;
	if (size != NULL)
		*size = length;
	return STATUS_OK;
}

enum status store_add_memory(
	struct store *store, const void *data, size_t len, struct digest *digest, struct error *err)
{
	struct store_part part = STORE_PART_INIT;
	struct content_hash hash;
	struct digest found;
	struct sha1 sha1;
	enum status status;

	content_hash_init(&hash);
	content_hash_update(&hash, data, len);
	content_hash_finish(&hash, &found, &sha1);
	content_hash_release(&hash);
	status = store_part_open(store, NULL, &part, err);
	if (status == STATUS_OK)
		status = store_part_write(store, &part, data, len, err);
	if (status == STATUS_OK)
		status = store_part_commit(store, &part, &found, &sha1, err);
	store_part_discard(store, &part);
	if (status == STATUS_OK && digest != NULL)
		*digest = found;
	return status;
}

enum status store_copy_out(
	struct store *store, const struct digest *digest, int out_fd, struct error *err)
{
	struct digest found;
	struct sha1 unused;
	uint64_t size = 0;
	struct stat out;
	int fd = -1;
	int flags = fcntl(out_fd, F_GETFL);
	enum status status;

	/* What stood there would be hashed with a clone, and the good stored file be blamed. */
	if (fstat(out_fd, &out) == 0 && S_ISREG(out.st_mode) && out.st_size > 0)
		return error_set(err, STATUS_CONFLICT,
			"store: a copy goes into an empty file, and this one has %jd bytes",
			(intmax_t)out.st_size);

	status = stored_open(store, digest, &fd, &size, err);
	if (status != STATUS_OK)
		return status;
	/* Of a clone the copy is hashed, which nobody else can write to; so it must be readable. */
	if (flags >= 0 && (flags & O_ACCMODE) == O_RDWR && lseek(out_fd, 0, SEEK_CUR) == 0 &&
		ioctl(out_fd, FICLONE, fd) == 0)
		status = hash_fd(out_fd, &found, &size, err);
	else
		status = copy_hashing(store, fd, NULL, out_fd, &found, &unused, &size, err);
	if (status == STATUS_OK && !digest_equal(&found, digest))
		status = store_quarantine(store, digest, &found, fd, err);
	/* On a pipe or a socket there is nothing to take back; the status says it all. */
	if (status != STATUS_OK && ftruncate(out_fd, 0) == 0)
		(void)lseek(out_fd, 0, SEEK_SET);
	close(fd);
	return status;
}
