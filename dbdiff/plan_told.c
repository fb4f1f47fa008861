/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/plan_told.h"

#include <string.h>

#include "base/array.h"
#include "dbdiff/causes.h"
#include "dbdiff/fields.h"
#include "dbdiff/findings.h"

#define TOLD_MOST   256 /* ranges of one leaf */
#define LOOKED_MOST 512 /* rows of an owner, whatever becomes of them */

struct told_range {
	uint64_t start, len; /* in the leaf */
	const struct field *field;
};

/* A range of the container's content, in that of its member at `position`; false when not there. */
static enum status map_down(struct index *index, const struct index_row *leaf, uint64_t offset,
	uint64_t len, uint64_t *start, bool *is_there, struct error *err)
{
	struct region_row region;
	enum status status = index_region_at(index, leaf->container, offset, 0, &region, err);

	*is_there = status == STATUS_OK && region.kind == REGION_CONTENT &&
		region.owner == leaf->position && region.content_offset != REGION_PACKED &&
		region.start <= offset && region.len - (offset - region.start) >= len;
	if (*is_there)
		*start = region.content_offset + (offset - region.start);
	return status < 0 ? status : STATUS_OK;
}

/* Of the catalogue; what has no cause of its own follows from what it was computed from. */
static const char *cause_of(const struct field *field)
{
	const struct cause *cause = cause_find(field->cause);

	if (cause == NULL || strcmp(cause->id, UNEXPLAINED) == 0)
		cause = cause_find("derived");
	return cause->id;
}

/*
 * What is told of the member `owner`, which is the leaf itself or the container that holds it. Both
 * sides must be told of the same things in the same order; what is more on one side is left out.
 */
static enum status find_ranges(struct index *index, const struct index_row *owner,
	const struct index_row *leaf, struct told_range ranges[TOLD_MOST], size_t *count,
	struct error *err)
{
	uint64_t from = 0;

	for (size_t i = 0; i < LOOKED_MOST && *count < TOLD_MOST; i++) {
		struct told_range range;
		struct region_row region;
		bool is_there = true;
		enum status status =
			index_told_at(index, owner->container, owner->position, from, &region, err);

		if (status != STATUS_OK)
			return status < 0 ? status : STATUS_OK;
		from = region.start + 1;
		range.start = region.content_offset;
		range.len = region.len;
		range.field = field_find(region.name);
		if (owner != leaf)
			status = map_down(index, leaf, region.content_offset, region.len,
				&range.start, &is_there, err);
		if (status < 0)
			return status;
		if (is_there && *range.field->name != '\0')
			ranges[(*count)++] = range;
	}
	return STATUS_OK;
}

static void add_pairs(struct diff_plan *plan, struct leaf_request *leaf,
	struct told_range ranges[SIDES][TOLD_MOST], const size_t counts[SIDES])
{
	for (size_t i = 0; i < counts[PUBLISHED] && i < counts[REBUILT]; i++) {
		const struct told_range *a = &ranges[PUBLISHED][i], *b = &ranges[REBUILT][i];

		if (a->field != b->field)
			return;
		ARRAY_GROW(plan->told, plan->told_count, plan->told_capacity);
		plan->told[plan->told_count++] = (struct told_claim){
			.range = {{a->start, b->start}, {a->len, b->len}},
			.cause = cause_of(a->field),
			.region = a->field->name,
		};
		leaf->told_count++;
	}
}

enum status plan_add_told(struct diff_plan *plan, struct index *const sides[SIDES],
	const struct level *level, struct leaf_request *leaf, struct error *err)
{
	struct told_range ranges[SIDES][TOLD_MOST];
	size_t counts[SIDES] = {0};

	leaf->told = plan->told_count;
	for (int side = 0; side < SIDES; side++) {
		const struct index_row *row = level->rows[side];
		const struct level *outer = level->parent;

		if (find_ranges(sides[side], row, row, ranges[side], &counts[side], err) < 0)
			return err->status;
		if (counts[side] == 0 && outer != NULL &&
			find_ranges(sides[side], outer->rows[side], row, ranges[side],
				&counts[side], err) < 0)
			return err->status;
	}
	add_pairs(plan, leaf, ranges, counts);
	return STATUS_OK;
}
