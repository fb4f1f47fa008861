/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/find_points.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* What all points have together; 256 MiB. */
#define ELEMENTS_MAX ((size_t)1 << 26)
/* Packages looked at to make the points. */
#define LOOKS_MAX (UINT64_C(1) << 32)

/* When an archive had a package in any suite: the union of ranges that meet. */
struct interval {
	uint32_t archive, element;
	int64_t first, last;
};

struct interval_list {
	struct interval *items;
	size_t count;
};

static int number_compare(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

static int time_compare(int64_t left, int64_t right)
{
	return (left > right) - (left < right);
}

static int by_element(const void *a, const void *b)
{
	const struct interval *left = a, *right = b;

	if (left->archive != right->archive)
		return number_compare(left->archive, right->archive);
	if (left->element != right->element)
		return number_compare(left->element, right->element);
	return time_compare(left->first, right->first);
}

static int by_first(const void *a, const void *b)
{
	const struct interval *left = a, *right = b;

	if (left->archive != right->archive)
		return number_compare(left->archive, right->archive);
	return time_compare(left->first, right->first);
}

static int by_last(const void *a, const void *b)
{
	const struct interval *left = a, *right = b;

	if (left->archive != right->archive)
		return number_compare(left->archive, right->archive);
	return time_compare(left->last, right->last);
}

/* Numbers the packages that have a range; the caller frees what each package's number is. */
static uint32_t *elements_number(const struct find_ranges *ranges, struct find_points *points)
{
	size_t count = ranges->manifest->count;
	uint32_t *numbers = xcalloc(count + 1, sizeof(*numbers));

	points->packages = xcalloc(count + 1, sizeof(points->packages[0]));
	for (size_t i = 0; i < ranges->count; i++)
		numbers[ranges->items[i].package] = 1;
	for (size_t i = 0; i < count; i++) {
		if (!numbers[i])
			continue;
		numbers[i] = (uint32_t)points->element_count;
		points->packages[points->element_count++] = (uint32_t)i;
	}
	return numbers;
}

static void intervals_make(
	const struct find_ranges *ranges, struct find_points *points, struct interval_list *list)
{
	uint32_t *numbers = elements_number(ranges, points);
	struct interval *items = xcalloc(ranges->count + 1, sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		const struct find_range *range = &ranges->items[i];

		items[i] = (struct interval){.archive = ranges->suites[range->suite].archive,
			.element = numbers[range->package],
			.first = range->first,
			.last = range->last};
	}
	if (ranges->count > 1)
		qsort(items, ranges->count, sizeof(*items), by_element);
	for (size_t i = 0; i < ranges->count; i++) {
		struct interval *before = count ? &items[count - 1] : NULL;

		if (before && before->archive == items[i].archive &&
			before->element == items[i].element && items[i].first <= before->last) {
			if (items[i].last > before->last)
				before->last = items[i].last;
			continue;
		}
		items[count++] = items[i];
	}
	*list = (struct interval_list){.items = items, .count = count};
	free(numbers);
}

/* What is current while the times of one archive after the other are gone through. */
struct sweep {
	struct find_points *points;
	const struct interval **current; /* an element's interval; NULL when it is not current */
	uint64_t looks;
	bool has_begun; /* something, since the last point */
};

/* Of what is current now. */
static enum status point_add(struct sweep *sweep, uint32_t archive, int64_t time, struct error *err)
{
	struct find_points *points = sweep->points;
	struct find_point point = {.archive = archive,
		.time = time,
		.since = INT64_MIN,
		.first = points->element_total};

	sweep->looks += points->element_count;
	if (sweep->looks > LOOKS_MAX ||
		points->element_total + points->element_count > ELEMENTS_MAX)
		return error_set(err, STATUS_LIMIT,
			"%zu packages have more different times than can be compared",
			points->element_count);
	for (size_t i = 0; i < points->element_count; i++) {
		if (!sweep->current[i])
			continue;
		if (sweep->current[i]->first > point.since)
			point.since = sweep->current[i]->first;
		ARRAY_GROW(points->elements, points->element_total, points->element_capacity);
		points->elements[points->element_total++] = (uint32_t)i;
		point.count++;
	}
	ARRAY_GROW(points->items, points->count, points->capacity);
	points->items[points->count++] = point;
	return STATUS_OK;
}

/* Both lists are of the same intervals: by their beginning, and by their end. */
static enum status sweep_run(struct sweep *sweep, const struct interval_list *begins,
	const struct interval_list *ends, struct error *err)
{
	size_t begin = 0;

	for (size_t end = 0; end < ends->count; end++) {
		const struct interval *ending = &ends->items[end];

		for (; begin < begins->count; begin++) {
			const struct interval *next = &begins->items[begin];

			if (next->archive != ending->archive || next->first > ending->last)
				break;
			sweep->current[next->element] = next;
			sweep->has_begun = true;
		}
		/* Nothing has come since the last point: all that is current was so then. */
		if (sweep->has_begun && point_add(sweep, ending->archive, ending->last, err) < 0)
			return err->status;
		sweep->has_begun = false;
		sweep->current[ending->element] = NULL;
	}
	return STATUS_OK;
}

struct ranked_point {
	struct find_point point;
	const char *archive;
};

static int rank_compare(const void *a, const void *b)
{
	const struct ranked_point *left = a, *right = b;

	if (left->point.count != right->point.count)
		return number_compare(right->point.count, left->point.count);
	if (left->point.time != right->point.time)
		return time_compare(right->point.time, left->point.time);
	return strcmp(left->archive, right->archive);
}

static void points_rank(const struct find_ranges *ranges, struct find_points *points)
{
	struct ranked_point *ranked = xcalloc(points->count + 1, sizeof(*ranked));

	for (size_t i = 0; i < points->count; i++)
		ranked[i] = (struct ranked_point){.point = points->items[i],
			.archive = ranges->archives.items[points->items[i].archive]};
	if (points->count > 1)
		qsort(ranked, points->count, sizeof(*ranked), rank_compare);
	for (size_t i = 0; i < points->count; i++)
		points->items[i] = ranked[i].point;
	free(ranked);
}

enum status find_points_make(
	const struct find_ranges *ranges, struct find_points *points, struct error *err)
{
	struct interval_list begins = {0}, ends = {0};
	struct sweep sweep = {.points = points};
	enum status status;

	*points = (struct find_points){0};
	if (ranges->count == 0)
		return STATUS_OK;
	intervals_make(ranges, points, &begins);
	ends = (struct interval_list){
		.items = xcalloc(begins.count + 1, sizeof(struct interval)), .count = begins.count};
	memcpy(ends.items, begins.items, begins.count * sizeof(struct interval));
	if (begins.count > 1)
		qsort(begins.items, begins.count, sizeof(struct interval), by_first);
	if (ends.count > 1)
		qsort(ends.items, ends.count, sizeof(struct interval), by_last);
	sweep.current = xcalloc(points->element_count + 1, sizeof(sweep.current[0]));
	status = sweep_run(&sweep, &begins, &ends, err);
	if (status == STATUS_OK)
		points_rank(ranges, points);
	free(sweep.current);
	free(begins.items);
	free(ends.items);
	return status;
}

void find_points_release(struct find_points *points)
{
	free(points->items);
	free(points->elements);
	free(points->packages);
	*points = (struct find_points){0};
}

void find_points_problem(const struct find_points *points, struct cover_problem *problem)
{
	struct cover_candidate *candidates = xcalloc(points->count + 1, sizeof(*candidates));

	for (size_t i = 0; i < points->count; i++)
		candidates[i] = (struct cover_candidate){
			.elements = points->elements + points->items[i].first,
			.count = points->items[i].count};
	*problem = (struct cover_problem){.element_count = points->element_count,
		.candidates = candidates,
		.candidate_count = points->count};
}
