/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/packages/review.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Lists with what they came to, made by hand: an entry is "NAME VERSION [ARCHITECTURE]". */
#define MOST 8

struct side {
	struct manifest_package rows[MOST];
	struct package_list list;
	struct listed items[MOST];
	struct asked asked[MOST];
	struct solved_package packages[MOST];
	struct listing listing;
};

static struct side old, new;
static struct review review;

static void begin(void)
{
	old = new = (struct side){0};
	old.list.path = new.list.path = (char *)"list";
	old.list.is_whole = new.list.is_whole = true;
	old.listing.list = &old.list;
	new.listing.list = &new.list;
}

static void list(struct side *side, char *name, char *version, char *architecture, bool is_found)
{
	size_t at = side->listing.count++;

	side->rows[at] = (struct manifest_package){
		.name = name, .version = version, .architecture = architecture};
	side->asked[at] = (struct asked){.name = name,
		.version = version,
		.state = is_found ? ASKED_FOUND : ASKED_UNKNOWN,
		.package = NO_PACKAGE};
	side->items[at] = (struct listed){.row = &side->rows[at], .asked = &side->asked[at]};
	side->listing.items = side->items;
	side->listing.asked = side->asked;
	side->listing.asked_count = side->listing.count;
}

/* In the order of their names; an entry of that name is it. */
static void need(struct side *side, char *name, char *version, uint64_t kib)
{
	struct solution *solution = &side->listing.needs.solution;

	side->packages[solution->count] = (struct solved_package){.name = name,
		.version = version,
		.architecture = (char *)"all",
		.installed_kib = kib};
	for (size_t i = 0; i < side->listing.asked_count; i++)
		if (strcmp(side->asked[i].name, name) == 0)
			side->asked[i].package = solution->count;
	solution->packages = side->packages;
	solution->count++;
}

static void compare(void)
{
	review_make(&old.listing, &new.listing, "amd64", &review);
}

#define TEXT(text) ((char *)(text))

static const struct {
	const char *from, *to;
	int direction;
	bool is_change;
} versions[] = {
	{"1.0", "1.1", 1, true},
	{"1.0", "1.0~rc1", -1, true},
	{"1:1.0", "2.0", -1, true},
	{"1.9", "1.10", 1, true},
	{"1.0", "1.00", 0, true},
	{"1.0", "1.0", 0, false},
};

START_TEST(versions_are_in_the_order_of_dpkg)
{
	list(&old, TEXT("a"), TEXT(versions[_i].from), NULL, true);
	list(&new, TEXT("a"), TEXT(versions[_i].to), NULL, true);
	compare();
	ck_assert_uint_eq(review.versions, versions[_i].is_change);
	ck_assert_uint_eq(review.count, versions[_i].is_change);
	ck_assert_int_eq(review_is_same(&review), !versions[_i].is_change);
	if (versions[_i].is_change)
		ck_assert_msg(
			(review.changes[0].direction > 0) - (review.changes[0].direction < 0) ==
				versions[_i].direction,
			"%s %s: %d", versions[_i].from, versions[_i].to,
			review.changes[0].direction);
	review_release(&review);
}
END_TEST

/* No architecture, the own one and "all" are one; a foreign one is another package. */
START_TEST(a_foreign_architecture_is_another_package)
{
	list(&old, TEXT("a"), NULL, NULL, true);
	list(&old, TEXT("b"), NULL, TEXT("all"), true);
	list(&old, TEXT("c"), NULL, NULL, true);
	list(&new, TEXT("a"), NULL, TEXT("amd64"), true);
	list(&new, TEXT("b"), NULL, TEXT("amd64"), true);
	list(&new, TEXT("c"), NULL, TEXT("i386"), true);
	compare();
	ck_assert_uint_eq(review.added, 1);
	ck_assert_uint_eq(review.removed, 1);
	ck_assert_uint_eq(review.count, 2);
	ck_assert_str_eq(review.changes[0].name, "c");
	review_release(&review);
}
END_TEST

/* One that was not followed is a change, of no known size, and nothing comes with it. */
START_TEST(what_was_not_followed_is_a_change)
{
	list(&old, TEXT("a"), NULL, NULL, true);
	need(&old, TEXT("a"), TEXT("1"), 5);
	list(&new, TEXT("a"), NULL, NULL, true);
	list(&new, TEXT("x"), TEXT("2"), NULL, false);
	need(&new, TEXT("a"), TEXT("1"), 5);
	compare();
	ck_assert_uint_eq(review.added, 1);
	ck_assert_uint_eq(review.come_count, 0);
	ck_assert_ptr_null(review.changes[0].new_package);
	ck_assert_uint_eq(review.changes[0].comes.count, 0);
	ck_assert(!review_is_same(&review));

	struct package_list fresh;

	review_list_new(&review, &fresh);
	ck_assert_uint_eq(fresh.packages.count, 1);
	ck_assert_str_eq(fresh.packages.items[0].name, "x");
	ck_assert_str_eq(fresh.packages.items[0].version, "2");
	package_list_release(&fresh);
	review_release(&review);
}
END_TEST

/* What no relationship leads to is told all the same, and sizes that are not known are counted. */
START_TEST(what_comes_by_no_chain_is_told)
{
	list(&old, TEXT("a"), NULL, NULL, true);
	need(&old, TEXT("a"), TEXT("1"), 5);
	need(&old, TEXT("b"), TEXT("1"), 7);
	list(&new, TEXT("a"), NULL, NULL, true);
	need(&new, TEXT("a"), TEXT("1"), 5);
	need(&new, TEXT("c"), TEXT("1"), 0);
	need(&new, TEXT("d"), TEXT("1"), 3);
	compare();
	ck_assert_uint_eq(review.count, 0);
	ck_assert_uint_eq(review.come_count, 2);
	ck_assert_uint_eq(review.come.kib, 3);
	ck_assert_uint_eq(review.come.unknown, 1);
	ck_assert_uint_eq(review.go_count, 1);
	ck_assert_uint_eq(review.go.kib, 7);
	ck_assert_uint_eq(review.others_come.count, 2);
	ck_assert(!review.others_come.items[0].has_chain);
	ck_assert_uint_eq(review.others_go.count, 1);
	ck_assert(!review_is_same(&review));
	review_release(&review);
}
END_TEST

/* Lists of the same entries are not the same where one side alone needs a package. */
START_TEST(one_package_more_or_less_is_a_change)
{
	struct side *more = _i == 0 ? &old : &new;

	list(&old, TEXT("a"), NULL, NULL, true);
	list(&new, TEXT("a"), NULL, NULL, true);
	need(&old, TEXT("a"), TEXT("1"), 5);
	need(&new, TEXT("a"), TEXT("1"), 5);
	need(more, TEXT("b"), TEXT("1"), 7);
	compare();
	ck_assert_uint_eq(review.count, 0);
	ck_assert_uint_eq(review.go_count, _i == 0);
	ck_assert_uint_eq(review.come_count, _i == 1);
	ck_assert(!review_is_same(&review));
	review_release(&review);
}
END_TEST

/* What was not read of a list may be another: that is never the same. */
START_TEST(a_list_that_was_not_read_whole_is_never_the_same)
{
	list(&old, TEXT("a"), NULL, NULL, true);
	list(&new, TEXT("a"), NULL, NULL, true);
	compare();
	ck_assert(review_is_same(&review));
	ck_assert(listing_is_whole(&old.listing));
	(_i == 0 ? &old : &new)->list.is_whole = false;
	ck_assert(!review_is_same(&review));
	ck_assert_int_eq(listing_is_whole(&old.listing), _i == 1);
	review_release(&review);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("review");
	TCase *tests = tcase_create("review");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, begin, NULL);
	tcase_add_loop_test(tests, versions_are_in_the_order_of_dpkg, 0, (int)ARRAY_SIZE(versions));
	tcase_add_test(tests, a_foreign_architecture_is_another_package);
	tcase_add_test(tests, what_was_not_followed_is_a_change);
	tcase_add_test(tests, what_comes_by_no_chain_is_told);
	tcase_add_loop_test(tests, one_package_more_or_less_is_a_change, 0, 2);
	tcase_add_loop_test(tests, a_list_that_was_not_read_whole_is_never_the_same, 0, 2);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
