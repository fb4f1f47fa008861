/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/clearsign.h"
#include "snapshot/trust.h"
#include "tests/unit/archive_fixture.h"

static void make_keys_and_files(void)
{
	make_top();
	shell("printf 'Origin: Test\\nDate: x\\n' >text; printf 'Origin: Evil\\n' >evil\n"
	      "key good ed25519 20240101T000000 never\n"
	      "key rsa rsa2048 20240101T000000 never\n"
	      "key short rsa2048 20200101T000000 1y; lift short 20200201T000000\n"
	      "key future ed25519 20450101T000000 never\n"
	      "key revoked ed25519 20200101T000000 never\n"
	      "sign good.asc 20250101T000000 SHA256 good <text\n"
	      "sign long.asc 20250101T000000 SHA512 rsa <text\n"
	      "sign sha1.asc 20250101T000000 SHA1 good <text\n"
	      "sign within.asc 20200601T000000 SHA256 short <text\n"
	      "sign outside.asc 20220601T000000 SHA256 short <text\n"
	      "sign two.asc 20250101T000000 SHA256 rsa good <text\n"
	      "sign futuresig.asc 20450101T000000 SHA256 good <text\n"
	      "sign futurekey.asc 20450102T000000 SHA256 future <text\n"
	      "sign revoked.asc 20200601T000000 SHA256 revoked <text\n"
	      "sed 's/^:---/---/' gnupg/openpgp-revocs.d/$(fingerprint revoked).rev | pgp "
	      "--import\n"
	      "export_key revoked; cat good.gpg rsa.gpg >both.gpg\n"
	      "cat good.gpg short.gpg >mixed.gpg\n");
	/* A certifying key that expires, and a signing key under it that does not. */
	shell("pgp --faked-system-time 20200101T000000 --quick-generate-key 'sub <sub@example>'"
	      " rsa2048 cert 1y; f=$(fingerprint sub)\n"
	      "pgp --faked-system-time 20200101T000000 --quick-add-key $f rsa2048 sign never\n"
	      "export_key sub; lift sub 20200201T000000\n"
	      "sign subin.asc 20200601T000000 SHA256 sub <text\n"
	      "sign subout.asc 20220601T000000 SHA256 sub <text\n");
	/* NAME.text with NAME.gpg beside it. */
	shell("both() { cp ${2:-text} $1.text; cat >$1.gpg; }\n"
	      "beside() { local to=$1 from=$2; shift 2; sign_beside - \"$@\" <$from | both $to "
	      "$from; }\n"
	      "beside d_good text 20250101T000000 SHA256 good\n"
	      "beside d_rsa text 20250101T000000 SHA512 rsa\n"
	      "beside d_two text 20250101T000000 SHA256 rsa good\n"
	      "beside d_sha1 text 20250101T000000 SHA1 good\n"
	      "beside d_within text 20200601T000000 SHA256 short\n"
	      "beside d_outside text 20220601T000000 SHA256 short\n"
	      "beside d_future text 20450101T000000 SHA256 good\n"
	      "beside d_futurekey text 20450102T000000 SHA256 future\n"
	      "beside d_revoked text 20200601T000000 SHA256 revoked\n"
	      "beside d_evil evil 20250101T000000 SHA256 rsa\n"
	      "cat d_good.gpg d_rsa.gpg | both d_joined; cat d_good.gpg d_evil.gpg | both d_bad\n"
	      "cat d_evil.gpg d_good.gpg | both d_badfirst; cat d_evil.gpg | both d_other\n"
	      "packets() { for f; do pgp --dearmor <$f; done | pgp --enarmor |"
	      " sed 's/PGP ARMORED FILE/PGP SIGNATURE/; /^Comment/d'; }\n"
	      "packets d_good.gpg d_evil.gpg | both d_badpacket\n"
	      "packets d_sha1.gpg d_good.gpg | both d_strong\n"
	      "{ pgp --dearmor <d_good.gpg; pgp --store -o - evil; } >p; packets() { pgp --enarmor "
	      "<p |"
	      " sed 's/PGP ARMORED FILE/PGP SIGNATURE/; /^Comment/d'; }; packets | both d_packed\n"
	      "cat d_good.gpg | both d_tampered; sed -i s/Test/Vest/ d_tampered.text\n"
	      "cat d_good.gpg | both d_appended; echo 'Origin: Evil' >>d_appended.text\n"
	      "(cat d_good.gpg; echo 'Origin: Evil') | both d_behind\n"
	      "(echo 'Origin: Evil'; cat d_good.gpg) | both d_before\n"
	      "pgp --dearmor <d_good.gpg | both d_binary; : | both d_empty; cat good.asc | both "
	      "d_clear\n"
	      "head -n -1 d_good.gpg | both d_cut\n"
	      "pgp --faked-system-time 20250101T000000 --textmode -a -u good@example -o d_text.gpg"
	      " --detach-sign text; sed 's/$/\\r/' text >d_text.text\n"
	      "pgp --faked-system-time 20250101T000000 -u good@example --armor -o p --sign text\n"
	      "sed 's/PGP MESSAGE/PGP SIGNATURE/' p | both d_inline\n");
	shell("(echo 'Origin: Evil'; cat good.asc) >before.asc\n"
	      "(cat good.asc; echo 'Origin: Evil') >after.asc\n"
	      "cat good.asc good.asc >twice.asc; cp text unsigned.asc\n"
	      "sed 's/Origin: Test/Origin: Vest/' good.asc >tampered.asc\n"
	      "sign evil.asc 20250101T000000 SHA256 rsa <evil\n"
	      "(signature_of good.asc; signature_of evil.asc) | with_signature good.asc >bad.asc\n"
	      "(signature_of futuresig.asc; signature_of evil.asc) | with_signature good.asc "
	      ">badfuture.asc\n"
	      "(signature_of good.asc; pgp --store -o - evil) | with_signature good.asc "
	      ">packed.asc\n"
	      "(signature_of good.asc; signature_of sha1.asc) | with_signature good.asc "
	      ">strong.asc\n"
	      "sed 's/^Hash: .*/&\\nOrigin: Evil/' good.asc >header.asc\n"
	      "pgp --armor --export good@example >armoured.gpg; echo nonsense >nonsense.gpg\n");
}

struct trial {
	const char *file;
	const char *keyring;
	enum {
		NOTHING,
		FLAG,
		GIVEN
	} allowed;
	enum status expected;
	bool is_expired;
};

static const struct trial trials[] = {
	{"good.asc", "good.gpg", NOTHING, STATUS_OK, false},
	{"long.asc", "rsa.gpg", NOTHING, STATUS_OK, false},
	{"two.asc", "good.gpg", NOTHING, STATUS_OK, false},
	{"strong.asc", "good.gpg", NOTHING, STATUS_OK, false},
	{"good.asc", "mixed.gpg", NOTHING, STATUS_OK, false},
	{"good.asc", "rsa.gpg", FLAG, STATUS_TRUST, false},
	{"before.asc", "good.gpg", FLAG, STATUS_TRUST, false},
	{"after.asc", "good.gpg", FLAG, STATUS_TRUST, false},
	{"twice.asc", "good.gpg", FLAG, STATUS_TRUST, false},
	{"header.asc", "good.gpg", FLAG, STATUS_TRUST, false},
	{"unsigned.asc", "good.gpg", FLAG, STATUS_TRUST, false},
	{"tampered.asc", "good.gpg", FLAG, STATUS_TRUST, false},
	{"tampered.asc", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"bad.asc", "both.gpg", GIVEN, STATUS_TRUST, false},
	/* No clock mends a forgery. */
	{"badfuture.asc", "both.gpg", GIVEN, STATUS_TRUST, false},
	{"packed.asc", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"sha1.asc", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"within.asc", "short.gpg", NOTHING, STATUS_TRUST, false},
	{"within.asc", "short.gpg", FLAG, STATUS_OK, true},
	{"within.asc", "short.gpg", GIVEN, STATUS_OK, true},
	{"outside.asc", "short.gpg", NOTHING, STATUS_TRUST, false},
	{"outside.asc", "short.gpg", FLAG, STATUS_TRUST, false},
	{"outside.asc", "short.gpg", GIVEN, STATUS_TRUST, false},
	{"subin.asc", "sub.gpg", GIVEN, STATUS_OK, true},
	{"subout.asc", "sub.gpg", GIVEN, STATUS_TRUST, false},
	{"revoked.asc", "revoked.gpg", GIVEN, STATUS_TRUST, false},
	{"futuresig.asc", "good.gpg", GIVEN, STATUS_CLOCK, false},
	{"futurekey.asc", "future.gpg", GIVEN, STATUS_CLOCK, false},
	{"good.asc", "armoured.gpg", GIVEN, STATUS_USAGE, false},
	{"good.asc", "nonsense.gpg", GIVEN, STATUS_USAGE, false},
	{"good.asc", "absent.gpg", GIVEN, STATUS_NOT_FOUND, false},
};

/* NAME.text and NAME.gpg. */
static const struct trial detached_trials[] = {
	{"d_good", "good.gpg", NOTHING, STATUS_OK, false},
	{"d_rsa", "rsa.gpg", NOTHING, STATUS_OK, false},
	{"d_two", "good.gpg", NOTHING, STATUS_OK, false},
	{"d_two", "rsa.gpg", NOTHING, STATUS_OK, false},
	{"d_joined", "both.gpg", NOTHING, STATUS_OK, false},
	{"d_joined", "rsa.gpg", NOTHING, STATUS_OK, false},
	{"d_strong", "good.gpg", NOTHING, STATUS_OK, false},
	{"d_good", "mixed.gpg", NOTHING, STATUS_OK, false},
	{"d_good", "rsa.gpg", FLAG, STATUS_TRUST, false},
	{"d_bad", "both.gpg", GIVEN, STATUS_TRUST, false},
	{"d_badfirst", "both.gpg", GIVEN, STATUS_TRUST, false},
	{"d_badpacket", "both.gpg", GIVEN, STATUS_TRUST, false},
	{"d_packed", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_inline", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_other", "both.gpg", GIVEN, STATUS_TRUST, false},
	{"d_tampered", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_appended", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_behind", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_before", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_binary", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_empty", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_clear", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_cut", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_text", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_sha1", "good.gpg", GIVEN, STATUS_TRUST, false},
	{"d_within", "short.gpg", NOTHING, STATUS_TRUST, false},
	{"d_within", "short.gpg", FLAG, STATUS_OK, true},
	{"d_within", "short.gpg", GIVEN, STATUS_OK, true},
	{"d_outside", "short.gpg", GIVEN, STATUS_TRUST, false},
	{"d_revoked", "revoked.gpg", GIVEN, STATUS_TRUST, false},
	{"d_future", "good.gpg", GIVEN, STATUS_CLOCK, false},
	{"d_futurekey", "future.gpg", GIVEN, STATUS_CLOCK, false},
	{"d_good", "armoured.gpg", GIVEN, STATUS_USAGE, false},
};

static void read_into(struct buffer *buffer, const char *name, const char *suffix)
{
	char *file = xasprintf("%s%s", name, suffix), *path = in_top(file), *data;
	size_t len;

	ck_assert_int_eq(path_read_file(path, 1 << 20, &data, &len, &err), STATUS_OK);
	buffer_add(buffer, data, len);
	free(data);
	free(path);
	free(file);
}

START_TEST(test_detached_signature_is_judged)
{
	const struct trial *trial = &detached_trials[_i];
	char *keyring = in_top(trial->keyring);
	struct trust_options options = {
		.keyring = keyring, .accept_expired_key = trial->allowed == FLAG};
	struct buffer text = {0}, signature = {0};
	struct signed_text result;
	enum status status;

	read_into(&text, trial->file, ".text");
	read_into(&signature, trial->file, ".gpg");
	status = trust_verify_detached(
		&text, &signature, &options, trial->allowed == GIVEN, &result, &err);
	ck_assert_msg(status == trial->expected, "%s with %s (%d): %d, not %d: %s", trial->file,
		trial->keyring, trial->allowed, status, trial->expected, err.text);
	if (status == STATUS_OK) {
		ck_assert_str_eq(buffer_text(&result.text), "Origin: Test\nDate: x\n");
		ck_assert_uint_eq(strlen(result.signer), 40);
		ck_assert_int_eq(result.is_key_expired, trial->is_expired);
	} else {
		ck_assert_ptr_null(result.text.data);
		ck_assert_ptr_null(result.signer);
	}
	signed_text_release(&result);
	buffer_release(&text);
	buffer_release(&signature);
	free(keyring);
}
END_TEST

static enum status verify(const struct trial *trial, int64_t now, struct signed_text *result)
{
	char *path = in_top(trial->file), *keyring = in_top(trial->keyring), *data;
	struct trust_options options = {
		.keyring = keyring, .accept_expired_key = trial->allowed == FLAG, .now = now};
	enum status status;
	size_t len;

	ck_assert_int_eq(path_read_file(path, 1 << 20, &data, &len, &err), STATUS_OK);
	status = trust_verify(data, len, &options, trial->allowed == GIVEN, result, &err);
	free(data);
	free(path);
	free(keyring);
	return status;
}

START_TEST(test_signature_is_judged)
{
	const struct trial *trial = &trials[_i];
	struct signed_text result;
	enum status status = verify(trial, 0, &result);

	ck_assert_msg(status == trial->expected, "%s with %s (%d): %d, not %d: %s", trial->file,
		trial->keyring, trial->allowed, status, trial->expected, err.text);
	if (status == STATUS_OK) {
		ck_assert_str_eq(buffer_text(&result.text), "Origin: Test\nDate: x\n");
		ck_assert_uint_eq(strlen(result.signer), 40);
		ck_assert_int_eq(result.is_key_expired, trial->is_expired);
	} else {
		ck_assert_ptr_null(result.text.data);
		ck_assert_ptr_null(result.signer);
	}
	signed_text_release(&result);
}
END_TEST

START_TEST(test_signature_of_the_future_is_the_clock)
{
	struct signed_text result;

	/* Signed at 1735689600. */
	ck_assert_int_eq(verify(&trials[0], 1735689599, &result), STATUS_CLOCK);
	ck_assert_int_eq(verify(&trials[0], 1735689600, &result), STATUS_OK);
	signed_text_release(&result);
}
END_TEST

START_TEST(test_clearsign_undoes_dashes)
{
	static const char file[] =
		"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- -a\nb\n"
		"-----BEGIN PGP SIGNATURE-----\n\nxxxx\n-----END PGP SIGNATURE-----\n";
	struct buffer text = {0};

	ck_assert_int_eq(clearsign_split(file, strlen(file), &text, &err), STATUS_OK);
	ck_assert_str_eq(buffer_text(&text), "-a\nb\n");
	buffer_release(&text);
	for (size_t len = 0; len < strlen(file) - 1; len++) {
		ck_assert_int_eq(clearsign_split(file, len, &text, &err), STATUS_TRUST);
		buffer_release(&text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trust");
	TCase *tests = tcase_create("signatures");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_keys_and_files, remove_top);
	tcase_add_loop_test(tests, test_signature_is_judged, 0, (int)ARRAY_SIZE(trials));
	tcase_add_loop_test(
		tests, test_detached_signature_is_judged, 0, (int)ARRAY_SIZE(detached_trials));
	tcase_add_test(tests, test_signature_of_the_future_is_the_clock);
	tcase_add_test(tests, test_clearsign_undoes_dashes);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
