/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/progress.h"
#include "snapshot/store.h"
#include "tests/server/start.h"

enum {
	LOG_ROOM = 2000,
	SIZE = 300000
};

static struct archive_server server;
static struct store *store;
static struct fetcher *fetcher;
static struct error err;
static struct archive_server_request requests[LOG_ROOM];
/* What serve() gave, one behind the other. */
static struct fetch_item served_items[400];
static size_t served_count;

/* Of retries, only the order matters here, not how long they wait. */
static const struct fetch_options hasty = {
	.connections = 8, .attempts = 3, .retry_seconds = 0, .timeout_seconds = 1};

static void open_store(void)
{
	char *path = path_join(server.top, "store");

	ck_assert_msg(store_open(path, &store, &err) == STATUS_OK, "%s", err.text);
	free(path);
}

static void use_options(const struct fetch_options *options)
{
	fetcher_free(fetcher);
	ck_assert_int_eq(fetcher_new(options, &fetcher, &err), STATUS_OK);
}

static void set_up(void)
{
	err = (struct error){0};
	progress_set_quiet(true);
	unsetenv("http_proxy");
	archive_server_start(&server);
	open_store();
	use_options(&hasty);
}

static void tear_down(void)
{
	fetcher_free(fetcher);
	fetcher = NULL;
	store_free(store);
	for (size_t i = 0; i < served_count; i++)
		text_list_release(&served_items[i].urls);
	served_count = 0;
	archive_server_stop(&server);
}

/* Bytes that differ everywhere, so that no wrong piece can pass for a right one. */
static char *make_bytes(size_t len, uint32_t seed)
{
	char *data = xmalloc(len + 1);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (char)(seed >> 24);
	}
	return data;
}

/* Puts a file of that seed on the server, and the item that asks for it. */
static struct fetch_item *serve(const char *path, size_t len, uint32_t seed)
{
	struct fetch_item *item = &served_items[served_count++];
	char *data = make_bytes(len, seed), *url = archive_server_url(&server, path);

	ck_assert_uint_le(served_count, ARRAY_SIZE(served_items));
	*item = (struct fetch_item){.name = path, .size = len};
	archive_server_put(&server, path, data, len);
	hash_memory(data, len, &item->digest);
	text_list_add(&item->urls, url);
	free(data);
	free(url);
	return item;
}

static void add_url(struct fetch_item *item, const char *path)
{
	char *url = archive_server_url(&server, path);

	text_list_add(&item->urls, url);
	free(url);
}

static enum status get(struct fetch_item *item)
{
	return fetcher_get_all(fetcher, store, "fetch", item, 1, &err);
}

static void assert_got(struct fetch_item *item)
{
	enum status status = get(item);
	int fd = -1;

	ck_assert_msg(status == STATUS_OK, "%s", err.text);
	ck_assert(item->done);
	ck_assert_int_eq(store_read(store, &item->digest, &fd, NULL, &err), STATUS_OK);
	close(fd);
}

static size_t count_files(const char *name)
{
	char *path = xasprintf("%s/%s", store_directory(store), name);
	DIR *directory = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(directory);
	free(path);
	return count;
}

static void assert_failed(struct fetch_item *item, enum status status, const char *text)
{
	enum status found = get(item);

	ck_assert_msg(found == status, "%d: %s", found, err.text);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, item->name) != NULL, "%s", err.text);
	ck_assert(!item->done);
	ck_assert(!store_has(store, &item->digest));
	ck_assert_uint_eq(count_files("sha256"), 0);
}

static size_t read_log(void)
{
	return archive_server_log(&server, requests, LOG_ROOM);
}

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

START_TEST(refuses_other_protocols)
{
	static const char *const urls[] = {"ftp://127.0.0.1/x", "gopher://127.0.0.1/x",
		"dict://127.0.0.1/x", "nonsense", "http://"};
	struct digest digest;

	ck_assert_int_eq(fetcher_get(fetcher, store, urls[_i], 100, &digest, NULL, NULL, &err),
		STATUS_NETWORK);
}
END_TEST

/* ---- without a digest ---- */

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
	tcase_add_test(tcase, resumes_where_it_was_cut);
	tcase_add_test(tcase, goes_on_as_long_as_it_gets_on);
	tcase_add_loop_test(tcase, does_not_join_two_files, 0, ARRAY_SIZE(changed_files));
	tcase_add_loop_test(
		tcase, begins_again_when_the_rest_does_not_fit, 0, ARRAY_SIZE(odd_ranges));
	tcase_add_loop_test(tcase, asks_the_next_place, 0, 7);
	tcase_add_test(tcase, remembers_wrong_bytes);
	tcase_add_test(tcase, tells_the_worst_of_several);
	tcase_add_loop_test(tcase, honours_retry_after, 0, 2);
	tcase_add_test(tcase, leaves_a_server_alone_that_wants_it);
	tcase_add_test(tcase, gives_up_a_server_that_is_not_there);
	tcase_add_test(tcase, keeps_connections_and_their_number);
	tcase_add_test(tcase, resumes_after_a_kill);
	tcase_add_loop_test(tcase, does_not_trust_what_a_kill_left, 0, 2);
	tcase_add_loop_test(tcase, checks_a_part_that_is_whole, 0, 3);
	tcase_add_test(tcase, does_not_depend_on_another_process);
	tcase_add_test(tcase, reads_file_urls);
	tcase_add_loop_test(tcase, refuses_other_protocols, 0, 5);
	tcase_add_test(tcase, gets_a_url);
	tcase_add_loop_test(tcase, gets_a_url_whole_or_not_at_all, 0, ARRAY_SIZE(unknown_files));
	tcase_add_test(tcase, never_prints_a_password);
	tcase_add_test(tcase, takes_the_proxy_of_the_environment);
	tcase_add_test(tcase, says_when_the_disk_is_full);
	tcase_add_test(tcase, serves_several_threads);
}

int main(void)
{
	Suite *suite = suite_create("fetch");
	TCase *tcase = tcase_create("fetch");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
