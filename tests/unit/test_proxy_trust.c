/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_file.h"
#include "tests/unit/proxy_stage.h"

#define BIG "/debian/pool/main/b/big_1_amd64.deb"

static struct stage_file *mirrored(const char *path)
{
	char *full = xasprintf("/mirrors%s", path);
	struct stage_file *file = stage_file_find(full);

	free(full);
	ck_assert_ptr_nonnull(file);
	return file;
}

/* A damaged file in the store: refused before a byte of it is sent, then fetched anew. */
START_TEST(a_flipped_byte_in_the_store)
{
	static const char *const targets[] = {"/debian/pool/main/s/small_1_amd64.deb", BIG};
	const struct stage_file *file = mirrored(targets[_i]);
	struct http_answer answer;
	struct error err;

	stage_flip(file->data, file->len, file->len - 1);
	answer = http_get(stage.port, targets[_i]);
	ck_assert_int_eq(answer.status, 500);
	ck_assert_uint_lt(answer.body.len, 2000);
	http_answer_release(&answer);
	ck_assert_uint_eq(stage_quarantined(), 1);
	ck_assert_uint_eq(file->requests, 0);

	answer = http_get(stage.port, targets[_i]);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(answer.body.len, file->len);
	ck_assert_int_eq(memcmp(answer.body.data, file->data, file->len), 0);
	http_answer_release(&answer);
	ck_assert_uint_eq(file->requests, 1);

	/* It was mended, and still the run is trouble (T13). */
	ck_assert_int_eq(stage_stop(&err), STATUS_IO);
	ck_assert_uint_eq(stage.event_count, 2);
	ck_assert_int_eq(stage.events[0].status, 500);
	ck_assert_ptr_nonnull(stage.events[0].error);
	ck_assert_int_eq(stage.events[1].status, 200);
	ck_assert_ptr_null(stage.events[1].error);
}
END_TEST

/* A file that is written to after it was found good and before all of it is sent. */
static void change_while_sent(const char *range, void (*change)(const struct stage_file *))
{
	const struct stage_file *file = mirrored(BIG);
	int fd = http_connect(stage.port);
	struct http_answer answer;
	struct error err;

	http_send(fd, "GET " BIG " HTTP/1.1\r\nHost: h\r\n");
	http_send(fd, range);
	http_send(fd, "\r\n");
	ck_assert(http_receive_head(fd, &answer));
	change(file);
	http_receive_body(fd, &answer);
	close(fd);
	ck_assert(!answer.is_whole);
	http_answer_release(&answer);

	ck_assert_int_eq(stage_stop(&err), STATUS_IO);
	ck_assert_uint_eq(stage_quarantined(), 1);
	ck_assert_uint_eq(stage.event_count, 1);
	ck_assert_int_eq(stage_last_event()->status, 502);
	ck_assert_ptr_nonnull(stage_last_event()->error);

	stage_start(stage.fetcher, -1);
	ck_assert_int_eq(http_status(stage.port, BIG), 200);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
}

static void flip_near_the_end(const struct stage_file *file)
{
	stage_flip(file->data, file->len, file->len - 100);
}

static void truncate_it(const struct stage_file *file)
{
	char *path = stage_stored_path(file->data, file->len);

	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(truncate(path, (off_t)file->len - 100), 0);
	free(path);
}

START_TEST(a_byte_flipped_while_it_is_sent)
{
	change_while_sent("", flip_near_the_end);
}
END_TEST

/* The part that is sent is good, but the file is not. */
START_TEST(a_byte_flipped_behind_a_part_that_is_sent)
{
	change_while_sent("Range: bytes=5-20000000\r\n", flip_near_the_end);
}
END_TEST

START_TEST(a_file_cut_short_while_it_is_sent)
{
	change_while_sent("", truncate_it);
}
END_TEST

START_TEST(missing_everywhere_is_a_network_failure)
{
	struct error err;

	ck_assert_int_eq(http_status(stage.port, "/debian/pool/main/g/gone_1_amd64.deb"), 504);
	ck_assert_int_eq(http_status(stage.port, "/debian/pool/main/s/small_1_amd64.deb"), 200);
	ck_assert_int_eq(stage_stop(&err), STATUS_NETWORK);
	ck_assert_ptr_nonnull(strstr(err.text, "gone_1_amd64.deb"));
	ck_assert_int_eq(stage.events[0].status, 504);
	ck_assert_ptr_nonnull(stage.events[0].error);
	ck_assert_str_eq(stage.events[0].path, "pool/main/g/gone_1_amd64.deb");
}
END_TEST

START_TEST(wrong_bytes_are_a_trust_failure)
{
	struct http_answer answer;
	struct digest wrong;
	struct error err;

	answer = http_get(stage.port, "/debian/pool/main/w/wrong_1_amd64.deb");
	ck_assert_int_eq(answer.status, 502);
	ck_assert_ptr_null(strstr(buffer_text(&answer.body), "\nwrong"));
	http_answer_release(&answer);
	hash_memory("wrong", 5, &wrong);
	ck_assert(!store_has(stage.store, &wrong));
	/* The worse failure is the one that is told. */
	ck_assert_int_eq(http_status(stage.port, "/debian/pool/main/g/gone_1_amd64.deb"), 504);
	ck_assert_int_eq(stage_stop(&err), STATUS_TRUST);
	ck_assert_ptr_nonnull(strstr(err.text, "wrong_1_amd64.deb"));
}
END_TEST

START_TEST(offline_only_the_store_is_served)
{
	struct error err;

	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	stage_start(NULL, -1);
	ck_assert_int_eq(http_status(stage.port, "/debian/pool/main/s/small_1_amd64.deb"), 200);
	ck_assert_int_eq(http_status(stage.port, "/debian/pool/main/m/missing_1_amd64.deb"), 504);
	ck_assert_uint_eq(mirrored("/debian/pool/main/m/missing_1_amd64.deb")->requests, 0);
	ck_assert_int_eq(stage_stop(&err), STATUS_NETWORK);
}
END_TEST

/* Translations and lists of contents, which no pin has: not there, and no trouble of the run. */
START_TEST(offline_what_no_pin_needs_is_just_not_there)
{
	static const char *const paths[] = {"/debian/dists/bookworm/main/i18n/Translation-en",
		"/debian/dists/bookworm/main/Contents-amd64"};
	struct error err;

	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	stage_start(NULL, -1);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		ck_assert_int_eq(http_status(stage.port, paths[i]), 404);
		ck_assert_int_eq(stage_last_event()->status, 404);
		ck_assert_ptr_null(stage_last_event()->error);
	}
	ck_assert_msg(stage_stop(&err) == STATUS_OK, "%s", err.text);
	/* Where somebody can be asked, he is; and what the store has is served. */
	stage_start(stage.fetcher, -1);
	ck_assert_int_eq(http_status(stage.port, paths[0]), 200);
	ck_assert_int_eq(http_status(stage.port, paths[1]), 504);
	ck_assert_int_eq(stage_stop(&err), STATUS_NETWORK);
	stage_start(NULL, -1);
	ck_assert_int_eq(http_status(stage.port, paths[0]), 200);
}
END_TEST

/* Whoever gave it must not close it: the number may be another file's by then. */
START_TEST(a_proxy_that_cannot_start_has_closed_its_socket)
{
	char *path = stage_stored_path(stage.packages[0].data, stage.packages[0].len);
	struct proxy_config config = {.store = stage.store,
		.pins = &stage.pins,
		.places = &stage.places,
		.listen_fd = fcntl(0, F_DUPFD_CLOEXEC, 500)};
	struct proxy *proxy;
	struct error err;

	ck_assert_int_ge(config.listen_fd, 500);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_lt(proxy_start(&config, &proxy, &err), 0);
	ck_assert_ptr_null(proxy);
	ck_assert_int_lt(fcntl(config.listen_fd, F_GETFD), 0);
	free(path);
}
END_TEST

static void *get_missing(void *context)
{
	int *status = context;

	*status =
		http_status(stage.port, "http://m.invalid/debian/pool/main/m/missing_1_amd64.deb");
	return NULL;
}

/* Many clients want one missing file: the mirror is asked once, and others are served meanwhile. */
START_TEST(a_missing_file_is_fetched_once)
{
	enum {
		CLIENTS = 12
	};
	struct stage_file *file = mirrored("/debian/pool/main/m/missing_1_amd64.deb");
	int status[CLIENTS] = {0};
	pthread_t threads[CLIENTS];
	struct error err;

	pthread_mutex_lock(&stage.lock);
	stage.is_held = true;
	pthread_mutex_unlock(&stage.lock);
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&threads[i], NULL, get_missing, &status[i]);
	pthread_mutex_lock(&stage.lock);
	while (file->requests == 0)
		pthread_cond_wait(&stage.changed, &stage.lock);
	pthread_mutex_unlock(&stage.lock);
	ck_assert_int_eq(http_status(stage.port, "/debian/pool/main/s/small_1_amd64.deb"), 200);
	pthread_mutex_lock(&stage.lock);
	stage.is_held = false;
	pthread_cond_broadcast(&stage.changed);
	pthread_mutex_unlock(&stage.lock);
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(status[i], 200);
	}
	ck_assert_uint_eq(file->requests, 1);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	ck_assert_uint_eq(stage.event_count, CLIENTS + 1);
}
END_TEST

static void *stop_proxy(void *context)
{
	struct error err;

	*(enum status *)context = stage_stop(&err);
	return NULL;
}

/* A request that is waiting for the mirror when the proxy is stopped gets its answer. */
START_TEST(stop_waits_for_a_fetch)
{
	struct stage_file *file = mirrored("/debian/pool/main/m/missing_1_amd64.deb");
	enum status stopped = STATUS_END;
	pthread_t client, stopper;
	int status = 0;

	stage.is_held = true;
	pthread_create(&client, NULL, get_missing, &status);
	pthread_mutex_lock(&stage.lock);
	while (file->requests == 0)
		pthread_cond_wait(&stage.changed, &stage.lock);
	pthread_mutex_unlock(&stage.lock);
	pthread_create(&stopper, NULL, stop_proxy, &stopped);
	pthread_mutex_lock(&stage.lock);
	stage.is_held = false;
	pthread_cond_broadcast(&stage.changed);
	pthread_mutex_unlock(&stage.lock);
	pthread_join(client, NULL);
	pthread_join(stopper, NULL);
	ck_assert_int_eq(status, 200);
	ck_assert_int_eq(stopped, STATUS_OK);
	ck_assert_uint_eq(stage.event_count, 1);
}
END_TEST

/* One archive pinned at two times, each for its own suite. */
START_TEST(a_suite_is_served_at_its_own_time_only)
{
	struct pin *later;
	struct error err;

	stage_pin(0, "debian", "bookworm-backports");
	later = &stage.pins.items[2];
	later->timestamp += 3600;
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	stage_start(stage.fetcher, -1);
#define AT(time, path) http_status(stage.port, "/archive/debian/" time "/" path)
	ck_assert_int_eq(AT("20260711T101640Z", "dists/bookworm/InRelease"), 200);
	ck_assert_int_eq(AT("20260711T111640Z", "dists/bookworm-backports/InRelease"), 200);
	ck_assert_int_eq(AT("20260711T111640Z", "dists/bookworm/InRelease"), 403);
	ck_assert_int_eq(AT("20260711T101640Z", "dists/bookworm-backports/InRelease"), 403);
#undef AT
	ck_assert_int_eq(http_status(stage.port, "/debian/dists/bookworm/InRelease"), 200);
	ck_assert_int_eq(
		http_status(stage.port, "/debian/dists/bookworm-backports/InRelease"), 200);
}
END_TEST

/* Another pin of the store tells of its time; whether the state is the same is what decides. */
static const struct {
	int change; /* 1: another digest, 2: one suite more, 3: a suite less, 4: another kind */
	int status;
} other_times[] = {{0, 200}, {1, 403}, {2, 200}, {3, 403}, {4, 403}};

START_TEST(another_time_of_the_same_state_is_served)
{
	struct pin other = stage.pins.items[0];
	struct pin_suite suites[2] = {other.suites[0], other.suites[0]};
	struct error err;

	other.name = (char *)"debian@20260712T101640Z";
	other.timestamp += 86400;
	other.captured = false;
	other.suites = suites;
	suites[1].suite = (char *)"bookworm-updates";
	other.suite_count = other_times[_i].change == 2 ? 2 : 1;
	suites[0].inrelease.bytes[31] ^= other_times[_i].change == 1;
	if (other_times[_i].change == 3)
		suites[0].suite = (char *)"bookworm-updates";
	if (other_times[_i].change == 4) {
		suites[0].is_detached = true;
		suites[0].release = suites[0].inrelease;
	}
	ck_assert_int_eq(pin_file_update(stage.store, &other, &err), STATUS_OK);
	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	stage_start(stage.fetcher, -1);
#define AT(time) http_status(stage.port, "/archive/debian/" time "/dists/bookworm/InRelease")
	ck_assert_int_eq(AT("20260712T101640Z"), other_times[_i].status);
	ck_assert_int_eq(AT(STAGE_SNAPSHOT), 200);
	ck_assert_int_eq(AT("20260713T101640Z"), 403);
	ck_assert_int_eq(http_status(stage.port,
				 "/archive/debian/20260712T101640Z/pool/main/s/small_1_amd64.deb"),
		other_times[_i].status);
	ck_assert_int_eq(http_status(stage.port,
				 "/archive/debian-security/20260712T101640Z/dists/"
				 "bookworm-security/InRelease"),
		403);
}
END_TEST

/* A captured state is at the import that was found to be it, too. */
START_TEST(the_import_of_a_captured_state_is_served)
{
	struct error err;

	ck_assert_int_eq(stage_stop(&err), STATUS_OK);
	stage.pins.items[0].import = STAGE_TIME + 86400;
	stage_start(stage.fetcher, -1);
	ck_assert_int_eq(AT("20260712T101640Z"), 200);
	ck_assert_int_eq(AT("20260713T101640Z"), 403);
#undef AT
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("proxy_trust");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, stage_set_up, stage_tear_down);
	tcase_add_loop_test(tcase, a_flipped_byte_in_the_store, 0, 2);
	tcase_add_test(tcase, a_byte_flipped_while_it_is_sent);
	tcase_add_test(tcase, a_byte_flipped_behind_a_part_that_is_sent);
	tcase_add_test(tcase, a_file_cut_short_while_it_is_sent);
	tcase_add_test(tcase, missing_everywhere_is_a_network_failure);
	tcase_add_test(tcase, wrong_bytes_are_a_trust_failure);
	tcase_add_test(tcase, offline_only_the_store_is_served);
	tcase_add_test(tcase, offline_what_no_pin_needs_is_just_not_there);
	tcase_add_test(tcase, a_proxy_that_cannot_start_has_closed_its_socket);
	tcase_add_test(tcase, a_missing_file_is_fetched_once);
	tcase_add_test(tcase, stop_waits_for_a_fetch);
	tcase_add_test(tcase, a_suite_is_served_at_its_own_time_only);
	tcase_add_loop_test(tcase, another_time_of_the_same_state_is_served, 0, 5);
	tcase_add_test(tcase, the_import_of_a_captured_state_is_served);
	return stage_main("proxy_trust", tcase);
}
