/* SPDX-License-Identifier: Apache-2.0 */
/* Against tests/server/metasnap.c, which reads the form and answers as metasnap.debian.net does. */
#include "tests/unit/find_fixture.h"

#define LIST "hello 1.0\nlibhello 2:1.0+b1~x\nboth:all=3\nabsent 9\nalone\n"

#define TABLE                                                                                      \
	"debian hello amd64 1.0 bookworm main 19700101T000001Z 19700101T000003Z\n"                 \
	"debian hello amd64 1.0 bookworm main 19700101T000005Z 19700101T000005Z\n"                 \
	"debian hello amd64 1.0 sid main 19700101T000000Z 19700101T000002Z\n"                      \
	"debian hello amd64 1.1 bookworm main 19700101T000006Z 19700101T000009Z\n"                 \
	"debian libhello amd64 2:1.0+b1~x bookworm main 19700101T000001Z 19700101T000004Z\n"       \
	"debian both amd64 3 bookworm main 19700101T000001Z 19700101T000004Z\n"                    \
	"debian-security both amd64 3 buster/updates main 19700101T000002Z 19700101T000003Z\n"     \
	"other absent amd64 9 bookworm main 19700101T000001Z 19700101T000004Z\n"

static void ask_set(void)
{
	list_set(LIST);
	archive_server_put(&server, "cgi-bin/api", TABLE, strlen(TABLE));
	text_list_add(&archives, "debian");
	text_list_add(&archives, "debian-security");
}

static enum status ask(void)
{
	return find_in_metasnap(store, fetcher, base, &archives, &ranges, &err);
}

static const char all_ranges[] = "both debian bookworm 1-4\n"
				 "both debian-security buster/updates 2-3\n"
				 "hello debian bookworm 1-3\n"
				 "hello debian bookworm 5-5\n"
				 "hello debian sid 0-2\n"
				 "libhello debian bookworm 1-4\n";

static void assert_all(void)
{
	char *text = ranges_text();

	ck_assert_str_eq(text, all_ranges);
	free(text);
}

START_TEST(test_ranges_of_two_archives)
{
	ask_set();
	ck_assert_msg(ask() == STATUS_OK, "%s", err.text);
	assert_all();
	/* Each archive lacks something: 404 with the names, and then the rest. */
	ck_assert_uint_eq(read_log(), 4);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_str_eq(requests[i].method, "POST");
		ck_assert_str_eq(requests[i].path, "/cgi-bin/api");
		ck_assert_int_eq(requests[i].status, i % 2 ? 200 : 404);
	}
	list_release();
}
END_TEST

START_TEST(test_nothing_known)
{
	list_set("absent 9\n");
	archive_server_put(&server, "cgi-bin/api", TABLE, strlen(TABLE));
	text_list_add(&archives, "debian");
	ck_assert_msg(ask() == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(ranges.count, 0);
	ck_assert_uint_eq(read_log(), 1);
	list_release();
}
END_TEST

START_TEST(test_nothing_to_ask)
{
	list_set("alone\n");
	text_list_add(&archives, "debian");
	ck_assert_msg(ask() == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(read_log(), 0);
	list_release();
}
END_TEST

/* Each goes away by itself; the answer is whole in the end. */
static const char *const passing_faults[] = {
	"* 1 status 429 retry-after 0\n",
	"* 1 status 500\n",
	"* 2 status 503\n",
	"* 1 drop\n",
	"* 1 cut 20\n",
	"* -1 chunked\n",
	"* -1 bare\n",
};

START_TEST(test_passing_faults)
{
	ask_set();
	archive_server_rules(&server, passing_faults[_i]);
	ck_assert_msg(ask() == STATUS_OK, "%s: %s", passing_faults[_i], err.text);
	assert_all();
	list_release();
}
END_TEST

START_TEST(test_redirect_keeps_the_form)
{
	char *rule;

	ask_set();
	archive_server_put(&server, "elsewhere/api", TABLE, strlen(TABLE));
	rule = xasprintf("/cgi-bin/api -1 redirect %s/elsewhere/api\n", base);
	archive_server_rules(&server, rule);
	ck_assert_msg(ask() == STATUS_OK, "%s", err.text);
	assert_all();
	free(rule);
	list_release();
}
END_TEST

#define KNOWN "hello amd64 1.0 bookworm main 19700101T000001Z 19700101T000003Z\n"

/* What comes in place of an answer, and what is said of it: always trouble, never "unknown". */
static const struct {
	const char *rule, *body;
	enum status status;
	const char *text;
} bad_answers[] = {
	{"* -1 status 500\n", "", STATUS_NETWORK, "answers 500"},
	{"* -1 status 429 retry-after 3600\n", "", STATUS_NETWORK, "asks to wait 3600 s"},
	{"* -1 status 403\n", "", STATUS_NETWORK, "answers 403"},
	{"* -1 drop\n", "", STATUS_NETWORK, ""},
	{"* -1 cut 20\n", "", STATUS_NETWORK, ""},
	{"* -1 unframed\n", "", STATUS_NETWORK, "where the file ends"},
	/* The length is right, and yet it is not whole. */
	{"* -1 truncate 7\n", "", STATUS_FORMAT, "cut off in a line"},
	{"* -1 append 70000000\n", "", STATUS_LIMIT, "larger than"},
	/* Another server that has no such page. */
	{"* -1 status 404\n", "", STATUS_FORMAT, "is no answer to what was asked"},
	{"", "<html>\n", STATUS_FORMAT, "\"<html>\" is no answer"},
	{"", "", STATUS_FORMAT, "says nothing about absent 9"},
	{"", KNOWN, STATUS_FORMAT, "says nothing about absent 9"},
	{"", "hello amd64 1.1 bookworm main 19700101T000001Z 19700101T000003Z\n", STATUS_FORMAT,
		"is no answer"},
	{"", "hello arm64 1.0 bookworm main 19700101T000001Z 19700101T000003Z\n", STATUS_FORMAT,
		"is no answer"},
	{"", "hello amd64 1.0 bookworm main 19700101T000001Z\n", STATUS_FORMAT, "is no answer"},
	{"", "hello amd64 1.0 bookworm main 19700101T000001Z 19700101T000003Z x\n", STATUS_FORMAT,
		"is no answer"},
	{"", "hello amd64 1.0  bookworm main 19700101T000001Z 19700101T000003Z\n", STATUS_FORMAT,
		"is no answer"},
	{"", "hello amd64 1.0 ../x main 19700101T000001Z 19700101T000003Z\n", STATUS_FORMAT,
		"no name that a suite can have"},
	{"", "hello amd64 1.0 a,b main 19700101T000001Z 19700101T000003Z\n", STATUS_FORMAT,
		"no name that a suite can have"},
	{"", "hello amd64 1.0 a\033[2Jb main 19700101T000001Z 19700101T000003Z\n", STATUS_FORMAT,
		"no name that a suite can have"},
	{"", "hello amd64 1.0 bookworm main 19700101T000003Z 19700101T000001Z\n", STATUS_FORMAT,
		"is no time"},
	{"", "hello amd64 1.0 bookworm main yesterday today\n", STATUS_FORMAT, "is no time"},
};

START_TEST(test_bad_answers)
{
	const char *rule = bad_answers[_i].rule;

	ask_set();
	archive_server_put(&server, "answer", bad_answers[_i].body, strlen(bad_answers[_i].body));
	archive_server_rules(&server, *rule ? rule : "* -1 file answer\n");
	ck_assert_msg(ask() == bad_answers[_i].status, "%d: %s", err.status, err.text);
	ck_assert_msg(strstr(err.text, bad_answers[_i].text) != NULL, "%s", err.text);
	ck_assert_msg(
		strstr(err.text, "/cgi-bin/api") || strstr(err.text, "127.0.0.1"), "%s", err.text);
	list_release();
}
END_TEST

START_TEST(test_more_suites_than_there_are)
{
	struct buffer table = {0};

	list_set("hello 1.0\n");
	for (int i = 0; i < 5000; i++)
		buffer_add_format(&table,
			"debian hello amd64 1.0 s%d main 19700101T000001Z 19700101T000003Z\n", i);
	archive_server_put(&server, "cgi-bin/api", table.data, table.len);
	text_list_add(&archives, "debian");
	ck_assert_int_eq(ask(), STATUS_LIMIT);
	buffer_release(&table);
	list_release();
}
END_TEST

/* What was answered may hold any byte: a NUL ends no name, and nothing is read behind one's end. */
START_TEST(test_names_with_nul_are_others)
{
	static const char name[] = "aa\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	size_t first, count;

	list_set("a 1\naa 1\naab 1\n");
	for (size_t len = 1; len < sizeof(name); len++) {
		find_ranges_named(&ranges, name, len, &first, &count);
		ck_assert_uint_eq(count, len <= 2);
	}
	list_release();
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_ranges_of_two_archives);
	tcase_add_test(tcase, test_nothing_known);
	tcase_add_test(tcase, test_nothing_to_ask);
	tcase_add_loop_test(tcase, test_passing_faults, 0, ARRAY_SIZE(passing_faults));
	tcase_add_test(tcase, test_redirect_keeps_the_form);
	tcase_add_loop_test(tcase, test_bad_answers, 0, ARRAY_SIZE(bad_answers));
	tcase_add_test(tcase, test_more_suites_than_there_are);
	tcase_add_test(tcase, test_names_with_nul_are_others);
}

int main(void)
{
	return run_suite("metasnap", add_tests);
}
