/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fetch_fixture.h"

START_TEST(resumes_where_it_was_cut)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	archive_server_rules(&server, "/a 1 cut 100000\n/a 1 cut 150000\n");
	assert_got(item);
	ck_assert_uint_eq(read_log(), 3);
	ck_assert_str_eq(requests[1].range, "bytes=100000-");
	ck_assert_int_eq(requests[1].status, 206);
	ck_assert_str_eq(requests[2].range, "bytes=250000-");
	ck_assert_int_eq(requests[2].status, 206);
	ck_assert_uint_eq(requests[2].bytes, 50000);
}
END_TEST

START_TEST(goes_on_as_long_as_it_gets_on)
{
	struct fetch_item *item = serve("a", 1500000, 1);

	archive_server_rules(&server, "/a -1 cut 100000\n");
	assert_got(item);
	ck_assert_uint_eq(read_log(), 15);
}
END_TEST

/* The rest must be of the same file, whatever the server claims. */
static const char *const changed_files[] = {
	"/a 1 cut 100000\n/a -1 file b etag new\n",
	"/a 1 cut 100000\n/a -1 file b bare\n",
	"/a 1 cut 100000 bare\n/a -1 file b bare\n",
	"/a 1 cut 100000 etag same\n/a -1 file b etag same\n",
	"/a 1 cut 100000\n/a -1 file b append 1\n",
};

START_TEST(does_not_join_two_files)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	serve("b", SIZE, 2);

	archive_server_rules(&server, changed_files[_i]);
	assert_failed(item, STATUS_TRUST, "refused");
	archive_server_rules(&server, "");
	assert_got(item);
}
END_TEST

/* A server that changes its ETag, or sends another piece than asked for: begin again. */
static const char *const odd_ranges[] = {
	"/a 1 cut 100000 etag one\n/a 1 etag two\n",
	"/a 1 cut 100000 bare\n/a 1 shift 5 bare\n",
	"/a 1 cut 100000 file b\n",
	"/a 1 cut 100000 bare file b\n/a 1 bare\n",
};

START_TEST(begins_again_when_the_rest_does_not_fit)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	serve("b", SIZE, 2);

	archive_server_rules(&server, odd_ranges[_i]);
	assert_got(item);
}
END_TEST

/* Another process begins, and is killed in the middle. */
static void fetch_and_be_killed(struct fetch_item *item)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct fetcher *own = NULL;

		if (fetcher_new(&fetch_options_default, &own, &err) == STATUS_OK)
			fetcher_get_all(own, store, "fetch", item, 1, &err);
		_exit(1);
	}
	usleep(700000);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_uint_eq(count_files("tmp"), 1);
	store_free(store);
	open_store();
}

START_TEST(resumes_after_a_kill)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	size_t count;

	archive_server_rules(&server, "/a 1 stall 120000\n");
	fetch_and_be_killed(item);
	assert_got(item);
	count = read_log();
	ck_assert_uint_eq(count, 2);
	/* The first one is logged when the server sees its client gone, before or after the other.
	 */
	ck_assert(strcmp(requests[0].range, "bytes=120000-") == 0 ||
		strcmp(requests[1].range, "bytes=120000-") == 0);
	ck_assert_uint_eq(count_files("tmp"), 0);
}
END_TEST

START_TEST(does_not_trust_what_a_kill_left)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	serve("b", SIZE, 2);

	/* Bytes of another file, or too many, or all but wrong. */
	static const char *const rules[] = {
		"/a 1 stall 120000 file b\n", "/a 1 stall 299999 flip 3\n"};
	archive_server_rules(&server, rules[_i]);
	fetch_and_be_killed(item);
	assert_got(item);
	ck_assert_uint_eq(count_files("tmp"), 0);
}
END_TEST

START_TEST(checks_a_part_that_is_whole)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	char *data = make_bytes(SIZE, _i == 0 ? 1 : 2);
	struct store_part part = STORE_PART_INIT;

	ck_assert_int_eq(store_part_open(store, &item->digest, &part, &err), STATUS_OK);
	ck_assert_int_eq(store_part_write(store, &part, data, SIZE, &err), STATUS_OK);
	if (_i == 2)
		ck_assert_int_eq(store_part_write(store, &part, data, SIZE, &err), STATUS_OK);
	store_part_close(store, &part);
	assert_got(item);
	ck_assert_uint_eq(read_log(), _i == 0 ? 0 : 1);
	free(data);
}
END_TEST

START_TEST(does_not_depend_on_another_process)
{
	struct fetch_item *item = serve("a", SIZE, 1);
	struct store_part part = STORE_PART_INIT;

	ck_assert_int_eq(store_part_open(store, &item->digest, &part, &err), STATUS_OK);
	assert_got(item);
	store_part_discard(store, &part);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, resumes_where_it_was_cut);
	tcase_add_test(tcase, goes_on_as_long_as_it_gets_on);
	tcase_add_loop_test(tcase, does_not_join_two_files, 0, ARRAY_SIZE(changed_files));
	tcase_add_loop_test(
		tcase, begins_again_when_the_rest_does_not_fit, 0, ARRAY_SIZE(odd_ranges));
	tcase_add_test(tcase, resumes_after_a_kill);
	tcase_add_loop_test(tcase, does_not_trust_what_a_kill_left, 0, 2);
	tcase_add_loop_test(tcase, checks_a_part_that_is_whole, 0, 3);
	tcase_add_test(tcase, does_not_depend_on_another_process);
}

int main(void)
{
	return run_suite("fetch_resume", add_tests);
}
