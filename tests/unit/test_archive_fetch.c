/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fetch_fixture.h"

/*
 * A pool file that no place has by its path, and a service of snapshot.debian.org's layout that may
 * have it by its SHA-1. The service itself is out of reach: its name leads to a proxy that refuses.
 */
#define BINARY	  "pool/main/libh/hello/hello_1.0-1+b2_amd64.deb"
#define DSC	  "pool/main/libh/hello/hello_1.0-1.dsc"
#define ORIG	  "pool/main/libh/hello/hello_1.0.orig.tar.xz"
#define NATIVE	  "pool/main/libh/hello/hello_1.0.tar.xz"
#define GOOD_SHA1 "0123456789abcdef0123456789abcdef01234567"
#define BAD_SHA1  "ffffffffffffffffffffffffffffffffffffffff"

static struct pin debian = {.name = (char *)"debian@20250103T000000Z",
	.archive = (char *)"debian",
	.timestamp = 1735862400};
static struct pin_list pins = {.items = &debian, .count = 1};
static struct place_list places;
static struct archive_file file;
static char *content;

static void put_text(const char *path, const char *text)
{
	archive_server_put(&server, path, text, strlen(text));
}

static void set_up_service(void)
{
	char *url;

	set_up();
	url = archive_server_url(&server, "archive/debian");
	place_list_add(&places, "debian", url);
	free(url);
	url = archive_server_url(&server, "");
	setenv("https_proxy", url, 1);
	free(url);
	content = make_bytes(SIZE, 7);
	file = (struct archive_file){.archive = "debian", .path = BINARY, .size = SIZE};
	hash_memory(content, SIZE, &file.digest);
	archive_server_put(&server, "file/" GOOD_SHA1, content, SIZE);
}

static void tear_down_service(void)
{
	unsetenv("https_proxy");
	place_list_release(&places);
	free(content);
	tear_down();
}

static enum status fetch(void)
{
	return archive_files_fetch(fetcher, store, &pins, &places, NULL, &file, 1, &err);
}

static size_t asked(const char *part)
{
	size_t count = read_log(), found = 0;

	for (size_t i = 0; i < count; i++)
		found += strstr(requests[i].path, part) != NULL;
	return found;
}

#define INFO(sha1, name, size)                                                                     \
	"{\"fileinfo\":{\"" sha1 "\":[{\"archive_name\":\"debian\",\"name\":\"" name               \
	"\",\"path\":\"/pool/x\",\"size\":" size "}]},\"result\":[]}"

/* What of the pool is looked up how: the list of versions, the file asked for then. */
static const struct {
	const char *path, *versions, *files, *list, *name;
} kinds[] = {
	{BINARY, "/mr/binary/hello/", "/mr/binary/hello/1:1.0-1+b2/binfiles",
		"{\"result\":[{\"binary_version\":\"1.0-1\",\"name\":\"hello\"},"
		"{\"binary_version\":\"1:1.0-1+b2\",\"name\":\"hello\",\"source\":\"x\"}]}",
		"hello_1.0-1+b2_amd64.deb"},
	{DSC, "/mr/package/hello/", "/mr/package/hello/1.0-1/srcfiles",
		"{\"result\":[{\"version\":\"0.9-1\"},{\"version\":\"1.0-1\"}]}",
		"hello_1.0-1.dsc"},
	{ORIG, "/mr/package/hello/", "/mr/package/hello/2:1.0-1/srcfiles",
		"{\"result\":[{\"version\":\"2:1.0-1\"},{\"version\":\"1.1-1\"}]}",
		"hello_1.0.orig.tar.xz"},
	{NATIVE, "/mr/package/hello/", "/mr/package/hello/1.0/srcfiles",
		"{\"result\":[{\"version\":\"1.0\"},{\"version\":\"0.9\"}]}", "hello_1.0.tar.xz"},
};

static void put_api(int kind, const char *answer)
{
	char *rules = xasprintf(
		"%s -1 file list\n%s -1 file answer\n", kinds[kind].versions, kinds[kind].files);

	put_text("list", kinds[kind].list);
	put_text("answer", answer);
	archive_server_rules(&server, rules);
	free(rules);
}

START_TEST(finds_a_file_by_its_sha1)
{
	char *answer = xasprintf(INFO(GOOD_SHA1, "%s", "300000"), kinds[_i].name);
	int fd;

	file.path = kinds[_i].path;
	put_api(_i, answer);
	ck_assert_msg(fetch() == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(store_read(store, &file.digest, &fd, NULL, &err), STATUS_OK);
	close(fd);
	ck_assert_uint_eq(asked("/mr/"), 2);
	ck_assert_uint_eq(asked("/file/" GOOD_SHA1), 1);
	free(answer);
}
END_TEST

START_TEST(looks_up_nothing_that_a_place_has)
{
	put_api(0, INFO(GOOD_SHA1, "hello_1.0-1+b2_amd64.deb", "300000"));
	archive_server_put(&server, "archive/debian/" BINARY, content, SIZE);
	ck_assert_msg(fetch() == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(asked("/mr/"), 0);
	ck_assert_uint_eq(asked("/file/"), 0);
}
END_TEST

/* Wrong bytes at a place are no end either, if the right ones are known elsewhere. */
START_TEST(looks_up_what_a_place_has_wrong)
{
	put_api(0, INFO(GOOD_SHA1, "hello_1.0-1+b2_amd64.deb", "300000"));
	content[5] ^= 1;
	archive_server_put(&server, "archive/debian/" BINARY, content, SIZE);
	ck_assert_msg(fetch() == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(asked("/file/"), 1);
}
END_TEST

/* What the service may say, none of which gives a file; how often it is asked for one. */
static const struct {
	const char *answer;
	size_t files;
} lies[] = {
	{INFO(BAD_SHA1, "hello_1.0-1+b2_amd64.deb", "300000"), 1},
	{INFO(GOOD_SHA1, "hello_1.0-1+b2_arm64.deb", "300000"), 0},
	{INFO(GOOD_SHA1, "hello_1.0-1+b2_amd64.deb", "300001"), 0},
	{INFO(GOOD_SHA1, "hello_1.0-1+b2_amd64.deb", "-1"), 0},
	{INFO(GOOD_SHA1, "hello_1.0-1+b2_amd64.deb", "300000.0"), 0},
	{INFO("0123456789ABCDEF0123456789ABCDEF01234567", "hello_1.0-1+b2_amd64.deb", "300000"), 0},
	{INFO("../../archive/debian", "hello_1.0-1+b2_amd64.deb", "300000"), 0},
	{INFO(GOOD_SHA1 "0", "hello_1.0-1+b2_amd64.deb", "300000"), 0},
	{INFO(GOOD_SHA1, "hello_1.0-1+b2_amd64.deb", "300000") " x", 0},
	{"{\"fileinfo\":{\"" GOOD_SHA1 "\":\"x\"}}", 0},
	{"{\"fileinfo\":[1,2]}", 0},
	{"{\"fileinfo\":{\"" GOOD_SHA1 "\":[],\"" GOOD_SHA1 "\":[]}}", 0},
	{"[]", 0},
	{"", 0},
	{"nonsense", 0},
};

START_TEST(believes_no_lie)
{
	char *wrong = make_bytes(SIZE, 8);

	archive_server_put(&server, "file/" BAD_SHA1, wrong, SIZE);
	put_api(0, lies[_i].answer);
	/* What is told is what the places said. */
	ck_assert_int_eq(fetch(), STATUS_NETWORK);
	ck_assert_msg(strstr(err.text, BINARY) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, "Tried 3 places") != NULL, "%s", err.text);
	ck_assert(!store_has(store, &file.digest));
	ck_assert_uint_eq(asked("/file/"), lies[_i].files);
	ck_assert_uint_eq(count_files("tmp"), 0);
	free(wrong);
}
END_TEST

/* Names of versions become parts of URLs, and there are only so many that fit. */
static const struct {
	const char *list;
	size_t asked;
} lists[] = {
	{"{\"result\":[{\"binary_version\":\"../"
	 "x:1.0-1+b2\"},{\"binary_version\":\"a?b:1.0-1+b2\"}]}",
		1},
	{"{\"result\":[{\"binary_version\":\"9:1.0-1+b2\"},{\"binary_version\":\"9:1.0-1+b2\"}]}",
		2},
	{"{\"result\":[{\"binary_version\":\"1:1.0-1+b2\"},{\"binary_version\":\"2:1.0-1+b2\"},"
	 "{\"binary_version\":\"3:1.0-1+b2\"},{\"binary_version\":\"4:1.0-1+b2\"},"
	 "{\"binary_version\":\"5:1.0-1+b2\"},{\"binary_version\":\"6:1.0-1+b2\"},"
	 "{\"binary_version\":\"7:1.0-1+b2\"},{\"binary_version\":\"8:1.0-1+b2\"},"
	 "{\"binary_version\":\"9:1.0-1+b2\"},{\"binary_version\":\"10:1.0-1+b2\"}]}",
		9},
};

START_TEST(asks_for_so_many_versions_only)
{
	put_text("list", lists[_i].list);
	put_text("answer", "{\"fileinfo\":{}}");
	archive_server_rules(
		&server, "/mr/binary/hello/ -1 file list\n/mr/binary/hello/* -1 file answer\n");
	ck_assert_int_eq(fetch(), STATUS_NETWORK);
	ck_assert_uint_eq(asked("/mr/"), lists[_i].asked);
	ck_assert_uint_eq(asked("/file/"), 0);
}
END_TEST

START_TEST(stops_an_answer_that_is_too_long)
{
	archive_server_rules(&server,
		"/mr/binary/hello/ -1 file file/" GOOD_SHA1 " append 1000000000 chunked\n");
	ck_assert_int_eq(fetch(), STATUS_NETWORK);
	for (size_t i = 0; i < read_log(); i++)
		ck_assert_uint_lt(requests[i].bytes, 100000000);
	ck_assert_uint_eq(asked("/mr/"), 1);
}
END_TEST

/* A path without a package, or whose parts are no names, is not looked up. */
static const char *const strange[] = {"dists/bookworm/main/binary-amd64/Packages_1",
	"pool/main/h/hello/README", "pool/main/h/..%2f/x_1.deb",
	"pool/main/h/hello/he?lo_1_all.deb"};

START_TEST(looks_up_packages_only)
{
	file.path = strange[_i];
	ck_assert_int_eq(fetch(), STATUS_NETWORK);
	ck_assert_uint_eq(asked("/mr/"), _i == 2 ? 1 : 0);
}
END_TEST

/* Of many files missing, a service that cannot be reached is asked for one. */
START_TEST(asks_a_dead_service_once)
{
	struct archive_file files[5];
	char *names[5];

	for (int i = 0; i < 5; i++) {
		names[i] = xasprintf("pool/main/h/hello/hello_%d_all.deb", i);
		files[i] = file;
		files[i].path = names[i];
		files[i].digest.bytes[0] ^= (unsigned char)(i + 1);
	}
	archive_server_rules(&server, "/mr/* -1 status 403\n");
	ck_assert_int_eq(archive_files_fetch(fetcher, store, &pins, &places, NULL, files, 5, &err),
		STATUS_NETWORK);
	ck_assert_uint_eq(asked("/mr/"), 1);
	for (int i = 0; i < 5; i++)
		free(names[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("archive_fetch");
	TCase *tcase = tcase_create("archive_fetch");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up_service, tear_down_service);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, finds_a_file_by_its_sha1, 0, (int)ARRAY_SIZE(kinds));
	tcase_add_test(tcase, looks_up_nothing_that_a_place_has);
	tcase_add_test(tcase, looks_up_what_a_place_has_wrong);
	tcase_add_loop_test(tcase, believes_no_lie, 0, (int)ARRAY_SIZE(lies));
	tcase_add_loop_test(tcase, asks_for_so_many_versions_only, 0, (int)ARRAY_SIZE(lists));
	tcase_add_test(tcase, stops_an_answer_that_is_too_long);
	tcase_add_loop_test(tcase, looks_up_packages_only, 0, (int)ARRAY_SIZE(strange));
	tcase_add_test(tcase, asks_a_dead_service_once);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
