/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zchunk (zchunk_format.txt of its sources, with the lead as zck 1.2 writes it: the size of the
 * header stands before its checksum): a header with an index, and chunks that are packed one by
 * one. A chunk is a member called by its checksum, so that one more in front renames no other.
 */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/pieces.h"

#define HEADER_BYTES_MAX ((size_t)16 << 20)
#define DICT_BYTES_MAX	 ((size_t)16 << 20)
#define LEAD_BYTES_MAX	 128
#define WINDOW_SIZE	 ((size_t)128 * 1024)
#define DIGEST_SIZE_MAX	 64

enum {
	FLAG_STREAMS = 1,
	FLAG_OPTIONAL = 2,
	FLAG_UNCOMPRESSED_SUMS = 4
};
enum {
	COMPRESSION_NONE = 0,
	COMPRESSION_ZSTD = 2
};

struct chunk {
	size_t entry, sum, entry_end; /* in the header */
	uint64_t offset, len, size;   /* in the file; bytes packed and unpacked */
};

struct zchunk {
	struct members members;
	struct source *source;
	struct buffer header;		      /* all up to the first chunk */
	size_t sum, sum_len, data_sum, index; /* where they are in it */
	const EVP_MD *algorithm, *chunk_algorithm;
	size_t chunk_sum_len;
	uint64_t flags, compression;
	struct chunk *chunks; /* the dictionary is the first */
	size_t count, capacity;
	uint64_t end;
	size_t given;
	bool is_told, is_header_right, is_data_right;
	bool has_data_sum; /* zck -u leaves zeros in its place */
	struct buffer dict;
	bool has_dict;
};

/* ---- the header ---- */

/* A number of seven bits a byte, the last of which has its top bit set. */
static bool read_number(const struct buffer *header, size_t *at, uint64_t *number)
{
	*number = 0;
	for (unsigned shift = 0; *at < header->len && shift < 63; shift += 7) {
		unsigned char byte = (unsigned char)header->data[(*at)++];

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

/* The fixed beginning; gives how long all of the header is. */
static enum status read_lead(struct zchunk *zchunk, size_t *header_len, struct error *err)
{
	struct buffer *header = &zchunk->header;
	size_t at = 5;
	uint64_t type, len;

	if (header->len < at || memcmp(header->data, "\0ZCK1", at) != 0)
		return error_set(err, STATUS_FORMAT, "no zchunk");
	if (!read_number(header, &at, &type) || !read_number(header, &at, &len))
		return error_set(err, STATUS_FORMAT, "truncated lead");
	zchunk->algorithm = find_algorithm(type, &zchunk->sum_len);
	if (zchunk->algorithm == NULL)
		return error_set(err, STATUS_UNSUPPORTED, "checksum type %" PRIu64, type);
	if (len > HEADER_BYTES_MAX)
		return error_set(err, STATUS_LIMIT, "a header of %" PRIu64 " bytes", len);
	zchunk->sum = at;
	*header_len = at + zchunk->sum_len + (size_t)len;
	if (*header_len > zchunk->source->size)
		return error_set(
			err, STATUS_FORMAT, "short read: the header has %zu bytes", *header_len);
	return STATUS_OK;
}

static enum status read_chunk(struct zchunk *zchunk, size_t *at, struct error *err)
{
	struct chunk chunk = {.entry = *at, .offset = zchunk->end};
	bool is_right = true;
	uint64_t stream;

	if (zchunk->flags & FLAG_STREAMS)
		is_right = read_number(&zchunk->header, at, &stream);
	chunk.sum = *at;
	if (is_right && zchunk->header.len - *at < zchunk->chunk_sum_len)
		is_right = false;
	if (is_right)
		*at += zchunk->chunk_sum_len;
	if (is_right && zchunk->flags & FLAG_UNCOMPRESSED_SUMS) {
		is_right = zchunk->header.len - *at >= zchunk->chunk_sum_len;
		*at += is_right ? zchunk->chunk_sum_len : 0;
	}
	if (!is_right || !read_number(&zchunk->header, at, &chunk.len) ||
		!read_number(&zchunk->header, at, &chunk.size))
		return error_set(err, STATUS_FORMAT, "truncated index");
	if (chunk.len > zchunk->source->size - zchunk->end)
		return error_set(err, STATUS_FORMAT,
			"short read: a chunk of %" PRIu64 " bytes at %" PRIu64, chunk.len,
			zchunk->end);
	chunk.entry_end = *at;
	zchunk->end += chunk.len;
	ARRAY_GROW(zchunk->chunks, zchunk->count, zchunk->capacity);
	zchunk->chunks[zchunk->count++] = chunk;
	return STATUS_OK;
}

static enum status read_index(struct zchunk *zchunk, struct error *err)
{
	struct buffer *header = &zchunk->header;
	size_t at = zchunk->sum + 2 * zchunk->sum_len;
	uint64_t index_len, type, count;

	zchunk->data_sum = zchunk->sum + zchunk->sum_len;
	if (at > header->len || !read_number(header, &at, &zchunk->flags) ||
		!read_number(header, &at, &zchunk->compression))
		return error_set(err, STATUS_FORMAT, "truncated preface");
	if (zchunk->flags & ~(uint64_t)(FLAG_STREAMS | FLAG_UNCOMPRESSED_SUMS))
		return error_set(err, STATUS_UNSUPPORTED, "flags %" PRIx64, zchunk->flags);
	if (!read_number(header, &at, &index_len) || !read_number(header, &at, &type) ||
		!read_number(header, &at, &count))
		return error_set(err, STATUS_FORMAT, "truncated preface");
	zchunk->chunk_algorithm = find_algorithm(type, &zchunk->chunk_sum_len);
	if (zchunk->chunk_algorithm == NULL)
		return error_set(err, STATUS_UNSUPPORTED, "chunk checksum type %" PRIu64, type);
	zchunk->index = at;
	zchunk->end = header->len;
	/* At least the dictionary, which may be empty; each takes bytes of the header. */
	do {
		enum status status = read_chunk(zchunk, &at, err);

		if (status != STATUS_OK)
			return status;
	} while (zchunk->count < count);
	return STATUS_OK;
}

static enum status read_header(struct zchunk *zchunk, struct error *err)
{
	struct buffer *header = &zchunk->header;
	uint64_t size = zchunk->source->size;
	size_t len = size < LEAD_BYTES_MAX ? (size_t)size : LEAD_BYTES_MAX;
	enum status status;

	buffer_reserve(header, len + 1);
	status = source_pread(zchunk->source, 0, header->data, len, err);
	header->len = status == STATUS_OK ? len : 0;
	if (status == STATUS_OK)
		status = read_lead(zchunk, &len, err);
	if (status != STATUS_OK)
		return status;
	buffer_clear(header);
	buffer_reserve(header, len + 1);
	status = source_pread(zchunk->source, 0, header->data, len, err);
	header->len = status == STATUS_OK ? len : 0;
	return status == STATUS_OK ? read_index(zchunk, err) : status;
}

/* ---- checksums ---- */

static bool is_zero(const char *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

static bool is_sum(EVP_MD_CTX *context, const void *said, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	return EVP_DigestFinal_ex(context, digest, NULL) == 1 && memcmp(digest, said, len) == 0;
}

static void must_work(int result)
{
	if (result != 1) {
		fputs("reproof: OpenSSL cannot compute a hash; nothing was decided\n", stderr);
		_exit(3);
	}
}

/* Reads a chunk into its own sum and that of all data. */
static enum status sum_chunk(struct zchunk *zchunk, const struct chunk *chunk, EVP_MD_CTX *all,
	EVP_MD_CTX *own, unsigned char *window, struct error *err)
{
	size_t len;

	for (uint64_t at = 0; at < chunk->len; at += len) {
		enum status status;

		len = chunk->len - at < SOURCE_WINDOW ? (size_t)(chunk->len - at) : SOURCE_WINDOW;
		status = source_pread(zchunk->source, chunk->offset + at, window, len, err);
		if (status != STATUS_OK)
			return status;
		must_work(EVP_DigestUpdate(all, window, len));
		must_work(EVP_DigestUpdate(own, window, len));
	}
	return STATUS_OK;
}

static void tell_chunk(struct zchunk *zchunk, size_t number, bool is_right, int64_t owner)
{
	const struct chunk *chunk = &zchunk->chunks[number];
	struct members *members = &zchunk->members;
	size_t sum_end = chunk->sum + zchunk->chunk_sum_len;

	if (chunk->len == 0) {
		members_add_structure(
			members, chunk->entry, chunk->entry_end - chunk->entry, "zchunk-index");
		return;
	}
	members_add_metadata(
		members, chunk->entry, chunk->sum - chunk->entry, "zchunk-entry", owner);
	if (is_right)
		members_add_derived(members, chunk->sum, zchunk->chunk_sum_len, "zchunk-chunk-sum");
	else
		members_add_metadata(members, chunk->sum, zchunk->chunk_sum_len,
			"zchunk-chunk-sum-invalid", owner);
	members_add_metadata(members, sum_end, chunk->entry_end - sum_end, "zchunk-entry", owner);
	members_add_content(members, chunk->offset, chunk->len, owner,
		zchunk->compression == COMPRESSION_NONE ? 0 : REGION_PACKED);
}

static void tell_header(struct zchunk *zchunk)
{
	struct members *members = &zchunk->members;
	size_t index_end = zchunk->chunks[zchunk->count - 1].entry_end;
	size_t preface = zchunk->data_sum + zchunk->sum_len;

	members_add_structure(members, 0, zchunk->sum, "zchunk-header");
	if (zchunk->is_header_right)
		members_add_derived(members, zchunk->sum, zchunk->sum_len, "zchunk-header-sum");
	else
		members_add_structure(
			members, zchunk->sum, zchunk->sum_len, "zchunk-header-sum-invalid");
	if (!zchunk->has_data_sum)
		members_add_structure(members, zchunk->data_sum, zchunk->sum_len, "zchunk-header");
	else if (zchunk->is_data_right)
		members_add_derived(members, zchunk->data_sum, zchunk->sum_len, "zchunk-data-sum");
	else
		members_add_structure(
			members, zchunk->data_sum, zchunk->sum_len, "zchunk-data-sum-invalid");
	members_add_structure(members, preface, zchunk->index - preface, "zchunk-header");
	members_add_structure(
		members, index_end, zchunk->header.len - index_end, "zchunk-signatures");
	members_add_structure(
		members, zchunk->end, zchunk->source->size - zchunk->end, "trailing-data");
}

static enum status check(struct zchunk *zchunk, struct error *err)
{
	EVP_MD_CTX *all = EVP_MD_CTX_new(), *own = EVP_MD_CTX_new();
	unsigned char *window = xmalloc(SOURCE_WINDOW);
	const char *header = zchunk->header.data;
	size_t behind = zchunk->sum + zchunk->sum_len;
	enum status status = STATUS_OK;
	int64_t owner = 0;

	must_work(all != NULL && own != NULL);
	must_work(EVP_DigestInit_ex2(all, zchunk->algorithm, NULL));
	must_work(EVP_DigestUpdate(all, header, zchunk->sum));
	must_work(EVP_DigestUpdate(all, header + behind, zchunk->header.len - behind));
	zchunk->is_header_right = is_sum(all, header + zchunk->sum, zchunk->sum_len);
	must_work(EVP_DigestInit_ex2(all, zchunk->algorithm, NULL));
	for (size_t i = 0; i < zchunk->count && status == STATUS_OK; i++) {
		const struct chunk *chunk = &zchunk->chunks[i];

		must_work(EVP_DigestInit_ex2(own, zchunk->chunk_algorithm, NULL));
		status = sum_chunk(zchunk, chunk, all, own, window, err);
		if (status == STATUS_OK)
			tell_chunk(zchunk, i,
				is_sum(own, header + chunk->sum, zchunk->chunk_sum_len), owner);
		owner += chunk->len > 0;
	}
	zchunk->has_data_sum = !(zchunk->flags & FLAG_UNCOMPRESSED_SUMS) ||
		!is_zero(header + zchunk->data_sum, zchunk->sum_len);
	zchunk->is_data_right =
		status == STATUS_OK && is_sum(all, header + zchunk->data_sum, zchunk->sum_len);
	if (status == STATUS_OK)
		tell_header(zchunk);
	free(window);
	EVP_MD_CTX_free(own);
	EVP_MD_CTX_free(all);
	return status;
}

/* ---- content ---- */

struct unpacking {
	struct pieces pieces;
	struct source *packed;
	ZSTD_DCtx *context;
	unsigned char *window;
	size_t in_hand; /* of the packed window that is given to zstd */
	uint64_t left;	/* bytes that have to come out */
	size_t hint;	/* 0 at the end of a frame */
};

static enum status unpack_next(struct pieces *pieces, struct error *err)
{
	struct unpacking *self = (struct unpacking *)pieces;
	ZSTD_outBuffer out = {self->window, WINDOW_SIZE, 0};
	ZSTD_inBuffer in = {NULL, 0, 0};
	const unsigned char *data;
	enum status status = source_peek(self->packed, 1, &data, &in.size, err);

	if (status != STATUS_OK)
		return status;
	in.src = data;
	if (in.size == 0 && self->hint == 0)
		return self->left == 0
			? STATUS_END
			: error_set(err, STATUS_FORMAT, "the chunk unpacks to too little");
	self->hint = ZSTD_decompressStream(self->context, &out, &in);
	if (ZSTD_isError(self->hint))
		return error_set(err, STATUS_FORMAT, "zstd: %s", ZSTD_getErrorName(self->hint));
	if (in.size == 0 && out.pos == 0)
		return error_set(err, STATUS_FORMAT, "the chunk is truncated");
	if (out.pos > self->left)
		return error_set(err, STATUS_FORMAT, "the chunk unpacks to too much");
	self->left -= out.pos;
	pieces->data = self->window;
	pieces->len = out.pos;
	return source_skip(self->packed, in.pos, err);
}

static void unpack_free(struct source *source)
{
	struct unpacking *self = (struct unpacking *)source;

	ZSTD_freeDCtx(self->context);
	source_free(self->packed);
	pieces_release(&self->pieces);
	free(self->window);
	free(self);
}

static const struct source_ops unpack_ops = {
	.peek = pieces_peek,
	.skip = pieces_skip,
	.free = unpack_free,
};

static struct source *open_chunk(struct zchunk *zchunk, const struct chunk *chunk)
{
	struct source *packed = source_range_new(zchunk->source, chunk->offset, chunk->len);
	struct unpacking *self;

	if (zchunk->compression == COMPRESSION_NONE)
		return packed;
	self = xcalloc(1, sizeof(*self));
	self->pieces.source = (struct source){.ops = &unpack_ops, .size = SOURCE_SIZE_UNKNOWN};
	self->pieces.next = unpack_next;
	self->packed = packed;
	self->context = ZSTD_createDCtx();
	if (self->context == NULL)
		abort();
	self->window = xmalloc(WINDOW_SIZE);
	self->left = chunk->size;
	return &self->pieces.source;
}

/* The dictionary, which all chunks but itself need. */
static enum status read_dict(struct zchunk *zchunk, struct error *err)
{
	const struct chunk *chunk = &zchunk->chunks[0];
	struct source *source;
	enum status status;
	size_t got = 0;

	if (chunk->len == 0 || zchunk->has_dict)
		return STATUS_OK;
	if (chunk->size > DICT_BYTES_MAX)
		return error_set(
			err, STATUS_LIMIT, "a dictionary of %" PRIu64 " bytes", chunk->size);
	source = open_chunk(zchunk, chunk);
	buffer_reserve(&zchunk->dict, (size_t)chunk->size + 1);
	status = source_read(source, zchunk->dict.data, (size_t)chunk->size, &got, err);
	zchunk->dict.len = got;
	zchunk->has_dict = status == STATUS_OK;
	source_free(source);
	return status;
}

/* ---- members ---- */

static enum status zchunk_next(struct members *members, struct member *member, struct error *err)
{
	struct zchunk *zchunk = (struct zchunk *)members;
	enum status status = STATUS_OK;

	while (zchunk->given < zchunk->count) {
		const struct chunk *chunk = &zchunk->chunks[zchunk->given++];
		const unsigned char *sum = (unsigned char *)zchunk->header.data + chunk->sum;

		if (chunk->len == 0)
			continue;
		member_clear(member);
		buffer_add_text(&member->path, zchunk->given == 1 ? "dictionary " : "chunk ");
		for (size_t i = 0; i < zchunk->chunk_sum_len; i++)
			buffer_add_format(&member->path, "%02x", sum[i]);
		member_add_field(member, "type", "%s", zchunk->given == 1 ? "dictionary" : "chunk");
		member_add_field(member, "chunk-bytes", "%" PRIu64, chunk->size);
		member->has_content = true;
		member->size = chunk->size;
		return STATUS_OK;
	}
	if (!zchunk->is_told) {
		zchunk->is_told = true;
		status = check(zchunk, err);
	}
	return status < 0 ? error_context(err, "zchunk") : STATUS_END;
}

static enum status zchunk_open_member(
	struct members *members, struct source **content, struct error *err)
{
	struct zchunk *zchunk = (struct zchunk *)members;
	enum status status = STATUS_OK;

	if (zchunk->given == 0 || zchunk->is_told)
		return error_set(err, STATUS_USAGE, "there is no content to open");
	if (zchunk->compression != COMPRESSION_NONE && zchunk->compression != COMPRESSION_ZSTD)
		return error_set(
			err, STATUS_UNSUPPORTED, "compression type %" PRIu64, zchunk->compression);
	if (zchunk->given > 1 && zchunk->compression == COMPRESSION_ZSTD)
		status = read_dict(zchunk, err);
	if (status != STATUS_OK)
		return status;
	*content = open_chunk(zchunk, &zchunk->chunks[zchunk->given - 1]);
	if (zchunk->given > 1 && zchunk->dict.len > 0 &&
		ZSTD_isError(ZSTD_DCtx_loadDictionary(((struct unpacking *)*content)->context,
			zchunk->dict.data, zchunk->dict.len))) {
		source_free(*content);
		return error_set(err, STATUS_FORMAT, "the dictionary is none");
	}
	return STATUS_OK;
}

static void zchunk_describe(struct members *members, struct member *container)
{
	const struct zchunk *zchunk = (struct zchunk *)members;

	member_add_field(container, "zchunk-chunks", "%zu", zchunk->count - 1);
	member_add_field(
		container, "zchunk-dictionary", "%" PRIu64 " bytes", zchunk->chunks[0].size);
	member_add_field(container, "zchunk-compression", "%" PRIu64, zchunk->compression);
	if (zchunk->is_told && !zchunk->is_header_right)
		member_add_field(container, "zchunk-header-sum-invalid", "does not fit");
	if (zchunk->is_told && zchunk->has_data_sum && !zchunk->is_data_right)
		member_add_field(container, "zchunk-data-sum-invalid", "does not fit");
}

static void zchunk_free(struct members *members)
{
	struct zchunk *zchunk = (struct zchunk *)members;

	buffer_release(&zchunk->header);
	buffer_release(&zchunk->dict);
	free(zchunk->chunks);
	free(zchunk);
}

static const struct members_ops zchunk_ops = {
	.next = zchunk_next,
	.open = zchunk_open_member,
	.describe = zchunk_describe,
	.free = zchunk_free,
};

static enum status zchunk_open(struct source *source, const char *name, const struct limits *limits,
	struct members **members, struct error *err)
{
	struct zchunk *zchunk = xcalloc(1, sizeof(*zchunk));

	(void)name, (void)limits;
	zchunk->members.ops = &zchunk_ops;
	zchunk->source = source;
	if (read_header(zchunk, err) != STATUS_OK) {
		zchunk_free(&zchunk->members);
		return error_context(err, "zchunk");
	}
	*members = &zchunk->members;
	return STATUS_OK;
}

static unsigned zchunk_bid(const unsigned char *data, size_t len)
{
	return len >= 5 && memcmp(data, "\0ZCK1", 5) == 0 ? 40 : 0;
}

const struct format format_zchunk = {
	.name = "zchunk",
	.bid_bytes = 16,
	.needs_seek = true,
	.is_lazy = true,
	.bid = zchunk_bid,
	.open = zchunk_open,
};
