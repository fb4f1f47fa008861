/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_buildinfo.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

#define SUM_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SUM_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* As dpkg-genbuildinfo writes it. */
#define HEAD                                                                                       \
	"Format: 1.0\nSource: hello\nBinary: hello hello-dbgsym\nArchitecture: amd64\n"            \
	"Version: 2.10-3\n"
#define SUMS                                                                                       \
	"Checksums-Sha256:\n " SUM_B " 37 hello_2.10-3_amd64.deb\n " SUM_A                         \
	" 5 hello-dbgsym_2.10-3_amd64.deb\n"
#define DEPENDS                                                                                    \
	"Installed-Build-Depends:\n gcc-12 (= 12.2.0-14+deb12u1),\n binutils (= 2.40-2),\n"        \
	" libc6:i386 (= 2.36-9)\n"
#define TAIL   "Environment:\n DEB_BUILD_OPTIONS=\"parallel=2\"\n"
#define RECORD HEAD SUMS "Build-Origin: Debian\n" DEPENDS TAIL

#define SIGNED	  "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
#define SIGNATURE "\n-----BEGIN PGP SIGNATURE-----\n\niQIz\n=abcd\n-----END PGP SIGNATURE-----"

static void expect_record(const char *text)
{
	static const char *const packages[][3] = {
		{"binutils", "", "2.40-2"},
		{"gcc-12", "", "12.2.0-14+deb12u1"},
		{"libc6", "i386", "2.36-9"},
	};
	struct buildinfo record = {0};
	struct error err = {0};
	const struct digest *digest;
	char hex[SHA256_HEX_SIZE];

	ck_assert_msg(
		buildinfo_read(text, strlen(text), &record, &err) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(record.package_count, ARRAY_SIZE(packages));
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		ck_assert_str_eq(record.packages[i].name, packages[i][0]);
		ck_assert_str_eq(record.packages[i].architecture, packages[i][1]);
		ck_assert_str_eq(record.packages[i].version, packages[i][2]);
	}
	ck_assert_uint_eq(record.file_count, 2);
	digest = buildinfo_find(&record, "hello_2.10-3_amd64.deb");
	ck_assert_ptr_nonnull(digest);
	digest_hex(digest, hex);
	ck_assert_str_eq(hex, SUM_B);
	ck_assert_ptr_null(buildinfo_find(&record, "hello"));
	buildinfo_release(&record);
}

START_TEST(a_record_is_read)
{
	expect_record(RECORD);
	expect_record("\n" RECORD "\n\n");
}
END_TEST

START_TEST(a_signature_is_taken_off)
{
	expect_record(SIGNED RECORD SIGNATURE "\n");
	expect_record(SIGNED RECORD SIGNATURE);
}
END_TEST

START_TEST(what_is_no_record_is_refused)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "it has no Checksums-Sha256"},
		{HEAD, "it has no Checksums-Sha256"},
		{HEAD DEPENDS, "it has no Checksums-Sha256"},
		{HEAD SUMS, "it has no Installed-Build-Depends"},
		{HEAD SUMS "Installed-Build-Depends:\n", "it has no Installed-Build-Depends"},
		{HEAD "Checksums-Sha256:\n" DEPENDS, "it has no Checksums-Sha256"},
		{HEAD SUMS "Installed-Build-Depends: gcc-12\n",
			"Installed-Build-Depends: gcc-12 has no version in the form (= VERSION)"},
		{HEAD SUMS "Installed-Build-Depends: gcc-12 (>= 1)\n",
			"Installed-Build-Depends: gcc-12 has no version in the form (= VERSION)"},
		{HEAD SUMS "Installed-Build-Depends: gcc-12 (= )\n",
			"Installed-Build-Depends: an entry is not NAME (= VERSION)"},
		{HEAD SUMS "Installed-Build-Depends: gcc-12 (= 1\n",
			"Installed-Build-Depends: an entry is not NAME (= VERSION)"},
		{HEAD SUMS "Installed-Build-Depends: , gcc-12 (= 1)\n",
			"Installed-Build-Depends:  has no version in the form (= VERSION)"},
		{HEAD SUMS "Installed-Build-Depends: a (= 1) b (= 1)\n",
			"Installed-Build-Depends: no comma behind a"},
		{HEAD SUMS "Installed-Build-Depends: a (= 1), b (= 1), a (= 2)\n",
			"Installed-Build-Depends names a twice"},
		{HEAD "Checksums-Sha256: " SUM_A " 5\n" DEPENDS,
			"Checksums-Sha256: a line is not DIGEST SIZE NAME"},
		{HEAD "Checksums-Sha256: " SUM_A "aa 5 a.deb\n" DEPENDS,
			"Checksums-Sha256: a line is not DIGEST SIZE NAME"},
		{HEAD "Checksums-Sha256: " SUM_A " 5x a.deb\n" DEPENDS,
			"Checksums-Sha256: a line is not DIGEST SIZE NAME"},
		{HEAD "Checksums-Sha256:\n " SUM_A " 5 a.deb\n " SUM_B " 5 a.deb\n" DEPENDS,
			"Checksums-Sha256 names a.deb twice"},
		{RECORD "\n" RECORD, "it has more than one paragraph"},
		{RECORD DEPENDS, "line 16 repeats the field Installed-Build-Depends"},
		{SIGNED RECORD, "its signature has no end"},
		{SIGNED RECORD "\n-----BEGIN PGP SIGNATURE-----\n", "its signature has no end"},
		{SIGNED RECORD SIGNATURE "\n" RECORD, "there is text behind its signature"},
		{"Source: x\n\n" SIGNED RECORD SIGNATURE "\n", "it has more than one paragraph"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buildinfo record = {0};
		struct error err = {0};
		/* Not terminated, so that nothing reads on. */
		size_t len = strlen(cases[i].text);
		char *text = xmalloc(len ? len : 1);

		memcpy(text, cases[i].text, len);
		ck_assert_int_eq(buildinfo_read(text, len, &record, &err), STATUS_FORMAT);
		ck_assert_str_eq(err.text, cases[i].error);
		buildinfo_release(&record);
		free(text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("buildinfo");
	TCase *test = tcase_create("buildinfo");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, a_record_is_read);
	tcase_add_test(test, a_signature_is_taken_off);
	tcase_add_test(test, what_is_no_record_is_refused);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
