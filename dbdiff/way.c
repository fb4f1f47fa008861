/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/way.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/array.h"

void way_enter(volatile struct way *way, unsigned at, uint64_t position)
{
	if (at >= WAY_DEPTH_MOST)
		return;
	way->positions[at] = position;
	way->stage = WAY_OPENING;
	way->depth = at + 1;
}

void way_leave(volatile struct way *way, unsigned at)
{
	if (at < WAY_DEPTH_MOST)
		way->depth = at;
	way->stage = WAY_INSIDE;
}

static bool is_same(const struct way *a, const volatile struct way *b)
{
	if (a->depth != b->depth)
		return false;
	for (uint32_t i = a->depth; i > 0; i--)
		if (a->positions[i - 1] != b->positions[i - 1])
			return false;
	return true;
}

static struct closed_way *find(const struct closed_ways *closed, const volatile struct way *way)
{
	for (size_t i = 0; i < closed->count; i++)
		if (is_same(&closed->items[i].way, way))
			return &closed->items[i];
	return NULL;
}

const struct closed_way *closed_find(
	const struct closed_ways *closed, const volatile struct way *way)
{
	return closed != NULL ? find(closed, way) : NULL;
}

bool closed_add(
	struct closed_ways *closed, const struct way *way, bool was_late, const char *reason)
{
	struct way at = *way;
	bool is_unread = at.stage == WAY_READING;
	struct closed_way *item;

	if (at.depth > WAY_DEPTH_MOST)
		at.depth = 0;
	if (was_late && is_unread && at.depth > 1) {
		at.depth--;
		is_unread = false;
	}
	while ((item = find(closed, &at)) != NULL) {
		if (at.depth == 0)
			return false;
		if (!item->is_unread) {
			item->is_unread = true;
			return true;
		}
		at.depth--;
		is_unread = false;
	}
	ARRAY_GROW(closed->items, closed->count, closed->capacity);
	item = &closed->items[closed->count++];
	*item = (struct closed_way){.way = at, .is_unread = is_unread};
	snprintf(item->reason, sizeof(item->reason), "%s", reason);
	return true;
}

void closed_release(struct closed_ways *closed)
{
	free(closed->items);
	*closed = (struct closed_ways){0};
}
