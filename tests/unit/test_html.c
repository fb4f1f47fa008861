/* SPDX-License-Identifier: Apache-2.0 */
#include "base/html.h"

#include <check.h>
#include <stdlib.h>

static struct buffer out;

static const char *as_text(const char *text)
{
	buffer_clear(&out);
	html_text(&out, text);
	return buffer_text(&out);
}

START_TEST(markup_is_text)
{
	ck_assert_str_eq(as_text("<b>&amp; \"x\" 'y'</b>"),
		"&lt;b&gt;&amp;amp; &quot;x&quot; &#39;y&#39;&lt;/b&gt;");
	ck_assert_str_eq(as_text("a\nb\x01\xff\xe2\x80\xae"), "a\\x0ab\\x01\\xff\\xe2\\x80\\xae");
	ck_assert_str_eq(as_text("\xc3\xa9"), "\xc3\xa9");
	ck_assert_str_eq(as_text(""), "");
	buffer_clear(&out);
	html_attribute(&out, "\" onclick=\"x");
	ck_assert_str_eq(buffer_text(&out), "\"&quot; onclick=&quot;x\"");
}
END_TEST

START_TEST(only_urls_that_lead_somewhere_are_links)
{
	static const char *const bad[] = {"javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x",
		"//host/x", "/etc/passwd", "\\\\host\\x", "", "http://a b", "https://x/\n", " x",
		"java\tscript:x", "ftp://x/", "mailto:x"};
	static const char *const good[] = {
		"https://x.example/a?b=c", "http://x/", "a.html", "d/a.html#b:c", "a?b:c"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buffer_clear(&out);
		ck_assert_msg(!html_url(&out, bad[i]) && out.len == 0, "%s", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(html_url(&out, good[i]), "%s", good[i]);
	buffer_clear(&out);
	ck_assert(html_url(&out, "https://x/?a=1&b=\"2\""));
	ck_assert_str_eq(buffer_text(&out), "\"https://x/?a=1&amp;b=&quot;2&quot;\"");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("html");
	TCase *tcase = tcase_create("html");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, markup_is_text);
	tcase_add_test(tcase, only_urls_that_lead_somewhere_are_links);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	buffer_release(&out);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
