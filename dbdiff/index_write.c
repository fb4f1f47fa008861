/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>
#include <zstd.h>

#include "base/alloc.h"
#include "dbdiff/index_file.h"
#include "dbdiff/index_rows.h"

#define LEVEL	     12
#define ROWS_AT_ONCE ((size_t)256 * 1024) /* bytes before they are compressed */

const struct index_table index_tables[INDEX_TABLES] = {
	[INDEX_TABLE_MEMBER] = {"SELECT * FROM member ORDER BY container, path, occurrence",
		"INSERT INTO member VALUES"
		" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
		14},
	[INDEX_TABLE_BLOCK] = {"SELECT * FROM block ORDER BY member",
		"INSERT INTO block VALUES (?1, ?2)", 2},
	[INDEX_TABLE_REGION] = {"SELECT * FROM region ORDER BY container, start, sequence",
		"INSERT INTO region VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", 9},
};

struct writer {
	struct tempfile *file;
	struct hash hash;
	ZSTD_CCtx *zstd;
	struct buffer rows;
	unsigned char *packed;
	size_t packed_size;
};

static void add_number(struct buffer *out, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		buffer_add_char(out, (char)(number | 0x80));
	buffer_add_char(out, (char)number);
}

static void add_value(struct buffer *out, sqlite3_stmt *row, int column)
{
	int type = sqlite3_column_type(row, column);
	uint64_t number;
	size_t len;

	switch (type) {
	case SQLITE_NULL:
		buffer_add_char(out, INDEX_VALUE_NULL);
		break;
	case SQLITE_INTEGER:
		number = (uint64_t)sqlite3_column_int64(row, column);
		buffer_add_char(out, INDEX_VALUE_NUMBER);
		add_number(out, (number << 1) ^ (number >> 63 ? UINT64_MAX : 0));
		break;
	default:
		/* The length of the blob is asked for behind its conversion, if there is one. */
		buffer_add_char(out, type == SQLITE_TEXT ? INDEX_VALUE_TEXT : INDEX_VALUE_BLOB);
		(void)sqlite3_column_blob(row, column);
		len = (size_t)sqlite3_column_bytes(row, column);
		add_number(out, len);
		if (len > 0)
			buffer_add(out, sqlite3_column_blob(row, column), len);
	}
}

/* Compresses the rows there are; with ZSTD_e_end the frame is complete. */
static enum status flush(struct writer *writer, ZSTD_EndDirective directive, struct error *err)
{
	ZSTD_inBuffer in = {writer->rows.data, writer->rows.len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {writer->packed, writer->packed_size, 0};

		left = ZSTD_compressStream2(writer->zstd, &out, &in, directive);
		if (ZSTD_isError(left))
			return error_set(err, STATUS_IO, "zstd: %s", ZSTD_getErrorName(left));
		hash_update(&writer->hash, writer->packed, out.pos);
		if (tempfile_write(writer->file, writer->packed, out.pos, err) < 0)
			return err->status;
	} while (directive == ZSTD_e_end ? left > 0 : in.pos < in.size);
	buffer_clear(&writer->rows);
	return STATUS_OK;
}

static enum status write_table(
	struct writer *writer, struct index *index, int table, struct error *err)
{
	sqlite3_stmt *row = NULL;
	enum status status = STATUS_OK;
	int result = sqlite3_prepare_v2(index->sql.db, index_tables[table].select, -1, &row, NULL);

	while (result == SQLITE_OK || result == SQLITE_ROW) {
		result = sqlite3_step(row);
		if (result != SQLITE_ROW)
			break;
		buffer_add_char(&writer->rows, (char)(table + 1));
		for (int column = 0; column < index_tables[table].columns; column++)
			add_value(&writer->rows, row, column);
		if (writer->rows.len >= ROWS_AT_ONCE)
			status = flush(writer, ZSTD_e_continue, err);
		if (status != STATUS_OK)
			break;
	}
	if (status == STATUS_OK && result != SQLITE_DONE)
		status =
			error_set(err, STATUS_DATABASE, "index: %s", sqlite3_errmsg(index->sql.db));
	sqlite3_finalize(row);
	return status;
}

/* Into the room that was left for it. */
static enum status put_checksum(
	struct writer *writer, size_t offset, const struct digest *checksum, struct error *err)
{
	struct buffer line = {0};
	bool is_written;

	index_head_checksum(checksum, &line);
	is_written =
		pwrite(writer->file->fd, line.data, line.len, (off_t)offset) == (ssize_t)line.len;
	if (!is_written)
		error_set_errno(err, "%s", writer->file->final_path);
	buffer_release(&line);
	return is_written ? STATUS_OK : err->status;
}

enum status index_file_write(struct tempfile *file, const struct index_head *head,
	struct index *index, struct error *err)
{
	struct writer writer = {.file = file, .zstd = ZSTD_createCCtx()};
	struct digest checksum = {0};
	struct buffer lines = {0};
	enum status status;
	size_t covered;

	if (writer.zstd == NULL)
		abort();
	ZSTD_CCtx_setParameter(writer.zstd, ZSTD_c_compressionLevel, LEVEL);
	writer.packed_size = ZSTD_CStreamOutSize();
	writer.packed = xmalloc(writer.packed_size);
	hash_init(&writer.hash);
	index_head_lines(head, &lines);
	covered = lines.len;
	hash_update(&writer.hash, lines.data, covered);
	index_head_checksum(&checksum, &lines);
	status = tempfile_write(file, lines.data, lines.len, err);
	for (int table = 0; table < INDEX_TABLES && status == STATUS_OK; table++)
		status = write_table(&writer, index, table, err);
	buffer_add_char(&writer.rows, INDEX_ROWS_END);
	if (status == STATUS_OK)
		status = flush(&writer, ZSTD_e_end, err);
	hash_finish(&writer.hash, &checksum);
	if (status == STATUS_OK)
		status = put_checksum(&writer, covered, &checksum, err);
	hash_release(&writer.hash);
	ZSTD_freeCCtx(writer.zstd);
	buffer_release(&writer.rows);
	buffer_release(&lines);
	free(writer.packed);
	return status;
}
