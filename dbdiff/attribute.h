/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_ATTRIBUTE_H
#define DBDIFF_ATTRIBUTE_H

#include "dbdiff/findings.h"
#include "dbdiff/index.h"
#include "dbdiff/sameness.h"

/* One side's bytes, and where its index tells of them. */
struct attributed_side {
	int fd; /* of the bytes, able to pread */
	uint64_t size;
	struct index *index;
	int64_t container, position;	 /* of the member whose content they are */
	const struct sameness *sameness; /* of these bytes and the other side's; or NULL */
};

/* Exactly `len` bytes of a side. STATUS_CONFLICT when it has become shorter. */
enum status attributed_read(const struct attributed_side *side, void *data, size_t len,
	uint64_t offset, struct error *err);

/* Bytes that differ: offsets that both sides have with unlike bytes, and the rest of the longer. */
struct attributed {
	uint64_t differing;
	uint64_t unattributed; /* in nothing that a difference is told of */
	uint64_t unexplained;  /* of differences with the cause "unexplained" */
	uint64_t wrapped;      /* on both sides in wrappers, or recomputed (trust T8) */
};

/*
 * Goes through the bytes of both sides, and says whose each is that differs: adds them to the
 * causes of findings, and adds fields to containers for their own regions. STATUS_CONFLICT when
 * the bytes became fewer meanwhile.
 */
enum status attribute_bytes(const struct attributed_side sides[SIDES], struct findings *findings,
	struct attributed *result, struct error *err);

#endif
