/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_INDEX_H
#define DBDIFF_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/sql.h"
#include "dbdiff/members.h"

#define INDEX_BLOCK_SIZE  ((size_t)64 * 1024)
#define INDEX_ARTIFACT_ID 1
#define INDEX_DEPTH_MOST  256 /* cursors open at the same time */

/* Every member of one artifact, in an SQLite file (dbdiff/index.sql). Zeroed is safe to release. */
struct index {
	struct sql sql;
	unsigned cursors; /* open ones */
};

/* One member. Borrowed texts: until the cursor's next step, or the caller's when adding. */
struct index_row {
	int64_t container;
	int64_t id;
	int64_t position;
	int64_t occurrence; /* index_add() sets it */
	const char *path;
	size_t path_len;
	const char *fields;
	size_t fields_len;
	bool has_content;
	bool is_read; /* to its end: the size is known */
	uint64_t size;
	bool is_hashed; /* sha256 is known too */
	struct digest sha256;
	bool has_place;
	uint64_t place;	    /* see index.sql */
	const char *format; /* NULL for a leaf */
	bool inspected;
	const char *reason; /* NULL when inspected */
	const char
		*lazy; /* of a leaf: the format it is opened as where its sides differ; or NULL */
};

/* In an empty file that is open for writing; it stays the caller's and must outlive the index. */
enum status index_create(struct index *index, int fd, struct error *err);
/*
 * For reading one that may be hostile: STATUS_FORMAT for another schema than ours, and from a
 * cursor for rows that cannot be ours.
 */
enum status index_open(struct index *index, int fd, struct error *err);
/* Opens one that was committed, to add what is inside leaves. */
enum status index_open_again(struct index *index, int fd, struct error *err);
void index_release(struct index *index);

enum status index_add(struct index *index, struct index_row *row, struct error *err);
/* `hashes` is bytes as index.sql says. */
enum status index_add_blocks(
	struct index *index, int64_t member, const void *hashes, size_t len, struct error *err);
/* Records that a leaf was opened: its format, inspected, reason, and fields beside its own. */
enum status index_open_leaf(struct index *index, const struct index_row *row, struct error *err);
enum status index_add_region(
	struct index *index, int64_t container, const struct region *region, struct error *err);
/* Gives the first member of that path in a container another; that one must not be there. */
enum status index_rename(struct index *index, int64_t container, const char *from, const char *to,
	struct error *err);
/* Nothing is in the file before this. */
enum status index_commit(struct index *index, struct error *err);

/* The members of a container in the order of (path bytes, occurrence). Zeroed is safe to release.
 */
struct index_cursor {
	sqlite3_stmt *statement;
	struct index *index;
	struct index_row row;
	struct buffer last_path; /* of the row before */
	int64_t last_occurrence;
	bool has_last;
};

/* One inside another for each depth: STATUS_LIMIT when there are too many. */
enum status index_cursor_open(
	struct index_cursor *cursor, struct index *index, int64_t container, struct error *err);
enum status index_cursor_next(struct index_cursor *cursor, struct error *err);
void index_cursor_release(struct index_cursor *cursor);

/* STATUS_END when the member there was not opened. */
enum status index_opened_at(
	struct index *index, int64_t container, int64_t position, int64_t *id, struct error *err);
/* A region as it is stored; texts are valid until the next call for this index. */
struct region_row {
	uint64_t start, len;
	enum region_kind kind;
	const char *name;
	int64_t owner;		 /* position, or REGION_NO_OWNER */
	uint64_t content_offset; /* or REGION_PACKED */
	const char *detail;	 /* or NULL */
};

/*
 * The region of a container that holds the byte at `offset`, or the next one behind it (then its
 * start is more); `sharer` 0 is the first of those that share the same bytes, 1 the next, …
 * STATUS_END when there is none.
 */
enum status index_region_at(struct index *index, int64_t container, uint64_t offset, int64_t sharer,
	struct region_row *region, struct error *err);
/*
 * Of the regions of a container that belong to the member at `owner` and that the format verified
 * or computed again (REGION_DERIVED, REGION_WRAPPER) and that are its content byte for byte: the
 * first that begins at `from` or behind it. STATUS_END behind the last.
 */
enum status index_told_at(struct index *index, int64_t container, int64_t owner, uint64_t from,
	struct region_row *region, struct error *err);
/* The highest id there is. */
enum status index_last_id(struct index *index, int64_t *id, struct error *err);
/* Adds the path of the member at a position of a container; STATUS_NOT_FOUND when there is none. */
enum status index_path_at(struct index *index, int64_t container, int64_t position,
	struct buffer *path, struct error *err);
/* Adds the block hashes of a member; nothing for one without. */
enum status index_blocks(
	struct index *index, int64_t member, struct buffer *hashes, struct error *err);

#endif
