/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pwrite.h"

#define WINDOW_LEAST ((size_t)16 * 1024)

enum status source_peek(struct source *source, size_t want, const unsigned char **data, size_t *len,
	struct error *err)
{
	return source->ops->peek(
		source, want < SOURCE_WINDOW ? want : SOURCE_WINDOW, data, len, err);
}

enum status source_skip(struct source *source, uint64_t count, struct error *err)
{
	return source->ops->skip(source, count, err);
}

enum status source_read(
	struct source *source, void *data, size_t len, size_t *got, struct error *err)
{
	unsigned char *to = data;

	*got = 0;
	while (*got < len) {
		const unsigned char *window;
		size_t available;
		enum status status = source_peek(source, len - *got, &window, &available, err);

		if (status < 0)
			return status;
		if (available == 0)
			break;
		if (available > len - *got)
			available = len - *got;
		memcpy(to + *got, window, available);
		status = source_skip(source, available, err);
		if (status < 0)
			return status;
		*got += available;
	}
	return STATUS_OK;
}

bool source_can_seek(const struct source *source)
{
	return source->ops->pread != NULL;
}

enum status source_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err)
{
	if (!source->ops->pread)
		return error_set(err, STATUS_UNSUPPORTED, "this stream cannot seek");
	return source->ops->pread(source, offset, data, len, err);
}

bool source_place(const struct source *source, const struct source *base, uint64_t *place)
{
	uint64_t offset = 0;

	*place = 0;
	while (source != NULL && source != base) {
		source = source->ops->under != NULL ? source->ops->under(source, &offset) : NULL;
		/* Each is inside the one below it, so that the sum is too. */
		if (source != NULL && offset > UINT64_MAX - *place)
			return false;
		*place += offset;
	}
	return source != NULL;
}

int source_file(const struct source *source, uint64_t *offset)
{
	uint64_t at = 0, part = 0;
	int fd = -1;

	while (source != NULL) {
		const struct source *under =
			source->ops->under != NULL ? source->ops->under(source, &part) : NULL;

		if (under == NULL) {
			part = 0;
			fd = source->ops->file != NULL ? source->ops->file(source, &part) : -1;
		}
		if (part > UINT64_MAX - at)
			return -1;
		at += part;
		source = under;
	}
	*offset = at;
	return fd;
}

void source_free(struct source *source)
{
	if (source)
		source->ops->free(source);
}

static enum status past_the_end(const struct source *source, uint64_t count, struct error *err)
{
	return error_set(err, STATUS_FORMAT, "short read: %llu bytes wanted at %llu of %llu",
		(unsigned long long)count, (unsigned long long)source->offset,
		(unsigned long long)source->size);
}

/* True when [offset, offset + len) is inside the source; safe from wrapping. */
static bool is_inside(const struct source *source, uint64_t offset, uint64_t len)
{
	return offset <= source->size && len <= source->size - offset;
}

/* ---- a window over anything that can pread: files, ranges, spools ---- */

struct seek_source {
	struct source source;
	enum status (*read_at)(struct seek_source *seek, uint64_t offset, void *data, size_t len,
		struct error *err);
	int fd;
	bool owns_fd;
	struct spool_pool *pool; /* where an owned one goes back to */
	struct source *inner;
	uint64_t inner_offset;
	unsigned char *window; /* made on the first peek */
	uint64_t window_offset;
	size_t window_len;
};

static enum status seek_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err)
{
	struct seek_source *seek = (struct seek_source *)source;

	if (!is_inside(source, offset, len))
		return error_set(err, STATUS_FORMAT, "short read: %zu bytes wanted at %llu of %llu",
			len, (unsigned long long)offset, (unsigned long long)source->size);
	return seek->read_at(seek, offset, data, len, err);
}

/* Little where somebody jumps from one header to the next, and ever more while one reads on. */
static size_t next_window(const struct seek_source *seek, size_t want, uint64_t left)
{
	bool goes_on = seek->source.offset <= seek->window_offset + seek->window_len &&
		seek->source.offset > seek->window_offset;
	size_t count = goes_on ? 2 * seek->window_len : WINDOW_LEAST;

	if (count < WINDOW_LEAST)
		count = WINDOW_LEAST;
	if (count < want)
		count = want;
	if (count > SOURCE_WINDOW)
		count = SOURCE_WINDOW;
	return left < count ? (size_t)left : count;
}

static enum status seek_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	struct seek_source *seek = (struct seek_source *)source;
	uint64_t left = source->size - source->offset;
	uint64_t behind = source->offset - seek->window_offset;

	if (want > left)
		want = (size_t)left;
	/* No more than a small source needs: many are read, most are small. */
	if (!seek->window)
		seek->window = xmalloc(left == 0       ? 1
				: left < SOURCE_WINDOW ? (size_t)left
						       : SOURCE_WINDOW);
	if (source->offset < seek->window_offset || behind > seek->window_len ||
		seek->window_len - behind < (want ? want : 1)) {
		size_t count = next_window(seek, want, left);
		enum status status = STATUS_OK;

		seek->window_len = 0;
		if (count)
			status = seek->read_at(seek, source->offset, seek->window, count, err);
		if (status < 0)
			return status;
		seek->window_offset = source->offset;
		seek->window_len = count;
		behind = 0;
	}
	*data = seek->window + behind;
	*len = seek->window_len - (size_t)behind;
	return STATUS_OK;
}

static enum status seek_skip(struct source *source, uint64_t count, struct error *err)
{
	if (!is_inside(source, source->offset, count))
		return past_the_end(source, count, err);
	source->offset += count;
	return STATUS_OK;
}

static void seek_free(struct source *source)
{
	struct seek_source *seek = (struct seek_source *)source;

	if (seek->owns_fd)
		spool_give_back(seek->pool, seek->fd);
	free(seek->window);
	free(seek);
}

static const struct source *seek_under(const struct source *source, uint64_t *offset)
{
	const struct seek_source *seek = (const struct seek_source *)source;

	*offset = seek->inner_offset;
	return seek->inner;
}

/* A range has none, and is asked for what it is over. */
static int seek_file(const struct source *source, uint64_t *offset)
{
	*offset = 0;
	return ((const struct seek_source *)source)->fd;
}

static const struct source_ops seek_ops = {
	.peek = seek_peek,
	.skip = seek_skip,
	.pread = seek_pread,
	.free = seek_free,
	.under = seek_under,
	.file = seek_file,
};

static enum status read_file_at(
	struct seek_source *seek, uint64_t offset, void *data, size_t len, struct error *err)
{
	char *to = data;

	while (len) {
		ssize_t got = pread(seek->fd, to, len, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "reading at %llu", (unsigned long long)offset);
		if (got == 0)
			return error_set(err, STATUS_IO,
				"the file became shorter while it was read (at %llu)",
				(unsigned long long)offset);
		to += got;
		offset += (uint64_t)got;
		len -= (size_t)got;
	}
	return STATUS_OK;
}

static enum status read_inner_at(
	struct seek_source *seek, uint64_t offset, void *data, size_t len, struct error *err)
{
	/* A hostile table may place a range where the sum begins anew at 0. */
	if (offset > UINT64_MAX - seek->inner_offset)
		return error_set(
			err, STATUS_FORMAT, "short read: %zu bytes wanted behind the end", len);
	return source_pread(seek->inner, seek->inner_offset + offset, data, len, err);
}

static struct seek_source *seek_new(uint64_t size)
{
	struct seek_source *seek = xcalloc(1, sizeof(*seek));

	seek->source.ops = &seek_ops;
	seek->source.size = size;
	seek->fd = -1;
	return seek;
}

struct source *source_file_new(int fd, uint64_t size)
{
	struct seek_source *seek = seek_new(size);

	seek->read_at = read_file_at;
	seek->fd = fd;
	return &seek->source;
}

struct source *source_range_new(struct source *inner, uint64_t offset, uint64_t len)
{
	struct seek_source *seek = seek_new(len);

	seek->read_at = read_inner_at;
	seek->inner = inner;
	seek->inner_offset = offset;
	return &seek->source;
}

/* ---- bytes in memory ---- */

struct memory_source {
	struct source source;
	const unsigned char *data;
};

static enum status memory_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	uint64_t left = source->size - source->offset;

	(void)want;
	(void)err;
	*data = ((struct memory_source *)source)->data + source->offset;
	*len = left < SOURCE_WINDOW ? (size_t)left : SOURCE_WINDOW;
	return STATUS_OK;
}

static enum status memory_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err)
{
	if (!is_inside(source, offset, len))
		return error_set(err, STATUS_FORMAT, "short read: %zu bytes wanted at %llu of %llu",
			len, (unsigned long long)offset, (unsigned long long)source->size);
	if (len)
		memcpy(data, ((struct memory_source *)source)->data + offset, len);
	return STATUS_OK;
}

static void memory_free(struct source *source)
{
	free(source);
}

static const struct source_ops memory_ops = {
	.peek = memory_peek,
	.skip = seek_skip,
	.pread = memory_pread,
	.free = memory_free,
};

struct source *source_memory_new(const void *data, size_t len)
{
	struct memory_source *memory = xcalloc(1, sizeof(*memory));

	memory->source.ops = &memory_ops;
	memory->source.size = len;
	memory->data = data ? data : (const unsigned char *)"";
	return &memory->source;
}

/* ---- spools ---- */

/* Without a file they are only gone by. */
static enum status copy_to(
	int fd, struct source *inner, uint64_t limit, uint64_t *size, struct error *err)
{
	unsigned char *block = xmalloc(SOURCE_WINDOW);
	enum status status;
	size_t got = 0;

	*size = 0;
	while ((status = source_read(inner, block, SOURCE_WINDOW, &got, err)) == STATUS_OK && got) {
		if (got > limit - *size) {
			status = error_set(err, STATUS_LIMIT,
				"more than %llu bytes when decompressed",
				(unsigned long long)limit);
			break;
		}
		if (fd >= 0)
			status = pwrite_sparse(fd, block, got, *size, err);
		if (status < 0)
			break;
		*size += got;
	}
	if (status == STATUS_OK && fd >= 0 && ftruncate(fd, (off_t)*size) < 0)
		status = error_set_errno(err, "cannot write a temporary file");
	free(block);
	return status;
}

enum status source_spool_new(struct source *inner, struct spool_pool *pool, enum spool_place place,
	uint64_t limit, struct source **spooled, struct error *err)
{
	uint64_t size, offset = 0;
	int own = source_can_seek(inner) ? -1 : source_file(inner, &offset);
	bool is_there = own >= 0 && offset == 0 && inner->offset == 0;
	struct seek_source *seek;
	int fd = -1;

	*spooled = NULL;
	if (!is_there && spool_take(pool, place, &fd, err) < 0)
		return err->status;
	if (copy_to(fd, inner, limit, &size, err) < 0) {
		if (!is_there)
			spool_give_back(pool, fd);
		return err->status;
	}
	seek = seek_new(size);
	seek->read_at = read_file_at;
	seek->fd = is_there ? own : fd;
	seek->owns_fd = !is_there;
	seek->pool = pool;
	*spooled = &seek->source;
	return STATUS_OK;
}
