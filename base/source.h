/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/spool.h"

#define SOURCE_WINDOW	    ((size_t)256 * 1024) /* the most that can be peeked at */
#define SOURCE_SIZE_UNKNOWN UINT64_MAX

struct source;

struct source_ops {
	/*
	 * A window of at least `want` bytes (≤ SOURCE_WINDOW), or all that is left when that is
	 * less; *len is 0 only at the end. Valid until the next call.
	 */
	enum status (*peek)(struct source *source, size_t want, const unsigned char **data,
		size_t *len, struct error *err);
	/* Goes on by `count` bytes; past the end is STATUS_FORMAT. */
	enum status (*skip)(struct source *source, uint64_t count, struct error *err);
	/*
	 * Reads exactly `len` bytes at an offset; moves nothing and leaves the window valid. NULL
	 * where it cannot seek.
	 */
	enum status (*pread)(
		struct source *source, uint64_t offset, void *data, size_t len, struct error *err);
	void (*free)(struct source *source);
	/*
	 * The source that this one is a stretch of, byte for byte, and where it begins in it; NULL
	 * for none. May be NULL.
	 */
	const struct source *(*under)(const struct source *source, uint64_t *offset);
	/*
	 * The file in which its bytes stand as they are, from *offset on: all of them, or where it
	 * cannot seek those that were seen; at its end the file is exactly as long. -1 for none.
	 * May be NULL.
	 */
	int (*file)(const struct source *source, uint64_t *offset);
};

/* A pull reader. Implementations embed it as their first field. */
struct source {
	const struct source_ops *ops;
	uint64_t size;	 /* bytes in all, or SOURCE_SIZE_UNKNOWN */
	uint64_t offset; /* bytes gone by */
};

enum status source_peek(struct source *source, size_t want, const unsigned char **data, size_t *len,
	struct error *err);
enum status source_skip(struct source *source, uint64_t count, struct error *err);
/* Reads up to `len` bytes; *got is less only at the end. */
enum status source_read(
	struct source *source, void *data, size_t len, size_t *got, struct error *err);
bool source_can_seek(const struct source *source);
enum status source_pread(
	struct source *source, uint64_t offset, void *data, size_t len, struct error *err);
/* Where the bytes of a source lie in those of `base`; false when they do not as they are. */
bool source_place(const struct source *source, const struct source *base, uint64_t *place);
/*
 * The same of a source or of what it is a stretch of; the descriptor is not the caller's, and may
 * be read by any thread while the source is there.
 */
int source_file(const struct source *source, uint64_t *offset);
void source_free(struct source *source);

/* A regular file by its descriptor, which stays the caller's and must outlive the source. */
struct source *source_file_new(int fd, uint64_t size);
/* Bytes that stay the caller's. */
struct source *source_memory_new(const void *data, size_t len);
/* The `len` bytes at `offset` of a source that can seek; `inner` stays the caller's. */
struct source *source_range_new(struct source *inner, uint64_t offset, uint64_t len);
/*
 * Copies what is left of `inner` (at most `limit` bytes, else STATUS_LIMIT) into a file of the
 * pool, holes kept, and gives a source over it that can seek; freeing that gives the file back.
 * What stands in a file of its own already (source_file()) is read there, and `inner` must outlive
 * that too. The pool must outlive it. A NULL pool opens a file of its own.
 */
enum status source_spool_new(struct source *inner, struct spool_pool *pool, enum spool_place place,
	uint64_t limit, struct source **spooled, struct error *err);

#endif
