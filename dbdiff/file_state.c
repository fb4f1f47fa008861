/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/file_state.h"

#include <sys/stat.h>

#include "base/clock.h"

#define NANOSECONDS		INT64_C(1000000000)
#define MILLISECOND		INT64_C(1000000)
#define NANOSECONDS_SINCE(time) ((int64_t)(time).tv_sec * NANOSECONDS + (time).tv_nsec)

enum status file_state_take(int fd, struct file_state *state, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set_errno(err, "reading");
	*state = (struct file_state){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.modified = NANOSECONDS_SINCE(st.st_mtim),
		.changed = NANOSECONDS_SINCE(st.st_ctim),
		.seen = clock_now_nanoseconds(),
	};
	return STATUS_OK;
}

bool file_state_is_settled(const struct file_state *state, uint64_t milliseconds)
{
	/* A time of change in the future says nothing: another clock, or one that was set back. */
	return state->changed <= state->seen &&
		(uint64_t)(state->seen - state->changed) / (uint64_t)MILLISECOND >= milliseconds;
}

bool file_state_equal(const struct file_state *a, const struct file_state *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
		a->modified == b->modified && a->changed == b->changed;
}
