/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/plan.h"

#include "base/alloc.h"
#include "base/array.h"

/* A member up to here is read again whole, a larger one from a little before its first difference.
 */
#define WHOLE_MOST     (4 * (uint64_t)INDEX_BLOCK_SIZE)
#define STRETCH_BEFORE 4096
#define STRETCH_LEN    ((uint64_t)INDEX_BLOCK_SIZE + 2 * STRETCH_BEFORE)
#define HASH_SIZE      8

/* The first block that is not the same; 0 when nothing tells. */
static enum status find_block(struct index *const sides[SIDES], const struct level *level,
	uint64_t *block, struct error *err)
{
	struct buffer hashes[SIDES] = {0};
	enum status status = STATUS_OK;
	size_t least, at = 0;

	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = index_blocks(sides[side], level->rows[side]->id, &hashes[side], err);
	least = hashes[PUBLISHED].len < hashes[REBUILT].len ? hashes[PUBLISHED].len
							    : hashes[REBUILT].len;
	while (at + HASH_SIZE <= least &&
		memcmp(hashes[PUBLISHED].data + at, hashes[REBUILT].data + at, HASH_SIZE) == 0)
		at += HASH_SIZE;
	*block = at / HASH_SIZE;
	for (int side = 0; side < SIDES; side++)
		buffer_release(&hashes[side]);
	return status;
}

static void want(struct wanted_list *list, const struct wanted *wanted)
{
	ARRAY_GROW(list->items, list->count, list->capacity);
	list->items[list->count++] = *wanted;
}

/* The member, and every container on the way to it. */
static void want_way(struct wanted_list *list, const struct level *level, int side,
	enum wanted_what what, uint64_t offset, uint64_t len)
{
	const struct index_row *row = level->rows[side];

	want(list,
		&(struct wanted){.container = row->container,
			.position = row->position,
			.id = row->id,
			.what = what,
			.offset = offset,
			.len = len});
	for (level = level->parent; level != NULL; level = level->parent) {
		row = level->rows[side];
		want(list,
			&(struct wanted){.container = row->container,
				.position = row->position,
				.id = row->id,
				.what = WANTED_WAY});
	}
}

void diff_plan_add_inside(struct diff_plan *plan, const struct level *level)
{
	for (int side = 0; side < SIDES; side++)
		want_way(&plan->inside[side], level, side, WANTED_INSIDE, 0, 0);
}

enum status diff_plan_add(struct diff_plan *plan, struct index *const sides[SIDES],
	const struct level *level, int64_t finding, struct error *err)
{
	const struct index_row *const *rows = level->rows;
	struct diff_request request = {
		.finding = finding,
		.members = {rows[PUBLISHED]->id, rows[REBUILT]->id},
	};
	uint64_t len = WHOLE_MOST, block = 0;
	enum status status;

	for (int side = 0; side < SIDES; side++) {
		if (!rows[side]->has_content || !rows[side]->is_read)
			return STATUS_OK;
		if (rows[side]->size > WHOLE_MOST)
			len = STRETCH_LEN;
	}
	if (len == STRETCH_LEN) {
		status = find_block(sides, level, &block, err);
		if (status != STATUS_OK)
			return status;
		request.offset = block * INDEX_BLOCK_SIZE;
		if (request.offset > 0)
			request.offset -= STRETCH_BEFORE;
	}
	for (int side = 0; side < SIDES; side++) {
		uint64_t size = rows[side]->size;

		request.is_cut[side] = size > request.offset && size - request.offset > len;
		want_way(&plan->wanted[side], level, side, WANTED_BYTES, request.offset, len);
	}
	ARRAY_GROW(plan->requests, plan->count, plan->capacity);
	plan->requests[plan->count++] = request;
	return STATUS_OK;
}

void wanted_list_finish(struct wanted_list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(list->items[0]), wanted_compare);
	for (size_t i = 0; i < list->count; i++) {
		if (kept == 0 || wanted_compare(&list->items[kept - 1], &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

void diff_plan_release(struct diff_plan *plan)
{
	free(plan->requests);
	for (int side = 0; side < SIDES; side++) {
		free(plan->wanted[side].items);
		free(plan->inside[side].items);
	}
	*plan = (struct diff_plan){0};
}
