/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_XZ_INDEX_H
#define DBDIFF_FORMAT_XZ_INDEX_H

#include "base/limits.h"
#include "base/source.h"
#include "dbdiff/format/xz_parts.h"

/*
 * Where the blocks of a whole .xz file are, from the indexes at the ends of its streams. NULL when
 * there is anything else in the file, the indexes are damaged or say that it unpacks to more than
 * `limits` let, or when it has fewer than two blocks or too few bytes for it to matter. It is to be
 * freed with lzma_index_end(). The numbers are sums that were checked, and still may be lies.
 */
lzma_index *xz_index_read(struct source *source, const struct limits *limits);

/*
 * A block by its header's bytes, of which there are `len`, as the index says it is: the sizes are
 * set. False when it is not so, or cannot be decoded here. *memory is what a decoder of it takes.
 * `block` is to be released in any case.
 */
bool xz_index_block(const lzma_index_iter *at, const unsigned char *data, size_t len,
	struct xz_block *block, uint64_t *memory);

#endif
