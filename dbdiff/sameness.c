/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/sameness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pread.h"

#define BLOCK_SIZE ((uint64_t)4096)
#define READ_SIZE  ((size_t)128 * 1024) /* of both sides: stays in the processor's cache */
#define THREADS	   2

/* What one thread compares: its own bytes of `differing`. */
struct part {
	const struct sameness *sameness;
	uint64_t begin, end;
	pthread_t thread;
	struct error err;
	enum status status;
};

static enum status read_side(
	int fd, unsigned char *data, size_t len, uint64_t at, struct error *err)
{
	enum status status = pread_exactly(fd, data, len, at, err);

	return status == STATUS_END
		? error_set(err, STATUS_CONFLICT, "a file changed while it was compared")
		: status;
}

/* What is a hole in both is the same. */
static uint64_t skip_holes(const struct part *part, uint64_t at)
{
	uint64_t next = part->end;

	if (at >= part->end)
		return part->end;
	for (int side = 0; side < SIDES; side++) {
		off_t data = lseek(part->sameness->fds[side], (off_t)at, SEEK_DATA);

		if (data < 0)
			data = errno == ENXIO ? (off_t)part->end : (off_t)at;
		if ((uint64_t)data < next)
			next = (uint64_t)data;
	}
	return next < at ? at : next - next % BLOCK_SIZE;
}

static void mark_window(
	const struct part *part, unsigned char *const data[SIDES], uint64_t at, size_t len)
{
	if (memcmp(data[PUBLISHED], data[REBUILT], len) == 0)
		return;
	for (size_t i = 0; i < len; i += BLOCK_SIZE) {
		size_t count = len - i < BLOCK_SIZE ? len - i : BLOCK_SIZE;
		uint64_t block = (at + i) / BLOCK_SIZE;

		if (memcmp(data[PUBLISHED] + i, data[REBUILT] + i, count) != 0)
			part->sameness->differing[block / 8] |= (unsigned char)(1 << block % 8);
	}
}

static void *compare_part(void *context)
{
	struct part *part = context;
	unsigned char *data[SIDES] = {xmalloc(READ_SIZE), xmalloc(READ_SIZE)};

	for (uint64_t at = skip_holes(part, part->begin); at < part->end;) {
		size_t len = part->end - at < READ_SIZE ? (size_t)(part->end - at) : READ_SIZE;

		for (int side = 0; side < SIDES && part->status == STATUS_OK; side++)
			part->status = read_side(
				part->sameness->fds[side], data[side], len, at, &part->err);
		if (part->status != STATUS_OK)
			break;
		mark_window(part, data, at, len);
		at = skip_holes(part, at + len);
	}
	for (int side = 0; side < SIDES; side++)
		free(data[side]);
	return NULL;
}

enum status sameness_find(struct sameness *sameness, const int fds[SIDES],
	const uint64_t sizes[SIDES], struct error *err)
{
	struct part parts[THREADS] = {0};
	enum status status = STATUS_OK;
	uint64_t blocks, share;
	int running = 0;

	sameness->size = sizes[PUBLISHED] < sizes[REBUILT] ? sizes[PUBLISHED] : sizes[REBUILT];
	blocks = sameness->size / BLOCK_SIZE + 1;
	sameness->differing = xcalloc((size_t)(blocks / 8 + 1), 1);
	/* No two threads write to one byte of the bits. */
	share = (blocks / THREADS / 8 + 1) * 8 * BLOCK_SIZE;
	for (int side = 0; side < SIDES; side++)
		sameness->fds[side] = fds[side];
	for (; running < THREADS && status == STATUS_OK; running++) {
		struct part *part = &parts[running];
		int result;

		part->sameness = sameness;
		part->begin = (uint64_t)running * share;
		part->end = running == THREADS - 1 ? sameness->size : part->begin + share;
		if (part->end > sameness->size)
			part->end = sameness->size;
		result = pthread_create(&part->thread, NULL, compare_part, part);
		if (result != 0) {
			status = error_set(
				err, STATUS_IO, "a thread cannot start: %s", strerror(result));
			break;
		}
	}
	while (running > 0)
		pthread_join(parts[--running].thread, NULL);
	for (int i = 0; i < THREADS && status == STATUS_OK; i++) {
		status = parts[i].status;
		if (status < 0)
			*err = parts[i].err;
	}
	if (status != STATUS_OK)
		sameness_release(sameness);
	return status;
}

void sameness_release(struct sameness *sameness)
{
	free(sameness->differing);
	*sameness = (struct sameness){0};
}

/* As sameness_next(), but no further than `end`; what is given may be behind it. */
static uint64_t next_before(const struct sameness *sameness, uint64_t offset, uint64_t end)
{
	uint64_t block = offset / BLOCK_SIZE;

	while (offset < end) {
		unsigned char bits = sameness->differing[block / 8];

		if (bits >> block % 8 & 1)
			return offset;
		/* Eight blocks at a time where none differs. */
		block = bits >> block % 8 == 0 ? (block / 8 + 1) * 8 : block + 1;
		offset = block * BLOCK_SIZE;
	}
	return offset;
}

uint64_t sameness_next(const struct sameness *sameness, uint64_t offset)
{
	uint64_t next = next_before(sameness, offset, sameness->size);

	return next < sameness->size ? next : sameness->size;
}

bool sameness_covers(const struct sameness *sameness, uint64_t offset, uint64_t len)
{
	if (sameness->differing == NULL || offset > sameness->size || len > sameness->size - offset)
		return false;
	return len == 0 || next_before(sameness, offset, offset + len) >= offset + len;
}
