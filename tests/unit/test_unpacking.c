/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/comparing.h"
#include "tests/unit/making_tar.h"

#define MEMBERS 3
#define DIR	((char)'5')

struct row {
	struct tar_member members[MEMBERS];
	const char *published, *rebuilt; /* the members of each by their numbers */
	const char *why;		 /* NULL: any order comes to the same */
};

static void add_in_order(struct buffer *tar, const struct row *row, const char *order)
{
	for (; *order != '\0'; order++)
		tar_add(tar, &row->members[*order - '0']);
	tar_end(tar);
}

static void expect_row(const struct row *row)
{
	struct buffer a = {0}, b = {0};

	add_in_order(&a, row, row->published);
	add_in_order(&b, row, row->rebuilt);
	comparing.with_causes = true;
	buffer_clear(&comparing.text);
	buffer_clear(&comparing.diffs);
	ck_assert_int_eq(
		compare_fds(memory_file(a.data, a.len), memory_file(b.data, b.len)), STATUS_OK);
	expect_has(buffer_text(&comparing.text),
		row->why != NULL ? "unpack-order (unexplained)\n" : " order (");
	if (row->why != NULL)
		expect_has(buffer_text(&comparing.diffs), row->why);
	else
		ck_assert_ptr_null(strstr(buffer_text(&comparing.text), "unexplained"));
	buffer_release(&a);
	buffer_release(&b);
}

START_TEST(an_order_is_harmless_where_members_are_apart)
{
	static const struct row rows[] = {
		{{{.name = "a"}, {.name = "b"}, {.name = "a.b"}}, "012", "210", NULL},
		{{{.name = "d", .type = DIR}, {.name = "d/a"}, {.name = "d/b"}}, "012", "021",
			NULL},
		/* As find -depth lists them, on both sides. */
		{{{.name = "d/a"}, {.name = "d/b"}, {.name = "d", .type = DIR}}, "012", "102",
			NULL},
		{{{.name = "a"}, {.name = "l", .type = '1', .link = "a"}, {.name = "b"}}, "012",
			"021", NULL},
		/* Nothing goes through it. */
		{{{.name = "l", .type = '2', .link = "."}, {.name = "l2"}, {.name = "a/l"}}, "012",
			"210", NULL},
		{{{.name = "a..b"}, {.name = "..."}, {.name = ".a"}}, "012", "210", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_row(&rows[i]);
}
END_TEST

START_TEST(an_order_decides_where_members_meet)
{
	static const struct row rows[] = {
		{{{.name = "l", .type = '2', .link = "."}, {.name = "a"}, {.name = "l/a"}}, "012",
			"021", "l/a lies behind the member l\n"},
		/* The link comes last. */
		{{{.name = "a"}, {.name = "d/e/a"}, {.name = "d", .type = '2', .link = "x"}}, "012",
			"102", "d/e/a lies behind the member d\n"},
		{{{.name = "a"}, {.name = "b/../a"}, {.name = "c"}}, "012", "102",
			"b/../a may be the path of another member\n"},
		{{{.name = "a/b"}, {.name = "a/./b"}, {.name = "c"}}, "012", "102",
			"a/b is there more than once\n"},
		{{{.name = "a"}, {.name = "a"}, {.name = "l", .type = '1', .link = "a"}}, "012",
			"021", "a is there more than once\n"},
		{{{.name = "a"}, {.name = "b"}, {.name = "l", .type = '1', .link = "./a"}}, "012",
			"210", "a stands behind a link to it\n"},
		{{{.name = "d", .type = DIR}, {.name = "d/a"}, {.name = "b"}}, "012", "102",
			"members stand in front of what they need\n"},
		{{{.name = "l", .type = '2', .link = "."}, {.name = "a"},
			 {.name = "h", .type = '1', .link = "l/a"}},
			"012", "102", "l/a lies behind the member l\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_row(&rows[i]);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("unpacking");
	Suite *suite = suite_create("unpacking");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, comparing_setup, comparing_teardown);
	tcase_add_test(tests, an_order_is_harmless_where_members_are_apart);
	tcase_add_test(tests, an_order_decides_where_members_meet);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
