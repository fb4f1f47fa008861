/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <check.h>
#include <stdlib.h>

START_TEST(an_array_grows)
{
	int *numbers = NULL;
	size_t count = 0, capacity = 0;

	for (int i = 0; i < 10000; i++) {
		ARRAY_GROW(numbers, count, capacity);
		ck_assert_uint_gt(capacity, count);
		numbers[count++] = i;
	}
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(numbers[i], i);
	free(numbers);
}
END_TEST

START_TEST(texts_are_sorted_by_byte_value)
{
	static const char *const texts[] = {"b", "a", "B", "\xff", "", "a", "ab", "ä", "a"};
	static const char *const sorted[] = {"", "B", "a", "ab", "b", "ä", "\xff"};
	struct text_list list = {0};

	text_list_sort(&list);
	text_list_unique(&list);
	ck_assert(!text_list_contains(&list, ""));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		text_list_add(&list, texts[i]);
	text_list_sort(&list);
	text_list_unique(&list);
	ck_assert_uint_eq(list.count, ARRAY_SIZE(sorted));
	for (size_t i = 0; i < list.count; i++) {
		ck_assert_str_eq(list.items[i], sorted[i]);
		ck_assert(text_list_contains(&list, sorted[i]));
	}
	ck_assert(!text_list_contains(&list, "c"));
	text_list_release(&list);
	text_list_release(&list);
}
END_TEST

START_TEST(parts_of_texts_are_added)
{
	struct text_list list = {0};

	text_list_addn(&list, "abc", 2);
	text_list_addn(&list, "abc", 0);
	ck_assert_str_eq(list.items[0], "ab");
	ck_assert_str_eq(list.items[1], "");
	text_list_release(&list);
}
END_TEST

START_TEST(a_sorted_list_is_searched)
{
	static const char *const texts[] = {"d", "", "b", "bb", "a"};
	struct text_list list = {0};
	size_t at = 9;

	ck_assert(!text_list_find(&list, "a", &at));
	for (size_t count = 1; count <= 5; count++) {
		text_list_add(&list, texts[count - 1]);
		text_list_sort(&list);
		for (size_t i = 0; i < 5; i++) {
			ck_assert_int_eq(text_list_find(&list, texts[i], &at), i < count);
			if (i < count)
				ck_assert_str_eq(list.items[at], texts[i]);
		}
		ck_assert(!text_list_find(&list, "c", NULL));
	}
	text_list_release(&list);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("array");
	TCase *test = tcase_create("array");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, an_array_grows);
	tcase_add_test(test, texts_are_sorted_by_byte_value);
	tcase_add_test(test, parts_of_texts_are_added);
	tcase_add_test(test, a_sorted_list_is_searched);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
