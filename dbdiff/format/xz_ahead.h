/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_XZ_AHEAD_H
#define DBDIFF_FORMAT_XZ_AHEAD_H

#include "dbdiff/format/xz_index.h"
#include "dbdiff/members.h"

/*
 * The blocks of an .xz file being decoded by several threads ahead of their reader, each block by
 * one decoder into its place in a spool file. The index that says where they are is only a guess
 * that saves time: the reader goes through the file as it would alone, takes from here what it
 * would have decoded itself, and checks everything else. What does not come out exactly as the
 * index says is failed here, and is for the reader to decode, who finds out what is wrong.
 */
struct xz_ahead;

enum xz_ahead_state {
	XZ_AHEAD_BYTES,
	XZ_AHEAD_END,	/* it came out whole: the sizes are those of the index, the check fits */
	XZ_AHEAD_FAILED /* behind the bytes that were there; the threads have ended */
};

/*
 * NULL when the reader does better alone: a file that cannot be read at any place, of one block or
 * few bytes, whose index is damaged, or says what a limit does not let; or there is memory or a
 * processor for one decoder only, or no spool. All that is given must outlive it.
 */
struct xz_ahead *xz_ahead_new(
	struct source *source, const struct unpack_room *room, const struct limits *limits);
/* Ends the threads, wherever they are. NULL is safe. */
void xz_ahead_free(struct xz_ahead *ahead);

/*
 * Whether the next block, whose header is at `packed` in the file, and whose content is at
 * `unpacked` in that of all blocks, is one of these. When it is not, the threads end.
 */
bool xz_ahead_has(struct xz_ahead *ahead, uint64_t packed, uint64_t unpacked);
/*
 * Waits for the bytes of that block behind the first `done`: *len of them at `data`, which has
 * STREAM_OUT_SIZE, and as many unless the block ends, or is damaged, before; otherwise *len is 0.
 */
enum xz_ahead_state xz_ahead_read(struct xz_ahead *ahead, uint64_t done, void *data, size_t *len);
/* After XZ_AHEAD_END: what the block had. Goes on to the next. */
void xz_ahead_next(struct xz_ahead *ahead, lzma_vli *compressed, lzma_vli *uncompressed);

/*
 * The file in which the whole content comes to stand, so that nobody need copy it; -1 when there is
 * none, which never changes. The reader gives what it decodes itself to xz_ahead_keep(), and
 * says with xz_ahead_finish() how long all of it was.
 */
int xz_ahead_file(const struct xz_ahead *ahead);
enum status xz_ahead_keep(
	struct xz_ahead *ahead, const void *data, size_t len, uint64_t offset, struct error *err);
enum status xz_ahead_finish(struct xz_ahead *ahead, uint64_t size, struct error *err);

#endif
