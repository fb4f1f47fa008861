/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "snapshot/find_points.h"
#include "snapshot/pin_file.h"

/* What all suites have at the chosen times; 48 MiB. */
#define PRESENCES_MAX ((size_t)1 << 22)

/* A package is current in a suite at a chosen time. */
struct presence {
	uint32_t point, suite; /* which of the chosen points */
	uint32_t element;
};

/* A suite at a chosen time, and what it has. */
struct station {
	uint32_t point, suite;
	size_t first, count; /* of the elements */
	const char *name;
};

/* The second choice: which suites of the chosen times are needed. */
struct stations {
	struct presence *presences;
	size_t presence_count, presence_capacity;
	struct station *items;
	size_t count, capacity;
	uint32_t *elements; /* of all stations */
};

static int presence_compare(const void *a, const void *b)
{
	const struct presence *left = a, *right = b;

	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	if (left->suite != right->suite)
		return left->suite < right->suite ? -1 : 1;
	return (left->element > right->element) - (left->element < right->element);
}

/* Most packages first, then in the order of points, then by name. */
static int station_compare(const void *a, const void *b)
{
	const struct station *left = a, *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	return strcmp(left->name, right->name);
}

static uint32_t element_of(const struct find_points *points, uint32_t package)
{
	size_t low = 0, high = points->element_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (points->packages[middle] < package)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static enum status presences_take(const struct find_ranges *ranges,
	const struct find_points *points, const struct cover_choice *choice,
	struct stations *stations, struct error *err)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct find_range *range = &ranges->items[i];

		for (size_t j = 0; j < choice->count; j++) {
			const struct find_point *point = &points->items[choice->candidates[j]];

			if (point->archive != ranges->suites[range->suite].archive ||
				point->time < range->first || point->time > range->last)
				continue;
			if (stations->presence_count >= PRESENCES_MAX)
				return error_set(err, STATUS_LIMIT,
					"too many suites have these packages to choose between");
			ARRAY_GROW(stations->presences, stations->presence_count,
				stations->presence_capacity);
			stations->presences[stations->presence_count++] =
				(struct presence){.point = (uint32_t)j,
					.suite = range->suite,
					.element = element_of(points, range->package)};
		}
	}
	return STATUS_OK;
}

static void stations_group(const struct find_ranges *ranges, struct stations *stations)
{
	size_t count = 0;

	if (stations->presence_count > 1)
		qsort(stations->presences, stations->presence_count, sizeof(struct presence),
			presence_compare);
	stations->elements = xcalloc(stations->presence_count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < stations->presence_count; i++) {
		const struct presence *presence = &stations->presences[i];
		struct station *station =
			stations->count ? &stations->items[stations->count - 1] : NULL;

		/* Several ranges may say the same. */
		if (i > 0 && presence_compare(presence, presence - 1) == 0)
			continue;
		if (!station || station->point != presence->point ||
			station->suite != presence->suite) {
			ARRAY_GROW(stations->items, stations->count, stations->capacity);
			station = &stations->items[stations->count++];
			*station = (struct station){.point = presence->point,
				.suite = presence->suite,
				.first = count,
				.name = ranges->suites[presence->suite].suite};
		}
		stations->elements[count++] = presence->element;
		station->count++;
	}
	if (stations->count > 1)
		qsort(stations->items, stations->count, sizeof(struct station), station_compare);
}

static enum status stations_choose(const struct stations *stations, size_t element_count,
	uint64_t effort, struct cover_choice *choice, struct error *err)
{
	struct cover_candidate *candidates = xcalloc(stations->count + 1, sizeof(*candidates));
	struct cover_problem problem = {.element_count = element_count,
		.candidates = candidates,
		.candidate_count = stations->count};
	enum status status;

	for (size_t i = 0; i < stations->count; i++)
		candidates[i] = (struct cover_candidate){
			.elements = stations->elements + stations->items[i].first,
			.count = stations->items[i].count};
	status = cover_choose(&problem, effort, choice, err);
	free(candidates);
	return status;
}

static char *pin_text(const struct found_pin *pin)
{
	struct buffer text = {0};
	char *name = pin_name_format(pin->archive, pin->timestamp);

	buffer_add_text(&text, name);
	for (size_t i = 0; i < pin->suites.count; i++)
		buffer_add_format(&text, "%c%s", i ? ',' : ':', pin->suites.items[i]);
	free(name);
	return buffer_detach(&text);
}

/* One chosen time with those of its suites that were chosen; it has none when others do. */
static void pin_fill(struct found_pin *pin, const struct find_points *points, uint32_t point,
	const struct stations *stations, const struct cover_choice *suites)
{
	bool *has = xcalloc(points->element_count + 1, sizeof(*has));

	for (size_t i = 0; i < suites->count; i++) {
		const struct station *station = &stations->items[suites->candidates[i]];

		if (station->point != point)
			continue;
		text_list_add(&pin->suites, station->name);
		for (size_t j = 0; j < station->count; j++)
			has[stations->elements[station->first + j]] = true;
	}
	text_list_sort(&pin->suites);
	pin->packages = xcalloc(points->element_count + 1, sizeof(pin->packages[0]));
	for (size_t i = 0; i < points->element_count; i++) {
		if (has[i])
			pin->packages[pin->package_count++] = points->packages[i];
	}
	free(has);
}

static void pins_count(struct find_result *result)
{
	for (size_t i = 0; i < result->pin_count; i++) {
		for (size_t j = 0; j < result->pins[i].package_count; j++)
			result->packages[result->pins[i].packages[j]].pin_count++;
	}
	for (size_t i = 0; i < result->pin_count; i++) {
		struct found_pin *pin = &result->pins[i];

		for (size_t j = 0; j < pin->package_count; j++)
			pin->only_count += result->packages[pin->packages[j]].pin_count == 1;
	}
}

/* trust T12: one timestamp per archive and suite. */
static void overlaps_note(struct find_result *result)
{
	struct text_list all = {0};

	for (size_t i = 0; i < result->pin_count; i++) {
		const struct found_pin *pin = &result->pins[i];

		for (size_t j = 0; j < pin->suites.count; j++) {
			char *text = xasprintf("%s %s", pin->archive, pin->suites.items[j]);

			text_list_add(&all, text);
			free(text);
		}
	}
	text_list_sort(&all);
	for (size_t i = 1; i < all.count; i++) {
		if (strcmp(all.items[i], all.items[i - 1]) == 0)
			text_list_add(&result->overlaps, all.items[i]);
	}
	text_list_unique(&result->overlaps);
	text_list_release(&all);
}

static void pins_take(const struct find_ranges *ranges, const struct find_points *points,
	const struct cover_choice *times, const struct stations *stations,
	const struct cover_choice *suites, struct find_result *result)
{
	result->pins = xcalloc(times->count + 1, sizeof(result->pins[0]));
	for (size_t i = 0; i < times->count; i++) {
		const struct find_point *point = &points->items[times->candidates[i]];
		struct found_pin *pin = &result->pins[result->pin_count];
		char *stored;

		pin_fill(pin, points, (uint32_t)i, stations, suites);
		if (pin->suites.count == 0) {
			free(pin->packages);
			*pin = (struct found_pin){0};
			continue;
		}
		pin->archive = xstrdup(ranges->archives.items[point->archive]);
		pin->timestamp = point->time;
		pin->since = point->since;
		pin->name = pin_text(pin);
		stored = pin_name_format(pin->archive, pin->timestamp);
		pin->is_stored = text_list_contains(&ranges->pins, stored);
		free(stored);
		result->pin_count++;
	}
	result->at_least = times->at_least;
	pins_count(result);
	overlaps_note(result);
}

enum status find_timestamps(const struct find_ranges *ranges, uint64_t effort,
	struct find_result *result, struct error *err)
{
	struct find_points points = {0};
	struct stations stations = {0};
	struct cover_problem problem = {0};
	struct cover_choice times = {0}, suites = {0};
	enum status status = find_points_make(ranges, &points, err);

	if (status == STATUS_OK) {
		find_points_problem(&points, &problem);
		status = cover_choose(&problem, effort, &times, err);
	}
	if (status == STATUS_OK)
		status = presences_take(ranges, &points, &times, &stations, err);
	if (status == STATUS_OK) {
		stations_group(ranges, &stations);
		status = stations_choose(&stations, points.element_count, effort, &suites, err);
	}
	if (status == STATUS_OK)
		pins_take(ranges, &points, &times, &stations, &suites, result);
	cover_choice_release(&times);
	cover_choice_release(&suites);
	free((struct cover_candidate *)problem.candidates);
	free(stations.presences);
	free(stations.items);
	free(stations.elements);
	find_points_release(&points);
	return status;
}
