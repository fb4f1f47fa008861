/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "snapshot/pin.h"
#include "tests/unit/pin_fixture.h"

/*
 * A captured pin that the store lacks, found again in the layout of snapshot.debian.org. What was
 * captured is the state of 20250104T000000Z. The imports before it have one of its two suites, or
 * none; 20250104T120000Z has it again; the last one is newer in one suite.
 */
static void make_snapshots(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never; key other ed25519 20240101T000000 never\n"
	      "root=snap/archive/debian; a=$root/20250103T180000Z; b=$root/20250104T000000Z\n"
	      "archive $a stable '2025-01-02 03:04:05 UTC' good; indexes $a updates\n"
	      "release $a updates '2025-01-02 03:04:05 UTC' good\n"
	      "cp -r $a $b; release $b updates '2025-01-03 12:00:00 UTC' good\n"
	      "cp -r $b $root/20250104T120000Z; cp -r $b $root/20250105T000000Z\n"
	      "release $root/20250105T000000Z updates '2025-01-04 20:00:00 UTC' good\n"
	      "cp -r $a $root/20250102T000000Z\n"
	      "key old rsa2048 20200101T000000 1y; root=snap/archive/vendor\n"
	      "archive $root/20200701T120000Z stable '2020-06-01 00:00:00 UTC' old\n"
	      "cp -r $root/20200701T120000Z $root/20200702T000000Z\n"
	      "release $root/20200702T000000Z stable '2020-07-01 00:00:00 UTC' old\n"
	      "mkdir -p cap/etc\n"
	      "echo \"deb file://$TOP/$b stable main\" >cap/etc/sources.list\n"
	      "echo \"deb file://$TOP/$b updates main\" >>cap/etc/sources.list\n");
}

#define NAME   "debian@20250103T120000Z"
#define LISTED "\"20250105T000000Z\",\"20250104T000000Z\",\"20250103T180000Z\",\"20250102T000000Z\""
#define API    "/mr/timestamp/ -1 file timestamps\n"

static char *lock;

static void list_imports(const char *json)
{
	archive_server_put(&server, "timestamps", json, strlen(json));
}

/* A store and its lock file, then another store without the pin. */
static void open_import(void)
{
	char *text;

	open_session();
	ck_assert_msg(capture("cap") == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(pins.items[0].name, NAME);
	lock = lock_path();
	ck_assert_int_eq(lock_write(lock, &pins, &err), STATUS_OK);
	pin_list_release(&pins);
	text = xstrdup(store_directory(store));
	store_free(store);
	ck_assert_int_eq(path_remove_tree(text, &err), STATUS_OK);
	ck_assert_int_eq(store_open(text, &store, &err), STATUS_OK);
	free(text);
	trust.lock = lock;
	serve_snapshots();
	archive_server_rules(&server, API);
	list_imports("{\"result\":{\"debian\":[" LISTED "],\"debian-ports\":[]},\"_api\":\"x\"}");
}

static void close_import(void)
{
	close_server();
	free(lock);
}

/* How many requests named this. */
static size_t asked(const char *part)
{
	struct archive_server_request requests[64];
	size_t count = archive_server_log(&server, requests, 64), found = 0;

	for (size_t i = 0; i < count; i++)
		found += strstr(requests[i].path, part) != NULL;
	return found;
}

static void check_found(const char *import)
{
	char time[CLOCK_TEXT_SIZE];

	ck_assert_uint_eq(pins.count, 1);
	ck_assert_str_eq(pins.items[0].name, NAME);
	ck_assert(pins.items[0].captured);
	ck_assert_uint_eq(pins.items[0].suite_count, 2);
	clock_format_snapshot(pins.items[0].import, time);
	ck_assert_str_eq(time, import);
	ck_assert_msg(lock_check(lock, &pins, &err) == STATUS_OK, "%s", err.text);
}

START_TEST(test_first_import_with_all_locked_digests_is_taken)
{
	struct archive_file file = {.archive = "debian", .path = "pool/main/h/hello/x.deb"};
	struct text_list urls = {0};
	size_t requests;

	ck_assert_msg(pin(NAME) == STATUS_OK, "%s", err.text);
	check_found("20250104T000000Z");
	ck_assert(is_noted("the import 20250104T000000Z of http://127.0.0.1"));
	ck_assert_uint_gt(asked("20250103T180000Z"), 0);
	ck_assert_uint_eq(asked("20250102T000000Z"), 0);
	ck_assert_uint_eq(asked("20250105T000000Z"), 0);
	/* Its files come from that import, not from the one before the pin's name. */
	archive_file_urls(&file, &pins, &places, &urls);
	ck_assert_ptr_nonnull(strstr(urls.items[urls.count - 1],
		"/archive/debian/20250104T000000Z/pool/main/h/hello/x.deb"));
	for (size_t i = 0; i < urls.count; i++)
		ck_assert_ptr_null(strstr(urls.items[i], "20250103T120000Z"));
	text_list_release(&urls);
	/* From now on the store has it, with what was served. */
	pin_list_release(&pins);
	requests = asked("/");
	ck_assert_msg(pin(NAME) == STATUS_OK, "%s", err.text);
	check_found("20250104T000000Z");
	ck_assert_uint_eq(asked("/"), requests);
}
END_TEST

START_TEST(test_suites_asked_for_are_given)
{
	ck_assert_msg(pin(NAME ":updates") == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(pins.items[0].suite_count, 1);
	pin_list_release(&pins);
	ck_assert_int_eq(pin(NAME ":testing"), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(test_redirect_to_an_earlier_import_is_refused)
{
	char *rules = xasprintf(API "/archive/debian/20250104T120000Z/* -1 redirect "
				    "http://127.0.0.1:%u/archive/debian/20250104T000000Z/dists/"
				    "stable/InRelease\n",
		server.port);

	/* The very digests that are locked, but not what was asked for. */
	list_imports("{\"result\":{\"debian\":[\"20250104T120000Z\"]}}");
	archive_server_rules(&server, rules);
	ck_assert_int_eq(pin(NAME), STATUS_TRUST);
	ck_assert_ptr_nonnull(strstr(err.text, "another state"));
	ck_assert_uint_eq(pins.count, 0);
	free(rules);
}
END_TEST

START_TEST(test_one_wrong_digest_is_another_state)
{
	static const char script[] =
		"sed -i '/ updates /s/ [0-9a-f]\\{64\\} / %064d /' '%s'; grep -q 0000 '%s'";
	char *text = xasprintf(script, 0, lock, lock);

	shell(text);
	free(text);
	list_imports("{\"result\":{\"debian\":[" LISTED ",\"20250106T000000Z\"]}}");
	ck_assert_int_eq(pin(NAME), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "looked at 3"));
	ck_assert_ptr_nonnull(strstr(err.text, "newer than the pin"));
	ck_assert_uint_eq(asked("20250106T000000Z"), 0);
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

START_TEST(test_no_import_after_it_is_not_found)
{
	list_imports("{\"result\":{\"debian\":[\"20250102T000000Z\"]}}");
	ck_assert_int_eq(pin(NAME), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "looked at 0"));
	ck_assert_uint_eq(asked("InRelease"), 0);
}
END_TEST

START_TEST(test_import_without_files_is_passed_over)
{
	list_imports("{\"result\":{\"debian\":[\"20250103T140000Z\"," LISTED "]}}");
	ck_assert_msg(pin(NAME) == STATUS_OK, "%s", err.text);
	check_found("20250104T000000Z");
}
END_TEST

START_TEST(test_tampered_inrelease_is_refused)
{
	archive_server_rules(&server, API "*/20250104T000000Z/*/InRelease -1 flip 60\n");
	ck_assert_int_eq(pin(NAME), STATUS_TRUST);
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

START_TEST(test_locked_digest_needs_its_signature)
{
	free((char *)trust.keyring);
	trust.keyring = in_top("other.gpg");
	ck_assert_int_eq(pin(NAME), STATUS_TRUST);
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

START_TEST(test_offline_it_is_not_looked_for)
{
	ck_assert_int_eq(
		snapshot_pin(store, NULL, &places, &trust, NAME, &pins, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "captured"));
	ck_assert_uint_eq(asked("/"), 0);
}
END_TEST

START_TEST(test_lock_of_another_time_is_no_lock_of_this)
{
	ck_assert_int_eq(pin("debian@20250103T180000Z"), STATUS_TRUST);
	ck_assert_uint_eq(asked("/mr/"), 0);
}
END_TEST

/* Neither the state before the one that is locked nor that one itself is refused for its age. */
START_TEST(test_expired_key_is_no_hindrance)
{
	char *text = xasprintf("{ echo reproof-lock-1; set -- $(sha256sum"
			       " snap/archive/vendor/20200702T000000Z/dists/stable/InRelease)\n"
			       "echo vendor stable 20200701T000000Z $1 captured; } >'%s'",
		lock);

	shell(text);
	free(text);
	free((char *)trust.keyring);
	trust.keyring = in_top("old.gpg");
	text = xasprintf("http://127.0.0.1:%u/archive/vendor", server.port);
	ck_assert_int_eq(place_list_add_option(&places, text, &err), STATUS_OK);
	free(text);
	list_imports("{\"result\":{\"vendor\":[\"20200701T120000Z\",\"20200702T000000Z\"]}}");
	ck_assert_msg(pin("vendor@20200701T000000Z") == STATUS_OK, "%s", err.text);
	ck_assert(pins.items[0].suites[0].is_key_expired);
	ck_assert_uint_gt(asked("/20200701T120000Z/"), 0);
	ck_assert_msg(lock_check(lock, &pins, &err) == STATUS_OK, "%s", err.text);
}
END_TEST

static const char *const bad_answers[] = {
	"",
	"[]",
	"{\"result\":[]}",
	"{\"result\":{}}",
	"{\"result\":{\"debian\":\"20250104T000000Z\"}}",
	"{\"result\":{\"debian\":[20250104]}}",
	"{\"result\":{\"debian\":[\"yesterday\"]}}",
	"{\"result\":{\"debian\":[\"20251304T000000Z\"]}}",
	"{\"result\":{\"debian\":[\"20250104T000000Z\\u0000\"]}}",
	"{\"result\":{\"debian\":[]},\"result\":{\"debian\":[\"20250104T000000Z\"]}}",
	"{\"result\":{\"debian\":[],\"debian\":[\"20250104T000000Z\"]}}",
	"{\"result\":{\"debian\":[\"20250104T000000Z\"]}} x",
	"{\"result\":{\"debian\":[\"20250104T000000Z\"]},\"\xff\":1}",
};

START_TEST(test_bad_answer_is_refused)
{
	list_imports(bad_answers[_i]);
	ck_assert_msg(pin(NAME) == STATUS_FORMAT, "%s: %s", bad_answers[_i], err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "/mr/timestamp/"));
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

/* The same for a state that is locked as Release and Release.gpg, though others have InRelease. */
START_TEST(test_detached_state_is_found_again)
{
	char *text = xasprintf(
		"at=%s/archive/debian; detach $at/20250104T000000Z updates '2025-01-03 12:00:00' "
		"good\n"
		"cd $at/20250104T000000Z/dists/updates; r=$(sha256sum <Release) g=$(sha256sum "
		"<Release.gpg)\n"
		"sed -i \"/ updates /s/ [0-9a-f]\\{64\\} / Release:${r%%%% *},Release.gpg:${g%%%% "
		"*} /\" "
		"%s",
		server.directory, lock);

	shell(text);
	free(text);
	ck_assert_msg(pin(NAME) == STATUS_OK, "%s", err.text);
	check_found("20250104T000000Z");
	ck_assert(!pins.items[0].suites[0].is_detached);
	ck_assert(pins.items[0].suites[1].is_detached);
}
END_TEST

START_TEST(test_busy_server_is_trouble)
{
	archive_server_rules(&server, "/mr/timestamp/ -1 status 500\n");
	ck_assert_int_eq(pin(NAME), STATUS_NETWORK);
	archive_server_rules(&server, API "*/InRelease -1 status 503\n");
	ck_assert_int_eq(pin(NAME), STATUS_NETWORK);
	archive_server_rules(&server, API "*/InRelease 1 status 503\n");
	ck_assert_msg(pin(NAME) == STATUS_OK, "%s", err.text);
	check_found("20250104T000000Z");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pin_import");
	TCase *tests = tcase_create("pin_import");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_snapshots, remove_top);
	tcase_add_checked_fixture(tests, open_import, close_import);
	tcase_add_test(tests, test_first_import_with_all_locked_digests_is_taken);
	tcase_add_test(tests, test_suites_asked_for_are_given);
	tcase_add_test(tests, test_redirect_to_an_earlier_import_is_refused);
	tcase_add_test(tests, test_one_wrong_digest_is_another_state);
	tcase_add_test(tests, test_no_import_after_it_is_not_found);
	tcase_add_test(tests, test_import_without_files_is_passed_over);
	tcase_add_test(tests, test_tampered_inrelease_is_refused);
	tcase_add_test(tests, test_locked_digest_needs_its_signature);
	tcase_add_test(tests, test_offline_it_is_not_looked_for);
	tcase_add_test(tests, test_lock_of_another_time_is_no_lock_of_this);
	tcase_add_loop_test(tests, test_bad_answer_is_refused, 0, (int)ARRAY_SIZE(bad_answers));
	tcase_add_test(tests, test_expired_key_is_no_hindrance);
	tcase_add_test(tests, test_detached_state_is_found_again);
	tcase_add_test(tests, test_busy_server_is_trouble);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
