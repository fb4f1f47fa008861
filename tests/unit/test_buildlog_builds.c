/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/data_fixture.h"

#include "verifier/coverage/buildlog.h"

/* Whether a log is of a build that came to its end, of one alone, and of which. */

#define SUM_A "3833e140df6c4c6d1503a79981792d0525a7a510d42d5cd0bf71384f5e994164"
#define SUM_B "4e7826c67719ed5f81b7206bc1bdf505e99509f082d9a22b5d9f9db5e19951ae"

#define BEGIN(source)                                                                              \
	"dpkg-buildpackage: info: source package " source                                          \
	"\ndpkg-buildpackage: info: source version 2.10-3\n"                                       \
	"dpkg-buildpackage: info: host architecture amd64\n"                                       \
	" debian/rules binary\ndh binary\n   dh_auto_build\n"
#define TESTS "   dh_auto_test\n5 passed in 0.05s\n"
#define END                                                                                        \
	"   dh_builddeb\n dpkg-genbuildinfo --build=binary\n"                                      \
	"dpkg-buildpackage: info: binary-only upload (no source included)\n"

static struct buildlog buildlog;
static struct data_file file;

static struct digest digest_of(const char *hex)
{
	struct digest digest;

	ck_assert(digest_parse(hex, strlen(hex), &digest));
	return digest;
}

/* A log of a run that made one .deb of hello. */
static void read_text(const char *text)
{
	const struct digest made = digest_of(SUM_A);

	data_of_text(&file, "hello.log", text);
	ck_assert_msg(buildlog_read(&buildlog, &file, &err) == STATUS_OK, "%s", err.text);
	buildlog_add_deb(&buildlog, "hello_2.10-3_amd64.deb", &made);
	buildlog.is_of_run = true;
}

static bool belongs(const char *name, const char *sum)
{
	struct shipped_deb deb = {
		.name = (char *)name, .version = (char[]){"1:2.10-3"}, .sha256 = digest_of(sum)};
	bool is_one;

	return buildlogs_belong(
		&buildlog, 1, "hello", "2.10-3", "amd64", &deb, 1, &is_one, &claims);
}

static void release(void)
{
	buildlog_release(&buildlog);
	data_file_release(&file);
	coverage_claims_release(&claims);
}

START_TEST(what_the_run_made_decides)
{
	read_text(BEGIN("hello") TESTS END);
	ck_assert(belongs("hello", SUM_A));
	ck_assert(!belongs("hello", SUM_B));
	assert_claimed(&file, "hello.log", "its run did not make the SHA-256 of hello");
	ck_assert(!belongs("libhello", SUM_B));
	assert_claimed(&file, "hello.log", "the SHA-256 of a package that ships");
	release();
}
END_TEST

/* The tests of a second package would be taken for those of the first. */
START_TEST(several_builds_are_no_evidence)
{
	read_text(BEGIN("hello") END BEGIN("hallo") TESTS END);
	ck_assert_uint_eq(buildlog.build_count, 2);
	ck_assert(!belongs("hello", SUM_A));
	assert_claimed(&file, "hello.log", "several builds are in it");
	release();
}
END_TEST

/* Tests of a package that builds packages are none. */
START_TEST(a_test_may_build)
{
	read_text(BEGIN(
		"hello") "   dh_auto_test\n"
			 "dpkg-buildpackage: info: source package hallo\n5 passed in 0.05s\n" END);
	ck_assert_uint_eq(buildlog.build_count, 1);
	ck_assert(belongs("hello", SUM_A));
	release();
}
END_TEST

START_TEST(a_build_that_failed)
{
	read_text(BEGIN("hello") TESTS
		"dpkg-buildpackage: info: binary-only upload (no source included)\n"
		"dpkg-buildpackage: error: debian/rules binary subprocess returned exit "
		"status 2\n");
	ck_assert(!buildlog.is_finished);
	ck_assert(!belongs("hello", SUM_A));
	release();
	read_text(BEGIN("hello") TESTS);
	ck_assert(!buildlog.is_finished);
	ck_assert(!belongs("hello", SUM_A));
	release();
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_test(tcase, a_build_that_failed);
	tcase_add_test(tcase, what_the_run_made_decides);
	tcase_add_test(tcase, several_builds_are_no_evidence);
	tcase_add_test(tcase, a_test_may_build);
}

int main(void)
{
	return run_data_suite("buildlog_builds", add_tests);
}
