/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/tempfile.h"

#define LOCK_LIMIT ((size_t)1024 * 1024)

static const char lock_head[] = "reproof-lock-1";

void lock_release(struct lock *lock)
{
	for (size_t i = 0; i < lock->count; i++) {
		free(lock->entries[i].archive);
		free(lock->entries[i].suite);
	}
	free(lock->entries);
	*lock = (struct lock){0};
}

static int entry_compare(const void *a, const void *b)
{
	const struct lock_entry *left = a, *right = b;
	int order = strcmp(left->archive, right->archive);

	return order ? order : strcmp(left->suite, right->suite);
}

const struct lock_entry *lock_find(const struct lock *lock, const char *archive, const char *suite)
{
	for (size_t i = 0; i < lock->count; i++) {
		if (strcmp(lock->entries[i].archive, archive) == 0 &&
			strcmp(lock->entries[i].suite, suite) == 0)
			return &lock->entries[i];
	}
	return NULL;
}

static enum status line_parse(struct lock *lock, const char *line, struct error *err)
{
	struct lock_entry entry = {0};
	char archive[256], suite[256], timestamp[24], state[SUITE_STATE_SIZE], mark[16], rest[2];
	int fields = sscanf(line, "%255s %255s %23s %159s %15s %1s", archive, suite, timestamp,
		state, mark, rest);
	int64_t time;

	if (fields < 4 || fields > 5 || (fields == 5 && strcmp(mark, "captured") != 0) ||
		!suite_state_parse(state, &entry.state))
		return error_set(
			err, STATUS_FORMAT, "not \"archive suite timestamp sha256 [captured]\"");
	if (clock_parse_snapshot(timestamp, &time, err) < 0)
		return err->status;
	if (lock_find(lock, archive, suite))
		return error_set(err, STATUS_FORMAT, "%s %s comes twice", archive, suite);
	memcpy(entry.timestamp, timestamp, sizeof(timestamp));
	entry.archive = xstrdup(archive);
	entry.suite = xstrdup(suite);
	entry.captured = fields == 5;
	ARRAY_GROW(lock->entries, lock->count, lock->capacity);
	lock->entries[lock->count++] = entry;
	return STATUS_OK;
}

/* Cuts `data` up. */
static enum status text_parse(
	const char *path, char *data, size_t len, struct lock *lock, struct error *err)
{
	enum status status = STATUS_OK;
	char *line, *rest = data;
	size_t number = 0;

	*lock = (struct lock){0};
	if (strlen(data) != len)
		status = error_set(err, STATUS_FORMAT, "it holds a NUL");
	while (status == STATUS_OK && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (number == 1 && strcmp(line, lock_head) != 0)
			status = error_set(err, STATUS_FORMAT, "this is no %s file", lock_head);
		else if (number > 1 && line[0])
			status = line_parse(lock, line, err);
		if (status < 0)
			error_context(err, "%s:%zu", path, number);
	}
	if (status < 0)
		lock_release(lock);
	else if (lock->count > 1)
		qsort(lock->entries, lock->count, sizeof(lock->entries[0]), entry_compare);
	return status;
}

enum status lock_parse(
	const char *name, const char *data, size_t len, struct lock *lock, struct error *err)
{
	char *copy = xmalloc(len + 1);
	enum status status;

	memcpy(copy, data, len);
	copy[len] = '\0';
	status = text_parse(name, copy, len, lock, err);
	free(copy);
	return status;
}

enum status lock_read(const char *path, struct lock *lock, struct error *err)
{
	enum status status;
	char *data = NULL;
	size_t len;

	*lock = (struct lock){0};
	status = path_read_file(path, LOCK_LIMIT, &data, &len, err);
	if (status == STATUS_OK)
		status = text_parse(path, data, len, lock, err);
	free(data);
	return status;
}

static void lock_from_pins(struct lock *lock, const struct pin_list *pins)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		for (size_t j = 0; j < pin->suite_count; j++) {
			struct lock_entry entry = {.captured = pin->captured};
			char timestamp[CLOCK_TEXT_SIZE];

			entry.archive = xstrdup(pin->archive);
			entry.suite = xstrdup(pin->suites[j].suite);
			entry.state = pin_suite_state(&pin->suites[j]);
			clock_format_snapshot(pin->timestamp, timestamp);
			snprintf(entry.timestamp, sizeof(entry.timestamp), "%.23s", timestamp);
			ARRAY_GROW(lock->entries, lock->count, lock->capacity);
			lock->entries[lock->count++] = entry;
		}
	}
	if (lock->count > 1)
		qsort(lock->entries, lock->count, sizeof(lock->entries[0]), entry_compare);
}

static enum status entry_check(const struct lock_entry *locked, const struct lock_entry *pinned,
	const char *path, struct error *err)
{
	char text[2][SUITE_STATE_SIZE];

	if (strcmp(locked->timestamp, pinned->timestamp) != 0)
		return error_set(err, STATUS_TRUST, "%s locks %s %s at %s, not %s", path,
			locked->archive, locked->suite, locked->timestamp, pinned->timestamp);
	if (locked->captured != pinned->captured)
		return error_set(err, STATUS_TRUST, "%s locks %s %s as %scaptured; this one is %s",
			path, locked->archive, locked->suite, locked->captured ? "" : "not ",
			pinned->captured ? "captured" : "not");
	if (suite_state_equal(&locked->state, &pinned->state))
		return STATUS_OK;
	suite_state_format(&locked->state, text[0]);
	suite_state_format(&pinned->state, text[1]);
	return error_set(err, STATUS_TRUST,
		"%s locks the %s of %s %s at %s by sha256 %s; what is here has %s: refused", path,
		locked->state.is_detached ? "Release" : "InRelease", locked->archive, locked->suite,
		locked->timestamp, text[0], text[1]);
}

enum status lock_check(const char *path, const struct pin_list *pins, struct error *err)
{
	struct lock locked = {0}, pinned = {0};
	enum status status = lock_read(path, &locked, err);

	if (status < 0)
		return status;
	lock_from_pins(&pinned, pins);
	for (size_t i = 0; i < pinned.count && status == STATUS_OK; i++) {
		const struct lock_entry *entry = &pinned.entries[i];
		const struct lock_entry *other = lock_find(&locked, entry->archive, entry->suite);

		status = other ? entry_check(other, entry, path, err)
			       : error_set(err, STATUS_TRUST, "%s does not lock %s %s", path,
					 entry->archive, entry->suite);
	}
	for (size_t i = 0; i < locked.count && status == STATUS_OK; i++) {
		const struct lock_entry *entry = &locked.entries[i];

		if (!lock_find(&pinned, entry->archive, entry->suite))
			status = error_set(err, STATUS_TRUST,
				"%s locks %s %s, which no pin in use holds", path, entry->archive,
				entry->suite);
	}
	lock_release(&pinned);
	lock_release(&locked);
	return status;
}

void lock_format(const struct pin_list *pins, struct buffer *text)
{
	struct lock lock = {0};
	char state[SUITE_STATE_SIZE];

	lock_from_pins(&lock, pins);
	buffer_add_format(text, "%s\n", lock_head);
	for (size_t i = 0; i < lock.count; i++) {
		const struct lock_entry *entry = &lock.entries[i];

		suite_state_format(&entry->state, state);
		buffer_add_format(text, "%s %s %s %s%s\n", entry->archive, entry->suite,
			entry->timestamp, state, entry->captured ? " captured" : "");
	}
	lock_release(&lock);
}

enum status lock_write(const char *path, const struct pin_list *pins, struct error *err)
{
	struct buffer text = {0};
	enum status status;

	lock_format(pins, &text);
	status = tempfile_write_all(path, text.data, text.len, 0644, err);
	buffer_release(&text);
	return status;
}
