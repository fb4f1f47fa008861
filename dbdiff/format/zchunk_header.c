/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a zchunk: lead, preface, and the index of its chunks (zchunk_format.txt). */
#include "dbdiff/format/zchunk.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define HEADER_BYTES_MAX ((size_t)16 << 20)
#define LEAD_BYTES_MAX	 128

/* A number of seven bits a byte, the last of which has its top bit set. */
static bool read_number(const struct buffer *bytes, size_t *at, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; *at < bytes->len && shift < 63; shift += 7) {
		unsigned char byte = (unsigned char)bytes->data[(*at)++];

		*number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			return true;
	}
	return false;
}

static const EVP_MD *find_algorithm(uint64_t type, size_t *len)
{
	static const struct {
		const EVP_MD *(*get)(void);
		size_t len;
	} types[] = {{EVP_sha1, 20}, {EVP_sha256, 32}, {EVP_sha512, 64}, {EVP_sha512, 16}};

	if (type >= ARRAY_SIZE(types))
		return NULL;
	*len = types[type].len;
	return types[type].get();
}

/* The fixed beginning; gives how long all of the header is, in `size` bytes of file. */
static enum status read_lead(
	struct zchunk_header *header, uint64_t size, size_t *header_len, struct error *err)
{
	const struct buffer *bytes = &header->bytes;
	size_t at = 5;
	uint64_t type, len;

	if (bytes->len < at || memcmp(bytes->data, "\0ZCK1", at) != 0)
		return error_set(err, STATUS_FORMAT, "no zchunk");
	if (!read_number(bytes, &at, &type) || !read_number(bytes, &at, &len))
		return error_set(err, STATUS_FORMAT, "truncated lead");
	header->algorithm = find_algorithm(type, &header->sum_len);
	if (header->algorithm == NULL)
		return error_set(err, STATUS_UNSUPPORTED, "checksum type %" PRIu64, type);
	if (len > HEADER_BYTES_MAX)
		return error_set(err, STATUS_LIMIT, "a header of %" PRIu64 " bytes, more than %zu",
			len, HEADER_BYTES_MAX);
	header->sum = at;
	*header_len = at + header->sum_len + (size_t)len;
	if (*header_len > size)
		return error_set(
			err, STATUS_FORMAT, "short read: the header has %zu bytes", *header_len);
	return STATUS_OK;
}

static enum status read_chunk(
	struct zchunk_header *header, uint64_t size, size_t *at, struct error *err)
{
	struct zchunk_chunk chunk = {.entry = *at, .offset = header->end};
	bool is_right = true;
	uint64_t stream;

	if (header->flags & ZCHUNK_STREAMS)
		is_right = read_number(&header->bytes, at, &stream);
	chunk.sum = *at;
	if (is_right && header->bytes.len - *at < header->chunk_sum_len)
		is_right = false;
	if (is_right)
		*at += header->chunk_sum_len;
	if (is_right && header->flags & ZCHUNK_UNCOMPRESSED_SUMS) {
		is_right = header->bytes.len - *at >= header->chunk_sum_len;
		*at += is_right ? header->chunk_sum_len : 0;
	}
	if (!is_right || !read_number(&header->bytes, at, &chunk.len) ||
		!read_number(&header->bytes, at, &chunk.size))
		return error_set(err, STATUS_FORMAT, "truncated index");
	if (chunk.len > size - header->end)
		return error_set(err, STATUS_FORMAT,
			"short read: a chunk of %" PRIu64 " bytes at %" PRIu64, chunk.len,
			header->end);
	chunk.entry_end = *at;
	header->end += chunk.len;
	ARRAY_GROW(header->chunks, header->chunk_count, header->chunk_capacity);
	header->chunks[header->chunk_count++] = chunk;
	return STATUS_OK;
}

static enum status read_index(struct zchunk_header *header, uint64_t size, struct error *err)
{
	const struct buffer *bytes = &header->bytes;
	size_t at = header->sum + 2 * header->sum_len;
	uint64_t index_len, type, count;

	header->data_sum = header->sum + header->sum_len;
	if (at > bytes->len || !read_number(bytes, &at, &header->flags) ||
		!read_number(bytes, &at, &header->compression))
		return error_set(err, STATUS_FORMAT, "truncated preface");
	if (header->flags & ~(uint64_t)(ZCHUNK_STREAMS | ZCHUNK_UNCOMPRESSED_SUMS))
		return error_set(err, STATUS_UNSUPPORTED, "flags %" PRIx64, header->flags);
	if (!read_number(bytes, &at, &index_len) || !read_number(bytes, &at, &type) ||
		!read_number(bytes, &at, &count))
		return error_set(err, STATUS_FORMAT, "truncated preface");
	header->chunk_algorithm = find_algorithm(type, &header->chunk_sum_len);
	if (header->chunk_algorithm == NULL)
		return error_set(err, STATUS_UNSUPPORTED, "chunk checksum type %" PRIu64, type);
	header->index = at;
	header->end = bytes->len;
	/* At least the dictionary, which may be empty; each takes bytes of the header. */
	do {
		enum status status = read_chunk(header, size, &at, err);

		if (status != STATUS_OK)
			return status;
	} while (header->chunk_count < count);
	return STATUS_OK;
}

enum status zchunk_header_read(
	struct zchunk_header *header, struct source *source, struct error *err)
{
	struct buffer *bytes = &header->bytes;
	size_t len = source->size < LEAD_BYTES_MAX ? (size_t)source->size : LEAD_BYTES_MAX;
	enum status status;

	buffer_reserve(bytes, len + 1);
	status = source_pread(source, 0, bytes->data, len, err);
	bytes->len = status == STATUS_OK ? len : 0;
	if (status == STATUS_OK)
		status = read_lead(header, source->size, &len, err);
	if (status != STATUS_OK)
		return status;
	buffer_clear(bytes);
	buffer_reserve(bytes, len + 1);
	status = source_pread(source, 0, bytes->data, len, err);
	bytes->len = status == STATUS_OK ? len : 0;
	return status == STATUS_OK ? read_index(header, source->size, err) : status;
}

void zchunk_header_release(struct zchunk_header *header)
{
	buffer_release(&header->bytes);
	free(header->chunks);
	*header = (struct zchunk_header){0};
}
