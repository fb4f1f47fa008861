/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "tests/unit/fetch_fixture.h"

START_TEST(reads_file_urls)
{
	struct fetch_item *item = serve("a b", SIZE, 1);
	struct digest digest;

	text_list_release(&item->urls);
	char *url = xasprintf("file://%s/missing", server.directory);
	text_list_add(&item->urls, url);
	free(url);
	assert_failed(item, STATUS_NETWORK, "cannot be read");
	url = xasprintf("file://%s/a%%20b", server.directory);
	text_list_add(&item->urls, url);
	assert_got(item);
	ck_assert_int_eq(
		fetcher_get(fetcher, store, url, SIZE, &digest, NULL, NULL, &err), STATUS_OK);
	ck_assert(digest_equal(&digest, &item->digest));
	ck_assert_int_eq(fetcher_get(fetcher, store, url, SIZE - 1, &digest, NULL, NULL, &err),
		STATUS_LIMIT);
	free(url);
}
END_TEST

/* What is there and cannot be read is not absent: nothing else may be taken in its place. */
static const struct {
	mode_t type; /* of what stands there as "a b"; 0: nothing */
	const char *path;
	enum status status;
	const char *text;
} unreadable_files[] = {
	{0, "a%20b", STATUS_NOT_FOUND, "No such file or directory"},
	{S_IFREG, "a%20b/c", STATUS_NOT_FOUND, "Not a directory"},
	{S_IFREG, "a%2520b", STATUS_NOT_FOUND, "No such file or directory"},
	{S_IFLNK, "a%20b", STATUS_NETWORK, "Too many levels of symbolic links"},
	{S_IFLNK, "a%20b/c", STATUS_NETWORK, "Too many levels of symbolic links"},
	/* It cannot be opened though its mode allows that. */
	{S_IFSOCK, "a%20b", STATUS_NETWORK, "cannot be read"},
};

START_TEST(tells_an_unreadable_file_from_an_absent_one)
{
	char *file = xasprintf("%s/a b", server.directory);
	char *url = xasprintf("file://%s/%s", server.directory, unreadable_files[_i].path);
	mode_t type = unreadable_files[_i].type;
	struct digest digest;
	enum status status;

	if (type == S_IFLNK)
		ck_assert_int_eq(symlink("a b", file), 0);
	else if (type)
		ck_assert_int_eq(mknod(file, type | 0644, 0), 0);
	status = fetcher_get(fetcher, store, url, SIZE, &digest, NULL, NULL, &err);
	ck_assert_msg(status == unreadable_files[_i].status, "%d: %s", status, err.text);
	ck_assert_msg(strstr(err.text, unreadable_files[_i].text) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, url));
	free(url);
	free(file);
}
END_TEST

START_TEST(refuses_other_protocols)
{
	static const char *const urls[] = {"ftp://127.0.0.1/x", "gopher://127.0.0.1/x",
		"dict://127.0.0.1/x", "nonsense", "http://"};
	struct digest digest;

	ck_assert_int_eq(fetcher_get(fetcher, store, urls[_i], 100, &digest, NULL, NULL, &err),
		STATUS_NETWORK);
}
END_TEST

static enum status get_url(const char *path, uint64_t limit, struct digest *digest, char **served)
{
	char *url = archive_server_url(&server, path);
	uint64_t size = 0;
	enum status status = fetcher_get(fetcher, store, url, limit, digest, &size, served, &err);

	if (status == STATUS_OK) {
		ck_assert_uint_eq(size, SIZE);
		ck_assert(store_has(store, digest));
	} else {
		ck_assert_uint_eq(count_files("sha256"), 0);
		ck_assert_ptr_nonnull(strstr(err.text, url));
	}
	ck_assert_uint_eq(count_files("tmp"), 0);
	free(url);
	return status;
}

START_TEST(gets_a_url)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	struct digest digest;
	char *served = NULL, *url = archive_server_url(&server, "a");

	archive_server_rules(&server, "/link -1 redirect /a\n/a 1 cut 1000\n/a 1 status 500\n");
	ck_assert_msg(get_url("link", SIZE, &digest, &served) == STATUS_OK, "%s", err.text);
	ck_assert(digest_equal(&digest, &item->digest));
	ck_assert_str_eq(served, url);
	free(served);
	free(url);
}
END_TEST

/* Nothing but the same validator says that two pieces are of one file. */
static const struct {
	const char *rules;
	enum status status;
	uint32_t seed; /* of the file that must come of it */
} unknown_files[] = {
	{"/a 1 cut 100000\n", STATUS_OK, 1},
	{"/a 1 cut 100000\n/a -1 file b etag new\n", STATUS_OK, 2},
	{"/a 1 cut 100000 bare\n/a -1 file b bare\n", STATUS_OK, 2},
	{"/a 1 cut 100000 etag one\n/a -1 file b bare\n", STATUS_OK, 2},
	{"/a 1 cut 100000\n/a 1 file b etag new noifrange\n", STATUS_OK, 1},
	{"/a 1 cut 100000\n/a 1 file b bare noifrange\n", STATUS_OK, 1},
	{"/a -1 status 404\n", STATUS_NOT_FOUND, 0},
	{"/a -1 status 500\n", STATUS_NETWORK, 0},
	{"/a -1 append 1\n", STATUS_LIMIT, 0},
	{"/a -1 append 1000000 chunked\n", STATUS_LIMIT, 0},
	{"/a -1 unframed\n", STATUS_NETWORK, 0},
	{"/a -1 unframed cut 1000\n", STATUS_NETWORK, 0},
	{"/a -1 cut 1000 bare\n", STATUS_NETWORK, 0},
	{"/a -1 drop\n", STATUS_NETWORK, 0},
	{"/a -1 stall 0\n", STATUS_NETWORK, 0},
};

START_TEST(gets_a_url_whole_or_not_at_all)
{
	struct fetch_item *items = serve("a", SIZE, 1);

	serve("b", SIZE, 2);
	struct digest digest;
	enum status status;

	archive_server_rules(&server, unknown_files[_i].rules);
	status = get_url("a", SIZE, &digest, NULL);
	ck_assert_msg(status == unknown_files[_i].status, "%d: %s", status, err.text);
	if (status == STATUS_OK)
		ck_assert(digest_equal(&digest, &items[unknown_files[_i].seed - 1].digest));
	archive_server_rules(&server, "");
	use_options(&hasty);
	ck_assert_int_eq(get_url("a", SIZE, &digest, NULL), STATUS_OK);
	ck_assert(digest_equal(&digest, &items[0].digest));
}
END_TEST

START_TEST(never_prints_a_password)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	char *url = xasprintf("http://me:secret@127.0.0.1:%u/a", server.port), *served = NULL;
	struct digest digest;

	text_list_release(&item->urls);
	text_list_add(&item->urls, url);
	archive_server_rules(&server, "/a 1 status 404\n/a 1 file none\n/a 1 flip 3\n");
	assert_failed(item, STATUS_NETWORK, "answers 404");
	ck_assert_ptr_null(strstr(err.text, "secret"));
	ck_assert_int_eq(fetcher_get(fetcher, store, url, SIZE, &digest, NULL, NULL, &err),
		STATUS_NOT_FOUND);
	ck_assert_ptr_null(strstr(err.text, "secret"));
	assert_failed(item, STATUS_TRUST, "has sha256");
	ck_assert_ptr_null(strstr(err.text, "secret"));
	ck_assert_int_eq(
		fetcher_get(fetcher, store, url, SIZE, &digest, NULL, &served, &err), STATUS_OK);
	ck_assert_ptr_null(strstr(served, "secret"));
	free(served);
	free(url);
}
END_TEST

START_TEST(takes_the_proxy_of_the_environment)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	char *proxy = archive_server_url(&server, "");

	text_list_release(&item->urls);
	text_list_add(&item->urls, "http://nowhere.invalid/a");
	setenv("http_proxy", proxy, 1);
	assert_got(item);
	unsetenv("http_proxy");
	free(proxy);
}
END_TEST

/* A proxy that is not there shows which requests go to it. */
START_TEST(takes_no_proxy_for_what_is_excepted)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	assert_failed(item, STATUS_NETWORK, "3 tries");
	ck_assert_uint_eq(read_log(), 0);
	use_options(&hasty);
	setenv("no_proxy", "example.invalid,127.0.0.1", 1);
	assert_got(item);
	unsetenv("no_proxy");
	unsetenv("http_proxy");
}
END_TEST

START_TEST(never_prints_a_proxys_password)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	char *proxy = xasprintf("http://me:secret@127.0.0.1:%u", server.port), *served = NULL;
	struct digest digest;

	text_list_release(&item->urls);
	text_list_add(&item->urls, "http://nowhere.invalid/a");
	setenv("http_proxy", proxy, 1);
	archive_server_rules(&server, "/a 1 status 407\n/a 1 flip 3\n");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_lt(get(item), 0);
		ck_assert_ptr_null(strstr(err.text, "secret"));
	}
	setenv("http_proxy", "http://me:secret@127.0.0.1:1", 1);
	use_options(&hasty);
	ck_assert_int_eq(get(item), STATUS_NETWORK);
	ck_assert_ptr_null(strstr(err.text, "secret"));
	setenv("http_proxy", proxy, 1);
	use_options(&hasty);
	ck_assert_int_eq(fetcher_get(fetcher, store, "http://nowhere.invalid/a", SIZE, &digest,
				 NULL, &served, &err),
		STATUS_OK);
	ck_assert_str_eq(served, "http://nowhere.invalid/a");
	unsetenv("http_proxy");
	free(served);
	free(proxy);
}
END_TEST

/* What the proxy says about a host it will say again: it is not asked twice. */
START_TEST(takes_a_proxys_refusal_as_final)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	char *proxy = archive_server_url(&server, "");

	text_list_release(&item->urls);
	text_list_add(&item->urls, "https://nowhere.invalid/a");
	setenv("https_proxy", proxy, 1);
	archive_server_rules(&server, "*nowhere.invalid:443 -1 status 403\n");
	assert_failed(item, STATUS_NETWORK, "the proxy refuses to connect (403)");
	ck_assert_uint_eq(archive_server_log(&server, requests, LOG_ROOM), 1);
	archive_server_rules(&server, "*nowhere.invalid:443 -1 status 502\n");
	ck_assert_int_eq(get(item), STATUS_NETWORK);
	ck_assert_uint_eq(archive_server_log(&server, requests, LOG_ROOM), 4);
	unsetenv("https_proxy");
	free(proxy);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, reads_file_urls);
	tcase_add_loop_test(tcase, tells_an_unreadable_file_from_an_absent_one, 0,
		ARRAY_SIZE(unreadable_files));
	tcase_add_loop_test(tcase, refuses_other_protocols, 0, 5);
	tcase_add_test(tcase, gets_a_url);
	tcase_add_loop_test(tcase, gets_a_url_whole_or_not_at_all, 0, ARRAY_SIZE(unknown_files));
	tcase_add_test(tcase, never_prints_a_password);
	tcase_add_test(tcase, takes_the_proxy_of_the_environment);
	tcase_add_test(tcase, takes_no_proxy_for_what_is_excepted);
	tcase_add_test(tcase, never_prints_a_proxys_password);
	tcase_add_test(tcase, takes_a_proxys_refusal_as_final);
}

int main(void)
{
	return run_suite("fetch_url", add_tests);
}
