/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/shell.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/* Follows the command `T` of a script; its fate as letters: fails, lost, passed over. */
static void expect_fate_of(const char *script, bool has_errexit, const char *expected)
{
	struct shell shell = {.has_errexit = has_errexit};
	struct shell_fate is;
	char fate[4];
	size_t len = 0;
	int found = -1;

	ck_assert_msg(shell_parse(&shell, script), "%s: cannot be parsed", script);
	for (size_t i = 0; i < shell.count; i++) {
		const struct text_list *words = &shell.nodes[i].words;

		if (shell.nodes[i].kind == SHELL_COMMAND && words->count > 0 &&
			strcmp(words->items[0], "T") == 0)
			found = (int)i;
	}
	ck_assert_msg(found >= 0, "%s: no T", script);
	is = shell_follow(&shell, found);
	if (is.is_run_and_fails)
		fate[len++] = 'f';
	if (is.is_run_and_succeeds)
		fate[len++] = 'l';
	if (is.is_passed_over)
		fate[len++] = 'p';
	fate[len] = '\0';
	ck_assert_msg(strcmp(fate, expected) == 0, "%s: %s, not %s", script, fate, expected);
	shell_release(&shell);
}

START_TEST(failures_are_followed)
{
	static const char *const cases[][2] = {
		{"T", "f"},
		{"T arg 2>&1 >log </dev/null", "f"},
		{"cd x && T", "f"},
		{"cd x; T", "f"},
		{"(cd x; T)", "f"},
		{"{ cd x; T; }", "f"},
		{"A=1 B=2; T", "f"},
		{"T && echo fine", "f"},
		{"T || exit 1", "f"},
		{"T || exit $?", "f"},
		{"T || (cat log; false)", "f"},
		{"T || { cat log; false; }", "f"},
		{"T || { cat log; exit 1; }", "f"},
		{"T || (cat log && exit 1)", "f"},
		{"if ! T; then cat log; exit 1; fi", "f"},
		{"if T; then echo ok; else echo bad; false; fi", "f"},
		{"T; s=$?; cat log; exit $s", "f"},
		{"fail=0; T || fail=1; cat log; exit $fail", "f"},
		{"fail=0; T || fail=1; test $fail = 0", "f"},
		{"fail=0; T || fail=1; [ \"$fail\" -eq 0 ] || exit 1", "f"},
		{"set -e; T; echo done", "f"},
		{"set -ex; (T; echo a); echo b", "f"},
		{"set -e; for d in a b; do T; done; echo done", "f"},
		{"for d in a; do T; done", "f"},
		{"for d in a b; do T || exit 1; done", "f"},
		{"set -o pipefail; T | tee log", "f"},
		{"test \"amd64\" != amd64 || T", "f"},
		{"if [ amd64 = amd64 ]; then T; fi", "f"},
		{"case amd64 in i386) ;; amd64|arm64) T ;; esac", "f"},

		{"T || true", "l"},
		{"T || :", "l"},
		{"T || echo ignored", "l"},
		{"T; true", "l"},
		{"T; echo done", "l"},
		{"(T; true)", "l"},
		{"T | tee log", "l"},
		{"T 2>&1 | tail -n 5", "l"},
		{"! T", "l"},
		{"T &", "l"},
		{"if T; then echo ok; else echo bad; fi", "l"},
		{"set -e; T || true", "l"},
		{"set -e; set +e; T; echo done", "l"},
		{"set -e; T | cat; echo x", "l"},
		{"T; exit 0", "l"},
		{"fail=0; T || fail=1; echo $fail", "l"},
		{"T || { cat log; true; }", "l"},

		{"for d in a b; do T; done", "fl"},
		{"for d in $LIST; do T; done", "fl"},
		{"T; exit $(cat status)", "fl"},

		{"if [ -x prog ]; then T; fi", "fp"},
		{"[ ! -f Makefile ] || T", "fp"},
		{"test -f x && T || true", "lp"},
		{"case $A in x) T ;; esac", "fp"},
		{"while read x; do T; done", "flp"},

		{"true || T", "p"},
		{"false && T", ""},
		{"exit 0; T", "p"},
		{"exit 1; T", ""},
		{"if [ a = b ]; then T; fi", "p"},
		{"f() { T; }", "p"},
		{"if dpkg-vendor --derives-from Ubuntu; then T; fi", "p"},
		{"if dpkg-vendor --derives-from Ubuntu; then x; else T; fi", "f"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_fate_of(cases[i][0], false, cases[i][1]);
	expect_fate_of("T; echo x", true, "f");
	expect_fate_of("T || true", true, "l");
}
END_TEST

START_TEST(words_lose_their_quotes_and_keep_the_rest)
{
	struct shell shell = {0};

	ck_assert(shell_parse(
		&shell, "A='x y' ma\"ke\" -C \\\n \"$(d)\" `pwd`/b \\$x 'a'\"'\"'b' # comment\n"));
	ck_assert_int_eq(shell.root, 0);
	ck_assert_uint_eq(shell.nodes[0].words.count, 7);
	ck_assert_str_eq(shell.nodes[0].words.items[0], "A=x y");
	ck_assert_str_eq(shell.nodes[0].words.items[1], "make");
	ck_assert_str_eq(shell.nodes[0].words.items[3], "$(d)");
	ck_assert_str_eq(shell.nodes[0].words.items[4], "`pwd`/b");
	ck_assert_str_eq(shell.nodes[0].words.items[5], "$x");
	ck_assert_str_eq(shell.nodes[0].words.items[6], "a'b");
	shell_release(&shell);
}
END_TEST

START_TEST(what_is_no_script_is_refused)
{
	static const char *const texts[] = {"if x", "if x; then y", "(x", "x)", "for", "case x in",
		"'open", "\"open", "$(open", "`open", "x && ; fi", "cat <<EOF", "{ x", "do x; done",
		"x() y"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct shell shell = {0};

		ck_assert_msg(!shell_parse(&shell, texts[i]), "%s", texts[i]);
		shell_release(&shell);
	}
}
END_TEST

/* Deep and wide: an end in bounded time, and never a claim. */
START_TEST(hostile_scripts_are_bounded)
{
	struct shell shell = {0};
	struct buffer buffer = {0};
	struct shell_fate fate;

	for (int i = 0; i < 10000; i++)
		buffer_add_char(&buffer, '(');
	ck_assert(!shell_parse(&shell, buffer_text(&buffer)));
	shell_release(&shell);
	buffer_clear(&buffer);
	for (int i = 0; i < 9000; i++)
		buffer_add_text(&buffer, "x; ");
	ck_assert(!shell_parse(&shell, buffer_text(&buffer)));
	shell_release(&shell);
	buffer_clear(&buffer);
	for (int i = 0; i < 20; i++)
		buffer_add_text(&buffer, "for a in b c; do [ -f x ] || y; ");
	buffer_add_text(&buffer, "T");
	for (int i = 0; i < 20; i++)
		buffer_add_text(&buffer, "; done");
	ck_assert(shell_parse(&shell, buffer_text(&buffer)));
	for (size_t i = 0; i < shell.count; i++) {
		if (shell.nodes[i].kind != SHELL_COMMAND || shell.nodes[i].words.count == 0 ||
			strcmp(shell.nodes[i].words.items[0], "T") != 0)
			continue;
		fate = shell_follow(&shell, (int)i);
		ck_assert(fate.is_undecided || fate.is_run_and_succeeds);
	}
	shell_release(&shell);
	buffer_release(&buffer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shell");
	TCase *tcase = tcase_create("shell");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, failures_are_followed);
	tcase_add_test(tcase, words_lose_their_quotes_and_keep_the_rest);
	tcase_add_test(tcase, what_is_no_script_is_refused);
	tcase_add_test(tcase, hostile_scripts_are_bounded);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
