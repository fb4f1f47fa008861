/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/read_named.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/buffer.h"
#include "base/pread.h"
#include "base/tempfile.h"
#include "dbdiff/captured.h"
#include "dbdiff/index_file.h"
#include "dbdiff/plan.h"
#include "dbdiff/single.h"

/* One member that is to be read, and its way down. */
struct reading {
	struct single single;
	const struct named_request *request;
	struct wanted_list wanted;
	size_t found, pieces;
	bool is_whole;
};

static enum status sql_error(struct reading *reading, struct error *err)
{
	return error_set(
		err, STATUS_DATABASE, "index: %s", sqlite3_errmsg(reading->single.index->sql.db));
}

static void want(struct reading *reading, const struct wanted *wanted)
{
	struct wanted_list *list = &reading->wanted;

	ARRAY_GROW(list->items, list->count, list->capacity);
	list->items[list->count++] = *wanted;
}

/* Every container above a member has to be opened again. */
static enum status want_way(struct reading *reading, int64_t container, struct error *err)
{
	sqlite3_stmt *select = NULL;
	enum status status = STATUS_OK;
	int result = SQLITE_ROW;

	if (sqlite3_prepare_v2(reading->single.index->sql.db,
		    "SELECT container, position FROM member WHERE id = ?", -1, &select,
		    NULL) != SQLITE_OK)
		return sql_error(reading, err);
	for (unsigned depth = 0; container != 0 && depth < INDEX_DEPTH_MOST; depth++) {
		sqlite3_reset(select);
		sqlite3_bind_int64(select, 1, container);
		result = sqlite3_step(select);
		if (result != SQLITE_ROW)
			break;
		want(reading,
			&(struct wanted){.container = sqlite3_column_int64(select, 0),
				.position = sqlite3_column_int64(select, 1),
				.id = container,
				.what = WANTED_WAY});
		container = sqlite3_column_int64(select, 0);
	}
	if (result != SQLITE_ROW || container != 0)
		status = error_set(err, STATUS_FORMAT, "a member of the index lies nowhere");
	sqlite3_finalize(select);
	return status;
}

/* A member is captured in pieces, as long as one may be. */
static void want_bytes(struct reading *reading, struct wanted wanted, uint64_t size)
{
	do {
		wanted.len = size - wanted.offset;
		if (wanted.len > PLAN_STRETCH_MOST)
			wanted.len = PLAN_STRETCH_MOST;
		want(reading, &wanted);
		reading->pieces++;
		wanted.offset += wanted.len;
	} while (wanted.offset < size);
}

static bool is_named(const struct reading *reading, const char *path, size_t len)
{
	const char *basename = reading->request->basename;
	size_t length = strlen(basename);

	return len >= length && memcmp(path + len - length, basename, length) == 0 &&
		(len == length || path[len - length - 1] == '/');
}

static enum status find(struct reading *reading, struct error *err)
{
	sqlite3_stmt *select = NULL;
	enum status status = STATUS_OK;
	int result = SQLITE_DONE;

	if (sqlite3_prepare_v2(reading->single.index->sql.db,
		    "SELECT container, position, id, path, size, inspected, "
		    "content = 1 AND container <> 0 FROM member ORDER BY id",
		    -1, &select, NULL) != SQLITE_OK)
		return sql_error(reading, err);
	while (status == STATUS_OK && (result = sqlite3_step(select)) == SQLITE_ROW) {
		const char *path = sqlite3_column_blob(select, 3);
		struct wanted wanted = {.container = sqlite3_column_int64(select, 0),
			.position = sqlite3_column_int64(select, 1),
			.id = sqlite3_column_int64(select, 2),
			.what = WANTED_BYTES};

		reading->is_whole = reading->is_whole && sqlite3_column_int(select, 5);
		if (!sqlite3_column_int(select, 6) || !path ||
			!is_named(reading, path, (size_t)sqlite3_column_bytes(select, 3)))
			continue;
		if ((uint64_t)sqlite3_column_int64(select, 4) > reading->request->size_most) {
			reading->is_whole = false;
			continue;
		}
		if (reading->found++ == reading->request->count_most)
			status = error_set(err, STATUS_LIMIT, "more than %zu members are called %s",
				reading->request->count_most, reading->request->basename);
		want_bytes(reading, wanted, (uint64_t)sqlite3_column_int64(select, 4));
		if (status == STATUS_OK)
			status = want_way(reading, wanted.container, err);
	}
	if (status == STATUS_OK && result != SQLITE_DONE)
		status = sql_error(reading, err);
	sqlite3_finalize(select);
	wanted_list_finish(&reading->wanted);
	return status;
}

/*
 * Adds the pieces of the member of parts[*at]; *at is then behind them. STATUS_END when something
 * of it could not be read again.
 */
static enum status join(const struct captured *captured, size_t *at, size_t most,
	struct buffer *bytes, struct error *err)
{
	int64_t member = captured->parts[*at].member;
	bool is_whole = true;

	for (; *at < captured->count && captured->parts[*at].member == member; (*at)++) {
		const struct captured_part *part = &captured->parts[*at];

		if (part->offset == WANTED_WHY_OFFSET) {
			is_whole = false;
			continue;
		}
		if (part->offset != bytes->len || part->len > most - bytes->len)
			return error_set(err, STATUS_FORMAT, "a piece of a member is missing");
		buffer_reserve(bytes, part->len);
		enum status status = pread_exactly(
			captured->fd, bytes->data + bytes->len, part->len, part->at, err);
		if (status != STATUS_OK)
			return status < 0
				? status
				: error_set(err, STATUS_IO, "a temporary file ends too early");
		bytes->len += part->len;
		bytes->data[bytes->len] = '\0';
	}
	return is_whole ? STATUS_OK : STATUS_END;
}

/* Hands out what the second walk wrote. */
static enum status hand_out(struct reading *reading, int fd, struct error *err)
{
	struct captured captured = {0};
	struct buffer bytes = {0};
	enum status status = captured_read(&captured, fd, reading->pieces, err);

	for (size_t i = 0; i < captured.count && status == STATUS_OK;) {
		buffer_clear(&bytes);
		status = join(&captured, &i, reading->request->size_most, &bytes, err);
		if (status == STATUS_OK) {
			status = reading->request->take(
				reading->request->context, buffer_text(&bytes), bytes.len, err);
		} else if (status == STATUS_END) {
			reading->is_whole = false;
			status = STATUS_OK;
		}
	}
	buffer_release(&bytes);
	captured_release(&captured);
	return status;
}

static enum status read_again(struct reading *reading, struct error *err)
{
	struct pair_job job = {.pair = &reading->single.pair,
		.base_fd = -1,
		.wanted = &reading->wanted,
		.out_fd = -1};
	struct error trouble = {0};
	enum status status = tempfile_unlinked(&job.out_fd, err);

	if (status == STATUS_OK)
		status = pair_run(&job, 1, pair_job_capture, &trouble, err);
	if (status == STATUS_OK && trouble.status != STATUS_OK) {
		*err = trouble;
		status = err->status;
	}
	if (status == STATUS_OK)
		status = hand_out(reading, job.out_fd, err);
	if (job.out_fd >= 0)
		close(job.out_fd);
	return status;
}

enum status dbdiff_read_named(const char *name, int fd, const struct limits *limits,
	const struct named_request *request, struct digest *sha256, bool *is_whole,
	struct error *err)
{
	struct reading reading = {.request = request, .is_whole = true};
	enum status status = single_index(&reading.single, name, fd, limits, err);

	if (status == STATUS_OK)
		status = find(&reading, err);
	if (status == STATUS_OK && reading.wanted.count)
		status = read_again(&reading, err);
	*sha256 = reading.single.side.sha256;
	*is_whole = reading.is_whole;
	free(reading.wanted.items);
	single_release(&reading.single);
	return status;
}

enum status dbdiff_each_path(const char *name, int fd, const struct limits *limits,
	path_visitor visit, void *context, bool *is_whole, struct error *err)
{
	struct reading reading = {0};
	sqlite3_stmt *select = NULL;
	int result = SQLITE_DONE;
	enum status status = index_file_is(fd)
		? single_load(&reading.single, name, fd, limits, err)
		: single_index(&reading.single, name, fd, limits, err);

	*is_whole = true;
	if (status == STATUS_OK &&
		sqlite3_prepare_v2(reading.single.index->sql.db,
			"SELECT path, inspected FROM member ORDER BY id", -1, &select,
			NULL) != SQLITE_OK)
		status = sql_error(&reading, err);
	while (status == STATUS_OK && (result = sqlite3_step(select)) == SQLITE_ROW) {
		const char *path = sqlite3_column_blob(select, 0);

		if (!sqlite3_column_int(select, 1))
			*is_whole = false;
		status = visit(
			context, path ? path : "", (size_t)sqlite3_column_bytes(select, 0), err);
	}
	if (status == STATUS_OK && result != SQLITE_DONE)
		status = sql_error(&reading, err);
	sqlite3_finalize(select);
	single_release(&reading.single);
	return status;
}

/* Whether a row is large, or all that the artifact holds; whether it was read whole; its SHA-256.
 */
static const char large_rows[] =
	"SELECT sha256 IS NOT NULL AND (size >= ?1 OR (container = 1 AND "
	"(SELECT count(*) FROM member WHERE container = 1) = 1)) AS is_large, inspected, sha256 "
	"FROM member WHERE is_large OR inspected = 0 ORDER BY id";

static enum status large_take(
	sqlite3_stmt *row, large_visitor visit, void *context, bool *is_whole, struct error *err)
{
	struct digest digest;

	if (!sqlite3_column_int(row, 1))
		*is_whole = false;
	if (!sqlite3_column_int(row, 0))
		return STATUS_OK;
	if (sqlite3_column_bytes(row, 2) != sizeof(digest.bytes))
		return error_set(err, STATUS_FORMAT, "index: no SHA-256");
	memcpy(digest.bytes, sqlite3_column_blob(row, 2), sizeof(digest.bytes));
	visit(context, &digest);
	return STATUS_OK;
}

enum status dbdiff_each_large(const char *name, int fd, const struct limits *limits,
	uint64_t size_least, large_visitor visit, void *context, bool *is_whole, struct error *err)
{
	struct reading reading = {0};
	sqlite3_stmt *select = NULL;
	int result = SQLITE_DONE;
	enum status status = single_index(&reading.single, name, fd, limits, err);

	*is_whole = true;
	if (status == STATUS_OK &&
		sqlite3_prepare_v2(reading.single.index->sql.db, large_rows, -1, &select, NULL) !=
			SQLITE_OK)
		status = sql_error(&reading, err);
	if (status == STATUS_OK)
		sqlite3_bind_int64(select, 1, (sqlite3_int64)size_least);
	while (status == STATUS_OK && (result = sqlite3_step(select)) == SQLITE_ROW)
		status = large_take(select, visit, context, is_whole, err);
	if (status == STATUS_OK && result != SQLITE_DONE)
		status = sql_error(&reading, err);
	sqlite3_finalize(select);
	single_release(&reading.single);
	return status;
}
