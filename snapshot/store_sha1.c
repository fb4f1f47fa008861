/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/store_sha1.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "snapshot/store.h"

#define NAMES_FILE "sha1"
/* All lines have one length, so that what a killed writer left is known by it. */
#define LINE_SIZE  ((size_t)(SHA256_HEX_SIZE + SHA1_HEX_SIZE))
#define BLOCK_SIZE (LINE_SIZE * 1024)

static enum status names_fail(struct store *store, const char *what, struct error *err)
{
	return error_set_errno(
		err, "store: cannot %s %s/" NAMES_FILE, what, store_directory(store));
}

static void line_format(const struct sha1_name *name, char line[LINE_SIZE + 1])
{
	digest_hex(&name->digest, line);
	line[SHA256_HEX_SIZE - 1] = ' ';
	sha1_hex(&name->sha1, line + SHA256_HEX_SIZE);
	line[LINE_SIZE - 1] = '\n';
	line[LINE_SIZE] = '\0';
}

static bool line_parse(const char *line, struct sha1_name *name)
{
	return digest_parse(line, SHA256_HEX_SIZE - 1, &name->digest) &&
		line[SHA256_HEX_SIZE - 1] == ' ' &&
		sha1_parse(line + SHA256_HEX_SIZE, SHA1_HEX_SIZE - 1, &name->sha1) &&
		line[LINE_SIZE - 1] == '\n';
}

enum status store_sha1_add(struct store *store, const struct digest *digest,
	const struct sha1 *sha1, struct error *err)
{
	struct sha1_name name = {*digest, *sha1};
	enum status status = STATUS_OK;
	char line[LINE_SIZE + 1];
	struct stat st;
	ssize_t written;
	int fd = openat(store_fd(store), NAMES_FILE,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		return names_fail(store, "open", err);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return error_set(err, STATUS_IO, "store: %s/" NAMES_FILE " is no file: remove it",
			store_directory(store));
	}
	/* Whoever wrote half a line was killed. */
	if ((uint64_t)st.st_size % LINE_SIZE != 0 &&
		ftruncate(fd, st.st_size - (off_t)((uint64_t)st.st_size % LINE_SIZE)) != 0)
		status = names_fail(store, "write", err);
	line_format(&name, line);
	if (status == STATUS_OK) {
		written = write(fd, line, LINE_SIZE);
		if (written >= 0 && (size_t)written != LINE_SIZE)
			status = store_no_room(store, ENOSPC, err);
		else if (written < 0)
			status = store_is_full(errno) ? store_no_room(store, errno, err)
						      : names_fail(store, "write", err);
	}
	close(fd);
	return status;
}

static int by_digest_compare(const void *a, const void *b)
{
	const struct sha1_name *left = a, *right = b;

	return digest_compare(&left->digest, &right->digest);
}

/* Of two names of one file fsck keeps the right one; until then it is the same one each time. */
static int line_compare(const void *a, const void *b)
{
	const struct sha1_name *left = a, *right = b;
	int order = digest_compare(&left->digest, &right->digest);

	return order ? order : memcmp(left->sha1.bytes, right->sha1.bytes, SHA1_SIZE);
}

static int by_sha1_compare(const void *a, const void *b)
{
	const struct sha1_name *left = a, *right = b;
	int order = memcmp(left->sha1.bytes, right->sha1.bytes, SHA1_SIZE);

	return order ? order : digest_compare(&left->digest, &right->digest);
}

/* The names in the order of their lines. */
static enum status lines_read(
	struct store *store, int fd, struct sha1_names *names, struct error *err)
{
	char *block = xmalloc(BLOCK_SIZE);
	size_t capacity = 0, filled = 0;
	enum status status = STATUS_OK;
	ssize_t got;

	while ((got = read(fd, block + filled, BLOCK_SIZE - filled)) != 0) {
		size_t at = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			status = names_fail(store, "read", err);
			break;
		}
		for (filled += (size_t)got; filled - at >= LINE_SIZE; at += LINE_SIZE) {
			ARRAY_GROW(names->by_digest, names->count, capacity);
			if (line_parse(block + at, &names->by_digest[names->count]))
				names->count++;
			else
				names->malformed++;
		}
		memmove(block, block + at, filled - at);
		filled -= at;
	}
	free(block);
	return status;
}

static void names_sort(struct sha1_names *names)
{
	struct sha1_name *items = names->by_digest;
	size_t kept = 0;

	if (names->count == 0)
		return;
	if (names->count > 1)
		qsort(items, names->count, sizeof(items[0]), line_compare);
	for (size_t i = 0; i < names->count; i++) {
		if (kept == 0 || !digest_equal(&items[i].digest, &items[kept - 1].digest))
			items[kept++] = items[i];
	}
	names->count = kept;
	names->by_sha1 = xcalloc(kept, sizeof(items[0]));
	memcpy(names->by_sha1, items, kept * sizeof(items[0]));
	if (kept > 1)
		qsort(names->by_sha1, kept, sizeof(items[0]), by_sha1_compare);
}

enum status sha1_names_read(struct store *store, struct sha1_names *names, struct error *err)
{
	enum status status = STATUS_OK;
	struct stat st;
	int fd =
		openat(store_fd(store), NAMES_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	*names = (struct sha1_names){0};
	if (fd < 0)
		return errno == ENOENT ? STATUS_OK : names_fail(store, "open", err);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		status = lines_read(store, fd, names, err);
	else
		status = error_set(err, STATUS_IO, "store: %s/" NAMES_FILE " is no file: remove it",
			store_directory(store));
	close(fd);
	if (status == STATUS_OK)
		names_sort(names);
	else
		sha1_names_release(names);
	return status;
}

void sha1_names_release(struct sha1_names *names)
{
	free(names->by_digest);
	free(names->by_sha1);
	*names = (struct sha1_names){0};
}

const struct sha1 *sha1_names_of(const struct sha1_names *names, const struct digest *digest)
{
	struct sha1_name key = {.digest = *digest};
	const struct sha1_name *name = names->count
		? bsearch(&key, names->by_digest, names->count, sizeof(key), by_digest_compare)
		: NULL;

	return name ? &name->sha1 : NULL;
}

enum status sha1_names_find(const struct sha1_names *names, const struct sha1 *sha1,
	struct digest *digest, struct error *err)
{
	size_t low = 0, high = names->count;
	char hex[SHA1_HEX_SIZE];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(names->by_sha1[middle].sha1.bytes, sha1->bytes, SHA1_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	sha1_hex(sha1, hex);
	if (low == names->count || !sha1_equal(&names->by_sha1[low].sha1, sha1))
		return error_set(
			err, STATUS_NOT_FOUND, "the store has no file with the SHA-1 %s", hex);
	if (low + 1 < names->count && sha1_equal(&names->by_sha1[low + 1].sha1, sha1))
		return error_set(err, STATUS_CONFLICT,
			"two files of the store have the SHA-1 %s: it names neither", hex);
	*digest = names->by_sha1[low].digest;
	return STATUS_OK;
}

/* ---- writing it anew ---- */

/* What the file is to say: by digest, `names` before what is said now. */
static void mended_text(struct store *store, const struct sha1_names *now,
	const struct sha1_name *names, size_t count, struct buffer *text)
{
	char line[LINE_SIZE + 1];
	size_t i = 0, j = 0;

	while (i < now->count || j < count) {
		int order = i == now->count ? 1
			: j == count	    ? -1
				     : digest_compare(&now->by_digest[i].digest, &names[j].digest);
		const struct sha1_name *name = order < 0 ? &now->by_digest[i] : &names[j];

		if (store_has(store, &name->digest)) {
			line_format(name, line);
			buffer_add(text, line, LINE_SIZE);
		}
		i += order <= 0;
		j += order >= 0;
	}
}

/* Without names left there is no file. */
static enum status text_replace(struct store *store, const struct buffer *text, struct error *err)
{
	struct store_part part = STORE_PART_INIT;
	enum status status;

	if (text->len == 0) {
		if (unlinkat(store_fd(store), NAMES_FILE, 0) != 0 && errno != ENOENT)
			return names_fail(store, "remove", err);
		return STATUS_OK;
	}
	status = store_part_open(store, NULL, &part, err);
	if (status == STATUS_OK)
		status = store_part_write(store, &part, text->data, text->len, err);
	if (status == STATUS_OK &&
		(fsync(part.fd) != 0 ||
			renameat(store_tmp_fd(store), part.name, store_fd(store), NAMES_FILE) != 0))
		status = names_fail(store, "write", err);
	store_part_discard(store, &part);
	return status;
}

enum status store_sha1_mend(
	struct store *store, const struct sha1_name *names, size_t count, struct error *err)
{
	struct sha1_names now = {0};
	struct buffer text = {0};
	struct stat st = {0};
	int lock = -1;
	enum status status = store_lock(store, &lock, err);

	if (status < 0)
		return status;
	status = sha1_names_read(store, &now, err);
	if (status == STATUS_OK) {
		mended_text(store, &now, names, count, &text);
		/* Names are only ever added, or replaced by those given: the length tells. */
		if (count || fstatat(store_fd(store), NAMES_FILE, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			(uint64_t)st.st_size != text.len)
			status = text_replace(store, &text, err);
	}
	close(lock);
	buffer_release(&text);
	sha1_names_release(&now);
	return status;
}
