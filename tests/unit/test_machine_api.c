/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/find_fixture.h"

static const char timestamps[] =
	"{\"result\":{\"debian\":[\"20250103T000000Z\"],\"debian-security\":[]}}";

/* The rules by which names with a slash at the end lead to files. */
#define RULES                                                                                      \
	"/mr/timestamp/ -1 file timestamp\n"                                                       \
	"/mr/binary/hello/ -1 file versions\n"

#define FILES_AMD64                                                                                \
	"{\"_comment\":\"foo\",\"binary\":\"hello\",\"binary_version\":\"1.0\",\"result\":["       \
	"{\"architecture\":\"amd64\",\"hash\":\"aa\"},"                                            \
	"{\"architecture\":\"arm64\",\"hash\":\"bb\"}],"                                           \
	"\"fileinfo\":{\"aa\":["                                                                   \
	"{\"archive_name\":\"debian\",\"first_seen\":\"20250102T030405Z\",\"name\":"               \
	"\"hello_1.0_amd64.deb\",\"path\":\"/pool/main/h/hello\",\"size\":10},"                    \
	"{\"archive_name\":\"debian-ports\",\"first_seen\":\"20250101T030405Z\"}],"                \
	"\"bb\":[{\"archive_name\":\"debian\",\"first_seen\":\"20240102T030405Z\"}]}}"
#define FILES_ARM64                                                                                \
	"{\"result\":[{\"architecture\":\"arm64\",\"hash\":\"bb\"}],\"fileinfo\":{\"bb\":["        \
	"{\"archive_name\":\"debian\",\"first_seen\":\"20240102T030405Z\"}]}}"

static void put(const char *path, const char *text)
{
	archive_server_put(&server, path, text, strlen(text));
}

static void ask_set(const char *list)
{
	list_set(list);
	put("timestamp", timestamps);
	archive_server_rules(&server, RULES);
}

static enum status ask(void)
{
	bool wanted[8] = {true, true, true, true, true, true, true, true};

	return find_in_api(store, fetcher, base, wanted, &ranges, &err);
}

static const struct find_known *ask_well(const char *list)
{
	ask_set(list);
	ck_assert_msg(ask() == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(ranges.count, 0);
	return &ranges.known[0];
}

START_TEST(test_pools_of_a_version)
{
	const struct find_known *known;

	put("mr/binary/hello/1.0/binfiles", FILES_AMD64);
	known = ask_well("hello 1.0\n");
	ck_assert(known->is_name);
	ck_assert(known->is_version);
	ck_assert_uint_eq(known->pool_count, 2);
	ck_assert_str_eq(known->pools[0].archive, "debian");
	ck_assert_int_eq(known->pools[0].first_seen, 1735787045);
	ck_assert_str_eq(known->pools[1].archive, "debian-ports");
	list_release();
}
END_TEST

START_TEST(test_other_architecture)
{
	const struct find_known *known;

	put("mr/binary/hello/1.0/binfiles", FILES_ARM64);
	known = ask_well("hello 1.0\n");
	ck_assert(known->is_version);
	ck_assert_uint_eq(known->pool_count, 0);
	ck_assert_str_eq(known->architecture, "arm64");
	list_release();
}
END_TEST

/* Each has its own reason; the newest is so by Debian's order, not by the order of the answer. */
START_TEST(test_unknown_version)
{
	const struct find_known *known;

	put("versions",
		"{\"result\":[{\"binary_version\":\"1.9\",\"name\":\"hello\"},"
		"{\"binary_version\":\"1.10\"},{\"binary_version\":\"1.10~rc1\"}]}");
	known = ask_well("hello 1.0\n");
	ck_assert(known->is_name);
	ck_assert(!known->is_version);
	ck_assert_str_eq(known->version, "1.10");
	list_release();
}
END_TEST

START_TEST(test_unknown_name)
{
	const struct find_known *known = ask_well("absent 1.0\n");

	ck_assert(!known->is_name);
	list_release();
}
END_TEST

START_TEST(test_names_are_escaped)
{
	const struct find_known *known;

	put("mr/binary/libstdc++6/1:2~a+b/binfiles", FILES_ARM64);
	known = ask_well("libstdc++6 1:2~a+b\n");
	ck_assert(known->is_version);
	list_release();
}
END_TEST

static const struct {
	const char *rules, *files, *versions;
	enum status status;
	const char *text;
} bad_answers[] = {
	/* A server that answers 404 to everything, or has no imports, is no snapshot archive. */
	{"* -1 status 404\n", NULL, NULL, STATUS_NETWORK, "is it the address"},
	{"/mr/timestamp/ -1 file empty\n", NULL, NULL, STATUS_FORMAT, "has no imports"},
	{"* -1 status 500\n", NULL, NULL, STATUS_NETWORK, "answers 500"},
	{"* -1 status 429 retry-after 3600\n", NULL, NULL, STATUS_NETWORK, "asks to wait"},
	{"/mr/binary/* -1 status 500\n" RULES, NULL, NULL, STATUS_NETWORK, "answers 500"},
	{"/mr/binary/* -1 status 403\n" RULES, NULL, NULL, STATUS_NETWORK, "answers 403"},
	{"/mr/binary/* -1 cut 20\n" RULES, FILES_AMD64, NULL, STATUS_NETWORK, ""},
	{"/mr/binary/* -1 truncate 20\n" RULES, FILES_AMD64, NULL, STATUS_FORMAT, "line 1"},
	{"/mr/binary/* -1 append 70000000\n" RULES, FILES_AMD64, NULL, STATUS_LIMIT, "larger"},
	{"/mr/binary/hello/ -1 status 500\n" RULES, NULL, NULL, STATUS_NETWORK, "answers 500"},
	{RULES, "<html>", NULL, STATUS_FORMAT, "line 1"},
	{RULES, "{}", NULL, STATUS_FORMAT, "it has no files"},
	{RULES, "[]", NULL, STATUS_FORMAT, "it has no files"},
	{RULES, "{\"result\":[],\"fileinfo\":{}}", NULL, STATUS_FORMAT, "it has no files"},
	{RULES, "{\"result\":[],\"result\":[],\"fileinfo\":{}}", NULL, STATUS_FORMAT, "duplicate"},
	{RULES, "{\"result\":[{\"architecture\":\"amd64\",\"hash\":\"aa\"}],\"fileinfo\":{}}", NULL,
		STATUS_FORMAT, "a file has no fileinfo"},
	{RULES, "{\"result\":[{\"architecture\":1,\"hash\":\"aa\"}],\"fileinfo\":{}}", NULL,
		STATUS_FORMAT, "no architecture and hash"},
	{RULES,
		"{\"result\":[{\"architecture\":\"amd64\",\"hash\":\"aa\"}],\"fileinfo\":{\"aa\":["
		"{\"archive_name\":\"../x\",\"first_seen\":\"20250102T030405Z\"}]}}",
		NULL, STATUS_FORMAT, "no archive_name and first_seen"},
	{RULES,
		"{\"result\":[{\"architecture\":\"amd64\",\"hash\":\"aa\"}],\"fileinfo\":{\"aa\":["
		"{\"archive_name\":\"debian\",\"first_seen\":\"yesterday\"}]}}",
		NULL, STATUS_FORMAT, "no archive_name and first_seen"},
	{RULES, NULL, "{}", STATUS_FORMAT, "it has no versions"},
	{RULES, NULL, "{\"result\":[{\"version\":\"1\"}]}", STATUS_FORMAT, "a version is none"},
	{RULES, NULL, "{\"result\":[{\"binary_version\":\"1.0\"}]}", STATUS_FORMAT,
		"that it does not have"},
};

START_TEST(test_bad_answers)
{
	ask_set("hello 1.0\n");
	put("empty", "{\"result\":{\"debian\":[]}}");
	if (bad_answers[_i].files)
		put("mr/binary/hello/1.0/binfiles", bad_answers[_i].files);
	if (bad_answers[_i].versions)
		put("versions", bad_answers[_i].versions);
	archive_server_rules(&server, bad_answers[_i].rules);
	ck_assert_msg(ask() == bad_answers[_i].status, "%d: %s", err.status, err.text);
	ck_assert_msg(strstr(err.text, bad_answers[_i].text) != NULL, "%s", err.text);
	list_release();
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_pools_of_a_version);
	tcase_add_test(tcase, test_other_architecture);
	tcase_add_test(tcase, test_unknown_version);
	tcase_add_test(tcase, test_unknown_name);
	tcase_add_test(tcase, test_names_are_escaped);
	tcase_add_loop_test(tcase, test_bad_answers, 0, ARRAY_SIZE(bad_answers));
}

int main(void)
{
	return run_suite("machine_api", add_tests);
}
