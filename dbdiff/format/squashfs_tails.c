/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks in which small files and tails of files lie together. Packed, what no file has of one
 * shows nowhere.
 */
#include "dbdiff/format/squashfs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"

static int tail_compare(const void *a, const void *b)
{
	const struct squashfs_tail *first = a, *second = b;

	if (first->fragment != second->fragment)
		return first->fragment < second->fragment ? -1 : 1;
	if (first->begin != second->begin)
		return first->begin < second->begin ? -1 : 1;
	return first->end < second->end ? -1 : first->end > second->end;
}

bool squashfs_tails_take(
	struct squashfs_tails *tails, uint32_t fragment, uint32_t begin, uint32_t len)
{
	if (tails->count >= SQUASHFS_BLOCKS_MAX)
		return false;
	ARRAY_GROW(tails->items, tails->count, tails->capacity);
	tails->items[tails->count++] =
		(struct squashfs_tail){fragment, begin, (uint64_t)begin + len};
	return true;
}

void squashfs_tails_release(struct squashfs_tails *tails)
{
	free(tails->items);
	*tails = (struct squashfs_tails){0};
}

enum status squashfs_tails_check(struct squashfs_tails *tails, const struct squashfs_data *data,
	struct squashfs_regions *regions, struct member *container, struct error *err)
{
	uint64_t unused = 0;
	size_t blocks = 0;

	if (tails->count > 1)
		qsort(tails->items, tails->count, sizeof(tails->items[0]), tail_compare);
	for (size_t i = 0, next; i < tails->count; i = next) {
		uint32_t fragment = tails->items[i].fragment;
		uint64_t at = 0, gap = 0;
		size_t len = 0;

		for (next = i; next < tails->count && tails->items[next].fragment == fragment;
			next++) {
			const struct squashfs_tail *tail = &tails->items[next];

			gap += tail->begin > at ? tail->begin - at : 0;
			at = tail->end > at ? tail->end : at;
		}
		if (squashfs_fragment_len(data, fragment, &len, err) < 0)
			return err->status;
		gap += len > at ? len - at : 0;
		if (gap == 0)
			continue;
		unused += gap;
		blocks++;
		squashfs_data_add_unused(data, fragment, regions);
	}
	if (blocks > 0)
		member_add_field(container, squashfs_invalid_name(SQUASHFS_UNUSED),
			"%" PRIu64 " bytes, in %zu block%s", unused, blocks,
			blocks == 1 ? "" : "s");
	return STATUS_OK;
}
