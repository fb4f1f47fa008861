/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/bundle_zstd.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/alloc.h"

/*
 * Packages are compressed already; the indexes and what stands between shrink at any level. One
 * thread: with several the bytes depend on how many.
 */
#define LEVEL 3
/* 8 MiB, which every zstd gives out and takes unasked: so much memory a frame may want here. */
#define WINDOW_LOG_MOST 23

/* ---- writing ---- */

static enum status packed_check(size_t result, struct error *err)
{
	if (ZSTD_isError(result))
		return error_set(err, STATUS_IO, "zstd: %s", ZSTD_getErrorName(result));
	return STATUS_OK;
}

enum status bundle_file_open(struct bundle_file *file, const char *path, struct error *err)
{
	enum status status = tempfile_open(&file->file, path, 0644, err);

	if (status < 0)
		return status;
	file->out_size = ZSTD_CStreamOutSize();
	file->out = xmalloc(file->out_size);
	hash_init(&file->hash);
	file->context = ZSTD_createCCtx();
	if (!file->context)
		return error_set(err, STATUS_IO, "zstd: no memory");
	status = packed_check(
		ZSTD_CCtx_setParameter(file->context, ZSTD_c_compressionLevel, LEVEL), err);
	if (status == STATUS_OK)
		status = packed_check(
			ZSTD_CCtx_setParameter(file->context, ZSTD_c_checksumFlag, 1), err);
	return status;
}

static enum status pack(struct bundle_file *file, const void *data, size_t len,
	ZSTD_EndDirective directive, struct error *err)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {file->out, file->out_size, 0};

		left = ZSTD_compressStream2(file->context, &out, &in, directive);
		if (packed_check(left, err) < 0 ||
			tempfile_write(&file->file, file->out, out.pos, err) < 0)
			return err->status;
		hash_update(&file->hash, file->out, out.pos);
		file->packed += out.pos;
	} while (directive == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return STATUS_OK;
}

enum status bundle_file_write(
	struct bundle_file *file, const void *data, size_t len, struct error *err)
{
	return pack(file, data, len, ZSTD_e_continue, err);
}

enum status bundle_file_commit(
	struct bundle_file *file, struct digest *digest, uint64_t *size, struct error *err)
{
	if (pack(file, NULL, 0, ZSTD_e_end, err) < 0)
		return err->status;
	hash_finish(&file->hash, digest);
	*size = file->packed;
	return tempfile_commit(&file->file, err);
}

void bundle_file_release(struct bundle_file *file)
{
	tempfile_release(&file->file);
	ZSTD_freeCCtx(file->context);
	if (file->out)
		hash_release(&file->hash);
	free(file->out);
	*file = (struct bundle_file)BUNDLE_FILE_INIT;
}

/* ---- reading ---- */

struct unpack {
	struct source source;
	struct source *packed;
	struct hash *hash;
	ZSTD_DCtx *context;
	unsigned char *window; /* SOURCE_WINDOW bytes, of which [at, at + len) are to be read */
	size_t at, len;
	bool is_ended; /* the frame is over, and so is `packed` */
};

static enum status frame_end_check(struct unpack *unpack, struct error *err)
{
	const unsigned char *data;
	size_t len;

	if (source_peek(unpack->packed, 1, &data, &len, err) < 0)
		return err->status;
	if (len)
		return error_set(err, STATUS_TRUST,
			"there is more in the file behind the bundle's end (its one zstd frame "
			"ends "
			"at byte %ju), which nothing vouches for: refused",
			(uintmax_t)unpack->packed->offset);
	unpack->is_ended = true;
	return STATUS_OK;
}

/* libzstd passes over skippable frames without a word. */
static enum status frame_begin_check(struct unpack *unpack, struct error *err)
{
	static const unsigned char magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	const unsigned char *data;
	size_t len;

	if (source_peek(unpack->packed, sizeof(magic), &data, &len, err) < 0)
		return err->status;
	if (len < sizeof(magic) || memcmp(data, magic, sizeof(magic)) != 0)
		return error_set(err, STATUS_FORMAT,
			"this is no bundle: it does not begin with a zstd frame");
	return STATUS_OK;
}

/* Adds to the window, whose content begins at its start. */
static enum status unpack_more(struct unpack *unpack, struct error *err)
{
	ZSTD_outBuffer out = {unpack->window, SOURCE_WINDOW, unpack->len};
	ZSTD_inBuffer in = {0};
	const unsigned char *data;
	size_t len, left;

	if (unpack->packed->offset == 0 && frame_begin_check(unpack, err) < 0)
		return err->status;
	if (source_peek(unpack->packed, ZSTD_DStreamInSize(), &data, &len, err) < 0)
		return err->status;
	in = (ZSTD_inBuffer){data, len, 0};
	left = ZSTD_decompressStream(unpack->context, &out, &in);
	if (ZSTD_isError(left))
		return error_set(err, STATUS_FORMAT,
			"it is damaged or cut up: zstd says \"%s\" near byte %ju: get it again",
			ZSTD_getErrorName(left), (uintmax_t)unpack->packed->offset);
	if (left > 0 && in.pos == 0 && out.pos == unpack->len)
		return error_set(err, STATUS_FORMAT, "it is cut off after %ju bytes: get it again",
			(uintmax_t)unpack->packed->offset);
	hash_update(unpack->hash, data, in.pos);
	if (source_skip(unpack->packed, in.pos, err) < 0)
		return err->status;
	unpack->len = out.pos;
	return left == 0 ? frame_end_check(unpack, err) : STATUS_OK;
}

static enum status unpack_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	struct unpack *unpack = (struct unpack *)source;

	if (unpack->len < want && !unpack->is_ended && unpack->at) {
		memmove(unpack->window, unpack->window + unpack->at, unpack->len);
		unpack->at = 0;
	}
	while (unpack->len < want && !unpack->is_ended) {
		if (unpack_more(unpack, err) < 0)
			return err->status;
	}
	*data = unpack->window + unpack->at;
	*len = unpack->len;
	return STATUS_OK;
}

static enum status unpack_skip(struct source *source, uint64_t count, struct error *err)
{
	struct unpack *unpack = (struct unpack *)source;

	while (count) {
		const unsigned char *data;
		size_t len;

		if (unpack_peek(source, 1, &data, &len, err) < 0)
			return err->status;
		if (len == 0)
			return error_set(
				err, STATUS_FORMAT, "short read at %ju", (uintmax_t)source->offset);
		if (len > count)
			len = (size_t)count;
		unpack->at += len;
		unpack->len -= len;
		source->offset += len;
		count -= len;
	}
	return STATUS_OK;
}

static void unpack_free(struct source *source)
{
	struct unpack *unpack = (struct unpack *)source;

	ZSTD_freeDCtx(unpack->context);
	free(unpack->window);
	free(unpack);
}

struct source *bundle_unpack_new(struct source *packed, struct hash *hash)
{
	static const struct source_ops ops = {
		.peek = unpack_peek, .skip = unpack_skip, .free = unpack_free};
	struct unpack *unpack = xcalloc(1, sizeof(*unpack));

	unpack->source = (struct source){.ops = &ops, .size = SOURCE_SIZE_UNKNOWN};
	unpack->packed = packed;
	unpack->hash = hash;
	unpack->context = ZSTD_createDCtx();
	if (!unpack->context ||
		ZSTD_isError(ZSTD_DCtx_setParameter(
			unpack->context, ZSTD_d_windowLogMax, WINDOW_LOG_MOST))) {
		unpack_free(&unpack->source);
		return NULL;
	}
	unpack->window = xmalloc(SOURCE_WINDOW);
	return &unpack->source;
}
