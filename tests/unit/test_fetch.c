/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fetch_fixture.h"

START_TEST(gets_a_file)
{
	struct fetch_item *item = serve("pool/a_1.0+b~c.deb", SIZE, 1),
			  *empty = serve("empty", 0, 1);

	assert_got(item);
	assert_got(empty);
	assert_got(item); /* which the store has by now */
	ck_assert_uint_eq(read_log(), 2);
	ck_assert_uint_eq(count_files("tmp"), 0);
}
END_TEST

/* Rules that are used up by one request, and how many requests it takes then. */
static const struct {
	const char *rule;
	size_t requests;
} faults_that_pass[] = {
	{"status 429", 2},
	{"status 500", 2},
	{"status 502", 2},
	{"status 503", 2},
	{"status 504", 2},
	{"status 408", 2},
	{"drop", 2},
	{"cut 0", 2},
	{"cut 100000", 2},
	{"cut 100000 chunked", 2},
	{"cut 100000 bare", 2},
	{"stall 100000", 2},
	{"stall 0", 2},
	{"norange cut 100000", 2},
	{"redirect /b", 2},
	{"chunked", 1},
	{"norange", 1},
	{"bare", 1},
	{"unframed", 1},
	{"unframed cut 100000", 2},
	{"slow 2000000", 1},
};

START_TEST(gets_over_a_passing_fault)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	serve("b", SIZE, 1);
	char rules[200];

	snprintf(rules, sizeof(rules), "/a 1 %s\n", faults_that_pass[_i].rule);
	archive_server_rules(&server, rules);
	if (strstr(faults_that_pass[_i].rule, "unframed cut") != NULL) {
		/* Which looks like a shorter file, and so like a wrong one. */
		assert_failed(item, STATUS_TRUST, "expected 300000");
	}
	assert_got(item);
	ck_assert_uint_eq(read_log(), faults_that_pass[_i].requests);
	ck_assert_uint_eq(count_files("tmp"), 0);
}
END_TEST

/* What does not pass: the status, the words, how many requests it takes. */
static const struct {
	const char *rule;
	enum status status;
	const char *text;
	size_t requests;
} lasting_faults[] = {
	{"status 404", STATUS_NETWORK, "answers 404", 1},
	{"status 403", STATUS_NETWORK, "answers 403", 1},
	{"status 429", STATUS_NETWORK, "answers 429", 3},
	{"status 500", STATUS_NETWORK, "answers 500", 3},
	{"status 503 retry-after 86400", STATUS_NETWORK, "asks to wait 86400 s", 1},
	{"drop", STATUS_NETWORK, "3 tries", 3},
	{"stall 0", STATUS_NETWORK, "3 tries", 3},
	{"cut 100 norange", STATUS_NETWORK, "3 tries", 3},
	{"cut 100000 flip 5", STATUS_TRUST, "has sha256", 6},
	{"cut 100000 flip 5 bare", STATUS_TRUST, "has sha256", 6},
	{"file b", STATUS_TRUST, "has sha256", 1},
	{"file short", STATUS_TRUST, "has 1000 bytes, expected 300000", 1},
	{"flip 0", STATUS_TRUST, "has sha256", 1},
	{"flip 299999", STATUS_TRUST, "has sha256", 1},
	{"append 1", STATUS_TRUST, "has at least 300001 bytes", 1},
	{"append 100000000 chunked", STATUS_TRUST, "bytes, expected 300000", 1},
	{"truncate 299999", STATUS_TRUST, "has 299999 bytes, expected 300000", 1},
	{"truncate 299999 chunked", STATUS_TRUST, "has 299999 bytes, expected 300000", 1},
	{"truncate 0", STATUS_TRUST, "has 0 bytes", 1},
	{"redirect /a", STATUS_NETWORK, "redirect", 6},
	{"redirect file:///etc/passwd", STATUS_NETWORK, "nothing of it was stored", 1},
	{"redirect gopher://127.0.0.1/x", STATUS_NETWORK, "nothing of it was stored", 1},
};

START_TEST(stores_nothing_at_a_lasting_fault)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	serve("b", SIZE, 2);
	serve("short", 1000, 3);
	char rules[200];

	snprintf(rules, sizeof(rules), "/a -1 %s\n", lasting_faults[_i].rule);
	archive_server_rules(&server, rules);
	assert_failed(item, lasting_faults[_i].status, lasting_faults[_i].text);
	ck_assert_uint_eq(read_log(), lasting_faults[_i].requests);

	/* And the next run recovers. */
	archive_server_rules(&server, "");
	use_options(&hasty);
	assert_got(item);
}
END_TEST

START_TEST(stops_a_body_that_is_too_long)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	archive_server_rules(&server, "/a -1 append 1000000000 chunked\n");
	assert_failed(item, STATUS_TRUST, "has at least");
	ck_assert_uint_eq(read_log(), 1);
	ck_assert_uint_lt(requests[0].bytes, 100000000);
}
END_TEST

START_TEST(asks_the_next_place)
{
	static const char *const rules[] = {"/a -1 status 404", "/a -1 file other", "/a -1 flip 9",
		"/a -1 status 500", "/a -1 drop", "/a -1 truncate 5", "/a -1 cut 70000"};
	struct fetch_item *item = serve("a", SIZE, 1);

	serve("b", SIZE, 1);
	serve("other", SIZE, 7);
	char text[100];

	add_url(item, "b");
	snprintf(text, sizeof(text), "%s norange\n", rules[_i]);
	archive_server_rules(&server, text);
	assert_got(item);
}
END_TEST

START_TEST(remembers_wrong_bytes)
{
	struct fetch_item *item = serve("a", SIZE, 1);

	add_url(item, "not-there");
	archive_server_rules(&server, "/a -1 flip 1000\n");
	assert_failed(item, STATUS_TRUST, "Tried 2 places");
}
END_TEST

START_TEST(tells_the_worst_of_several)
{
	struct fetch_item *items = serve("a", SIZE, 1);

	serve("b", SIZE, 2);
	serve("c", SIZE, 3);

	archive_server_rules(&server, "/a -1 status 404\n/b -1 flip 5\n");
	ck_assert_int_eq(fetcher_get_all(fetcher, store, "fetch", items, 3, &err), STATUS_TRUST);
	ck_assert_msg(strstr(err.text, "2 files could not be fetched; the first: b: ") != NULL,
		"%s", err.text);
	ck_assert(!items[0].done && !items[1].done && items[2].done);
}
END_TEST

START_TEST(honours_retry_after)
{
	static const char *const values[] = {"1", "+2"};
	const struct fetch_options patient = {
		.connections = 8, .attempts = 3, .retry_seconds = 10, .timeout_seconds = 5};
	struct fetch_item *item = serve("a", SIZE, 1);
	char rules[100];

	use_options(&patient);
	snprintf(rules, sizeof(rules), "/a 1 status 429 retry-after %s\n", values[_i]);
	archive_server_rules(&server, rules);
	assert_got(item);
	ck_assert_uint_eq(read_log(), 2);
	/* A date has whole seconds: "+2" is at least one second away. */
	ck_assert_double_ge(requests[1].start - requests[0].start, 1.0);
}
END_TEST

START_TEST(leaves_a_server_alone_that_wants_it)
{
	struct fetch_item *items = serve("a", SIZE, 1);

	serve("b", SIZE, 2);
	serve("c", SIZE, 3);
	const struct fetch_options single = {
		.connections = 1, .attempts = 3, .retry_seconds = 5, .timeout_seconds = 5};

	use_options(&single);
	archive_server_rules(&server, "* -1 status 429 retry-after 3600\n");
	ck_assert_int_eq(fetcher_get_all(fetcher, store, "fetch", items, 3, &err), STATUS_NETWORK);
	ck_assert_uint_eq(read_log(), 1);
}
END_TEST

START_TEST(gives_up_a_server_that_is_not_there)
{
	struct fetch_item *items = served_items;

	for (int i = 0; i < 50; i++) {
		char *name = xasprintf("file-%d", i);

		serve(name, 1000, (uint32_t)i + 1);
		items[i].name = "f";
		text_list_release(&items[i].urls);
		text_list_add(&items[i].urls, "http://127.0.0.1:1/x");
		add_url(&items[i], name);
		free(name);
	}
	ck_assert_msg(fetcher_get_all(fetcher, store, "fetch", items, 50, &err) == STATUS_OK, "%s",
		err.text);
}
END_TEST

START_TEST(keeps_connections_and_their_number)
{
	enum {
		FILES = 200
	};
	struct fetch_item *items = served_items;
	unsigned connections = 0, active = 0;
	size_t count;

	for (int i = 0; i < FILES; i++) {
		char *name = xasprintf("pool/file-%d", i);

		serve(name, 20000 + (size_t)i, (uint32_t)i + 1);
		items[i].name = "f";
		free(name);
	}
	archive_server_rules(&server, "* -1 pause 5\n");
	ck_assert_msg(fetcher_get_all(fetcher, store, "fetch", items, FILES, &err) == STATUS_OK,
		"%s", err.text);
	count = read_log();
	ck_assert_uint_eq(count, FILES);
	for (size_t i = 0; i < count; i++) {
		connections =
			requests[i].connection > connections ? requests[i].connection : connections;
		active = requests[i].active > active ? requests[i].active : active;
	}
	ck_assert_uint_le(connections, 8);
	ck_assert_uint_le(active, 8);
	ck_assert_uint_ge(active, 2);
	for (int i = 0; i < FILES; i++)
		ck_assert(items[i].done);
}
END_TEST

START_TEST(says_when_the_disk_is_full)
{
	struct fetch_item *items = serve("a", 4000000, 1);

	serve("b", 1000, 2);
	struct rlimit limit = {1024 * 1024, 1024 * 1024};

	add_url(&items[0], "a");
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(fetcher_get_all(fetcher, store, "fetch", items, 2, &err), STATUS_IO);
	ck_assert_msg(strstr(err.text, "no room") != NULL, "%s", err.text);
	ck_assert(!items[0].done);
	ck_assert_uint_eq(count_files("tmp"), 0);
}
END_TEST

/* ---- several threads ---- */

enum {
	THREADS = 6,
	THREAD_FILES = 20
};

static void *fetch_in_thread(void *context)
{
	struct fetch_item *items = context;
	struct error mine = {0};
	enum status status = STATUS_OK;

	/* One at a time, as the proxy does. */
	for (int i = 0; i < THREAD_FILES && status == STATUS_OK; i++)
		status = fetcher_get_all(fetcher, store, NULL, &items[i], 1, &mine);
	return status == STATUS_OK ? NULL : xstrdup(mine.text);
}

START_TEST(serves_several_threads)
{
	pthread_t threads[THREADS];
	void *trouble = NULL;

	/* Every second thread wants the same files as the one before it. */
	for (int t = 0; t < THREADS; t++) {
		for (int i = 0; i < THREAD_FILES; i++) {
			char *name = xasprintf("file-%d-%d", t / 2, i);

			serve(name, 50000, (uint32_t)(t / 2 * 1000 + i))->name = "f";
			free(name);
		}
	}
	for (int t = 0; t < THREADS; t++)
		ck_assert_int_eq(pthread_create(&threads[t], NULL, fetch_in_thread,
					 &served_items[t * THREAD_FILES]),
			0);
	for (int t = 0; t < THREADS; t++) {
		pthread_join(threads[t], &trouble);
		ck_assert_msg(trouble == NULL, "%s", (char *)trouble);
	}
	/* Those that wanted the same waited for one transfer. */
	ck_assert_uint_eq(read_log(), THREADS / 2 * THREAD_FILES);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, gets_a_file);
	tcase_add_loop_test(tcase, gets_over_a_passing_fault, 0, ARRAY_SIZE(faults_that_pass));
	tcase_add_loop_test(
		tcase, stores_nothing_at_a_lasting_fault, 0, ARRAY_SIZE(lasting_faults));
	tcase_add_test(tcase, stops_a_body_that_is_too_long);
	tcase_add_loop_test(tcase, asks_the_next_place, 0, 7);
	tcase_add_test(tcase, remembers_wrong_bytes);
	tcase_add_test(tcase, tells_the_worst_of_several);
	tcase_add_loop_test(tcase, honours_retry_after, 0, 2);
	tcase_add_test(tcase, leaves_a_server_alone_that_wants_it);
	tcase_add_test(tcase, gives_up_a_server_that_is_not_there);
	tcase_add_test(tcase, keeps_connections_and_their_number);
	tcase_add_test(tcase, says_when_the_disk_is_full);
	tcase_add_test(tcase, serves_several_threads);
}

int main(void)
{
	return run_suite("fetch", add_tests);
}
