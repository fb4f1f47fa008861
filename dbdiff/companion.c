/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/companion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/pread.h"

#define BLOCK_BYTES ((uint64_t)4096)
#define READ_BYTES  ((size_t)1 << 20)
#define NUMBER_MOST (UINT64_MAX / BLOCK_BYTES / 10 - 1)

struct range {
	uint64_t first, last; /* blocks */
};

struct range_list {
	struct range *items;
	size_t count, capacity;
};

static bool parse_blocks(const char *text, size_t len, uint64_t *blocks)
{
	*blocks = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || *blocks > NUMBER_MOST)
			return false;
		*blocks = *blocks * 10 + (uint64_t)(text[i] - '0');
	}
	return len > 0;
}

/* "ARTIFACT//Range 22016-33312", or one block. */
static bool parse_range(const char *path, const char *artifact, struct range *range)
{
	static const char word[] = "//Range ";
	size_t len = strlen(artifact);
	const char *text, *dash;

	if (strncmp(path, artifact, len) != 0 || strncmp(path + len, word, strlen(word)) != 0)
		return false;
	text = path + len + strlen(word);
	dash = strchr(text, '-');
	if (dash == NULL) {
		if (!parse_blocks(text, strlen(text), &range->first))
			return false;
		range->last = range->first;
		return true;
	}
	return parse_blocks(text, (size_t)(dash - text), &range->first) &&
		parse_blocks(dash + 1, strlen(dash + 1), &range->last) &&
		range->first <= range->last;
}

/* The last block may be cut short by the image's end. */
static enum status hash_range(
	int fd, uint64_t size, const struct range *range, struct digest *digest, struct error *err)
{
	uint64_t at = range->first * BLOCK_BYTES, end = (range->last + 1) * BLOCK_BYTES;
	unsigned char *data;
	struct hash hash = {0};
	enum status status = STATUS_OK;

	if (end > size)
		end = size;
	data = xmalloc(READ_BYTES);
	hash_init(&hash);
	while (at < end && status == STATUS_OK) {
		size_t len = end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES;

		status = pread_exactly(fd, data, len, at, err);
		hash_update(&hash, data, status == STATUS_OK ? len : 0);
		at += len;
	}
	if (status == STATUS_OK)
		hash_finish(&hash, digest);
	hash_release(&hash);
	free(data);
	return status;
}

static enum status image_sizes(const int fds[SIDES], uint64_t sizes[SIDES], struct error *err)
{
	for (int side = 0; side < SIDES; side++) {
		off_t size = lseek(fds[side], 0, SEEK_END);

		if (size < 0)
			return error_set_errno(err, "the image of the block map");
		sizes[side] = (uint64_t)size;
	}
	return STATUS_OK;
}

static int by_first(const void *a, const void *b)
{
	const struct range *one = a, *other = b;

	return (one->first > other->first) - (one->first < other->first);
}

/* Those of the plan that are in both images, in their order; none when any two share a block. */
static void find_ranges(const struct diff_plan *plan, const char *artifact,
	const uint64_t sizes[SIDES], struct range_list *ranges)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct range range;

		if (!parse_range(plan->leaves[i].path, artifact, &range) ||
			range.last * BLOCK_BYTES >= sizes[PUBLISHED] ||
			range.last * BLOCK_BYTES >= sizes[REBUILT])
			continue;
		ARRAY_GROW(ranges->items, ranges->count, ranges->capacity);
		ranges->items[ranges->count++] = range;
	}
	if (ranges->count > 1)
		qsort(ranges->items, ranges->count, sizeof(ranges->items[0]), by_first);
	for (size_t i = 1; i < ranges->count; i++) {
		if (ranges->items[i].first <= ranges->items[i - 1].last)
			ranges->count = 0;
	}
}

static enum status tell_range(const int fds[SIDES], const uint64_t sizes[SIDES],
	const struct range *range, struct findings *findings, struct error *err)
{
	struct digest digests[SIDES];
	struct buffer path = {0};
	enum status status = STATUS_OK;

	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = hash_range(fds[side], sizes[side], range, &digests[side], err);
	if (status == STATUS_OK) {
		buffer_add_format(&path, "blocks %" PRIu64 " to %" PRIu64 " of the image",
			range->first, range->last);
		status = findings_add_digests(
			findings, &digests[PUBLISHED], &digests[REBUILT], &path, err);
	}
	buffer_release(&path);
	return status;
}

enum status companion_digests(const struct diff_plan *plan, const char *artifact,
	const int fds[SIDES], struct findings *findings, struct error *err)
{
	struct range_list ranges = {0};
	uint64_t sizes[SIDES];
	enum status status = image_sizes(fds, sizes, err);

	if (status == STATUS_OK)
		find_ranges(plan, artifact, sizes, &ranges);
	for (size_t i = 0; i < ranges.count && status == STATUS_OK; i++)
		status = tell_range(fds, sizes, &ranges.items[i], findings, err);
	free(ranges.items);
	return status;
}
