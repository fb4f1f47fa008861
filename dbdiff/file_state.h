/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FILE_STATE_H
#define DBDIFF_FILE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * What the kernel says of an open file: which it is, how long, and when its bytes and its inode
 * changed last, in nanoseconds.
 */
struct file_state {
	uint64_t device, inode, size;
	int64_t modified, changed;
	int64_t seen; /* the time of day then */
};

enum status file_state_take(int fd, struct file_state *state, struct error *err);
/*
 * Whether the file can be shown not to have changed since: its time of change had been standing
 * still for so long that a later write must move it (the kernel counts these in ticks of some
 * milliseconds).
 */
bool file_state_is_settled(const struct file_state *state, uint64_t milliseconds);
/* The same file, and nothing of it was written since. */
bool file_state_equal(const struct file_state *a, const struct file_state *b);

#endif
