/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/block_diffs.h"

#include <inttypes.h>

#define HASH_SIZE 8
#define LINE_MOST 64

static bool differs(const struct buffer hashes[SIDES], size_t block)
{
	size_t at = block * HASH_SIZE;

	if (at >= hashes[PUBLISHED].len || at >= hashes[REBUILT].len)
		return true;
	return memcmp(hashes[PUBLISHED].data + at, hashes[REBUILT].data + at, HASH_SIZE) != 0;
}

/* Offsets up to the end of the last block, which may be behind the end of the member. */
static void describe(const struct buffer hashes[SIDES], uint64_t diff_bytes, struct buffer *text)
{
	size_t len = hashes[PUBLISHED].len > hashes[REBUILT].len ? hashes[PUBLISHED].len
								 : hashes[REBUILT].len;
	size_t count = len / HASH_SIZE, block = 0;

	while (block < count) {
		size_t end = block;

		while (end < count && differs(hashes, end))
			end++;
		if (end > block && text->len + LINE_MOST > diff_bytes) {
			buffer_add_text(text, "  …\n");
			return;
		}
		if (end > block && text->len == 0)
			buffer_add_text(text,
				"blocks of 64 KiB that differ, by offset (no bytes at hand)\n");
		if (end > block)
			buffer_add_format(text, "  %" PRIu64 "..%" PRIu64 "\n",
				(uint64_t)block * INDEX_BLOCK_SIZE,
				(uint64_t)end * INDEX_BLOCK_SIZE - 1);
		block = end + 1;
	}
}

enum status block_diffs_write(const struct diff_plan *plan, struct index *const sides[SIDES],
	uint64_t diff_bytes, struct findings *findings, struct error *err)
{
	struct buffer hashes[SIDES] = {0}, text = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < plan->count && status == STATUS_OK; i++) {
		const struct leaf_request *request = &plan->leaves[i];

		if (!request->with_diff)
			continue;
		buffer_clear(&text);
		for (int side = 0; side < SIDES && status == STATUS_OK; side++) {
			buffer_clear(&hashes[side]);
			status = index_blocks(
				sides[side], request->members[side], &hashes[side], err);
		}
		if (status == STATUS_OK && hashes[PUBLISHED].len > 0 && hashes[REBUILT].len > 0)
			describe(hashes, diff_bytes, &text);
		if (status == STATUS_OK && text.len > 0)
			status = findings_set_diff(
				findings, request->finding, buffer_text(&text), err);
	}
	for (int side = 0; side < SIDES; side++)
		buffer_release(&hashes[side]);
	buffer_release(&text);
	return status;
}
