/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_TAP_H
#define DBDIFF_TAP_H

#include <stdbool.h>
#include <stdint.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/source.h"

/* What one side of an artifact has cost so far, against its bounds. */
struct budget {
	const struct limits *limits;
	uint64_t members;
	uint64_t bytes;	       /* at all depths, the artifact's own included */
	struct tap *innermost; /* of the members that are being read; the others are around it */
};

/*
 * A reader through which all bytes of one member go, whoever takes them: it counts them against
 * the limits and, when asked to, hashes them on the way. Embedded; `source` is what formats read.
 */
struct tap {
	struct source source; /* never to be freed with source_free() */
	struct source *inner; /* the caller's */
	struct budget *budget;
	struct tap *outer;	     /* of the member that holds this one; NULL for the artifact */
	uint64_t below;		     /* bytes that were read of what is inside, at all depths */
	const struct source *packed; /* where `inner` is unpacked from; NULL for the artifact */
	bool is_hashing;
	struct hash hash;
	XXH3_state_t *block; /* of the block that is being filled */
	uint64_t hashed;
	struct buffer blocks; /* XXH3 of every full block, as in index.sql */
	int copy_fd;	      /* the bytes are copied there when they are hashed; -1 for no copy */
};

/* Taps are released in the opposite order. */
void tap_init(struct tap *tap, struct source *inner, struct budget *budget,
	const struct source *packed, bool is_hashing);
/* Copies all bytes to an empty file, from the first on; nothing was read yet. Holes are kept. */
void tap_copy_to(struct tap *tap, int fd);
/* Bytes are only counted from here on: there will be no digest. */
void tap_stop_hashing(struct tap *tap);
/* Goes by what is left, so that every byte is counted, and hashed if any are. */
enum status tap_drain(struct tap *tap, struct error *err);
/* After the end, of one that hashes: the digest; `blocks` is complete afterwards, and empty when
 * one block holds all.
 */
void tap_finish(struct tap *tap, struct digest *digest);
void tap_release(struct tap *tap);

#endif
