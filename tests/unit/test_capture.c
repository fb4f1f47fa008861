/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_file.h"
#include "tests/unit/archive_fixture.h"

/* Makes an archive NAME/debian and the apt sources NAME/etc that name it. */
#define ARCHIVE(name, arguments)                                                                   \
	"archive " name "/debian stable '2025-01-02 03:04:05 UTC' " arguments "\n"                 \
	"mkdir -p " name "/etc; echo \"deb file://$TOP/" name "/debian stable main\""              \
	" >" name "/etc/sources.list\n"

#define SIGN_AGAIN(name, signer)                                                                   \
	"rm " name "/debian/dists/stable/InRelease\n"                                              \
	"sign " name "/debian/dists/stable/InRelease 20250102T030405 SHA256 " signer " <" name     \
	"/debian/dists/stable/Release\n"

static void make_archives(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never; key other ed25519 20240101T000000 "
	      "never\n" ARCHIVE("plain", "good"));
	shell("cp -r plain twin; sed -i \"s,/plain/,/twin/,\" twin/etc/sources.list\n"
	      "deb twin/debian/pool/main/h/hello libhello 1.1 amd64\n"
	      "indexes twin/debian stable\n"
	      "release twin/debian stable '2025-01-02 03:04:05 UTC' good\n");
	shell("for name in wrongkey flipped suite future expired component tampered; do\n"
	      "cp -r plain $name; sed -i \"s,/plain/,/$name/,\" $name/etc/sources.list; "
	      "done\n" SIGN_AGAIN("wrongkey", "other"));
	shell("for f in flipped/debian/dists/stable/main/binary-amd64/Packages.xz"
	      " flipped/debian/dists/stable/main/binary-amd64/by-hash/SHA256/*; do\n"
	      "printf X | dd of=$f bs=1 seek=100 conv=notrunc status=none; done\n"
	      "release suite/debian stable '2025-01-02 03:04:05 UTC' good Suite=testing "
	      "Codename=testing\n"
	      "sed -i 's/ main$/ main contrib/' component/etc/sources.list\n"
	      "sed -i 's/^Origin: Test/Origin: Vest/' tampered/debian/dists/stable/InRelease\n"
	      "release expired/debian stable '2025-01-02 03:04:05 UTC' good"
	      " 'Valid-Until=Fri, 03 Jan 2025 00:00:00 UTC'\n"
	      "sed -i 's/^Date: .*/Date: Mon, 01 Jan 2046 00:00:00 UTC/' "
	      "future/debian/dists/stable/Release\n" SIGN_AGAIN("future", "good"));
	/* A second vendor's archive beside the first, which other keys sign. */
	shell("cp -r wrongkey/debian vendor; mkdir -p two/etc/sources.list.d\n"
	      "cp plain/etc/sources.list two/etc/\n"
	      "printf 'Types: deb\\nURIs: file://%s/vendor\\nSuites: stable\\nComponents: main\\n'"
	      " $TOP >two/etc/sources.list.d/vendor.sources\n"
	      "cp -r two gone; sed -i s,/vendor,/nowhere, gone/etc/sources.list.d/vendor.sources\n"
	      "mkdir -p empty/etc lost/etc\n"
	      "echo \"deb file://$TOP/nowhere/debian stable main\" >lost/etc/sources.list\n"
	      "cp -r plain/debian security; mkdir -p label/etc\n"
	      "release security stable '2025-01-02 03:04:05 UTC' good Origin=Debian "
	      "Label=Debian-Security\n"
	      "mkdir swapped; mv security swapped/debian\n"
	      "echo \"deb file://$TOP/swapped/debian stable main\" >label/etc/sources.list\n");
}

START_TEST(test_capture_gives_a_pin)
{
	const struct pin *pin;

	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(pins.count, 1);
	pin = &pins.items[0];
	ck_assert_str_eq(pin->name, "debian@20250102T030405Z");
	ck_assert(pin->captured);
	ck_assert_uint_eq(pin->suite_count, 1);
	ck_assert_str_eq(pin->suites[0].suite, "stable");
	ck_assert_str_eq(pin->suites[0].origin, "Test");
	ck_assert_uint_eq(strlen(pin->suites[0].signer), 40);
	ck_assert_str_eq(pin->components.items[0], "main");
	ck_assert_str_eq(pin->architectures.items[0], "amd64");
	ck_assert(store_has(store, &pin->suites[0].inrelease));
}
END_TEST

static char *pin_text(void)
{
	char *path = xasprintf("%s/pins/debian@20250102T030405Z", store_directory(store));
	char *data;
	size_t len;

	ck_assert_msg(
		path_read_file(path, 1 << 20, &data, &len, &err) == STATUS_OK, "%s", err.text);
	free(path);
	return data;
}

START_TEST(test_capture_again_is_the_same)
{
	char *first, *second;

	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	first = pin_text();
	pin_list_release(&pins);
	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	second = pin_text();
	ck_assert_str_eq(first, second);
	free(first);
	free(second);
}
END_TEST

START_TEST(test_two_states_of_one_name_conflict)
{
	char *before, *after;

	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	before = pin_text();
	ck_assert_int_eq(capture("twin"), STATUS_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.text, "two states"));
	after = pin_text();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

static const struct {
	const char *archive;
	enum status expected;
	const char *says;
} refusals[] = {
	{"wrongkey", STATUS_TRUST, "no valid signature"},
	{"tampered", STATUS_TRUST, "BAD signature"},
	{"flipped", STATUS_TRUST, "Packages"},
	{"suite", STATUS_TRUST, "testing"},
	{"component", STATUS_TRUST, "contrib"},
	{"label", STATUS_TRUST, "Debian-Security"},
	{"future", STATUS_CLOCK, "future"},
	{"lost", STATUS_NOT_FOUND, "nowhere"},
	{"empty", STATUS_NOT_FOUND, "nothing was captured"},
};

START_TEST(test_capture_refuses)
{
	struct text_list names = {0};
	enum status status = capture(refusals[_i].archive);

	ck_assert_msg(status == refusals[_i].expected, "%s: %d: %s", refusals[_i].archive, status,
		err.text);
	ck_assert_msg(strstr(err.text, refusals[_i].says), "%s", err.text);
	ck_assert_uint_eq(pins.count, 0);
	ck_assert_int_eq(pin_file_list(store, &names, &err), STATUS_OK);
	ck_assert_uint_eq(names.count, 0);
	text_list_release(&names);
}
END_TEST

START_TEST(test_expired_release_is_taken_and_said)
{
	ck_assert_msg(capture("expired") == STATUS_OK, "%s", err.text);
	ck_assert(is_noted("valid until 2025-01-03T00:00:00Z"));
}
END_TEST

START_TEST(test_other_vendors_are_left_out_and_said)
{
	ck_assert_msg(capture("two") == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(pins.count, 1);
	ck_assert(is_noted("/vendor stable: left out"));
	pin_list_release(&pins);
	ck_assert_msg(capture("gone") == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(pins.count, 1);
	ck_assert(is_noted("/nowhere stable: left out"));
}
END_TEST

START_TEST(test_debian_keyring_vouches_for_no_other)
{
	free((char *)trust.keyring);
	trust.keyring = NULL;
	ck_assert_int_eq(capture("plain"), STATUS_TRUST);
	ck_assert_uint_eq(pins.count, 0);
}
END_TEST

/* A place whose InRelease is damaged is passed over for one whose is not. */
START_TEST(test_second_place_is_asked)
{
	char *bad = xasprintf("debian=file://%s/tampered/debian", top);
	char *good = xasprintf("debian=file://%s/plain/debian", top);

	ck_assert_int_eq(place_list_add_option(&places, bad, &err), STATUS_OK);
	ck_assert_int_eq(place_list_add_option(&places, good, &err), STATUS_OK);
	ck_assert_msg(capture("tampered") == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(pins.items[0].suites[0].origin, "Test");
	ck_assert(is_noted("another place was taken"));
	free(bad);
	free(good);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("capture");
	TCase *tests = tcase_create("capture");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_archives, remove_top);
	tcase_add_checked_fixture(tests, open_session, close_session);
	tcase_add_test(tests, test_capture_gives_a_pin);
	tcase_add_test(tests, test_capture_again_is_the_same);
	tcase_add_test(tests, test_two_states_of_one_name_conflict);
	tcase_add_loop_test(tests, test_capture_refuses, 0, (int)ARRAY_SIZE(refusals));
	tcase_add_test(tests, test_expired_release_is_taken_and_said);
	tcase_add_test(tests, test_other_vendors_are_left_out_and_said);
	tcase_add_test(tests, test_debian_keyring_vouches_for_no_other);
	tcase_add_test(tests, test_second_place_is_asked);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
