/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "tests/unit/fetch_fixture.h"

/* One server under two names, "localhost" and "127.0.0.1": two hosts to the fetcher. */

/* The item of a file that each of two places has, the doubtful one first. */
static struct fetch_item *serve_twice(int number)
{
	char *bad = xasprintf("bad/%d", number), *good = xasprintf("good/%d", number);
	struct fetch_item *item = serve(bad, SIZE, (uint32_t)number);
	char *url = xasprintf("http://localhost:%u/%s", server.port, bad);

	serve(good, SIZE, (uint32_t)number);
	text_list_release(&item->urls);
	text_list_add(&item->urls, url);
	add_url(item, good);
	item->name = "f";
	free(url);
	free(good);
	free(bad);
	return item;
}

/* The same of a file that only the doubtful place has. */
static struct fetch_item *serve_doubtful(int number)
{
	struct fetch_item *item = serve_twice(number);
	char *first = xstrdup(item->urls.items[0]);

	text_list_release(&item->urls);
	text_list_add(&item->urls, first);
	free(first);
	return item;
}

static size_t asked(const char *path)
{
	size_t count = read_log(), found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(requests[i].path, path) == 0;
	return found;
}

/* What makes a host one to ask later, how often it is asked for the first file. */
static const struct {
	const char *rule;
	size_t requests;
} troubles[] = {
	{"status 500", 3},
	{"drop", 3},
	{"stall 0", 3},
	{"cut 100 norange", 3},
};

START_TEST(asks_a_failing_host_later)
{
	struct fetch_item *first = serve_twice(1), *second = serve_twice(2);
	struct fetch_item *only = serve_doubtful(3);
	char *rules = xasprintf("/bad/1 -1 %s\n", troubles[_i].rule);

	archive_server_rules(&server, rules);
	assert_got(first);
	ck_assert_uint_eq(asked("/bad/1"), troubles[_i].requests);
	assert_got(second);
	ck_assert_uint_eq(asked("/bad/2"), 0);
	ck_assert_uint_eq(asked("/good/2"), 1);
	/* Later, not never. */
	assert_got(only);
	ck_assert_uint_eq(asked("/bad/3"), 1);
	/* And now that it did well, in its turn again. */
	assert_got(serve_twice(4));
	ck_assert_uint_eq(asked("/bad/4"), 1);
	free(rules);
}
END_TEST

START_TEST(asks_a_slow_host_later)
{
	struct fetch_options options = hasty;

	options.slow_bytes = 1000000;
	use_options(&options);
	archive_server_rules(&server, "/bad/1 -1 slow 120000\n");
	assert_got(serve_twice(1));
	ck_assert_uint_eq(asked("/bad/1"), 1);
	assert_got(serve_twice(2));
	ck_assert_uint_eq(asked("/bad/2"), 0);
	assert_got(serve_doubtful(3));
	ck_assert_uint_eq(asked("/bad/3"), 1);
}
END_TEST

/* A byte a second would keep everything waiting, for hours, while others have the file. */
START_TEST(leaves_a_host_that_hardly_sends)
{
	struct fetch_options options = hasty;

	options.slow_bytes = 2000000;
	use_options(&options);
	archive_server_rules(&server, "/bad/1 -1 slow 100\n");
	assert_got(serve_twice(1));
	ck_assert_uint_eq(asked("/bad/1"), 1);
	ck_assert_uint_eq(asked("/good/1"), 1);
}
END_TEST

/* But what only it has is worth the wait. */
START_TEST(comes_back_to_a_host_that_hardly_sends)
{
	struct fetch_options options = hasty;

	options.slow_bytes = 4000000;
	use_options(&options);
	archive_server_rules(&server, "/bad/1 -1 slow 100000\n/good/1 -1 status 404\n");
	assert_got(serve_twice(1));
	ck_assert_uint_eq(asked("/bad/1"), 2);
	ck_assert_uint_eq(asked("/good/1"), 1);
	/* As slow, and no other: waited for from the beginning. */
	archive_server_rules(&server, "/bad/2 -1 slow 100000\n");
	assert_got(serve_doubtful(2));
	ck_assert_uint_eq(asked("/bad/2"), 1);
}
END_TEST

/* A file that is not there is no fault of the host. */
START_TEST(keeps_the_order_of_good_hosts)
{
	archive_server_rules(&server, "/bad/1 -1 status 404\n/bad/2 -1 flip 5\n");
	for (int i = 1; i <= 3; i++)
		assert_got(serve_twice(i));
	ck_assert_uint_eq(asked("/bad/1"), 1);
	ck_assert_uint_eq(asked("/bad/2"), 1);
	ck_assert_uint_eq(asked("/bad/3"), 1);
	ck_assert_uint_eq(asked("/good/3"), 0);
}
END_TEST

static const struct fetch_options breaking = {.connections = 8,
	.attempts = 2,
	.retry_seconds = 0,
	.timeout_seconds = 5,
	.breaker_seconds = 3600};

/* Opens the breaker of the doubtful host: two files in vain. */
static void break_host(void)
{
	archive_server_rules(&server, "/bad/* -1 drop\n");
	assert_failed(serve_doubtful(1), STATUS_NETWORK, "2 tries");
	assert_failed(serve_doubtful(2), STATUS_NETWORK, "2 tries");
	ck_assert_uint_eq(read_log(), 4);
}

START_TEST(leaves_a_host_alone_that_only_fails)
{
	use_options(&breaking);
	break_host();
	assert_failed(serve_doubtful(3), STATUS_NETWORK, "answers with nothing but trouble");
	ck_assert_uint_eq(read_log(), 4);
	/* Others are asked as ever. */
	assert_got(serve_twice(4));
	ck_assert_uint_eq(asked("/bad/4"), 0);
	ck_assert_uint_eq(asked("/good/4"), 1);
}
END_TEST

START_TEST(tries_a_broken_host_with_one_request)
{
	enum {
		FILES = 6
	};
	struct fetch_options options = breaking;
	struct fetch_item items[FILES];
	size_t count;

	options.breaker_seconds = 1;
	use_options(&options);
	break_host();
	sleep(2);
	archive_server_rules(&server, "* -1 pause 300\n");
	for (int i = 0; i < FILES; i++)
		items[i] = *serve_doubtful(10 + i);
	ck_assert_msg(fetcher_get_all(fetcher, store, "fetch", items, FILES, &err) == STATUS_OK,
		"%s", err.text);
	count = read_log();
	ck_assert_uint_eq(count, 4 + FILES);
	/* The log is in the order in which they ended. */
	for (size_t i = 5; i < count; i++)
		ck_assert_double_ge(requests[i].start, requests[4].end);
}
END_TEST

START_TEST(opens_again_when_the_one_request_fails)
{
	struct fetch_options options = breaking;
	struct fetch_item items[3];

	options.breaker_seconds = 1;
	use_options(&options);
	break_host();
	sleep(2);
	for (int i = 0; i < 3; i++)
		items[i] = *serve_doubtful(10 + i);
	ck_assert_int_eq(fetcher_get_all(fetcher, store, "fetch", items, 3, &err), STATUS_NETWORK);
	ck_assert_uint_eq(read_log(), 5);
}
END_TEST

/* Of `files` files at once, with 20 ms before each answer. */
static void fetch_many(size_t files)
{
	struct fetch_item *items = served_items;

	archive_server_rules(&server, "* -1 pause 20\n");
	for (size_t i = 0; i < files; i++) {
		char *name = xasprintf("file-%zu", i);

		serve(name, 1000, (uint32_t)i + 1)->name = "f";
		free(name);
	}
	ck_assert_msg(fetcher_get_all(fetcher, store, "fetch", items, files, &err) == STATUS_OK,
		"%s", err.text);
	ck_assert_uint_eq(read_log(), files);
}

static unsigned most_active(void)
{
	unsigned most = 0;
	size_t count = read_log();

	for (size_t i = 0; i < count; i++)
		most = requests[i].active > most ? requests[i].active : most;
	return most;
}

START_TEST(bounds_connections_to_a_host)
{
	struct fetch_options options = hasty;

	options.host_connections = 2;
	use_options(&options);
	fetch_many(30);
	ck_assert_uint_eq(most_active(), 2);
}
END_TEST

/* Which bound holds for the strict host: the lower one. */
static const struct {
	unsigned connections, strict, most;
	const char *host;
} strictness[] = {
	{0, 1, 1, "127.0.0.1"},
	{3, 1, 1, "127.0.0.1"},
	{2, 5, 2, "127.0.0.1"},
	{0, 0, 8, "127.0.0.1"},
	{0, 1, 8, "127.0.0"},
	{0, 1, 8, "127.0.0.11"},
};

START_TEST(is_stricter_with_one_host)
{
	struct fetch_options options = hasty;

	options.host_connections = strictness[_i].connections;
	options.strict_connections = strictness[_i].strict;
	options.strict_host = strictness[_i].host;
	use_options(&options);
	fetch_many(40);
	if (strictness[_i].most < 8)
		ck_assert_uint_eq(most_active(), strictness[_i].most);
	else
		ck_assert_uint_gt(most_active(), 2);
}
END_TEST

/* Only the least time is asserted: a busy machine takes longer, never less. */
START_TEST(bounds_requests_a_second)
{
	struct fetch_options options = hasty;
	double started;

	if (_i == 0) {
		options.host_rate = 20;
	} else {
		options.strict_host = "127.0.0.1";
		options.strict_rate = 20;
		options.host_rate = 1000;
	}
	use_options(&options);
	started = clock_monotonic();
	fetch_many(11);
	ck_assert_double_ge(clock_monotonic() - started, 0.5);
}
END_TEST

START_TEST(is_gentle_with_snapshot_by_default)
{
	ck_assert_str_eq(fetch_options_default.strict_host, "snapshot.debian.org");
	ck_assert_uint_eq(fetch_options_default.strict_connections, 2);
	ck_assert_uint_eq(fetch_options_default.strict_rate, 4);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, asks_a_failing_host_later, 0, ARRAY_SIZE(troubles));
	tcase_add_test(tcase, asks_a_slow_host_later);
	tcase_add_test(tcase, leaves_a_host_that_hardly_sends);
	tcase_add_test(tcase, comes_back_to_a_host_that_hardly_sends);
	tcase_add_test(tcase, keeps_the_order_of_good_hosts);
	tcase_add_test(tcase, leaves_a_host_alone_that_only_fails);
	tcase_add_test(tcase, tries_a_broken_host_with_one_request);
	tcase_add_test(tcase, opens_again_when_the_one_request_fails);
	tcase_add_test(tcase, bounds_connections_to_a_host);
	tcase_add_loop_test(tcase, is_stricter_with_one_host, 0, ARRAY_SIZE(strictness));
	tcase_add_loop_test(tcase, bounds_requests_a_second, 0, 2);
	tcase_add_test(tcase, is_gentle_with_snapshot_by_default);
}

int main(void)
{
	return run_suite("fetch_host", add_tests);
}
