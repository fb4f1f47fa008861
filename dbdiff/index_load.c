/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "base/alloc.h"
#include "dbdiff/index_file.h"
#include "dbdiff/index_rows.h"
#include "dbdiff/walk_leaf.h"

#define WINDOW_LOG_MOST 27 /* 128 MiB; ours have 4 */
#define VALUE_MOST	((uint64_t)64 * 1024 * 1024)
#define ROWS_MOST	(UINT64_C(4) << 30) /* bytes of all rows */
#define COLUMNS_MOST	14

struct loader {
	struct source *source;
	ZSTD_DCtx *zstd;
	unsigned char *data; /* unpacked, from `at` to `len` not yet taken */
	size_t size, at, len;
	uint64_t unpacked;
	bool is_frame_over;
	struct buffer values[COLUMNS_MOST]; /* of the row that is being read */
};

static enum status damaged(struct error *err)
{
	return error_set(err, STATUS_FORMAT, "the rows of the index are damaged");
}

/* One step: more bytes, or the end of the frame, or only some way to them. */
static enum status unpack(struct loader *loader, struct error *err)
{
	ZSTD_outBuffer out = {loader->data, loader->size, 0};
	ZSTD_inBuffer in = {0};
	const unsigned char *packed;
	size_t left;

	if (source_peek(loader->source, 1, &packed, &in.size, err) < 0)
		return err->status;
	in.src = packed;
	left = ZSTD_decompressStream(loader->zstd, &out, &in);
	if (ZSTD_isError(left) || (in.pos == 0 && out.pos == 0))
		return damaged(err);
	loader->is_frame_over = left == 0;
	loader->at = 0;
	loader->len = out.pos;
	loader->unpacked += out.pos;
	if (loader->unpacked > ROWS_MOST)
		return error_set(err, STATUS_LIMIT, "the rows of the index are more than 4 GiB");
	return source_skip(loader->source, in.pos, err);
}

static enum status refill(struct loader *loader, struct error *err)
{
	do {
		if (loader->is_frame_over)
			return damaged(err);
		if (unpack(loader, err) < 0)
			return err->status;
	} while (loader->len == 0);
	return STATUS_OK;
}

/* Nothing is behind the rows, in the frame or behind it. */
static enum status finish(struct loader *loader, struct error *err)
{
	const unsigned char *data;
	size_t len;

	while (loader->at == loader->len && !loader->is_frame_over) {
		if (unpack(loader, err) < 0)
			return err->status;
	}
	if (loader->at < loader->len)
		return damaged(err);
	if (source_peek(loader->source, 1, &data, &len, err) < 0)
		return err->status;
	return len == 0 ? STATUS_OK : damaged(err);
}

static enum status take_byte(struct loader *loader, unsigned char *byte, struct error *err)
{
	*byte = 0;
	if (loader->at == loader->len && refill(loader, err) < 0)
		return err->status;
	*byte = loader->data[loader->at++];
	return STATUS_OK;
}

/* In no more bytes than it needs. */
static enum status take_number(struct loader *loader, uint64_t *number, struct error *err)
{
	unsigned char byte;

	*number = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (take_byte(loader, &byte, err) < 0)
			return err->status;
		if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
			break;
		*number |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return STATUS_OK;
	}
	return damaged(err);
}

static enum status take_bytes(struct loader *loader, struct buffer *out, struct error *err)
{
	uint64_t len;

	if (take_number(loader, &len, err) < 0)
		return err->status;
	if (len > VALUE_MOST)
		return damaged(err);
	while (len > 0) {
		size_t part;

		if (loader->at == loader->len && refill(loader, err) < 0)
			return err->status;
		part = loader->len - loader->at;
		if (part > len)
			part = (size_t)len;
		buffer_add(out, loader->data + loader->at, part);
		loader->at += part;
		len -= part;
	}
	return STATUS_OK;
}

/* Texts and blobs stay where they were read to until the row is inserted. */
static enum status take_value(
	struct loader *loader, sqlite3_stmt *insert, int column, struct error *err)
{
	struct buffer *value = &loader->values[column];
	unsigned char kind;
	uint64_t number;

	if (take_byte(loader, &kind, err) < 0)
		return err->status;
	buffer_clear(value);
	switch (kind) {
	case INDEX_VALUE_NULL:
		sqlite3_bind_null(insert, column + 1);
		return STATUS_OK;
	case INDEX_VALUE_NUMBER:
		if (take_number(loader, &number, err) < 0)
			return err->status;
		sql_bind_integer(insert, column + 1,
			(int64_t)((number >> 1) ^ (number & 1 ? UINT64_MAX : 0)));
		return STATUS_OK;
	case INDEX_VALUE_TEXT:
	case INDEX_VALUE_BLOB:
		if (take_bytes(loader, value, err) < 0)
			return err->status;
		if (kind == INDEX_VALUE_BLOB)
			sqlite3_bind_blob(insert, column + 1, buffer_text(value), (int)value->len,
				SQLITE_STATIC);
		else
			sqlite3_bind_text(insert, column + 1, buffer_text(value), (int)value->len,
				SQLITE_STATIC);
		return STATUS_OK;
	default:
		return damaged(err);
	}
}

static enum status load_row(
	struct loader *loader, sqlite3_stmt *insert, int columns, struct error *err)
{
	for (int column = 0; column < columns; column++) {
		if (take_value(loader, insert, column, err) < 0)
			return err->status;
	}
	/* Of other types than the tables', or a row that is there already. */
	if (sqlite3_step(insert) != SQLITE_DONE)
		return damaged(err);
	sqlite3_reset(insert);
	return STATUS_OK;
}

static enum status load_rows(struct loader *loader, const struct limits *limits,
	sqlite3_stmt *const inserts[INDEX_TABLES], struct error *err)
{
	uint64_t left[INDEX_TABLES] = {
		limits->members, limits->members, limits->members * WALK_REGIONS_PER_MEMBER};
	unsigned char table;

	for (;;) {
		if (take_byte(loader, &table, err) < 0)
			return err->status;
		if (table == INDEX_ROWS_END)
			return finish(loader, err);
		if (table > INDEX_TABLES)
			return damaged(err);
		if (left[table - 1]-- == 0)
			return error_set(err, STATUS_LIMIT,
				"the index has more rows than an artifact may have");
		if (load_row(loader, inserts[table - 1], index_tables[table - 1].columns, err) < 0)
			return err->status;
	}
}

static enum status skip_head(struct source *source, struct error *err)
{
	const unsigned char *data;
	enum status status;
	size_t len;

	status = source_peek(source, INDEX_HEAD_MOST, &data, &len, err);
	if (status != STATUS_OK)
		return status;
	len = index_head_length((const char *)data, len);
	return len > 0 ? source_skip(source, len, err) : damaged(err);
}

enum status index_file_load(
	struct source *source, const struct limits *limits, struct index *index, struct error *err)
{
	struct loader loader = {
		.source = source, .zstd = ZSTD_createDCtx(), .size = ZSTD_DStreamOutSize()};
	sqlite3_stmt *inserts[INDEX_TABLES] = {0};
	enum status status = skip_head(source, err);

	if (loader.zstd == NULL)
		abort();
	ZSTD_DCtx_setParameter(loader.zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
	loader.data = xmalloc(loader.size);
	for (int table = 0; table < INDEX_TABLES && status == STATUS_OK; table++) {
		if (sqlite3_prepare_v2(index->sql.db, index_tables[table].insert, -1,
			    &inserts[table], NULL) != SQLITE_OK)
			status = error_set(
				err, STATUS_DATABASE, "index: %s", sqlite3_errmsg(index->sql.db));
	}
	if (status == STATUS_OK)
		status = load_rows(&loader, limits, inserts, err);
	for (int table = 0; table < INDEX_TABLES; table++)
		sqlite3_finalize(inserts[table]);
	for (int column = 0; column < COLUMNS_MOST; column++)
		buffer_release(&loader.values[column]);
	ZSTD_freeDCtx(loader.zstd);
	free(loader.data);
	return status;
}
