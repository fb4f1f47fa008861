/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "verifier/rebuild/bisect.h"

#define ALL	   0x1ffu /* nine, as there are */
#define THINGS_MAX 8

/* A thing differs when the variations include one of these sets; 0 ends. */
struct thing {
	unsigned enough[4];
	unsigned hidden_by; /* and none of these */
};

struct world {
	struct thing things[THINGS_MAX];
	size_t count;
	unsigned builds, bound;
	bool is_bounded;
	bool seen[ALL + 1];
};

static bool thing_differs(const struct thing *thing, unsigned set)
{
	for (size_t i = 0; i < ARRAY_SIZE(thing->enough) && thing->enough[i]; i++) {
		if ((set & thing->enough[i]) == thing->enough[i] && !(set & thing->hidden_by))
			return true;
	}
	return false;
}

static enum status build(void *context, unsigned set, bool *differs, struct error *err)
{
	struct world *world = context;

	(void)err;
	if (world->builds == world->bound)
		return STATUS_END;
	world->builds++;
	/* No set is built twice, nor the one that is known. */
	ck_assert(set != 0 && set != ALL && set <= ALL && !world->seen[set]);
	world->seen[set] = true;
	for (size_t i = 0; i < world->count; i++)
		differs[i] = thing_differs(&world->things[i], set);
	return STATUS_OK;
}

static struct bisect_result results[THINGS_MAX];

static void run(struct world *world)
{
	struct error err;

	if (!world->is_bounded)
		world->bound = 1000;
	ck_assert_int_eq(bisect(ALL, world->count, build, world, results, &err), STATUS_OK);
}

START_TEST(each_single_one_is_found)
{
	struct world world = {.things = {{.enough = {1u << _i}}}, .count = 1};

	run(&world);
	ck_assert_uint_eq(results[0].alone, 1u << _i);
	ck_assert_uint_eq(results[0].together, 0);
	/* Less than trying each. */
	ck_assert_uint_le(world.builds, 8);
}
END_TEST

/* Every pair: all of those that are enough alone are named, each for its thing. */
START_TEST(all_that_are_enough_alone_are_found)
{
	for (unsigned other = 0; other < 9; other++) {
		struct world world = {
			.things = {{.enough = {1u << _i, 1u << other}}, {.enough = {1u << other}}},
			.count = 2};

		run(&world);
		ck_assert_uint_eq(results[0].alone, 1u << _i | 1u << other);
		ck_assert_uint_eq(results[1].alone, 1u << other);
		ck_assert_uint_le(world.builds, 16);
	}
}
END_TEST

START_TEST(combinations_are_minimal)
{
	for (unsigned other = 0; other < 9; other++) {
		const unsigned pair = 1u << _i | 1u << other, three = pair | 1u << ((_i + 4) % 9);
		struct world world = {.things = {{.enough = {pair}}, {.enough = {three}},
					      {.enough = {1u << ((_i + 1) % 9)}}},
			.count = 3};

		run(&world);
		for (size_t i = 0; i < 2; i++) {
			const unsigned want = world.things[i].enough[0];
			const bool is_single = __builtin_popcount(want) == 1;

			ck_assert_uint_eq(results[i].alone, is_single ? want : 0);
			ck_assert_uint_eq(results[i].together, is_single ? 0 : want);
		}
		ck_assert_uint_eq(results[2].alone, 1u << ((_i + 1) % 9));
	}
}
END_TEST

/* Of two combinations one is named, and it is one of them. */
START_TEST(one_of_several_combinations_is_found)
{
	struct world world = {.things = {{.enough = {0x011, 0x102}}}, .count = 1};

	run(&world);
	ck_assert(results[0].together == 0x011 || results[0].together == 0x102);
	ck_assert_uint_eq(results[0].alone, 0);
}
END_TEST

/* 1 does it, but not where 2 is: with all of them the difference is another's. */
START_TEST(what_hides_another_does_not_mislead)
{
	struct world world = {
		.things = {{.enough = {0x001}, .hidden_by = 0x002}, {.enough = {0x180}}},
		.count = 2};

	/* Of the first thing the claim "with all of them" is not true, which bisect() cannot know.
	 */
	run(&world);
	ck_assert_uint_eq(results[1].together, 0x180);
	for (size_t i = 0; i < world.count; i++) {
		for (unsigned left = results[i].alone; left; left &= left - 1)
			ck_assert(thing_differs(&world.things[i], left & -left));
	}
}
END_TEST

/* Whatever the bound: what is named is true, and what is narrowed down to is enough. */
START_TEST(builds_are_bounded)
{
	struct world world = {.things = {{.enough = {0x020}}, {.enough = {0x101}}},
		.count = 2,
		.bound = (unsigned)_i,
		.is_bounded = true};

	run(&world);
	ck_assert_uint_le(world.builds, (unsigned)_i);
	for (size_t i = 0; i < world.count; i++) {
		ck_assert((results[i].alone | world.things[0].enough[0]) == 0x020);
		ck_assert(thing_differs(&world.things[i], results[i].narrowed));
		ck_assert(!results[i].together || results[i].together == 0x101);
	}
	if (_i == 0)
		ck_assert_uint_eq(results[0].narrowed, ALL);
}
END_TEST

START_TEST(one_variation_needs_no_build)
{
	struct world world = {.things = {{.enough = {0x010}}}, .count = 1};
	struct error err;

	ck_assert_int_eq(bisect(0x010, 1, build, &world, results, &err), STATUS_OK);
	ck_assert_uint_eq(results[0].alone, 0x010);
	ck_assert_uint_eq(world.builds, 0);
}
END_TEST

static enum status refuse(void *context, unsigned set, bool *differs, struct error *err)
{
	(void)context;
	(void)set;
	(void)differs;
	return error_set(err, STATUS_BUILD, "no");
}

START_TEST(trouble_ends_it)
{
	struct error err;

	ck_assert_int_eq(bisect(ALL, 1, refuse, NULL, results, &err), STATUS_BUILD);
	ck_assert_uint_eq(results[0].alone, 0);
	ck_assert_uint_eq(results[0].narrowed, ALL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bisect");
	TCase *tests = tcase_create("bisect");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, each_single_one_is_found, 0, 9);
	tcase_add_loop_test(tests, all_that_are_enough_alone_are_found, 0, 9);
	tcase_add_loop_test(tests, combinations_are_minimal, 0, 9);
	tcase_add_test(tests, one_of_several_combinations_is_found);
	tcase_add_test(tests, what_hides_another_does_not_mislead);
	tcase_add_loop_test(tests, builds_are_bounded, 0, 20);
	tcase_add_test(tests, one_variation_needs_no_build);
	tcase_add_test(tests, trouble_ends_it);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
