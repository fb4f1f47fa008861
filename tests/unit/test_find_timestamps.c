/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/find_cover.h"
#include "snapshot/find_range.h"

/* Small enough to try every set of times, archives and suites. */
enum {
	PACKAGES_MAX = 9,
	TIMES = 6,
	ARCHIVES = 2,
	SUITES = 2,
	POINTS = TIMES * ARCHIVES,
};

static const char *const archives[ARCHIVES] = {"debian", "other"};
static const char *const suites[SUITES] = {"stable", "updates"};

static struct error err;
static uint32_t dice_state;
static struct manifest manifest;
static struct find_ranges ranges;
static struct find_result result;
/* Which packages a suite of an archive has at a time, as bits. */
static uint32_t current[ARCHIVES][SUITES][TIMES];
static uint32_t all;

static uint32_t dice(uint32_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 17;
	dice_state ^= dice_state << 5;
	return dice_state % sides;
}

static void packages_make(size_t count)
{
	manifest.items = xcalloc(count, sizeof(manifest.items[0]));
	manifest.count = count;
	for (size_t i = 0; i < count; i++) {
		manifest.items[i].name = xasprintf("p%zu", i);
		manifest.items[i].version = xstrdup("1");
	}
	memset(current, 0, sizeof(current));
	all = 0;
	find_ranges_init(&ranges, &manifest, "amd64");
	result = (struct find_result){.package_count = count};
	result.packages = xcalloc(count, sizeof(result.packages[0]));
}

static void packages_release(void)
{
	find_result_release(&result);
	find_ranges_release(&ranges);
	for (size_t i = 0; i < manifest.count; i++) {
		free(manifest.items[i].name);
		free(manifest.items[i].version);
	}
	free(manifest.items);
}

static void range_add(size_t package, size_t archive, size_t suite, int64_t first, int64_t last)
{
	ck_assert_int_eq(find_ranges_add(&ranges, package, archives[archive], suites[suite], first,
				 last, &err),
		STATUS_OK);
	for (int64_t time = first; time <= last; time++)
		current[archive][suite][time] |= 1U << package;
	all |= 1U << package;
}

static void roll(void)
{
	uint32_t count = 1 + dice(PACKAGES_MAX), length = 1 + dice(3);

	packages_make(count);
	for (uint32_t i = 0; i < count; i++) {
		/* Some packages have none, and some several that meet or say the same. */
		for (uint32_t range = dice(4); range > 0; range--) {
			int64_t first = dice(TIMES), last = first + dice(length);

			range_add(i, dice(ARCHIVES), dice(SUITES), first,
				last < TIMES ? last : TIMES - 1);
		}
	}
}

/* All that an archive has at a time. */
static uint32_t point_has(size_t point)
{
	uint32_t has = 0;

	for (size_t suite = 0; suite < SUITES; suite++)
		has |= current[point % ARCHIVES][suite][point / ARCHIVES];
	return has;
}

/* Whether the left point is the better one: more packages, newer, archive by name. */
static bool point_is_before(size_t left, size_t right)
{
	int left_count = __builtin_popcount(point_has(left));
	int right_count = __builtin_popcount(point_has(right));

	if (left_count != right_count)
		return left_count > right_count;
	if (left / ARCHIVES != right / ARCHIVES)
		return left / ARCHIVES > right / ARCHIVES;
	return left < right;
}

/* The points, best one first. */
static void points_rank(size_t ranked[POINTS])
{
	for (size_t i = 0; i < POINTS; i++) {
		size_t at = i;

		for (; at > 0 && point_is_before(i, ranked[at - 1]); at--)
			ranked[at] = ranked[at - 1];
		ranked[at] = i;
	}
}

static bool is_before(uint32_t left, uint32_t right)
{
	uint32_t differ = left ^ right;

	return differ != 0 && (left & differ & -differ) != 0;
}

/* Every set of points there is: the smallest, and of those the first, as bits of ranked points. */
static uint32_t try_all(const size_t ranked[POINTS])
{
	uint32_t best = 0;
	bool is_any = all == 0;

	for (uint32_t set = 1; set < 1U << POINTS && all != 0; set++) {
		int size = __builtin_popcount(set);
		uint32_t has = 0;

		if (is_any && size > __builtin_popcount(best))
			continue;
		for (size_t i = 0; i < POINTS; i++)
			has |= set >> i & 1 ? point_has(ranked[i]) : 0;
		if (has != all)
			continue;
		if (!is_any || size < __builtin_popcount(best) || is_before(set, best))
			best = set;
		is_any = true;
	}
	ck_assert(is_any);
	return best;
}

/* The fewest suites with which these pins have everything. */
static size_t suites_needed(void)
{
	size_t best = SIZE_MAX;

	for (uint32_t set = 0; set < 1U << (result.pin_count * SUITES); set++) {
		uint32_t has = 0;

		for (size_t i = 0; i < result.pin_count * SUITES; i++) {
			const struct found_pin *pin = &result.pins[i / SUITES];
			size_t archive = strcmp(pin->archive, archives[0]) != 0;

			if (set >> i & 1)
				has |= current[archive][i % SUITES][pin->timestamp];
		}
		if (has == all && (size_t)__builtin_popcount(set) < best)
			best = (size_t)__builtin_popcount(set);
	}
	return best;
}

/* What a found pin says of itself has to be so. */
static uint32_t pin_check(const struct found_pin *pin)
{
	size_t archive = strcmp(pin->archive, archives[0]) != 0, only = 0;
	uint32_t has = 0, said = 0;

	for (size_t suite = 0; suite < SUITES; suite++) {
		if (text_list_contains(&pin->suites, suites[suite]))
			has |= current[archive][suite][pin->timestamp];
	}
	for (size_t i = 0; i < pin->package_count; i++) {
		said |= 1U << pin->packages[i];
		only += result.packages[pin->packages[i]].pin_count == 1;
		ck_assert(i == 0 || pin->packages[i - 1] < pin->packages[i]);
	}
	ck_assert_uint_eq(has, said);
	ck_assert_uint_eq(only, pin->only_count);
	for (int64_t time = pin->since; time <= pin->timestamp; time++) {
		uint32_t at_time = point_has((size_t)time * ARCHIVES + archive);

		ck_assert_uint_eq(said & ~at_time, 0);
	}
	return has;
}

START_TEST(test_against_trying_all)
{
	size_t sizes[PACKAGES_MAX + 1] = {0};

	dice_state = 362436069U + (uint32_t)_i;
	for (int round = 0; round < 500; round++) {
		size_t ranked[POINTS], at = 0, suite_count = 0;
		uint32_t best, has = 0;

		roll();
		points_rank(ranked);
		best = try_all(ranked);
		ck_assert_msg(find_timestamps(&ranges, COVER_EFFORT, &result, &err) == STATUS_OK,
			"%s", err.text);
		ck_assert_uint_eq(result.pin_count, (size_t)__builtin_popcount(best));
		ck_assert_uint_eq(result.pin_count, result.at_least);
		for (size_t i = 0; i < POINTS; i++) {
			const struct found_pin *pin = &result.pins[at];

			if (!(best >> i & 1))
				continue;
			ck_assert_msg(pin->timestamp == (int64_t)(ranked[i] / ARCHIVES) &&
					strcmp(pin->archive, archives[ranked[i] % ARCHIVES]) == 0,
				"round %d: %s@%d", round, pin->archive, (int)pin->timestamp);
			has |= pin_check(pin);
			suite_count += pin->suites.count;
			at++;
		}
		ck_assert_uint_eq(has, all);
		if (result.pin_count)
			ck_assert_uint_eq(suite_count, suites_needed());
		sizes[result.pin_count]++;
		packages_release();
	}
	ck_assert_uint_gt(sizes[0], 0);
	ck_assert_uint_gt(sizes[1], 20);
	ck_assert_uint_gt(sizes[2], 20);
	ck_assert_uint_gt(sizes[3], 20);
}
END_TEST

/* main and security move apart: each has its own time. */
START_TEST(test_two_archives)
{
	packages_make(3);
	range_add(0, 0, 0, 0, 4);
	range_add(1, 0, 0, 1, 3);
	range_add(2, 1, 0, 2, 5);
	ck_assert_int_eq(find_timestamps(&ranges, COVER_EFFORT, &result, &err), STATUS_OK);
	ck_assert_uint_eq(result.pin_count, 2);
	ck_assert_str_eq(result.pins[0].name, "debian@19700101T000003Z:stable");
	ck_assert_int_eq(result.pins[0].since, 1);
	ck_assert_str_eq(result.pins[1].name, "other@19700101T000005Z:stable");
	ck_assert_int_eq(result.pins[1].since, 2);
	ck_assert_uint_eq(result.overlaps.count, 0);
	packages_release();
}
END_TEST

/* A version that went and came back, and one that only was there between. */
START_TEST(test_several_ranges_of_one_package)
{
	packages_make(3);
	range_add(0, 0, 0, 0, 1);
	range_add(0, 0, 0, 4, 5);
	range_add(1, 0, 0, 0, 2);
	range_add(2, 0, 0, 2, 4);
	ck_assert_int_eq(find_timestamps(&ranges, COVER_EFFORT, &result, &err), STATUS_OK);
	ck_assert_uint_eq(result.pin_count, 2);
	/* Two of three each: the newer one first. */
	ck_assert_str_eq(result.pins[0].name, "debian@19700101T000004Z:stable");
	ck_assert_str_eq(result.pins[1].name, "debian@19700101T000002Z:stable");
	ck_assert_uint_eq(result.overlaps.count, 1);
	ck_assert_str_eq(result.overlaps.items[0], "debian stable");
	packages_release();
}
END_TEST

/* A package that either archive has asks for no second one. */
START_TEST(test_package_in_two_archives)
{
	packages_make(2);
	range_add(0, 0, 0, 0, 3);
	range_add(0, 1, 1, 5, 5);
	range_add(1, 1, 0, 4, 5);
	ck_assert_int_eq(find_timestamps(&ranges, COVER_EFFORT, &result, &err), STATUS_OK);
	ck_assert_uint_eq(result.pin_count, 1);
	ck_assert_str_eq(result.pins[0].name, "other@19700101T000005Z:stable,updates");
	packages_release();
}
END_TEST

START_TEST(test_no_ranges)
{
	packages_make(1);
	ck_assert_int_eq(find_timestamps(&ranges, COVER_EFFORT, &result, &err), STATUS_OK);
	ck_assert_uint_eq(result.pin_count, 0);
	packages_release();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("find_timestamps");
	TCase *tcase = tcase_create("find_timestamps");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_against_trying_all, 0, 5);
	tcase_add_test(tcase, test_two_archives);
	tcase_add_test(tcase, test_several_ranges_of_one_package);
	tcase_add_test(tcase, test_package_in_two_archives);
	tcase_add_test(tcase, test_no_ranges);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
