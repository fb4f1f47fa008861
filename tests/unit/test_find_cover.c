/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "snapshot/find_cover.h"

enum {
	ELEMENTS_MAX = 12,
	CANDIDATES_MAX = 14,
	LARGE_ELEMENTS = 400,
	LARGE_CANDIDATES = 3000
};

static struct error err;

/* Always the same numbers, of a period that is long enough. */
static uint32_t dice_state;

static uint32_t dice(uint32_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 17;
	dice_state ^= dice_state << 5;
	return dice_state % sides;
}

/* A small problem, each candidate as a set of bits as well. */
static struct instance {
	uint32_t elements[CANDIDATES_MAX][ELEMENTS_MAX];
	struct cover_candidate candidates[CANDIDATES_MAX];
	uint32_t sets[CANDIDATES_MAX];
	struct cover_problem problem;
} instance;

static void instance_add(uint32_t element, size_t candidate)
{
	struct cover_candidate *to = &instance.candidates[candidate];

	if (instance.sets[candidate] >> element & 1)
		return;
	instance.sets[candidate] |= 1U << element;
	instance.elements[candidate][to->count++] = element;
}

/* Of any size and density; every element is in some candidate. */
static void instance_roll(void)
{
	uint32_t elements = 1 + dice(ELEMENTS_MAX), candidates = 1 + dice(CANDIDATES_MAX);
	uint32_t density = 1 + dice(6);

	memset(&instance, 0, sizeof(instance));
	for (size_t i = 0; i < candidates; i++) {
		instance.candidates[i].elements = instance.elements[i];
		for (uint32_t j = 0; j < elements; j++) {
			if (dice(density + 1) == 0)
				instance_add(j, i);
		}
	}
	for (uint32_t j = 0; j < elements; j++)
		instance_add(j, dice(candidates));
	instance.problem = (struct cover_problem){.element_count = elements,
		.candidates = instance.candidates,
		.candidate_count = candidates};
}

static uint32_t all_elements(void)
{
	return (1U << instance.problem.element_count) - 1;
}

/* Whether the left choice comes first; both as bits, and of one size. */
static bool is_before(uint32_t left, uint32_t right)
{
	uint32_t differ = left ^ right;

	/* They part at their lowest bit that is not in both. */
	return differ != 0 && (left & differ & -differ) != 0;
}

/* Every choice there is, one after the other: the best of them as bits. */
static uint32_t try_all(void)
{
	uint32_t best = 0, choices = 1U << instance.problem.candidate_count;

	for (uint32_t choice = 1; choice < choices; choice++) {
		uint32_t covered = 0;
		int size = __builtin_popcount(choice), best_size = __builtin_popcount(best);

		for (size_t i = 0; i < instance.problem.candidate_count; i++)
			covered |= choice >> i & 1 ? instance.sets[i] : 0;
		if (covered != all_elements())
			continue;
		if (best == 0 || size < best_size || (size == best_size && is_before(choice, best)))
			best = choice;
	}
	return best;
}

/* How many the usual way takes: whatever covers most, again and again. */
static size_t greedy_count(void)
{
	uint32_t left = all_elements();
	size_t count = 0;

	while (left) {
		size_t best = 0;

		for (size_t i = 0; i < instance.problem.candidate_count; i++) {
			if (__builtin_popcount(instance.sets[i] & left) >
				__builtin_popcount(instance.sets[best] & left))
				best = i;
		}
		left &= ~instance.sets[best];
		count++;
	}
	return count;
}

START_TEST(test_small_problems_against_trying_all)
{
	size_t greedy_is_larger = 0, sizes[ELEMENTS_MAX + 1] = {0};

	dice_state = 2463534242U + (uint32_t)_i;
	for (int round = 0; round < 2000; round++) {
		struct cover_choice choice;
		uint32_t best, found = 0;

		instance_roll();
		best = try_all();
		ck_assert_int_eq(
			cover_choose(&instance.problem, COVER_EFFORT, &choice, &err), STATUS_OK);
		for (size_t i = 0; i < choice.count; i++) {
			ck_assert(i == 0 || choice.candidates[i - 1] < choice.candidates[i]);
			found |= 1U << choice.candidates[i];
		}
		ck_assert_msg(
			found == best, "round %d: %x, trying all gives %x", round, found, best);
		ck_assert_uint_eq(choice.count, choice.at_least);
		ck_assert(choice.is_preferred);
		sizes[choice.count]++;
		greedy_is_larger += greedy_count() > choice.count;
		cover_choice_release(&choice);
	}
	/* The problems are not all easy ones. */
	ck_assert_uint_gt(greedy_is_larger, 20);
	ck_assert_uint_gt(sizes[2], 20);
	ck_assert_uint_gt(sizes[4], 20);
}
END_TEST

START_TEST(test_greedy_takes_more_than_are_needed)
{
	struct cover_choice choice;

	memset(&instance, 0, sizeof(instance));
	instance.problem = (struct cover_problem){
		.element_count = 6, .candidates = instance.candidates, .candidate_count = 3};
	for (size_t i = 0; i < 3; i++)
		instance.candidates[i].elements = instance.elements[i];
	/* The first has four of six; the other two have three each, and all six together. */
	for (uint32_t element = 1; element < 5; element++)
		instance_add(element, 0);
	for (uint32_t element = 0; element < 3; element++) {
		instance_add(element, 1);
		instance_add(element + 3, 2);
	}
	ck_assert_uint_eq(greedy_count(), 3);
	ck_assert_int_eq(cover_choose(&instance.problem, COVER_EFFORT, &choice, &err), STATUS_OK);
	ck_assert_uint_eq(choice.count, 2);
	ck_assert_uint_eq(choice.candidates[0], 1);
	ck_assert_uint_eq(choice.candidates[1], 2);
	cover_choice_release(&choice);
}
END_TEST

START_TEST(test_an_element_that_nothing_covers)
{
	struct cover_choice choice;

	memset(&instance, 0, sizeof(instance));
	instance.candidates[0].elements = instance.elements[0];
	instance.problem = (struct cover_problem){
		.element_count = 2, .candidates = instance.candidates, .candidate_count = 1};
	instance_add(1, 0);
	ck_assert_int_eq(
		cover_choose(&instance.problem, COVER_EFFORT, &choice, &err), STATUS_NOT_FOUND);
	cover_choice_release(&choice);
}
END_TEST

START_TEST(test_nothing_to_cover)
{
	struct cover_problem nothing = {0};
	struct cover_choice choice;

	ck_assert_int_eq(cover_choose(&nothing, COVER_EFFORT, &choice, &err), STATUS_OK);
	ck_assert_uint_eq(choice.count, 0);
	cover_choice_release(&choice);
}
END_TEST

START_TEST(test_too_large_a_problem)
{
	static uint32_t element;
	struct cover_candidate *candidates = calloc(100000, sizeof(*candidates));
	struct cover_problem problem = {
		.element_count = 20000, .candidates = candidates, .candidate_count = 100000};
	struct cover_choice choice;

	ck_assert_ptr_nonnull(candidates);
	for (size_t i = 0; i < problem.candidate_count; i++)
		candidates[i] = (struct cover_candidate){.elements = &element, .count = 1};
	ck_assert_int_eq(cover_choose(&problem, COVER_EFFORT, &choice, &err), STATUS_LIMIT);
	cover_choice_release(&choice);
	free(candidates);
}
END_TEST

static struct large {
	uint32_t elements[LARGE_CANDIDATES][LARGE_ELEMENTS];
	struct cover_candidate candidates[LARGE_CANDIDATES];
	struct cover_problem problem;
} large;

/*
 * Packages that change `changes` times over the imports, as those of an image do: each is of one
 * version for a while. Each import gives what is current then.
 */
static void large_roll(uint32_t share)
{
	memset(&large, 0, sizeof(large));
	large.problem = (struct cover_problem){.element_count = LARGE_ELEMENTS,
		.candidates = large.candidates,
		.candidate_count = LARGE_CANDIDATES};
	for (size_t i = 0; i < LARGE_CANDIDATES; i++)
		large.candidates[i].elements = large.elements[i];
	for (uint32_t element = 0; element < LARGE_ELEMENTS; element++) {
		for (int range = 0; range < 3; range++) {
			uint32_t begin = dice(LARGE_CANDIDATES), length = 1 + dice(share);

			for (size_t i = begin; i < begin + length && i < LARGE_CANDIDATES; i++) {
				struct cover_candidate *to = &large.candidates[i];

				if (to->count && to->elements[to->count - 1] == element)
					continue;
				large.elements[i][to->count++] = element;
			}
		}
	}
}

static void large_check(const struct cover_choice *choice)
{
	bool covered[LARGE_ELEMENTS] = {0};

	for (size_t i = 0; i < choice->count; i++) {
		const struct cover_candidate *candidate = &large.candidates[choice->candidates[i]];

		for (size_t j = 0; j < candidate->count; j++)
			covered[candidate->elements[j]] = true;
	}
	for (size_t i = 0; i < LARGE_ELEMENTS; i++)
		ck_assert_msg(covered[i], "%zu is not covered", i);
}

START_TEST(test_large_problem_with_an_end)
{
	struct cover_choice choice;

	dice_state = 88675123;
	large_roll(2500);
	ck_assert_int_eq(cover_choose(&large.problem, COVER_EFFORT, &choice, &err), STATUS_OK);
	large_check(&choice);
	ck_assert_uint_eq(choice.count, choice.at_least);
	ck_assert(choice.is_preferred);
	cover_choice_release(&choice);
}
END_TEST

/* Short ranges, many of them: more than can be gone through. What is not proven is not claimed. */
START_TEST(test_effort_is_bounded)
{
	struct cover_choice choice, again;

	dice_state = 521288629;
	large_roll(60);
	ck_assert_int_eq(cover_choose(&large.problem, 200000000, &choice, &err), STATUS_OK);
	large_check(&choice);
	ck_assert_uint_lt(choice.at_least, choice.count);
	ck_assert_uint_gt(choice.at_least, 1);
	ck_assert(!choice.is_preferred);
	ck_assert_int_eq(cover_choose(&large.problem, 200000000, &again, &err), STATUS_OK);
	ck_assert_uint_eq(choice.count, again.count);
	ck_assert_uint_eq(choice.at_least, again.at_least);
	ck_assert_mem_eq(
		choice.candidates, again.candidates, choice.count * sizeof(choice.candidates[0]));
	cover_choice_release(&choice);
	cover_choice_release(&again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("find_cover");
	TCase *tcase = tcase_create("find_cover");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, test_small_problems_against_trying_all, 0, 5);
	tcase_add_test(tcase, test_greedy_takes_more_than_are_needed);
	tcase_add_test(tcase, test_an_element_that_nothing_covers);
	tcase_add_test(tcase, test_nothing_to_cover);
	tcase_add_test(tcase, test_too_large_a_problem);
	tcase_add_test(tcase, test_large_problem_with_an_end);
	tcase_add_test(tcase, test_effort_is_bounded);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
