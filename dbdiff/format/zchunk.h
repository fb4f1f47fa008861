/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FORMAT_ZCHUNK_H
#define DBDIFF_FORMAT_ZCHUNK_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/source.h"

/* Bits of the flags, and how chunks are packed, by their numbers in the format. */
enum zchunk_flag {
	ZCHUNK_STREAMS = 1,
	ZCHUNK_OPTIONAL = 2,
	ZCHUNK_UNCOMPRESSED_SUMS = 4,
};
enum zchunk_compression {
	ZCHUNK_NONE = 0,
	ZCHUNK_ZSTD = 2,
};

/* An entry of the index, and the chunk that it stands for. */
struct zchunk_chunk {
	size_t entry, sum, entry_end; /* in the header */
	uint64_t offset, len, size;   /* in the file; bytes packed and unpacked */
};

/* What the header says. Places in it are offsets in `bytes`. Zeroed is safe to release. */
struct zchunk_header {
	struct buffer bytes;	 /* all up to the first chunk */
	size_t sum, data_sum;	 /* places: of the header's own sum, of that of all chunks */
	size_t sum_len;		 /* bytes of either */
	size_t index;		 /* place of the first entry */
	const EVP_MD *algorithm; /* of either sum; OpenSSL's, as the next */
	const EVP_MD *chunk_algorithm;
	size_t chunk_sum_len;	     /* bytes, which may be fewer than the algorithm gives */
	uint64_t flags;		     /* enum zchunk_flag; ZCHUNK_OPTIONAL is refused */
	uint64_t compression;	     /* enum zchunk_compression, or a number not known here */
	struct zchunk_chunk *chunks; /* the dictionary is the first; at least that once read */
	size_t chunk_count, chunk_capacity;
	uint64_t end; /* of the last chunk, in the file */
};

/*
 * Reads a zeroed header from the beginning of `source`, which stays the caller's; to be released
 * even when it fails. Every chunk is inside the source; no sum is checked. STATUS_FORMAT when it is
 * none or cut, STATUS_LIMIT when it is too large, STATUS_UNSUPPORTED for sums and flags not known
 * here, and errors of the source.
 */
enum status zchunk_header_read(
	struct zchunk_header *header, struct source *source, struct error *err);
void zchunk_header_release(struct zchunk_header *header);

#endif
