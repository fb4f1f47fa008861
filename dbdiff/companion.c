/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/companion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pread.h"

#define BLOCK_BYTES ((uint64_t)4096)
#define READ_BYTES  ((size_t)1 << 20)
#define NUMBER_MOST ((uint64_t)1 << 50)

struct range {
	uint64_t first, last; /* blocks */
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

/* STATUS_END when the file does not reach so far. The last block may be cut short by its end. */
static enum status hash_range(
	int fd, const struct range *range, struct digest *digest, struct error *err)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint64_t at = range->first * BLOCK_BYTES, end = (range->last + 1) * BLOCK_BYTES;
	unsigned char *data;
	struct hash hash = {0};
	enum status status = STATUS_OK;

	if (size < 0)
		return error_set_errno(err, "the image of the block map");
	if (range->last * BLOCK_BYTES >= (uint64_t)size)
		return STATUS_END;
	if (end > (uint64_t)size)
		end = (uint64_t)size;
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

enum status companion_digests(const struct diff_plan *plan, const char *artifact,
	const int fds[SIDES], struct findings *findings, struct error *err)
{
	struct buffer path = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < plan->count && status == STATUS_OK; i++) {
		struct digest digests[SIDES];
		struct range range;

		if (!parse_range(plan->leaves[i].path, artifact, &range))
			continue;
		for (int side = 0; side < SIDES && status == STATUS_OK; side++)
			status = hash_range(fds[side], &range, &digests[side], err);
		if (status == STATUS_OK) {
			buffer_clear(&path);
			buffer_add_format(&path, "blocks %" PRIu64 " to %" PRIu64 " of the image",
				range.first, range.last);
			status = findings_add_digests(
				findings, &digests[PUBLISHED], &digests[REBUILT], &path, err);
		} else if (status == STATUS_END) {
			status = STATUS_OK;
		}
	}
	buffer_release(&path);
	return status;
}
