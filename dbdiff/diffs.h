/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_DIFFS_H
#define DBDIFF_DIFFS_H

#include "dbdiff/findings.h"
#include "dbdiff/plan.h"

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
	uint64_t end; /* of the last part that is whole */
};

/*
 * Finds the parts in `fd`, which stays the caller's. It was written by a process that read hostile
 * input: what makes no sense ends it there, and so does the part number `most`.
 */
enum status captured_read(struct captured *captured, int fd, size_t most, struct error *err);
bool captured_has(const struct captured *captured, int64_t member, uint64_t offset);
void captured_release(struct captured *captured);

/* Writes the diff of every request whose bytes were captured on both sides. */
enum status diffs_write(const struct diff_plan *plan, const struct captured captured[SIDES],
	uint64_t diff_bytes, struct findings *findings, struct error *err);

#endif
