/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/tap.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pwrite.h"
#include "dbdiff/index.h"

/* Archives in archives: each layer can keep within its ratio while all of them multiply. */
#define RATIO_LAYERS 8

static void block_end(struct tap *tap)
{
	uint64_t value = XXH3_64bits_digest(tap->block);
	unsigned char bytes[8];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	buffer_add(&tap->blocks, bytes, sizeof(bytes));
	XXH3_64bits_reset(tap->block);
}

static void hash_window(struct tap *tap, const unsigned char *data, size_t len)
{
	hash_update(&tap->hash, data, len);
	while (len > 0) {
		size_t room = INDEX_BLOCK_SIZE - (size_t)(tap->hashed % INDEX_BLOCK_SIZE);
		size_t part = len < room ? len : room;

		XXH3_64bits_update(tap->block, data, part);
		tap->hashed += part;
		data += part;
		len -= part;
		if (part == room)
			block_end(tap);
	}
}

/* What is all zero stays a hole. */
static enum status copy_window(
	const struct tap *tap, const unsigned char *data, size_t len, struct error *err)
{
	uint64_t offset = tap->source.offset;

	if (tap->copy_fd < 0 || len == 0)
		return STATUS_OK;
	/* To its end, also where that is a hole. */
	if (pwrite_sparse(tap->copy_fd, data, len, offset, err) < 0)
		return err->status;
	return ftruncate(tap->copy_fd, (off_t)(offset + len)) == 0
		? STATUS_OK
		: error_set_errno(err, "cannot write a temporary file");
}

static void count_bytes(struct tap *tap, uint64_t count)
{
	tap->budget->bytes += count;
	for (struct tap *outer = tap->outer; outer != NULL; outer = outer->outer)
		outer->below += count;
}

/* What the members that hold this one are, all of their layers together, in size. */
static enum status check_layers(const struct tap *tap, uint64_t count, struct error *err)
{
	uint64_t most = (uint64_t)tap->budget->limits->ratio * RATIO_LAYERS;

	for (const struct tap *outer = tap->outer; outer != NULL && most > 0;
		outer = outer->outer) {
		uint64_t below = outer->below + count, size = outer->source.size;

		if (size == SOURCE_SIZE_UNKNOWN)
			size = outer->source.offset + SOURCE_WINDOW;
		if (below > LIMITS_RATIO_FREE * RATIO_LAYERS && below / most > size)
			return error_set(err, STATUS_LIMIT,
				"unpacks to more than %" PRIu64
				" times its size at all depths (--limit ratio)",
				most);
	}
	return STATUS_OK;
}

static enum status check_limits(const struct tap *tap, uint64_t count, struct error *err)
{
	const struct limits *limits = tap->budget->limits;
	uint64_t size = tap->source.offset + count;
	uint64_t packed;

	if (count > limits->member_bytes || size > limits->member_bytes)
		return error_set(err, STATUS_LIMIT,
			"more than %" PRIu64 " bytes in one member (--limit member-bytes)",
			limits->member_bytes);
	if (count > limits->total_bytes || tap->budget->bytes + count > limits->total_bytes)
		return error_set(err, STATUS_LIMIT,
			"more than %" PRIu64 " bytes at all depths (--limit total-bytes)",
			limits->total_bytes);
	if (check_layers(tap, count, err) < 0)
		return err->status;
	if (tap->packed == NULL || limits->ratio == 0 || size <= LIMITS_RATIO_FREE)
		return STATUS_OK;
	packed = source_can_seek(tap->packed) && tap->packed->size != SOURCE_SIZE_UNKNOWN
		? tap->packed->size
		: tap->packed->offset + SOURCE_WINDOW;
	if (size / limits->ratio > packed)
		return error_set(err, STATUS_LIMIT,
			"unpacks to more than %u times its size (--limit ratio)", limits->ratio);
	return STATUS_OK;
}

static enum status tap_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	return source_peek(((struct tap *)source)->inner, want, data, len, err);
}

static enum status skip_hashing(struct tap *tap, uint64_t count, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len;

	while (count > 0) {
		status = source_peek(tap->inner, 1, &data, &len, err);
		if (status != STATUS_OK)
			return status;
		if (len == 0)
			return error_set(
				err, STATUS_FORMAT, "short read at %" PRIu64, tap->source.offset);
		if (len > count)
			len = (size_t)count;
		hash_window(tap, data, len);
		status = copy_window(tap, data, len, err);
		if (status == STATUS_OK)
			status = source_skip(tap->inner, len, err);
		if (status != STATUS_OK)
			return status;
		tap->source.offset += len;
		count_bytes(tap, len);
		count -= len;
	}
	return STATUS_OK;
}

static enum status tap_skip(struct source *source, uint64_t count, struct error *err)
{
	struct tap *tap = (struct tap *)source;
	enum status status = check_limits(tap, count, err);

	if (status != STATUS_OK)
		return status;
	if (tap->is_hashing)
		return skip_hashing(tap, count, err);
	status = source_skip(tap->inner, count, err);
	if (status == STATUS_OK) {
		source->offset += count;
		count_bytes(tap, count);
	}
	return status;
}

/* Not counted and not hashed: tap_drain() does both for a source that can seek. */
static enum status tap_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err)
{
	return source_pread(((struct tap *)source)->inner, offset, data, len, err);
}

static void tap_free(struct source *source)
{
	(void)source;
}

static const struct source *tap_under(const struct source *source, uint64_t *offset)
{
	*offset = 0;
	return ((const struct tap *)source)->inner;
}

static const struct source_ops stream_ops = {
	.peek = tap_peek,
	.skip = tap_skip,
	.free = tap_free,
	.under = tap_under,
};

static const struct source_ops seek_ops = {
	.peek = tap_peek,
	.skip = tap_skip,
	.pread = tap_pread,
	.free = tap_free,
	.under = tap_under,
};

void tap_init(struct tap *tap, struct source *inner, struct budget *budget,
	const struct source *packed, bool is_hashing)
{
	*tap = (struct tap){
		.source = {.ops = source_can_seek(inner) ? &seek_ops : &stream_ops,
			.size = inner->size},
		.inner = inner,
		.budget = budget,
		.outer = budget->innermost,
		.packed = packed,
		.is_hashing = is_hashing,
		.copy_fd = -1,
	};
	budget->innermost = tap;
	if (!is_hashing)
		return;
	hash_init(&tap->hash);
	tap->block = XXH3_createState();
	if (tap->block == NULL)
		abort();
	XXH3_64bits_reset(tap->block);
}

void tap_copy_to(struct tap *tap, int fd)
{
	tap->copy_fd = fd;
}

static void stop_hashing(struct tap *tap)
{
	if (tap->is_hashing) {
		hash_release(&tap->hash);
		XXH3_freeState(tap->block);
	}
	tap->is_hashing = false;
}

void tap_stop_hashing(struct tap *tap)
{
	stop_hashing(tap);
	buffer_clear(&tap->blocks);
}

enum status tap_drain(struct tap *tap, struct error *err)
{
	const struct source *source = &tap->source;
	const unsigned char *data;
	enum status status;
	size_t len;

	if (!tap->is_hashing && source_can_seek(source) && source->size != SOURCE_SIZE_UNKNOWN)
		return tap_skip(&tap->source, source->size - source->offset, err);
	do {
		status = tap_peek(&tap->source, 1, &data, &len, err);
		if (status == STATUS_OK && len > 0)
			status = tap_skip(&tap->source, len, err);
	} while (status == STATUS_OK && len > 0);
	return status;
}

void tap_finish(struct tap *tap, struct digest *digest)
{
	hash_finish(&tap->hash, digest);
	if (tap->hashed % INDEX_BLOCK_SIZE != 0)
		block_end(tap);
	if (tap->hashed <= INDEX_BLOCK_SIZE)
		buffer_clear(&tap->blocks);
}

void tap_release(struct tap *tap)
{
	if (tap->budget != NULL)
		tap->budget->innermost = tap->outer;
	stop_hashing(tap);
	buffer_release(&tap->blocks);
	*tap = (struct tap){0};
}
