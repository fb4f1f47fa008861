/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_CAPTURED_H
#define DBDIFF_CAPTURED_H

#include "base/buffer.h"
#include "base/hash.h"
#include "dbdiff/plan.h"
#include "dbdiff/textdiff.h"

/* The stretches that walk_again() wrote to a file, by member and offset. Zeroed is empty. */
struct captured {
	int fd;
	struct captured_part {
		int64_t member;
		uint64_t offset; /* in the member */
		uint64_t at;	 /* in the file */
		size_t len;
	} * parts;
	size_t count;
	size_t capacity;
};

/*
 * Finds the parts in `fd`, which stays the caller's. It was written by a process that read hostile
 * input: what makes no sense ends it there, and so does what is over `most` parts.
 */
enum status captured_read(struct captured *captured, int fd, size_t most, struct error *err);
void captured_release(struct captured *captured);
/* Whether all stretches of a leaf are there, each as long as it was when it was indexed. */
bool captured_has(const struct captured *captured, const struct diff_plan *plan,
	const struct leaf_request *leaf, int side);
/* Adds what was written of why something of a member is not there; nothing if nothing was. */
enum status captured_why(
	const struct captured *captured, int64_t member, struct buffer *why, struct error *err);

/* Both sides of a leaf in memory. Zeroed is empty; kept for the next leaf. */
struct leaf_bytes {
	struct buffer bytes[SIDES];
	struct stretch (*stretches)[SIDES]; /* as many as the leaf has */
	size_t capacity;
};

/* STATUS_END when a stretch was not captured, or is not as long as it was when it was indexed. */
enum status leaf_bytes_load(struct leaf_bytes *bytes, const struct diff_plan *plan,
	const struct leaf_request *leaf, const struct captured captured[SIDES], struct error *err);
void leaf_bytes_release(struct leaf_bytes *bytes);

/* STATUS_END when the hash of the rest of the member was not captured. */
enum status captured_rest(
	const struct captured *captured, int64_t member, struct digest *digest, struct error *err);

#endif
