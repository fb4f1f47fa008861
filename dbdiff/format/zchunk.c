/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zchunk (zchunk_format.txt of its sources, with the lead as zck 1.2 writes it: the size of the
 * header stands before its checksum): a header with an index, and chunks that are packed one by
 * one. A chunk is a member called by its checksum, so that one more in front renames no other.
 */
#include "dbdiff/format/zchunk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/pieces.h"

#define DICT_BYTES_MAX	 ((size_t)16 << 20)
#define WINDOW_SIZE	 ((size_t)128 * 1024)
#define WINDOW_LOG_LEAST 23 /* what zstd takes at its usual levels */
#define WINDOW_LOG_MAX	 27

struct zchunk {
	struct members members;
	struct source *source;
	struct zchunk_header header;
	size_t given;
	bool is_told, is_header_right, is_data_right;
	bool has_data_sum; /* zck -u leaves zeros in its place */
	/* Unpacked and digested once, or why it cannot be, for all chunks. */
	ZSTD_DDict *dict;
	bool has_dict;
	struct error dict_failure;
};

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

/* Reads a chunk into its own sum and that of all data. */
static enum status sum_chunk(struct zchunk *zchunk, const struct zchunk_chunk *chunk,
	EVP_MD_CTX *all, EVP_MD_CTX *own, unsigned char *window, struct error *err)
{
	size_t len;

	for (uint64_t at = 0; at < chunk->len; at += len) {
		enum status status;

		len = chunk->len - at < SOURCE_WINDOW ? (size_t)(chunk->len - at) : SOURCE_WINDOW;
		status = source_pread(zchunk->source, chunk->offset + at, window, len, err);
		if (status != STATUS_OK)
			return status;
		hash_must_work(EVP_DigestUpdate(all, window, len));
		hash_must_work(EVP_DigestUpdate(own, window, len));
	}
	return STATUS_OK;
}

static void tell_chunk(struct zchunk *zchunk, size_t number, bool is_right, int64_t owner)
{
	const struct zchunk_header *header = &zchunk->header;
	const struct zchunk_chunk *chunk = &header->chunks[number];
	struct members *members = &zchunk->members;
	size_t sum_end = chunk->sum + header->chunk_sum_len;

	if (chunk->len == 0) {
		members_add_structure(
			members, chunk->entry, chunk->entry_end - chunk->entry, "zchunk-index");
		return;
	}
	members_add_metadata(
		members, chunk->entry, chunk->sum - chunk->entry, "zchunk-entry", owner);
	if (is_right)
		members_add_derived(members, chunk->sum, header->chunk_sum_len, "zchunk-chunk-sum");
	else
		members_add_metadata(members, chunk->sum, header->chunk_sum_len,
			"zchunk-chunk-sum-invalid", owner);
	members_add_metadata(members, sum_end, chunk->entry_end - sum_end, "zchunk-entry", owner);
	members_add_content(members, chunk->offset, chunk->len, owner,
		header->compression == ZCHUNK_NONE ? 0 : REGION_PACKED);
}

static void tell_header(struct zchunk *zchunk)
{
	const struct zchunk_header *header = &zchunk->header;
	struct members *members = &zchunk->members;
	size_t index_end = header->chunks[header->chunk_count - 1].entry_end;
	size_t preface = header->data_sum + header->sum_len;

	members_add_structure(members, 0, header->sum, "zchunk-header");
	if (zchunk->is_header_right)
		members_add_derived(members, header->sum, header->sum_len, "zchunk-header-sum");
	else
		members_add_structure(
			members, header->sum, header->sum_len, "zchunk-header-sum-invalid");
	if (!zchunk->has_data_sum)
		members_add_structure(members, header->data_sum, header->sum_len, "zchunk-header");
	else if (zchunk->is_data_right)
		members_add_derived(members, header->data_sum, header->sum_len, "zchunk-data-sum");
	else
		members_add_structure(
			members, header->data_sum, header->sum_len, "zchunk-data-sum-invalid");
	members_add_structure(members, preface, header->index - preface, "zchunk-header");
	members_add_structure(
		members, index_end, header->bytes.len - index_end, "zchunk-signatures");
	members_add_structure(
		members, header->end, zchunk->source->size - header->end, "trailing-data");
}

static enum status check(struct zchunk *zchunk, struct error *err)
{
	EVP_MD_CTX *all = EVP_MD_CTX_new(), *own = EVP_MD_CTX_new();
	unsigned char *window = xmalloc(SOURCE_WINDOW);
	const struct zchunk_header *header = &zchunk->header;
	const char *bytes = header->bytes.data;
	size_t behind = header->sum + header->sum_len;
	enum status status = STATUS_OK;
	int64_t owner = 0;

	hash_must_work(all != NULL && own != NULL);
	hash_must_work(EVP_DigestInit_ex2(all, header->algorithm, NULL));
	hash_must_work(EVP_DigestUpdate(all, bytes, header->sum));
	hash_must_work(EVP_DigestUpdate(all, bytes + behind, header->bytes.len - behind));
	zchunk->is_header_right = is_sum(all, bytes + header->sum, header->sum_len);
	hash_must_work(EVP_DigestInit_ex2(all, header->algorithm, NULL));
	for (size_t i = 0; i < header->chunk_count && status == STATUS_OK; i++) {
		const struct zchunk_chunk *chunk = &header->chunks[i];

		hash_must_work(EVP_DigestInit_ex2(own, header->chunk_algorithm, NULL));
		status = sum_chunk(zchunk, chunk, all, own, window, err);
		if (status == STATUS_OK)
			tell_chunk(zchunk, i,
				is_sum(own, bytes + chunk->sum, header->chunk_sum_len), owner);
		owner += chunk->len > 0;
	}
	zchunk->has_data_sum = !(header->flags & ZCHUNK_UNCOMPRESSED_SUMS) ||
		!is_zero(bytes + header->data_sum, header->sum_len);
	zchunk->is_data_right =
		status == STATUS_OK && is_sum(all, bytes + header->data_sum, header->sum_len);
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
	const struct unpack_room *room;
	uint64_t taken; /* of it, for the window */
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
	unpack_give_window(self->room, &self->taken);
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

/* A chunk is one frame, and has no use for a window that is larger than itself. */
static int window_log(const struct zchunk_chunk *chunk)
{
	int log = WINDOW_LOG_LEAST;

	while (log < WINDOW_LOG_MAX && chunk->size >> log > 1)
		log++;
	return log;
}

static enum status open_chunk(struct zchunk *zchunk, const struct zchunk_chunk *chunk,
	struct source **content, struct error *err)
{
	struct source *packed;
	struct unpacking *self;
	uint64_t taken = 0;

	if (zchunk->header.compression == ZCHUNK_ZSTD &&
		unpack_take_window(
			zchunk->members.room, &taken, UINT64_C(1) << window_log(chunk), err) < 0)
		return err->status;
	packed = *content = source_range_new(zchunk->source, chunk->offset, chunk->len);
	if (zchunk->header.compression == ZCHUNK_NONE)
		return STATUS_OK;
	self = xcalloc(1, sizeof(*self));
	self->pieces.source = (struct source){.ops = &unpack_ops, .size = SOURCE_SIZE_UNKNOWN};
	self->pieces.next = unpack_next;
	self->packed = packed;
	self->room = zchunk->members.room;
	self->taken = taken;
	self->context = ZSTD_createDCtx();
	if (self->context == NULL)
		abort();
	ZSTD_DCtx_setParameter(self->context, ZSTD_d_windowLogMax, window_log(chunk));
	self->window = xmalloc(WINDOW_SIZE);
	self->left = chunk->size;
	*content = &self->pieces.source;
	return STATUS_OK;
}

static enum status read_dict(struct zchunk *zchunk, struct error *err)
{
	const struct zchunk_chunk *chunk = &zchunk->header.chunks[0];
	struct source *source;
	struct buffer dict = {0};
	enum status status;

	if (chunk->size > DICT_BYTES_MAX)
		return error_set(err, STATUS_LIMIT,
			"a dictionary of %" PRIu64 " bytes, more than %zu", chunk->size,
			DICT_BYTES_MAX);
	if (open_chunk(zchunk, chunk, &source, err) < 0)
		return err->status;
	buffer_reserve(&dict, (size_t)chunk->size + 1);
	status = source_read(source, dict.data, (size_t)chunk->size, &dict.len, err);
	if (status == STATUS_OK && dict.len > 0) {
		zchunk->dict = ZSTD_createDDict(dict.data, dict.len);
		if (zchunk->dict == NULL)
			status = error_set(err, STATUS_FORMAT, "the dictionary is none");
	}
	buffer_release(&dict);
	source_free(source);
	return status;
}

/* The dictionary, which all chunks but itself need. */
static enum status find_dict(struct zchunk *zchunk, struct error *err)
{
	if (!zchunk->has_dict && zchunk->header.chunks[0].len > 0)
		zchunk->dict_failure.status = read_dict(zchunk, &zchunk->dict_failure);
	zchunk->has_dict = true;
	if (zchunk->dict_failure.status < 0)
		*err = zchunk->dict_failure;
	return zchunk->dict_failure.status;
}

/* ---- members ---- */

static enum status zchunk_next(struct members *members, struct member *member, struct error *err)
{
	struct zchunk *zchunk = (struct zchunk *)members;
	enum status status = STATUS_OK;

	while (zchunk->given < zchunk->header.chunk_count) {
		const struct zchunk_chunk *chunk = &zchunk->header.chunks[zchunk->given++];
		const unsigned char *sum = (unsigned char *)zchunk->header.bytes.data + chunk->sum;

		if (chunk->len == 0)
			continue;
		member_clear(member);
		buffer_add_text(&member->path, zchunk->given == 1 ? "dictionary " : "chunk ");
		for (size_t i = 0; i < zchunk->header.chunk_sum_len; i++)
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
	if (zchunk->header.compression != ZCHUNK_NONE && zchunk->header.compression != ZCHUNK_ZSTD)
		return error_set(err, STATUS_UNSUPPORTED, "compression type %" PRIu64,
			zchunk->header.compression);
	if (zchunk->given > 1 && zchunk->header.compression == ZCHUNK_ZSTD)
		status = find_dict(zchunk, err);
	if (status != STATUS_OK)
		return status;
	status = open_chunk(zchunk, &zchunk->header.chunks[zchunk->given - 1], content, err);
	if (status != STATUS_OK)
		return status;
	if (zchunk->given > 1 && zchunk->dict != NULL &&
		ZSTD_isError(ZSTD_DCtx_refDDict(
			((struct unpacking *)*content)->context, zchunk->dict))) {
		source_free(*content);
		return error_set(err, STATUS_FORMAT, "the dictionary is none");
	}
	return STATUS_OK;
}

static void zchunk_describe(struct members *members, struct member *container)
{
	const struct zchunk *zchunk = (struct zchunk *)members;

	member_add_field(container, "zchunk-chunks", "%zu", zchunk->header.chunk_count - 1);
	member_add_field(
		container, "zchunk-dictionary", "%" PRIu64 " bytes", zchunk->header.chunks[0].size);
	member_add_field(container, "zchunk-compression", "%" PRIu64, zchunk->header.compression);
	if (zchunk->is_told && !zchunk->is_header_right)
		member_add_field(container, "zchunk-header-sum-invalid", "does not fit");
	if (zchunk->is_told && zchunk->has_data_sum && !zchunk->is_data_right)
		member_add_field(container, "zchunk-data-sum-invalid", "does not fit");
}

static void zchunk_free(struct members *members)
{
	struct zchunk *zchunk = (struct zchunk *)members;

	zchunk_header_release(&zchunk->header);
	ZSTD_freeDDict(zchunk->dict);
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
	if (zchunk_header_read(&zchunk->header, source, err) != STATUS_OK) {
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
