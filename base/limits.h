/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stdint.h>

/* Bounds on what one hostile artifact can cost. Reaching one is STATUS_LIMIT, never "the same". */
struct limits {
	unsigned depth;	       /* containers inside each other */
	uint64_t members;      /* in one artifact, at all depths */
	uint64_t member_bytes; /* of one member, decompressed */
	uint64_t total_bytes;  /* of one artifact, at all depths, decompressed */
	unsigned ratio; /* decompressed bytes for one compressed byte, over 64 MiB; 0: any, which no
			   option gives */
	unsigned name_bytes; /* of one member's name */
	unsigned seconds;    /* wall clock for one pass over one side */
	/* What changes how fast it goes, and not what comes of it. */
	unsigned decoders;     /* that unpack blocks of one stream at once */
	uint64_t window_bytes; /* all they may take for their windows, when there are several */
};

#define LIMITS_RATIO_FREE (UINT64_C(64) << 20) /* up to so many bytes any ratio is fine: zeros */

/* The documented defaults (docs/limits.md); the macro is for initialisers. */
#define LIMITS_DEFAULT                                                                             \
	{                                                                                          \
		.depth = 32, .members = 2000000, .member_bytes = UINT64_C(64) << 30,               \
		.total_bytes = UINT64_C(256) << 30, .ratio = 2000, .name_bytes = 65536,            \
		.seconds = 3600, .decoders = 1,                                                    \
	}
extern const struct limits limits_default;

#endif
