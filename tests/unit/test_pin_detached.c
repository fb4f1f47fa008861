/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_file.h"
#include "tests/unit/pin_fixture.h"

/*
 * Pins of an archive that has no InRelease but Release and Release.gpg, in the layout of
 * snapshot.debian.org: two imports of that kind, and one that has an InRelease.
 */
static void make_snapshots(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never\n"
	      "root=snap/archive/debian; archive $root/20250105T000000Z stable"
	      " '2025-01-04 03:04:05 UTC' good\n"
	      "for t in 07 08; do cp -r $root/20250105T000000Z $root/202501${t}T000000Z\n"
	      "release $root/202501${t}T000000Z stable \"2025-01-$t UTC\" good\n"
	      "detach $root/202501${t}T000000Z stable \"2025-01-$t UTC\" good; done\n");
}

#define DETACHED "debian@20250107T000000Z"

static void check_detached(void)
{
	const struct pin_suite *suite = &pins.items[0].suites[0];

	ck_assert_uint_eq(pins.count, 1);
	ck_assert_str_eq(pins.items[0].name, DETACHED);
	ck_assert(suite->is_detached);
	ck_assert_str_eq(suite->codename, "stable");
	ck_assert(store_has(store, &suite->release));
	ck_assert(store_has(store, &suite->release_gpg));
	ck_assert(!store_has(store, &suite->inrelease));
}

START_TEST(test_release_and_its_signature_are_a_state)
{
	char *path = lock_path(), *text;
	struct suite_state state;
	size_t len;

	ck_assert_msg(pin(DETACHED ":stable") == STATUS_OK, "%s", err.text);
	check_detached();
	ck_assert_int_eq(lock_write(path, &pins, &err), STATUS_OK);
	state = pin_suite_state(&pins.items[0].suites[0]);
	pin_list_release(&pins);
	archive_server_stop(&server);
	trust.lock = path;
	ck_assert_msg(
		snapshot_pin(store, NULL, &places, &trust, DETACHED, &pins, &err) == STATUS_OK,
		"%s", err.text);
	check_detached();
	ck_assert_msg(lock_check(path, &pins, &err) == STATUS_OK, "%s", err.text);
	/* The bytes of Release under the name of an InRelease are another state. */
	pins.items[0].suites[0].is_detached = false;
	pins.items[0].suites[0].inrelease = state.release;
	ck_assert_int_eq(lock_check(path, &pins, &err), STATUS_TRUST);
	text = xasprintf("%s/pins/" DETACHED, store_directory(store));
	ck_assert_int_eq(path_read_file(text, 4096, &path, &len, &err), STATUS_OK);
	ck_assert_int_eq(strncmp(path, "Format: reproof-pin-2\n", 22), 0);
	ck_assert_ptr_null(strstr(path, "InRelease"));
	ck_assert_ptr_nonnull(strstr(path, "\nRelease.gpg: "));
	archive_server_start(&server);
	free(text);
	free(path);
	free((char *)trust.lock);
}
END_TEST

/* What a place says or does instead, and what must come of it. */
static const struct {
	const char *rules;
	enum status status;
	const char *text;
} detached_faults[] = {
	{"*/Release.gpg -1 file archive/debian/20250108T000000Z/dists/stable/Release.gpg\n",
		STATUS_TRUST, "Release of debian stable: BAD signature"},
	{"*/Release -1 file archive/debian/20250108T000000Z/dists/stable/Release\n", STATUS_TRUST,
		"BAD signature"},
	{"*/Release -1 flip 20\n", STATUS_TRUST, "BAD signature"},
	{"*/Release -1 append 1\n", STATUS_TRUST, "BAD signature"},
	{"*/Release.gpg -1 append 1\n", STATUS_TRUST, "something else than armoured"},
	{"*/Release.gpg -1 truncate 100\n", STATUS_TRUST, "no whole armoured signature"},
	{"*/Release.gpg -1 status 404\n", STATUS_NOT_FOUND, "no Release with its Release.gpg"},
	{"*/Release -1 status 404\n", STATUS_NOT_FOUND, "no Release with its Release.gpg"},
	/* Trouble is no honest absence. */
	{"*/InRelease -1 status 500\n", STATUS_NETWORK, "answers 500"},
	{"*/InRelease -1 status 403\n", STATUS_NETWORK, "answers 403"},
	{"*/InRelease -1 drop\n", STATUS_NETWORK, "InRelease"},
	{"*/Release.gpg -1 status 503\n", STATUS_NETWORK, "answers 503"},
	/* An InRelease that is there is what counts. */
	{"*/InRelease -1 file archive/debian/20250105T000000Z/dists/stable/Release\n", STATUS_TRUST,
		"none signed at all"},
	{"*/InRelease -1 file archive/debian/20250107T000000Z/dists/stable/Release\n", STATUS_TRUST,
		"none signed at all"},
};

START_TEST(test_detached_fault_gives_no_pin)
{
	char *script = xasprintf("! test -e '%s/pins/" DETACHED "'", store_directory(store));
	enum status status;

	archive_server_rules(&server, detached_faults[_i].rules);
	status = pin(DETACHED ":stable");
	ck_assert_msg(status == detached_faults[_i].status, "%d: %s", status, err.text);
	ck_assert_msg(strstr(err.text, detached_faults[_i].text) != NULL, "%s", err.text);
	ck_assert_uint_eq(pins.count, 0);
	shell(script);
	free(script);
}
END_TEST

/* Half of one time and half of another, though each is what it says. */
START_TEST(test_halves_of_two_times_are_refused)
{
	char *rules = xasprintf("*/20250107T000000Z/*/Release.gpg -1 redirect "
				"http://127.0.0.1:%u/archive/debian/20250109T000000Z/dists/stable/"
				"Release.gpg\n/archive/debian/20250109T000000Z/* -1 file "
				"archive/debian/20250107T000000Z/dists/stable/Release.gpg\n",
		server.port);

	archive_server_rules(&server, rules);
	ck_assert_int_eq(pin(DETACHED ":stable"), STATUS_TRUST);
	ck_assert_msg(strstr(err.text, "Release was served as") != NULL, "%s", err.text);
	free(rules);
}
END_TEST

static void forget(const char *name)
{
	char *path = xasprintf("%s/pins/%s", store_directory(store), name);

	ck_assert_int_eq(unlink(path), 0);
	free(path);
}

/* The lock says which files; the others are not even asked for. */
START_TEST(test_lock_decides_the_kind)
{
	static const char rules[] = "*/InRelease -1 file "
				    "archive/debian/20250105T000000Z/dists/stable/InRelease\n";

	ck_assert_msg(pin(DETACHED ":stable") == STATUS_OK, "%s", err.text);
	trust.lock = lock_path();
	ck_assert_int_eq(lock_write(trust.lock, &pins, &err), STATUS_OK);
	pin_list_release(&pins);
	forget(DETACHED);
	archive_server_rules(&server, rules);
	ck_assert_msg(pin(DETACHED) == STATUS_OK, "%s", err.text);
	check_detached();
	pin_list_release(&pins);
	/* And the other way round: an InRelease is locked, and only a Release is there. */
	archive_server_rules(&server, "");
	ck_assert_msg(pin("debian@20250105T000000Z:stable") == STATUS_TRUST, "%s", err.text);
	ck_assert_int_eq(unlink(trust.lock), 0);
	ck_assert_msg(pin("debian@20250105T000000Z:stable") == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(lock_write(trust.lock, &pins, &err), STATUS_OK);
	pin_list_release(&pins);
	forget("debian@20250105T000000Z");
	archive_server_rules(&server, "*/InRelease -1 status 404\n");
	ck_assert_int_eq(pin("debian@20250105T000000Z"), STATUS_NOT_FOUND);
	ck_assert_uint_eq(pins.count, 0);
	free((char *)trust.lock);
}
END_TEST

START_TEST(test_detached_damage_is_mended)
{
	struct digest digests[2];
	char hex[SHA256_HEX_SIZE], *script;

	ck_assert_msg(pin(DETACHED ":stable") == STATUS_OK, "%s", err.text);
	digests[0] = pins.items[0].suites[0].release;
	digests[1] = pins.items[0].suites[0].release_gpg;
	pin_list_release(&pins);
	digest_hex(&digests[_i], hex);
	script = xasprintf("f='%s/sha256/%.2s/%s'; chmod u+w \"$f\"; printf X | dd of=\"$f\" bs=1"
			   " seek=90 conv=notrunc status=none",
		store_directory(store), hex, hex + 2);
	shell(script);
	free(script);
	ck_assert_msg(pin(DETACHED) == STATUS_OK, "%s", err.text);
	ck_assert(is_noted(_i ? "a Release.gpg of stable (" : "a Release of stable ("));
	check_detached();
}
END_TEST

/* A stanza has the digests of one kind, each once. */
static const char *const bad_stanzas[] = {"/^Release: /d", "/^Release.gpg: /d",
	"s/^Release: /InRelease: /", "s/^Release: \\(.*\\)/&\\nInRelease: \\1/",
	"s/^Release.gpg: .*/&\\n&/", "s/^Format: .*/Format: reproof-pin-3/"};

START_TEST(test_bad_stanza_is_refused)
{
	char *script;

	ck_assert_msg(pin(DETACHED ":stable") == STATUS_OK, "%s", err.text);
	pin_list_release(&pins);
	script = xasprintf(
		"sed -i '%s' '%s/pins/" DETACHED "'", bad_stanzas[_i], store_directory(store));
	shell(script);
	free(script);
	ck_assert_msg(pin(DETACHED) == STATUS_FORMAT, "%s", err.text);
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pin_detached");
	TCase *tests = tcase_create("pin_detached");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_snapshots, remove_top);
	tcase_add_checked_fixture(tests, open_server, close_server);
	tcase_add_test(tests, test_release_and_its_signature_are_a_state);
	tcase_add_loop_test(
		tests, test_detached_fault_gives_no_pin, 0, (int)ARRAY_SIZE(detached_faults));
	tcase_add_test(tests, test_halves_of_two_times_are_refused);
	tcase_add_test(tests, test_lock_decides_the_kind);
	tcase_add_loop_test(tests, test_detached_damage_is_mended, 0, 2);
	tcase_add_loop_test(tests, test_bad_stanza_is_refused, 0, (int)ARRAY_SIZE(bad_stanzas));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
