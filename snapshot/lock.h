/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SNAPSHOT_LOCK_H
#define SNAPSHOT_LOCK_H

#include "base/buffer.h"
#include "snapshot/snapshot.h"

/* A line of a lock file. */
struct lock_entry {
	char *archive;
	char *suite;
	char timestamp[24];
	struct suite_state state;
	bool captured;
};

/* A zeroed struct is empty and safe to release. */
struct lock {
	struct lock_entry *entries; /* sorted by archive, suite */
	size_t count;
	size_t capacity;
};

/* STATUS_NOT_FOUND when there is no file. */
enum status lock_read(const char *path, struct lock *lock, struct error *err);
/* The same from text; `name` is for messages. */
enum status lock_parse(
	const char *name, const char *data, size_t len, struct lock *lock, struct error *err);
/* The lock file that these pins are. */
void lock_format(const struct pin_list *pins, struct buffer *text);
void lock_release(struct lock *lock);
const struct lock_entry *lock_find(const struct lock *lock, const char *archive, const char *suite);

#endif
