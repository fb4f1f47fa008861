/* SPDX-License-Identifier: Apache-2.0 */
#include "base/markdown.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct buffer out;

static const char *put(void (*write)(struct buffer *out, const char *text), const char *text)
{
	buffer_clear(&out);
	write(&out, text);
	return buffer_text(&out);
}

START_TEST(data_stands_in_code_that_nothing_in_it_ends)
{
	ck_assert_str_eq(put(markdown_code, "a"), "`a`");
	ck_assert_str_eq(put(markdown_code, "@all <b>[x](y)</b> #1"), "`@all <b>[x](y)</b> #1`");
	ck_assert_str_eq(put(markdown_code, "a`b"), "`` a`b ``");
	ck_assert_str_eq(put(markdown_code, "``"), "``` `` ```");
	ck_assert_str_eq(put(markdown_code, "a\nb\xe2\x80\xae"), "`a\\x0ab\\xe2\\x80\\xae`");
	ck_assert_str_eq(put(markdown_code, ""), "` `");
	ck_assert_str_eq(put(markdown_code, "a | b"), "`a | b`");
}
END_TEST

/* A bar ends a cell in code as well, unless it is escaped. */
START_TEST(a_cell_is_ended_by_nothing_in_it)
{
	ck_assert_str_eq(put(markdown_cell_code, "a | b"), "`a \\| b`");
	ck_assert_str_eq(put(markdown_cell_code, "`|`"), "`` `\\|` ``");
}
END_TEST

START_TEST(a_block_is_ended_by_nothing_in_it)
{
	buffer_clear(&out);
	markdown_block(&out, "diff", "+a\n````\n@@\n");
	ck_assert_str_eq(buffer_text(&out), "\n  `````diff\n  +a\n  ````\n  @@\n  `````\n\n");
}
END_TEST

START_TEST(words_are_what_they_say)
{
	ck_assert_str_eq(put(markdown_words, "+ a"), "\\+ a");
	ck_assert_str_eq(put(markdown_words, "- a - b"), "\\- a - b");
	ck_assert_str_eq(put(markdown_words, "# a"), "\\# a");
	ck_assert_str_eq(put(markdown_words, "*a* _b_ [c] <d> ~e~ & `f` @g | $h !i \\"),
		"\\*a\\* \\_b\\_ \\[c\\] \\<d\\> \\~e\\~ \\& \\`f\\` \\@g \\| \\$h \\!i \\\\");
	ck_assert_str_eq(put(markdown_words, "12 KiB (of a): b"), "12 KiB (of a): b");
	ck_assert_str_eq(put(markdown_words, ""), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("markdown");
	TCase *tests = tcase_create("markdown");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, data_stands_in_code_that_nothing_in_it_ends);
	tcase_add_test(tests, a_cell_is_ended_by_nothing_in_it);
	tcase_add_test(tests, a_block_is_ended_by_nothing_in_it);
	tcase_add_test(tests, words_are_what_they_say);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	buffer_release(&out);
	return failed > 0;
}
