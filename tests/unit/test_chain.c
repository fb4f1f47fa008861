/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/chain.h"

#include <check.h>
#include <stdlib.h>

/* Packages are numbers here; only who asks for whom counts. */
#define PACKAGES 8

static struct needs needs;
static struct solved_package packages[PACKAGES];
static struct reach reach;

static void add(size_t from, size_t to, enum need_field field, bool is_first)
{
	ARRAY_GROW(needs.items, needs.count, needs.capacity);
	needs.items[needs.count++] =
		(struct need){.from = from, .to = to, .field = field, .is_first = is_first};
}

static void begin(void)
{
	needs = (struct needs){.solution = {.packages = packages, .count = PACKAGES}};
}

static void end(void)
{
	reach_release(&reach);
	free(needs.items);
}

/* "0>2>5" of the chain that leads to a package, "none" for no chain. */
static const char *chain_to(size_t to)
{
	static char text[64];
	struct chain chain;
	size_t len = 0;

	if (!reach_chain(&reach, to, &chain))
		return "none";
	len = (size_t)snprintf(text, sizeof(text), "%zu", chain.count ? chain.links[0]->from : to);
	for (size_t i = 0; i < chain.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ">%zu", chain.links[i]->to);
	chain_release(&chain);
	return text;
}

static void from(size_t a, size_t b)
{
	const size_t starts[] = {a, b};

	reach_from(&reach, starts, 2);
}

START_TEST(the_shortest_chain_is_told)
{
	add(0, 1, NEED_DEPENDS, true);
	add(0, 2, NEED_PRE_DEPENDS, true);
	add(1, 3, NEED_DEPENDS, true);
	add(2, 1, NEED_DEPENDS, true);
	add(3, 4, NEED_DEPENDS, true);
	add(4, 0, NEED_DEPENDS, true);
	add(5, 4, NEED_DEPENDS, true);
	reach_init(&reach, &needs);
	from(0, NO_PACKAGE);
	ck_assert_str_eq(chain_to(0), "0");
	ck_assert_str_eq(chain_to(1), "0>1");
	ck_assert_str_eq(chain_to(4), "0>1>3>4");
	ck_assert_str_eq(chain_to(5), "none");
	ck_assert_str_eq(chain_to(NO_PACKAGE), "none");
	from(0, 5);
	ck_assert_str_eq(chain_to(4), "5>4");
	/* The walk before is forgotten. */
	from(3, NO_PACKAGE);
	ck_assert_str_eq(chain_to(5), "none");
	ck_assert_str_eq(chain_to(1), "3>4>0>1");
	from(NO_PACKAGE, NO_PACKAGE);
	ck_assert_str_eq(chain_to(0), "none");
}
END_TEST

/* What was chosen goes before what is satisfied in passing, also where that is shorter. */
START_TEST(what_was_chosen_goes_first)
{
	add(0, 1, NEED_DEPENDS, true);
	add(0, 3, NEED_DEPENDS, false);
	add(0, 4, NEED_RECOMMENDS, true);
	add(1, 2, NEED_DEPENDS, true);
	add(2, 3, NEED_DEPENDS, true);
	add(3, 5, NEED_DEPENDS, false);
	add(5, 4, NEED_DEPENDS, false);
	add(5, 6, NEED_RECOMMENDS, true);
	add(6, 7, NEED_DEPENDS, true);
	reach_init(&reach, &needs);
	from(0, NO_PACKAGE);
	ck_assert_str_eq(chain_to(3), "0>1>2>3");
	ck_assert_str_eq(chain_to(4), "0>1>2>3>5>4");
	ck_assert_str_eq(chain_to(5), "0>1>2>3>5");
	ck_assert_str_eq(chain_to(7), "0>1>2>3>5>6>7");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chain");
	TCase *tests = tcase_create("chain");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, the_shortest_chain_is_told);
	tcase_add_test(tests, what_was_chosen_goes_first);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
