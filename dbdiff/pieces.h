/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_PIECES_H
#define DBDIFF_PIECES_H

#include "base/buffer.h"
#include "base/source.h"

/*
 * A source made of pieces of memory that come one after another, each valid until the next is
 * asked for, with holes between them. Copies only what a reader wants to see across a seam.
 * Embedded in an implementation, which sets `next`, and calls pieces_release() when it is freed.
 */
struct pieces {
	struct source
		source; /* ops are the implementation's: pieces_peek, pieces_skip, its own free */
	/*
	 * The next piece: `zeros` bytes of zeros, then `len` bytes at `data`. STATUS_END when there
	 * is none; a piece of no bytes is allowed.
	 */
	enum status (*next)(struct pieces *pieces, struct error *err);
	uint64_t zeros;
	const unsigned char *data;
	size_t len;
	bool at_end;
	struct buffer joined; /* bytes before `zeros`, from `joined_at` on */
	size_t joined_at;
};

enum status pieces_peek(struct source *source, size_t want, const unsigned char **data, size_t *len,
	struct error *err);
enum status pieces_skip(struct source *source, uint64_t count, struct error *err);
void pieces_release(struct pieces *pieces);

#endif
