/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/plan.h"

#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "dbdiff/fields.h"
#include "dbdiff/plan_told.h"

#define HASH_SIZE 8

static void want(struct wanted_list *list, const struct wanted *wanted)
{
	ARRAY_GROW(list->items, list->count, list->capacity);
	list->items[list->count++] = *wanted;
}

/* The containers on the way to a member. */
static void want_way(struct wanted_list *list, const struct level *level, int side)
{
	for (level = level->parent; level != NULL; level = level->parent) {
		const struct index_row *row = level->rows[side];

		want(list,
			&(struct wanted){.container = row->container,
				.position = row->position,
				.id = row->id,
				.what = WANTED_WAY});
	}
}

void diff_plan_add_inside(struct diff_plan *plan, const struct level *level)
{
	for (int side = 0; side < SIDES; side++) {
		const struct index_row *row = level->rows[side];

		want(&plan->inside[side],
			&(struct wanted){.container = row->container,
				.position = row->position,
				.id = row->id,
				.what = WANTED_INSIDE});
		want_way(&plan->inside[side], level, side);
	}
}

/* ---- which bytes of a leaf ---- */

static void add_stretch(
	struct diff_plan *plan, struct leaf_request *leaf, uint64_t begin, uint64_t end)
{
	ARRAY_GROW(plan->stretches, plan->stretch_count, plan->stretch_capacity);
	plan->stretches[plan->stretch_count++] =
		(struct plan_stretch){.offset = begin, .len = end - begin};
	leaf->stretch_count++;
	plan->bytes += end - begin;
}

static bool same_block(const struct buffer hashes[SIDES], uint64_t block)
{
	size_t at = (size_t)block * HASH_SIZE;

	return hashes[PUBLISHED].len >= at + HASH_SIZE && hashes[REBUILT].len >= at + HASH_SIZE &&
		memcmp(hashes[PUBLISHED].data + at, hashes[REBUILT].data + at, HASH_SIZE) == 0;
}

/* Runs of blocks that are not the same, with a little around them, while they are not too many. */
static void add_runs(struct diff_plan *plan, struct leaf_request *leaf,
	const struct buffer hashes[SIDES], uint64_t size)
{
	uint64_t blocks = (size + INDEX_BLOCK_SIZE - 1) / INDEX_BLOCK_SIZE;
	uint64_t left = PLAN_BLOCKS_MOST;

	leaf->is_covered = true;
	for (uint64_t block = 0, run; block < blocks; block = run + 1) {
		uint64_t begin, end;

		for (run = block; run < blocks && left > 0 && !same_block(hashes, run); run++)
			left--;
		if (run == block && same_block(hashes, run))
			continue;
		leaf->is_covered = leaf->is_covered && (run == blocks || same_block(hashes, run));
		if (run == block)
			return;
		begin = block * INDEX_BLOCK_SIZE;
		end = run * INDEX_BLOCK_SIZE;
		add_stretch(plan, leaf, begin > 0 ? begin - PLAN_AROUND : 0,
			run < blocks ? end + PLAN_AROUND : end);
		/* Where one side is longer, what is behind the run would not lie at one place. */
		if (leaf->sizes[PUBLISHED] != leaf->sizes[REBUILT] && run < blocks)
			leaf->is_covered = false;
	}
}

static enum status add_stretches(struct diff_plan *plan, struct index *const sides[SIDES],
	struct leaf_request *leaf, struct error *err)
{
	uint64_t size = leaf->sizes[PUBLISHED] > leaf->sizes[REBUILT] ? leaf->sizes[PUBLISHED]
								      : leaf->sizes[REBUILT];
	struct buffer hashes[SIDES] = {0};
	enum status status = STATUS_OK;

	leaf->stretch = plan->stretch_count;
	if (size <= PLAN_WHOLE_MOST) {
		leaf->is_covered = true;
		add_stretch(plan, leaf, 0, size);
		return STATUS_OK;
	}
	for (int side = 0; side < SIDES && status == STATUS_OK; side++)
		status = index_blocks(sides[side], leaf->members[side], &hashes[side], err);
	if (status == STATUS_OK)
		add_runs(plan, leaf, hashes, size);
	for (int side = 0; side < SIDES; side++)
		buffer_release(&hashes[side]);
	return status;
}

static void want_leaf(struct diff_plan *plan, const struct level *level,
	const struct leaf_request *leaf, int side)
{
	const struct index_row *row = level->rows[side];

	for (size_t i = 0; i < leaf->stretch_count; i++) {
		const struct plan_stretch *stretch = &plan->stretches[leaf->stretch + i];

		want(&plan->wanted[side],
			&(struct wanted){.container = row->container,
				.position = row->position,
				.id = row->id,
				.what = WANTED_BYTES,
				.offset = stretch->offset,
				.len = stretch->len});
	}
	want_way(&plan->wanted[side], level, side);
}

/* The format says so of both sides, in the field content-form. */
static bool has_strings(const struct index_row *row)
{
	const char *form = fields_value(row->fields, row->fields_len, "content-form");

	return form != NULL && strcmp(form, "strings") == 0;
}

/* A section, or what else an executable format has for members. */
static bool is_in_program(const struct level *level)
{
	static const char *const programs[] = {"elf", "pe", "kernel-image"};
	const char *format;
	size_t i = 0;

	if (level->parent == NULL)
		return false;
	for (int side = 0; side < SIDES; side++) {
		format = level->parent->rows[side]->format;
		for (i = 0; i < ARRAY_SIZE(programs); i++) {
			if (format != NULL && strcmp(format, programs[i]) == 0)
				break;
		}
		if (i == ARRAY_SIZE(programs))
			return false;
	}
	return true;
}

enum status diff_plan_add(struct diff_plan *plan, struct index *const sides[SIDES],
	const struct plan_leaf *leaf, uint64_t diff_members, enum planned *planned,
	struct error *err)
{
	const struct index_row *const *rows = leaf->level->rows;
	bool is_shown = leaf->is_shown && plan->shown < PLAN_SHOWN_MOST;
	bool is_first = plan->diffs < diff_members;
	struct leaf_request request = {
		.finding = leaf->finding,
		.members = {rows[PUBLISHED]->id, rows[REBUILT]->id},
		.has_strings = has_strings(rows[PUBLISHED]) && has_strings(rows[REBUILT]),
		.in_program = is_in_program(leaf->level),
		.sizes = {rows[PUBLISHED]->size, rows[REBUILT]->size},
		.has_open_field = fields_are_open(leaf->fields),
		.with_diff = is_first || is_shown,
	};
	enum status status;

	*planned = PLANNED_NOTHING;
	for (int side = 0; side < SIDES; side++) {
		if (!rows[side]->has_content || !rows[side]->is_read)
			return STATUS_OK;
	}
	*planned = PLANNED_FULL;
	if (!is_shown && (plan->count >= PLAN_LEAVES_MOST || plan->bytes >= PLAN_BYTES_MOST))
		return STATUS_OK;
	status = add_stretches(plan, sides, &request, err);
	if (status == STATUS_OK)
		status = plan_add_told(plan, sides, leaf->level, &request, err);
	if (status != STATUS_OK)
		return status;
	for (int side = 0; side < SIDES; side++)
		want_leaf(plan, leaf->level, &request, side);
	plan->diffs += is_first;
	plan->shown += is_shown;
	*planned = request.with_diff ? PLANNED_WITH_DIFF : PLANNED_NO_DIFF;
	request.path = xstrdup(leaf->path);
	ARRAY_GROW(plan->leaves, plan->count, plan->capacity);
	plan->leaves[plan->count++] = request;
	return STATUS_OK;
}

/* ---- what is wanted ---- */

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

static bool holds(const struct wanted_list *list, int64_t container)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].container == container)
			return true;
	}
	return false;
}

static bool is_member_chosen(
	const struct diff_plan *plan, int side, const bool *is_chosen, int64_t member)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (is_chosen[i] && plan->leaves[i].members[side] == member)
			return true;
	}
	return false;
}

void plan_want_rests(
	const struct diff_plan *plan, int side, const bool *is_chosen, struct wanted_list *rests)
{
	const struct wanted_list *all = &plan->wanted[side];

	/* What is inside something has a higher number: from behind, what holds it comes later. */
	for (size_t i = all->count; i > 0; i--) {
		struct wanted item = all->items[i - 1];

		if (item.what == WANTED_WAY ? !holds(rests, item.id)
					    : !is_member_chosen(plan, side, is_chosen, item.id))
			continue;
		if (item.what == WANTED_BYTES)
			item.what = WANTED_REST;
		want(rests, &item);
	}
	wanted_list_finish(rests);
}

void diff_plan_release(struct diff_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->leaves[i].path);
	free(plan->leaves);
	free(plan->stretches);
	free(plan->told);
	for (int side = 0; side < SIDES; side++) {
		free(plan->wanted[side].items);
		free(plan->inside[side].items);
	}
	*plan = (struct diff_plan){0};
}
