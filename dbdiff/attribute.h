/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_ATTRIBUTE_H
#define DBDIFF_ATTRIBUTE_H

#include "dbdiff/findings.h"
#include "dbdiff/side_bytes.h"

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
enum status attribute_bytes(const struct side_bytes sides[SIDES], struct findings *findings,
	struct attributed *result, struct error *err);

#endif
