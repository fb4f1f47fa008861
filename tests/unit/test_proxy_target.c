/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/proxy_target.h"

#include <check.h>
#include <stdlib.h>

#include "base/array.h"

static const struct {
	const char *target;
	enum status status;
	const char *host;
	const char *path;
} targets[] = {
	{"/debian/dists/bookworm/InRelease", STATUS_OK, "", "/debian/dists/bookworm/InRelease"},
	{"/", STATUS_OK, "", "/"},
	{"/a//b///c", STATUS_OK, "", "/a/b/c"},
	{"//host/a", STATUS_OK, "", "/host/a"},
	{"/a/./b/.", STATUS_OK, "", "/a/b"},
	{"/a/b/", STATUS_OK, "", "/a/b/"},
	{"/a/b?x=/../y", STATUS_OK, "", "/a/b"},
	{"/a/b#c", STATUS_OK, "", "/a/b"},
	{"/lib%2b%2B+1%7e2%3a3.deb", STATUS_OK, "", "/lib+++1~2:3.deb"},
	{"/a..b/...", STATUS_OK, "", "/a..b/..."},
	{"http://Deb.Example.ORG/debian/x", STATUS_OK, "deb.example.org", "/debian/x"},
	{"HTTP://h:8080/x", STATUS_OK, "h:8080", "/x"},
	{"http://user:secret@h/x", STATUS_OK, "h", "/x"},
	{"http://a@b@h/x", STATUS_OK, "h", "/x"},
	{"http://[::1]:80/x", STATUS_OK, "[::1]:80", "/x"},
	{"http://h", STATUS_OK, "h", "/"},
	{"http://h?q", STATUS_OK, "h", "/"},
	{"https://h/x", STATUS_UNSUPPORTED, "h", NULL},
	{"ftp://h/x", STATUS_UNSUPPORTED, "h", NULL},
	{"file:///etc/passwd", STATUS_FORMAT, "", NULL},
	{"http:///etc/passwd", STATUS_FORMAT, "", NULL},
	{"http://user@/x", STATUS_FORMAT, "", NULL},
	{"http://a\\b/x", STATUS_FORMAT, "", NULL},
	{"", STATUS_FORMAT, "", NULL},
	{"*", STATUS_FORMAT, "", NULL},
	{"debian/x", STATUS_FORMAT, "", NULL},
	{"/..", STATUS_FORMAT, "", NULL},
	{"/a/../b", STATUS_FORMAT, "", NULL},
	{"/a/..", STATUS_FORMAT, "", NULL},
	{"/a/%2e%2E/b", STATUS_FORMAT, "", NULL},
	{"/a/.%2e/b", STATUS_FORMAT, "", NULL},
	{"/a%2fb", STATUS_FORMAT, "", NULL},
	{"/a%2Fb", STATUS_FORMAT, "", NULL},
	{"/a%00b", STATUS_FORMAT, "", NULL},
	{"/a%0d%0ab", STATUS_FORMAT, "", NULL},
	{"/a%7fb", STATUS_FORMAT, "", NULL},
	{"/a\tb", STATUS_FORMAT, "", NULL},
	{"/a%", STATUS_FORMAT, "", NULL},
	{"/a%2", STATUS_FORMAT, "", NULL},
	{"/a%2/b", STATUS_FORMAT, "", NULL},
	{"/a%zz", STATUS_FORMAT, "", NULL},
	{"http://h/../x", STATUS_FORMAT, "h", NULL},
};

START_TEST(targets_are_taken_apart)
{
	struct proxy_target target = {0};
	struct error err;

	ck_assert_msg(proxy_target_parse(targets[_i].target, &target, &err) == targets[_i].status,
		"%s", targets[_i].target);
	ck_assert_str_eq(target.host, targets[_i].host);
	ck_assert_pstr_eq(target.path, targets[_i].path);
	proxy_target_release(&target);
}
END_TEST

START_TEST(url_paths)
{
	ck_assert_str_eq(proxy_url_path("http://h/debian"), "/debian");
	ck_assert_str_eq(proxy_url_path("https://u@h:1/a/b"), "/a/b");
	ck_assert_str_eq(proxy_url_path("http://h"), "");
	ck_assert_ptr_null(proxy_url_path("file:///srv/debian"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proxy_target");
	TCase *tcase = tcase_create("proxy_target");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, targets_are_taken_apart, 0, (int)ARRAY_SIZE(targets));
	tcase_add_test(tcase, url_paths);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
