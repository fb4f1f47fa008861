/* SPDX-License-Identifier: Apache-2.0 */
#include "base/escape.h"

#include <check.h>

static void check_escape(void (*escape)(struct buffer *, const char *, size_t), const char *data,
	size_t len, const char *expected)
{
	struct buffer out = {0};
	struct buffer back = {0};

	escape(&out, data, len);
	ck_assert_str_eq(buffer_text(&out), expected);
	escape_undo(&back, buffer_text(&out), out.len);
	ck_assert_uint_eq(back.len, len);
	ck_assert_mem_eq(buffer_text(&back), data, len);
	buffer_release(&out);
	buffer_release(&back);
}

#define LINE(text, expected)  check_escape(escape_line, text, sizeof(text) - 1, expected)
#define BLOCK(text, expected) check_escape(escape_block, text, sizeof(text) - 1, expected)
#define PATH(text, expected)  check_escape(escape_path, text, sizeof(text) - 1, expected)

START_TEST(visible_text_stays)
{
	LINE("", "");
	LINE("usr/share/doc/näöß/日本語 😀~", "usr/share/doc/näöß/日本語 😀~");
	LINE("a\\b\\n\\xzz\\", "a\\b\\n\\xzz\\");
	LINE("system-systemd\\x2dcryptsetup.slice", "system-systemd\\x2dcryptsetup.slice");
	LINE("\\x5", "\\x5");
	LINE("\\xFF\\x1B", "\\xFF\\x1B");
}
END_TEST

START_TEST(what_acts_on_a_terminal_is_escaped)
{
	LINE("a\033[31mb", "a\\x1b[31mb");
	LINE("a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd");
	LINE("\x7f", "\\x7f");
	LINE("a\0b", "a\\x00b");
	LINE("\xc2\x9b"
	     "31m",
		"\\xc2\\x9b31m");
	LINE("\u2028\u2029", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
	LINE("\u202egnp.exe", "\\xe2\\x80\\xaegnp.exe");
	LINE("a\u200bb", "a\\xe2\\x80\\x8bb");
	LINE("\u2066x\u2069", "\\xe2\\x81\\xa6x\\xe2\\x81\\xa9");
	LINE("\ufeff", "\\xef\\xbb\\xbf");
	LINE("\u00ad", "\\xc2\\xad");
	LINE("\U000e0041", "\\xf3\\xa0\\x81\\x81");
}
END_TEST

START_TEST(a_block_keeps_its_lines)
{
	BLOCK("-a\tb\n+c\r\n", "-a\tb\n+c\\x0d\n");
	BLOCK("\033]0;x\a", "\\x1b]0;x\\x07");
	BLOCK("\u202e", "\\xe2\\x80\\xae");
}
END_TEST

START_TEST(a_path_keeps_what_is_utf8)
{
	PATH("a\nb\033\u202e", "a\nb\033\u202e");
	PATH("a\xff\xfe", "a\\xff\\xfe");
	PATH("a\\xff", "a\\x5cxff");
	PATH("a\\\xff", "a\\\\xff");
	PATH("dev-disk\\x2dby", "dev-disk\\x2dby");
}
END_TEST

START_TEST(bytes_that_are_not_utf8_are_escaped)
{
	LINE("\xc3", "\\xc3");
	LINE("\xc3(", "\\xc3(");
	LINE("\xc0\xaf", "\\xc0\\xaf");
	LINE("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	LINE("\xed\xa0\x80", "\\xed\\xa0\\x80");
	LINE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	LINE("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
	LINE("\x80", "\\x80");
}
END_TEST

/* What looks like an escape is told from one. */
START_TEST(escapes_do_not_collide)
{
	LINE("\\x1b", "\\x5cx1b");
	LINE("\\x5cx1b", "\\x5cx5cx1b");
	LINE("\\x5c", "\\x5cx5c");
	LINE("\\\\x80", "\\\\x5cx80");
	LINE("\\x8\x80", "\\x8\\x80");
	LINE("\\\033", "\\\\x1b");
	LINE("\\x\0331", "\\x\\x1b1");
}
END_TEST

/* Every text of three symbols out of those that matter, and every pair of bytes. */
START_TEST(every_escape_can_be_undone)
{
	static const char *const symbols[] = {"\\", "x", "5", "c", "1", "b", "f", "\x1b", "\xff",
		"\n", "\xe2\x80\xae", "A", "\\x", "x5c", "\xc3"};
	enum {
		COUNT = sizeof(symbols) / sizeof(symbols[0])
	};
	static void (*const escapes[])(struct buffer *, const char *, size_t) = {
		escape_line, escape_block, escape_path};

	for (size_t n = 0; n < COUNT * COUNT * COUNT * COUNT; n++) {
		struct buffer text = {0};

		for (size_t rest = n, i = 0; i < 4; i++, rest /= COUNT)
			buffer_add_text(&text, symbols[rest % COUNT]);
		for (size_t e = 0; e < 3; e++) {
			struct buffer out = {0};
			struct buffer back = {0};

			escapes[e](&out, text.data, text.len);
			ck_assert(escape_is_utf8(out.data, out.len));
			escape_undo(&back, out.data, out.len);
			ck_assert_uint_eq(back.len, text.len);
			ck_assert_mem_eq(back.data, text.data, text.len);
			buffer_release(&out);
			buffer_release(&back);
		}
		buffer_release(&text);
	}
}
END_TEST

START_TEST(utf8_is_judged_strictly)
{
	ck_assert(escape_is_utf8("", 0));
	ck_assert(escape_is_utf8("a\0b", 3));
	ck_assert(escape_is_utf8("\xf4\x8f\xbf\xbf", 4));
	ck_assert(!escape_is_utf8("\xf4\x90\x80\x80", 4));
	ck_assert(!escape_is_utf8("\xed\xbf\xbf", 3));
	ck_assert(!escape_is_utf8("\xc1\x81", 2));
	ck_assert(!escape_is_utf8("ab\xe2\x82", 4));
}
END_TEST

static void check_url(const char *url, const char *expected)
{
	char *safe = escape_url_secrets(url);

	ck_assert_str_eq(safe, expected);
	free(safe);
}

START_TEST(urls_lose_their_secrets)
{
	check_url("https://example.org/a/b?c", "https://example.org/a/b?…");
	check_url("https://user:pw@example.org/a", "https://example.org/a");
	check_url("https://token@example.org:8443/a@b", "https://example.org:8443/a@b");
	check_url("https://a@b@example.org/", "https://example.org/");
	check_url("https://example.org/x?token=abc&v=1&flag&e=",
		"https://example.org/x?token=…&v=…&…&e=");
	check_url("https://example.org/x?a=1#access_token=2", "https://example.org/x?a=…");
	check_url("https://u:p@example.org?next=https://q:r@H/", "https://example.org?next=…");
	check_url("file:///srv/x", "file:///srv/x");
	check_url("user:pw@host/x", "host/x");
	check_url("/srv/a@b/c", "/srv/a@b/c");
}
END_TEST

START_TEST(a_path_becomes_part_of_a_url)
{
	struct buffer out = {0};

	escape_url_path(&out, "pool/a+b_1:2~3-4.deb");
	ck_assert_str_eq(buffer_text(&out), "pool/a+b_1:2~3-4.deb");
	buffer_clear(&out);
	escape_url_path(&out, "a b#c?d%41\n\xc3\xa4;\"<>[]\\^`{|}&");
	ck_assert_str_eq(buffer_text(&out),
		"a%20b%23c%3Fd%2541%0A%C3%A4%3B%22%3C%3E%5B%5D%5C%5E%60%7B%7C%7D%26");
	buffer_release(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("escape");
	TCase *test = tcase_create("escape");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, visible_text_stays);
	tcase_add_test(test, what_acts_on_a_terminal_is_escaped);
	tcase_add_test(test, a_block_keeps_its_lines);
	tcase_add_test(test, a_path_keeps_what_is_utf8);
	tcase_add_test(test, bytes_that_are_not_utf8_are_escaped);
	tcase_add_test(test, escapes_do_not_collide);
	tcase_add_test(test, every_escape_can_be_undone);
	tcase_add_test(test, utf8_is_judged_strictly);
	tcase_add_test(test, urls_lose_their_secrets);
	tcase_add_test(test, a_path_becomes_part_of_a_url);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
