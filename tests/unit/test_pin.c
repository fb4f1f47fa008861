/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_file.h"
#include "tests/unit/pin_fixture.h"

/*
 * A snapshot archive: three imports of one suite. The second has another state; the third has a
 * Release that is younger than its name.
 */
static void make_snapshots(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never; key old rsa2048 20200101T000000 1y\n"
	      "root=snap/archive/debian; archive $root/20250103T000000Z stable"
	      " '2025-01-02 03:04:05 UTC' good\n"
	      "cp -r $root/20250103T000000Z $root/20250105T000000Z\n"
	      "release $root/20250105T000000Z stable '2025-01-04 03:04:05 UTC' good\n"
	      "cp -r $root/20250105T000000Z $root/20250101T000000Z\n"
	      "cp -r $root/20250103T000000Z $root/20200701T000000Z\n"
	      "release $root/20200701T000000Z stable '2020-06-02 03:04:05 UTC' old\n"
	      "mkdir -p cap/etc; echo \"deb file://$TOP/$root/20250103T000000Z stable main\""
	      " >cap/etc/sources.list\n");
}

START_TEST(test_pin_is_fetched_then_read_offline)
{
	struct digest digest;

	ck_assert_msg(pin("debian@20250103T000000Z:stable") == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(pins.items[0].name, "debian@20250103T000000Z");
	ck_assert(!pins.items[0].captured);
	ck_assert_str_eq(pins.items[0].components.items[0], "main");
	digest = pins.items[0].suites[0].inrelease;
	pin_list_release(&pins);
	archive_server_stop(&server);
	ck_assert_msg(snapshot_pin(store, NULL, &places, &trust, "debian@20250103T000000Z", &pins,
			      &err) == STATUS_OK,
		"%s", err.text);
	ck_assert(digest_equal(&digest, &pins.items[0].suites[0].inrelease));
	archive_server_start(&server);
}
END_TEST

START_TEST(test_absent_pin_offline_is_not_found)
{
	ck_assert_int_eq(snapshot_pin(store, NULL, &places, &trust,
				 "debian@20250103T000000Z:stable", &pins, &err),
		STATUS_NOT_FOUND);
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

#define REDIRECT                                                                                   \
	"/archive/debian/20250104T000000Z/* -1 redirect "                                          \
	"http://127.0.0.1:%u/archive/debian/20250103T000000Z/dists/stable/InRelease\n"

START_TEST(test_redirect_is_recorded_as_what_was_served)
{
	char *rules = xasprintf(REDIRECT, server.port);

	archive_server_rules(&server, rules);
	ck_assert_msg(pin("debian@20250104T000000Z:stable") == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(pins.items[0].name, "debian@20250103T000000Z");
	ck_assert(is_noted("served as debian@20250103T000000Z"));
	free(rules);
}
END_TEST

#define REDIRECT_TO(from, to)                                                                      \
	"/" from "archive/debian/20250106T000000Z/* -1 redirect "                                  \
	"http://127.0.0.1:%u/archive/debian/" to "/dists/stable/InRelease\n"

/* What a place that does not hold would have called the pin is forgotten with it. */
START_TEST(test_a_redirect_that_does_not_hold_leaves_no_name)
{
	char *rules = xasprintf(REDIRECT_TO("", "20250101T000000Z")
					REDIRECT_TO("second/", "20250103T000000Z"),
		server.port, server.port);
	char *second = xasprintf("debian=http://127.0.0.1:%u/second/archive/debian", server.port);

	ck_assert_int_eq(place_list_add_option(&places, second, &err), STATUS_OK);
	archive_server_rules(&server, rules);
	ck_assert_msg(pin("debian@20250106T000000Z:stable") == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(pins.items[0].name, "debian@20250103T000000Z");
	ck_assert(is_noted("debian@20250106T000000Z is served as debian@20250103T000000Z"));
	for (size_t i = 0; i < notes.count; i++)
		ck_assert_ptr_null(strstr(notes.items[i], "20250101"));
	free(second);
	free(rules);
}
END_TEST

static void lock_put(const char *format, const char *hex)
{
	char *path = lock_path(), *text = xasprintf("reproof-lock-1\n%s%s\n", format, hex);

	ck_assert_int_eq(tempfile_write_all(path, text, strlen(text), 0644, &err), STATUS_OK);
	trust.lock = path;
	free(text);
}

#define ZEROES "0000000000000000000000000000000000000000000000000000000000000000"

START_TEST(test_redirect_against_the_lock_is_refused)
{
	char *rules = xasprintf(REDIRECT, server.port), hex[SHA256_HEX_SIZE];

	ck_assert_msg(pin("debian@20250103T000000Z:stable") == STATUS_OK, "%s", err.text);
	digest_hex(&pins.items[0].suites[0].inrelease, hex);
	pin_list_release(&pins);
	lock_put("debian stable 20250104T000000Z ", hex);
	archive_server_rules(&server, rules);
	ck_assert_int_eq(pin("debian@20250104T000000Z"), STATUS_TRUST);
	ck_assert_uint_eq(pins.count, 0);
	free((char *)trust.lock);
	free(rules);
}
END_TEST

START_TEST(test_other_digest_than_the_lock_is_refused)
{
	lock_put("debian stable 20250103T000000Z ", ZEROES);
	ck_assert_int_eq(pin("debian@20250103T000000Z"), STATUS_TRUST);
	ck_assert_ptr_nonnull(strstr(err.text, ZEROES));
	free((char *)trust.lock);
}
END_TEST

START_TEST(test_other_time_than_the_lock_is_refused)
{
	lock_put("debian stable 20250105T000000Z ", ZEROES);
	ck_assert_int_eq(pin("debian@20250103T000000Z:stable"), STATUS_TRUST);
	free((char *)trust.lock);
}
END_TEST

START_TEST(test_captured_lock_of_an_unknown_state_is_not_found)
{
	lock_put("debian stable 20250103T000000Z ", ZEROES " captured");
	ck_assert_int_eq(pin("debian@20250103T000000Z"), STATUS_NOT_FOUND);
	free((char *)trust.lock);
}
END_TEST

START_TEST(test_release_younger_than_its_pin_is_refused)
{
	ck_assert_int_eq(pin("debian@20250101T000000Z:stable"), STATUS_TRUST);
	ck_assert_ptr_nonnull(strstr(err.text, "another state"));
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

START_TEST(test_tampered_inrelease_is_refused)
{
	archive_server_rules(&server, "*/InRelease -1 flip 60\n");
	ck_assert_int_eq(pin("debian@20250103T000000Z:stable"), STATUS_TRUST);
}
END_TEST

START_TEST(test_expired_key_needs_the_lock_or_the_flag)
{
	char hex[SHA256_HEX_SIZE];

	free((char *)trust.keyring);
	trust.keyring = in_top("old.gpg");
	ck_assert_int_eq(pin("debian@20200701T000000Z:stable"), STATUS_TRUST);
	ck_assert_ptr_nonnull(strstr(err.text, "--accept-expired-key"));
	trust.accept_expired_key = true;
	ck_assert_msg(pin("debian@20200701T000000Z:stable") == STATUS_OK, "%s", err.text);
	ck_assert(pins.items[0].suites[0].is_key_expired);
	ck_assert(is_noted("expired or been retired; accepted"));
	digest_hex(&pins.items[0].suites[0].inrelease, hex);
	pin_list_release(&pins);
	trust.accept_expired_key = false;
	ck_assert_int_eq(pin("debian@20200701T000000Z"), STATUS_TRUST);
	lock_put("debian stable 20200701T000000Z ", hex);
	ck_assert_msg(pin("debian@20200701T000000Z") == STATUS_OK, "%s", err.text);
	free((char *)trust.lock);
}
END_TEST

START_TEST(test_overlap_is_usage)
{
	ck_assert_msg(pin("debian@20250103T000000Z:stable") == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(pin("debian@20250105T000000Z:stable"), STATUS_USAGE);
	ck_assert_int_eq(pin("debian@20250103T000000Z"), STATUS_USAGE);
	ck_assert_uint_eq(pins.count, 1);
}
END_TEST

/* Damage is noticed, and mended from a place that still has the same; other bytes mend nothing. */
START_TEST(test_flipped_stored_inrelease_is_mended_or_refused)
{
	static const char *const rules[] = {"", "*/InRelease -1 flip 60\n", "* -1 status 404\n"};
	char hex[SHA256_HEX_SIZE], *script;
	enum status status;

	ck_assert_msg(pin("debian@20250103T000000Z:stable") == STATUS_OK, "%s", err.text);
	digest_hex(&pins.items[0].suites[0].inrelease, hex);
	pin_list_release(&pins);
	script = xasprintf("f='%s/sha256/%.2s/%s'; chmod u+w \"$f\"; printf X | dd of=\"$f\" bs=1"
			   " seek=90 conv=notrunc status=none",
		store_directory(store), hex, hex + 2);
	shell(script);
	free(script);
	archive_server_rules(&server, rules[_i]);
	status = pin("debian@20250103T000000Z");
	ck_assert_msg(
		status == (_i == 0 ? STATUS_OK : STATUS_NOT_FOUND), "%d: %s", status, err.text);
	ck_assert(is_noted("was damaged"));
	ck_assert_uint_eq(pins.count, _i == 0);
	ck_assert_msg(_i == 0 || strstr(err.text, hex), "%s", err.text);
	archive_server_rules(&server, "");
	pin_list_release(&pins);
	ck_assert_msg(pin("debian@20250103T000000Z") == STATUS_OK, "%s", err.text);
}
END_TEST

START_TEST(test_forged_pin_file_is_refused)
{
	char *script;

	ck_assert_msg(pin("debian@20250105T000000Z:stable") == STATUS_OK, "%s", err.text);
	pin_list_release(&pins);
	/* The newer state under an older name. */
	script = xasprintf("cd '%s/pins'; sed s/20250105T/20250101T/ debian@20250105T000000Z"
			   " >debian@20250101T000000Z",
		store_directory(store));
	shell(script);
	free(script);
	ck_assert_int_eq(pin("debian@20250101T000000Z"), STATUS_TRUST);
}
END_TEST

START_TEST(test_lock_file_is_held)
{
	char *path = lock_path(), *text;
	struct pin_list other = {0};
	size_t len;

	ck_assert_msg(capture("cap") == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(lock_check(path, &pins, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(lock_write(path, &pins, &err), STATUS_OK);
	ck_assert_msg(lock_check(path, &pins, &err) == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(path_read_file(path, 4096, &text, &len, &err), STATUS_OK);
	ck_assert_int_eq(strncmp(text, "reproof-lock-1\ndebian stable 20250102T030405Z ", 46), 0);
	ck_assert_str_eq(text + len - 10, " captured\n");
	free(text);
	ck_assert_int_eq(lock_check(path, &other, &err), STATUS_TRUST);
	pins.items[0].captured = false;
	ck_assert_int_eq(lock_check(path, &pins, &err), STATUS_TRUST);
	pins.items[0].captured = true;
	pins.items[0].timestamp++;
	ck_assert_int_eq(lock_check(path, &pins, &err), STATUS_TRUST);
	pins.items[0].timestamp--;
	pins.items[0].suites[0].inrelease.bytes[31] ^= 1;
	ck_assert_int_eq(lock_check(path, &pins, &err), STATUS_TRUST);
	free(path);
}
END_TEST

static const char *const bad_locks[] = {"", "reproof-lock-2\n",
	"reproof-lock-1\ndebian stable 20250102T030405Z\n",
	"reproof-lock-1\ndebian stable yesterday " ZEROES "\n",
	"reproof-lock-1\ndebian stable 20250102T030405Z " ZEROES " caught\n",
	"reproof-lock-1\ndebian stable 20250102T030405Z " ZEROES "\n"
	"debian stable 20250102T030405Z " ZEROES "\n"};

START_TEST(test_bad_lock_file_is_refused)
{
	char *path = lock_path();
	struct lock lock;

	ck_assert_int_eq(tempfile_write_all(path, bad_locks[_i], strlen(bad_locks[_i]), 0644, &err),
		STATUS_OK);
	ck_assert_int_lt(lock_read(path, &lock, &err), 0);
	ck_assert_int_eq(err.status, STATUS_FORMAT);
	free(path);
}
END_TEST

static const char *const bad_names[] = {"debian", "debian@", "@20250103T000000Z",
	"debian@20250103T000000", "../debian@20250103T000000Z", "debian@20251303T000000Z",
	"debian@20250103T000000Z:", "debian@20250103T000000Z:../x", "a/b@20250103T000000Z"};

START_TEST(test_bad_name_is_usage)
{
	ck_assert_int_eq(pin(bad_names[_i]), STATUS_USAGE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pin");
	TCase *tests = tcase_create("pin");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_snapshots, remove_top);
	tcase_add_checked_fixture(tests, open_server, close_server);
	tcase_add_test(tests, test_pin_is_fetched_then_read_offline);
	tcase_add_test(tests, test_absent_pin_offline_is_not_found);
	tcase_add_test(tests, test_redirect_is_recorded_as_what_was_served);
	tcase_add_test(tests, test_a_redirect_that_does_not_hold_leaves_no_name);
	tcase_add_test(tests, test_redirect_against_the_lock_is_refused);
	tcase_add_test(tests, test_other_digest_than_the_lock_is_refused);
	tcase_add_test(tests, test_other_time_than_the_lock_is_refused);
	tcase_add_test(tests, test_captured_lock_of_an_unknown_state_is_not_found);
	tcase_add_test(tests, test_release_younger_than_its_pin_is_refused);
	tcase_add_test(tests, test_tampered_inrelease_is_refused);
	tcase_add_test(tests, test_expired_key_needs_the_lock_or_the_flag);
	tcase_add_test(tests, test_overlap_is_usage);
	tcase_add_loop_test(tests, test_flipped_stored_inrelease_is_mended_or_refused, 0, 3);
	tcase_add_test(tests, test_forged_pin_file_is_refused);
	tcase_add_test(tests, test_lock_file_is_held);
	tcase_add_loop_test(tests, test_bad_lock_file_is_refused, 0, (int)ARRAY_SIZE(bad_locks));
	tcase_add_loop_test(tests, test_bad_name_is_usage, 0, (int)ARRAY_SIZE(bad_names));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
