/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_UNIFIED_DIFF_H
#define VERIFIER_COVERAGE_UNIFIED_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * Unified diffs (GNU diffutils' manual, "Detailed Description of Unified Format"), applied as
 * dpkg-source(1) does it, which is patch(1) with `-F 0`. Hostile input.
 */

/* A hunk: the lines of the old and the new file that are still to come. */
struct hunk {
	unsigned long first; /* its first line in the old file, from 1; 0 where that is empty */
	unsigned long old, new;
	bool is_new;	 /* there is nothing before it: "@@ -0,0" */
	bool is_removed; /* or behind it: "+0,0 @@" */
};

/* False for a line that begins no hunk. */
bool hunk_read(const char *line, const char *end, struct hunk *hunk);
/* True when the line, by its first character, belongs to the hunk, which it is then taken from. */
bool hunk_line(struct hunk *hunk, char first);

/*
 * Adds to `out` what the hunks make of a text. A hunk may stand at another place than it says, but
 * its lines must all be there, byte for byte, and in the order of the hunks. What stands between
 * hunks is passed over. False when one does not fit or is damaged, when the outcome would be over
 * `max` bytes, or when `steps`, which what is compared is taken from, is used up; then `out` says
 * nothing.
 */
bool unified_diff_apply(const char *text, size_t len, const char *hunks, size_t hunks_len,
	size_t max, uint64_t *steps, struct buffer *out);

#endif
