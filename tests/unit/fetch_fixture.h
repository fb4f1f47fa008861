/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FETCH_FIXTURE_H
#define TESTS_UNIT_FETCH_FIXTURE_H

/* A server, a store and a fetcher, for each of the tests in test_fetch*.c. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/progress.h"
#include "snapshot/store.h"
#include "snapshot/store_sha1.h"
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

static inline void open_store(void)
{
	char *path = path_join(server.top, "store");

	ck_assert_msg(store_open(path, &store, &err) == STATUS_OK, "%s", err.text);
	free(path);
}

static inline void use_options(const struct fetch_options *options)
{
	fetcher_free(fetcher);
	ck_assert_int_eq(fetcher_new(options, &fetcher, &err), STATUS_OK);
}

static inline void set_up(void)
{
	err = (struct error){0};
	progress_set_quiet(true);
	unsetenv("http_proxy");
	archive_server_start(&server);
	open_store();
	use_options(&hasty);
}

static inline void tear_down(void)
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
static inline char *make_bytes(size_t len, uint32_t seed)
{
	char *data = xmalloc(len + 1);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (char)(seed >> 24);
	}
	return data;
}

/* Puts a file of that seed on the server, and the item that asks for it. */
static inline struct fetch_item *serve(const char *path, size_t len, uint32_t seed)
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

static inline void add_url(struct fetch_item *item, const char *path)
{
	char *url = archive_server_url(&server, path);

	text_list_add(&item->urls, url);
	free(url);
}

static inline enum status get(struct fetch_item *item)
{
	return fetcher_get_all(fetcher, store, "fetch", item, 1, &err);
}

/* The store has it, and has written down its SHA-1, however its bytes came together. */
static inline void assert_got(struct fetch_item *item)
{
	enum status status = get(item);
	struct sha1_names names;
	const struct sha1 *said;
	struct sha1 sha1;
	int fd = -1;

	ck_assert_msg(status == STATUS_OK, "%s", err.text);
	ck_assert(item->done);
	ck_assert_int_eq(store_read_sha1(store, &item->digest, &fd, NULL, &sha1, &err), STATUS_OK);
	close(fd);
	ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
	said = sha1_names_of(&names, &item->digest);
	ck_assert(said && sha1_equal(said, &sha1));
	sha1_names_release(&names);
}

static inline size_t count_files(const char *name)
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

static inline void assert_failed(struct fetch_item *item, enum status status, const char *text)
{
	enum status found = get(item);

	ck_assert_msg(found == status, "%d: %s", found, err.text);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, item->name) != NULL, "%s", err.text);
	ck_assert(!item->done);
	ck_assert(!store_has(store, &item->digest));
	ck_assert_uint_eq(count_files("sha256"), 0);
}

static inline size_t read_log(void)
{
	return archive_server_log(&server, requests, LOG_ROOM);
}

static inline int run_suite(const char *name, void (*add_tests)(TCase *tcase))
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
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

#endif
