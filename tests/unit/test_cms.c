/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/cms.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/hash.h"
#include "dbdiff/format/der.h"
#include "tests/unit/comparing.h"

#define KEY(name, kind, more)                                                                      \
	"openssl req -x509 -newkey " kind " -nodes -keyout " name ".key -out " name                \
	".pem -subj /CN=reproof-test -set_serial 7 -days 9 " more " 2>>log;"                       \
	"openssl x509 -in " name ".pem -outform DER -out " name ".cer;"

/* The signer, and one that has its name and number but another key. */
#define KEYS KEY("good", "rsa:2048", "") KEY("evil", "rsa:2048", "")

#define SIGN                                                                                       \
	"printf 'what is signed' >data;"                                                           \
	"openssl cms -sign -binary -in data -outform DER -out sig "

static char *sig;
static size_t sig_len;
static struct cms_signature signature;
static struct error err;

static void set_up(void)
{
	comparing_setup();
	sig = NULL;
}

static void tear_down(void)
{
	free(sig);
	comparing_teardown();
}

static void load(const char *name)
{
	char *path = path_join(comparing.directory, name);

	free(sig);
	ck_assert_int_eq(path_read_file(path, 1 << 20, &sig, &sig_len, &err), STATUS_OK);
	free(path);
}

static enum status verify(const char *content)
{
	err = (struct error){0};
	return cms_verify(sig, sig_len, content, strlen(content), &signature, &err);
}

static void expect_refused(enum status expected, const char *why)
{
	enum status status = verify("what is signed");

	ck_assert_msg(status == expected, "%d: %s", status, err.text);
	expect_has(err.text, why);
}

/* The signer is the one whose certificate is this file. */
static void expect_signer(const char *certificate)
{
	char *path = path_join(comparing.directory, certificate);
	struct digest digest;

	ck_assert_int_eq(hash_file(path, &digest, NULL, &err), STATUS_OK);
	ck_assert(digest_equal(&digest, &signature.signer));
	free(path);
}

/* ---- what verifies ---- */

static const char *const forms[] = {
	"",
	"-noattr",
	"-md sha384",
	"-keyid",
	"-nosmimecap",
	"-noattr -md sha512",
};

static void sign(const char *options)
{
	struct buffer script = {0};

	buffer_add_format(&script, KEYS SIGN "-signer good.pem -inkey good.key %s", options);
	shell(buffer_text(&script));
	buffer_release(&script);
	load("sig");
}

START_TEST(verifies_what_openssl_signs)
{
	sign(forms[_i]);
	ck_assert_msg(verify("what is signed") == STATUS_OK, "%s", err.text);
	expect_signer("good.cer");
	ck_assert(signature.has_time == (strstr(forms[_i], "noattr") == NULL));
	ck_assert_int_eq(verify("what is Signed"), STATUS_TRUST);
	ck_assert_int_eq(verify("what is signed "), STATUS_TRUST);
}
END_TEST

START_TEST(verifies_elliptic_curves)
{
	shell(KEY("good", "ec", "-pkeyopt ec_paramgen_curve:P-256") SIGN
		"-signer good.pem -inkey good.key");
	load("sig");
	ck_assert_msg(verify("what is signed") == STATUS_OK, "%s", err.text);
	expect_signer("good.cer");
	ck_assert_int_eq(verify("what is"), STATUS_TRUST);
}
END_TEST

#define ISSUED(issuer, subject)                                                                    \
	"openssl req -newkey rsa:2048 -nodes -keyout " subject ".key -subj /CN=" subject           \
	" -out r 2>>log; openssl x509 -req -in r -CA " issuer ".pem -CAkey " issuer                \
	".key -set_serial 9 -days 9 -out " subject ".pem 2>>log;"                                  \
	"openssl x509 -in " subject ".pem -outform DER -out " subject ".cer;"

START_TEST(accepts_only_the_self_signed_issuer)
{
	shell(KEYS ISSUED("good", "leaf") SIGN
		"-signer leaf.pem -inkey leaf.key -certfile good.pem");
	load("sig");
	ck_assert_msg(verify("what is signed") == STATUS_OK, "%s", err.text);
	expect_signer("leaf.cer");
	shell(SIGN "-signer leaf.pem -inkey leaf.key -certfile evil.pem");
	load("sig");
	expect_refused(STATUS_TRUST, "not the self-signed issuer");
	/* An issuer that bears the true key, but was made by somebody else. */
	shell("openssl x509 -in good.pem -pubkey -noout >pub;"
	      "openssl x509 -new -force_pubkey pub -subj /CN=reproof-test -CA evil.pem"
	      " -CAkey evil.key -set_serial 3 -days 9 -out made.pem 2>>log;" SIGN
	      "-signer leaf.pem -inkey leaf.key -certfile made.pem");
	load("sig");
	expect_refused(STATUS_TRUST, "not the self-signed issuer");
}
END_TEST

/* ---- what is refused ---- */

static const struct {
	const char *options, *why;
} refusals[] = {
	{"-signer good.pem -inkey good.key -signer evil.pem -inkey evil.key",
		"other than one signer"},
	{"-signer good.pem -inkey good.key -certfile evil.pem", "not the self-signed issuer"},
	{"-signer good.pem -inkey good.key -certfile both.pem", "more certificates"},
	{"-signer good.pem -inkey good.key -nocerts", "certificate is not in it"},
	{"-signer good.pem -inkey good.key -md sha1", "SHA-256 or better"},
	{"-signer good.pem -inkey good.key -nodetach", "content of its own"},
	{"-signer good.pem -inkey good.key -keyopt rsa_padding_mode:pss",
		"algorithm has parameters"},
	/* Signed by the other key, and carries the right certificate. */
	{"-signer evil.pem -inkey evil.key -nocerts -certfile good.pem", "did not sign this"},
	{"-signer evil.pem -inkey evil.key -nocerts -certfile good.pem -noattr",
		"did not sign this"},
};

START_TEST(refuses)
{
	struct buffer script = {0};

	buffer_add_format(&script,
		KEYS KEY("other", "ec",
			"-pkeyopt ec_paramgen_curve:P-256") "cat evil.pem other.pem >both.pem;" SIGN
							    "%s",
		refusals[_i].options);
	shell(buffer_text(&script));
	buffer_release(&script);
	load("sig");
	expect_refused(STATUS_TRUST, refusals[_i].why);
}
END_TEST

static void add_value(struct buffer *out, unsigned tag, const struct buffer *content)
{
	buffer_add_char(out, (char)tag);
	if (content->len > 0xff) {
		buffer_add_char(out, (char)0x82);
		buffer_add_char(out, (char)(content->len >> 8));
	} else if (content->len > 0x7f) {
		buffer_add_char(out, (char)0x81);
	}
	buffer_add_char(out, (char)content->len);
	buffer_add(out, content->data, content->len);
}

/* Copies values, with `added` at the end of the one that begins at `target`. */
static void copy_with(struct buffer *out, struct der der, const unsigned char *target,
	const void *added, size_t added_len)
{
	struct der_value value;

	while (der_next(&der, &value)) {
		const unsigned char *data = value.content.data;
		struct buffer inner = {0};

		if (value.whole.data == target) {
			buffer_add(&inner, data, value.content.len);
			buffer_add(&inner, added, added_len);
			add_value(out, value.tag, &inner);
		} else if (target >= data && target < data + value.content.len) {
			copy_with(&inner, value.content, target, added, added_len);
			add_value(out, value.tag, &inner);
		} else {
			buffer_add(out, value.whole.data, value.whole.len);
		}
		buffer_release(&inner);
	}
}

/* The value with this path of positions in `sig`, "1.0.4.0" being the signer. */
static const unsigned char *value_at(const char *path)
{
	struct der der = {(unsigned char *)sig, sig_len};
	struct der_value value;

	ck_assert(der_next(&der, &value));
	for (; *path != '\0'; path += path[1] == '.' ? 2 : 1) {
		der = value.content;
		for (char i = '0'; i <= *path; i++)
			ck_assert(der_next(&der, &value));
	}
	return value.whole.data;
}

/* Where a byte more, or a value more, is put into a good signature, and what is said of it. */
static const struct {
	const char *path;
	const char *added;
	size_t len;
	enum status status;
	const char *why;
} insertions[] = {
	{"", "\x05\0", 2, STATUS_FORMAT, "other than one SignedData"},
	{"1", "\x05\0", 2, STATUS_FORMAT, "other than one SignedData"},
	{"1.0", "\x05\0", 2, STATUS_FORMAT, "the signers"},
	{"1.0.0", "\x01", 1, STATUS_FORMAT, "the version"},
	{"1.0.1", "\x30\x02\x06\0", 4, STATUS_TRUST, "one digest without parameters"},
	{"1.0.1.0", "\x04\x03hid", 5, STATUS_TRUST, "one digest without parameters"},
	{"1.0.1.0", "\x05\x03hid", 5, STATUS_TRUST, "one digest without parameters"},
	{"1.0.2", "\x04\x03hid", 5, STATUS_FORMAT, "what was signed"},
	{"1.0.3", "\x04\x03hid", 5, STATUS_FORMAT, "a certificate"},
	{"1.0.3.0", "\x04\x03hid", 5, STATUS_FORMAT, "a certificate"},
	{"1.0.3.0.1", "\x04\x03hid", 5, STATUS_FORMAT, "a certificate"},
	{"1.0.4", "\x30\0", 2, STATUS_TRUST, "other than one signer"},
	{"1.0.4.0", "\xa1\x02\x30\0", 4, STATUS_TRUST, "unsigned attributes"},
	{"1.0.4.0.0", "\x01", 1, STATUS_FORMAT, "the signer's version"},
	{"1.0.4.0.1", "\x05\0", 2, STATUS_FORMAT, "the signer's identifier"},
	{"1.0.4.0.2", "\x05\x01h", 3, STATUS_TRUST, "digest algorithm has parameters"},
	{"1.0.4.0.3", "\x30\x04\x06\0\x31\0", 6, STATUS_FORMAT, "a signed attribute"},
	{"1.0.4.0.3", "\x30\x06\x06\0\x31\x02\x05\0", 8, STATUS_TRUST, "did not sign"},
	{"1.0.4.0.4", "\x05\0", 2, STATUS_TRUST, "signature algorithm has parameters"},
	{"1.0.4.0.5", "\0", 1, STATUS_TRUST, "did not sign"},
};

START_TEST(refuses_what_is_put_in)
{
	struct buffer made = {0};

	sign("");
	copy_with(&made, (struct der){(unsigned char *)sig, sig_len}, value_at(insertions[_i].path),
		insertions[_i].added, insertions[_i].len);
	ck_assert_uint_ge(made.len, sig_len + insertions[_i].len);
	sig_len = made.len;
	free(sig);
	sig = buffer_detach(&made);
	expect_refused(insertions[_i].status, insertions[_i].why);
}
END_TEST

/* Every byte of it matters: one in the certificate makes it another signer's. */
START_TEST(refuses_any_flipped_byte)
{
	struct digest signer;

	sign("");
	ck_assert_int_eq(verify("what is signed"), STATUS_OK);
	signer = signature.signer;
	for (size_t at = 0; at < sig_len; at++) {
		sig[at] ^= 0x20;
		ck_assert_msg(verify("what is signed") != STATUS_OK ||
				!digest_equal(&signature.signer, &signer),
			"byte %zu", at);
		sig[at] ^= 0x20;
	}
	ck_assert_int_eq(verify("what is signed"), STATUS_OK);
}
END_TEST

START_TEST(refuses_what_is_cut_or_long)
{
	size_t whole, der_len;
	char *room;

	sign("");
	whole = sig_len;
	for (sig_len = 0; sig_len < whole; sig_len += 13)
		ck_assert_int_eq(verify("what is signed"), STATUS_FORMAT);
	room = calloc(1, whole + 5000);
	memcpy(room, sig, whole);
	free(sig);
	sig = room;
	sig_len = whole + 1;
	ck_assert_int_eq(verify("what is signed"), STATUS_FORMAT);
	ck_assert_int_eq(cms_fills(sig, whole, 1, &der_len, &err), STATUS_OK);
	ck_assert_uint_eq(der_len, whole);
	ck_assert_int_eq(cms_fills(sig, whole + 1, 1, &der_len, &err), STATUS_FORMAT);
	ck_assert_int_eq(cms_fills(sig, whole + 7, 8, &der_len, &err), STATUS_OK);
	ck_assert_int_eq(cms_fills(sig, whole + 8, 8, &der_len, &err), STATUS_FORMAT);
	ck_assert_uint_eq(der_len, whole);
	sig[whole + 6] = 1;
	ck_assert_int_eq(cms_fills(sig, whole + 7, 8, &der_len, &err), STATUS_FORMAT);
	expect_has(err.text, "7 bytes behind");
	ck_assert_int_eq(cms_fills(sig, whole - 1, 8, &der_len, &err), STATUS_FORMAT);
	ck_assert_uint_eq(der_len, 0);
}
END_TEST

/* ---- bare signatures, as the kernel's build makes them ---- */

static void put_der(struct buffer *out, unsigned tag, const void *data, size_t len)
{
	buffer_add_char(out, (char)tag);
	if (len >= 128) {
		buffer_add_char(out, (char)0x82);
		buffer_add_char(out, (char)(len >> 8));
	}
	buffer_add_char(out, (char)(len & 0xff));
	buffer_add(out, data, len);
}

/* Puts what is in `inner` into `out` as one value, and leaves `inner` empty. */
static void wrap(struct buffer *out, unsigned tag, struct buffer *inner)
{
	put_der(out, tag, buffer_text(inner), inner->len);
	buffer_clear(inner);
}

#define SHA256_ALGORITHM "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define SIGNED_DATA	 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define DATA		 "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define TEXT(text)	 text, sizeof(text) - 1

struct bare {
	size_t key_id, value;	/* their lengths */
	size_t unsigned_len;	/* of unsigned attributes, and 0 for none */
	bool has_second_signer; /* beside the first */
	const char *refused;	/* NULL: it is one */
};

static void make_bare(const struct bare *bare, struct buffer *out)
{
	char *filling = xcalloc(1, 4096);
	struct buffer signer = {0}, signers = {0}, inner = {0};

	buffer_add(&signer, TEXT("\x02\x01\x03"));
	put_der(&signer, 0x80, filling, bare->key_id);
	buffer_add(&signer, TEXT(SHA256_ALGORITHM SHA256_ALGORITHM));
	put_der(&signer, 0x04, filling, bare->value);
	if (bare->unsigned_len > 0)
		put_der(&signer, 0xa1, filling, bare->unsigned_len);
	put_der(&signers, 0x30, buffer_text(&signer), signer.len);
	if (bare->has_second_signer)
		put_der(&signers, 0x30, buffer_text(&signer), signer.len);
	buffer_add(&inner, TEXT("\x02\x01\x03\x31\x0d" SHA256_ALGORITHM DATA));
	wrap(&inner, 0x31, &signers);
	wrap(&signers, 0x30, &inner);
	buffer_add(&inner, TEXT(SIGNED_DATA));
	wrap(&inner, 0xa0, &signers);
	wrap(out, 0x30, &inner);
	buffer_release(&inner);
	buffer_release(&signers);
	buffer_release(&signer);
	free(filling);
}

START_TEST(a_bare_signature_has_room_for_nothing_else)
{
	static const struct bare rows[] = {
		{20, 256, 0, false, NULL},
		{64, 1024, 0, false, NULL},
		{65, 256, 0, false, "who signed"},
		{20, 1025, 0, false, "the signature's value"},
		{20, 256, 1, false, "unsigned attributes"},
		{20, 256, 4000, false, "unsigned attributes"},
		{20, 256, 0, true, "exactly one signer"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buffer der = {0};
		enum status status;

		make_bare(&rows[i], &der);
		err = (struct error){0};
		status = cms_is_bare(der.data, der.len, &err);
		if (rows[i].refused == NULL) {
			ck_assert_msg(status == STATUS_OK, "row %zu: %s", i, err.text);
		} else {
			ck_assert_int_eq(status, STATUS_TRUST);
			expect_has(err.text, rows[i].refused);
		}
		buffer_release(&der);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cms");
	TCase *tcase = tcase_create("cms");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, verifies_what_openssl_signs, 0, (int)ARRAY_SIZE(forms));
	tcase_add_test(tcase, verifies_elliptic_curves);
	tcase_add_test(tcase, accepts_only_the_self_signed_issuer);
	tcase_add_loop_test(tcase, refuses, 0, (int)ARRAY_SIZE(refusals));
	tcase_add_loop_test(tcase, refuses_what_is_put_in, 0, (int)ARRAY_SIZE(insertions));
	tcase_add_test(tcase, refuses_any_flipped_byte);
	tcase_add_test(tcase, refuses_what_is_cut_or_long);
	tcase_add_test(tcase, a_bare_signature_has_room_for_nothing_else);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
