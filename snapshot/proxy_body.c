/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/proxy_body.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

#define BLOCK_SIZE ((size_t)128 * 1024)

struct proxy_body {
	struct store *store;
	struct digest expected;
	uint64_t size;
	char *memory; /* all of it; else NULL, and: */
	int fd;
	uint64_t hashed; /* so far, from the start */
	struct hash hash;
};

enum status proxy_body_open(struct store *store, const struct archive_file *file,
	struct proxy_body **body, struct error *err)
{
	struct proxy_body *new = xcalloc(1, sizeof(*new));
	enum status status = STATUS_LIMIT;
	size_t len = 0;

	new->store = store;
	new->expected = file->digest;
	new->fd = -1;
	if (file->size <= PROXY_BODY_IN_MEMORY)
		status = store_read_all(
			store, &file->digest, PROXY_BODY_IN_MEMORY, &new->memory, &len, err);
	new->size = len;
	/* What is larger than its index says may still be what its digest says. */
	if (status == STATUS_LIMIT) {
		status = store_read(store, &file->digest, &new->fd, &new->size, err);
		hash_init(&new->hash);
	}
	if (status != STATUS_OK) {
		proxy_body_free(new);
		/* Damage of our own store is trouble (T13): no place gave wrong bytes. */
		if (status == STATUS_TRUST)
			status = err->status = STATUS_IO;
		return status;
	}
	*body = new;
	return STATUS_OK;
}

void proxy_body_free(struct proxy_body *body)
{
	if (!body)
		return;
	if (body->fd >= 0)
		close(body->fd);
	hash_release(&body->hash);
	free(body->memory);
	free(body);
}

uint64_t proxy_body_size(const struct proxy_body *body)
{
	return body->size;
}

/* Looks at the stored file anew, which puts it into quarantine if it is what is wrong. */
static bool refuse(struct proxy_body *body, const char *what, struct error *err)
{
	struct error damage;
	int fd = -1;

	if (store_read(body->store, &body->expected, &fd, NULL, &damage) == STATUS_OK)
		close(fd);
	error_set(err, STATUS_IO,
		"a stored file %s while it was sent; the connection was cut%s%.*s", what,
		fd < 0 ? ": " : "", 500, fd < 0 ? damage.text : "");
	return false;
}

/* Reads on from what is hashed so far, and hashes it. */
static bool read_hashed(struct proxy_body *body, char *data, size_t len, struct error *err)
{
	while (len > 0) {
		ssize_t got = pread(body->fd, data, len, (off_t)body->hashed);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_set_errno(err, "cannot read a stored file on");
			return false;
		}
		if (got == 0)
			return refuse(body, "became shorter", err);
		hash_update(&body->hash, data, (size_t)got);
		body->hashed += (uint64_t)got;
		data += got;
		len -= (size_t)got;
	}
	return true;
}

/* Hashes on up to `end`, for what is not sent. */
static bool hash_until(struct proxy_body *body, uint64_t end, struct error *err)
{
	char *block;
	bool good = true;

	if (body->hashed == end)
		return true;
	block = xmalloc(BLOCK_SIZE);
	while (good && body->hashed < end) {
		uint64_t left = end - body->hashed;

		good = read_hashed(body, block, left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE, err);
	}
	free(block);
	return good;
}

bool proxy_body_read(struct proxy_body *body, uint64_t offset, void *data, size_t len, bool last,
	struct error *err)
{
	struct digest found;

	if (body->memory) {
		memcpy(data, body->memory + offset, len);
		return true;
	}
	if (!hash_until(body, offset, err) || !read_hashed(body, data, len, err))
		return false;
	if (!last)
		return true;
	if (!hash_until(body, body->size, err))
		return false;
	hash_finish(&body->hash, &found);
	return digest_equal(&found, &body->expected) || refuse(body, "changed", err);
}
