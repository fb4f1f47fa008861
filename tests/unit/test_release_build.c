/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/descriptor.h"

static void build_refused(const char *inside, const char *expected)
{
	char *text = xasprintf("build: {%s}\n", inside);

	refused("build", text, expected);
	free(text);
}

START_TEST(the_build_is_described)
{
	struct release release;

	refused("build", "build: tree/build.sh\n", "r.yaml:5:8: this must be a map, and is a text");
	build_refused("script: tree/build.sh", "r.yaml:5:8: the key \"backend\" is missing here");
	build_refused("backend: command", "r.yaml:5:8: the key \"script\" is missing here");
	build_refused("backend: kas, script: tree/build.sh",
		"r.yaml:5:31: \"script\" belongs to the backend \"command\"");
	build_refused("backend: make, script: tree/build.sh",
		"r.yaml:5:18: unknown backend \"make\"; there are \"command\" and \"kas\"");
	build_refused("backend: command, skript: tree/build.sh",
		"r.yaml:5:27: unknown key \"skript\"; did you mean \"script\"?");
	build_refused("backend: command, script: tree/absent.sh",
		"r.yaml:5:35: ./tree/absent.sh: No such file or directory");
	build_refused("backend: command, script: tree", "r.yaml:5:35: /tree is not a regular file");
	build_refused("backend: command, script: tree/plain",
		"r.yaml:5:35: /tree/plain is not executable");
	build_refused("backend: command, script: [tree/build.sh]",
		"r.yaml:5:35: this must be a text, and is a list");
	build_refused("backend: command, script: outside.sh, source: tree",
		"r.yaml:5:35: /outside.sh is outside the source tree /tree, which is all that the "
		"build sees");
	build_refused("backend: command, script: tree/build.sh, source: absent",
		"r.yaml:5:58: ./absent: No such file or directory");
	build_refused("backend: command, script: tree/build.sh, source: SHA256SUMS",
		"r.yaml:5:58: /SHA256SUMS is not a directory");
	build_refused("backend: command, script: tree/build.sh, source: /",
		"r.yaml:5:8: the source tree must not be / as a whole");
	/* A link that leads out of the tree names what the build cannot see. */
	ck_assert_int_eq(symlink("../outside.sh", "tree/link.sh"), 0);
	build_refused("backend: command, script: tree/link.sh, source: tree",
		"r.yaml:5:35: /outside.sh is outside the source tree /tree, which is all that the "
		"build sees");
	/* "tree" is no beginning of "tree-2". */
	ck_assert_int_eq(mkdir("tree-2", 0755), 0);
	make_file("tree-2/build.sh", "", 0755);
	build_refused("backend: command, script: tree-2/build.sh, source: tree",
		"r.yaml:5:35: /tree-2/build.sh is outside the source tree /tree, which is all that "
		"the build sees");
	taken("build", "build: {backend: command, script: tree/build.sh, source: .}\n", &release);
	ck_assert_str_eq(release.build.script, "tree/build.sh");
	expect_path(release.build.source, "");
	release_release(&release);
}
END_TEST

#define GOOD "backend: command, script: tree/build.sh, "

START_TEST(the_details_of_the_build)
{
	struct release release;

	build_refused(GOOD "arguments: x", "r.yaml:5:61: this must be a list, and is a text");
	build_refused(GOOD "arguments: [a, []]", "r.yaml:5:65: this must be a text, and is a list");
	build_refused(GOOD "arguments: [\"a\\nb\"]",
		"r.yaml:5:62: this text holds the character U+000A, which is not allowed");
	build_refused(GOOD "path: build",
		"r.yaml:5:56: \"build\" is no absolute path without \".\", \"..\" and double "
		"slashes");
	build_refused(GOOD "path: /",
		"r.yaml:5:56: \"/\" is no absolute path without \".\", \"..\" and double slashes");
	build_refused(GOOD "path: /a/../b",
		"r.yaml:5:56: \"/a/../b\" is no absolute path without \".\", \"..\" and double "
		"slashes");
	build_refused(GOOD "path: /proc/x",
		"r.yaml:5:56: \"/proc/x\" belongs to the kernel, not to a build");
	build_refused(GOOD "environment: [A=1]", "r.yaml:5:63: this must be a map, and is a list");
	build_refused(GOOD "environment: {1A: x}", "r.yaml:5:64: \"1A\" is no name of a variable");
	build_refused(
		GOOD "environment: {'A=B': x}", "r.yaml:5:64: \"A=B\" is no name of a variable");
	build_refused(GOOD "environment: {'': x}", "r.yaml:5:64: \"\" is no name of a variable");
	build_refused(
		GOOD "environment: {A: }", "r.yaml:5:64: this must be a text, and is nothing");
	build_refused(
		GOOD "environment: {A: \"x\\0\"}", "r.yaml:5:67: a NUL character is not allowed");
	build_refused(GOOD "environment: {SOURCE_DATE_EPOCH: 1}",
		"r.yaml:5:64: SOURCE_DATE_EPOCH is set by the key \"source_date_epoch\" of "
		"\"build\"");
	build_refused(GOOD "environment: {PATH: /x}", "r.yaml:5:64: PATH is set by reproof itself");
	build_refused(GOOD "environment: {HTTP_PROXY: x}",
		"r.yaml:5:64: HTTP_PROXY is set by reproof itself");
	build_refused(GOOD "source_date_epoch: now",
		"r.yaml:5:69: this must be \"pin\" or a number of seconds since 1970");
	build_refused(GOOD "source_date_epoch: -1",
		"r.yaml:5:69: this must be \"pin\" or a number of seconds since 1970");
	build_refused(GOOD "source_date_epoch: 253402300800",
		"r.yaml:5:69: this must be a whole number from 0 to 253402300799");
	build_refused(
		GOOD "timeout: 0", "r.yaml:5:59: this must be a whole number from 1 to 604800");
	build_refused(
		GOOD "timeout: 1h", "r.yaml:5:59: this must be a whole number from 1 to 604800");
	build_refused(
		GOOD "memory: 1k", "r.yaml:5:58: this must be a size such as 4G, and 1M at least");
	build_refused(
		GOOD "memory: []", "r.yaml:5:58: this must be a size such as 4G, and 1M at least");
	build_refused(
		GOOD "disk: 1023K", "r.yaml:5:56: this must be a size such as 4G, and 1M at least");
	build_refused(
		GOOD "processes: 0", "r.yaml:5:61: this must be a whole number from 1 to 4194304");
	build_refused(GOOD "hostname: a_b", "r.yaml:5:60: \"a_b\" is no host name");
	build_refused(GOOD "hostname: -a", "r.yaml:5:60: \"-a\" is no host name");
	build_refused(
		GOOD "umask: 22", "r.yaml:5:57: this must be three octal digits, such as 022");
	build_refused(
		GOOD "umask: 0999", "r.yaml:5:57: this must be three octal digits, such as 022");
	build_refused(
		GOOD "umask: 1777", "r.yaml:5:57: this must be three octal digits, such as 022");

	taken("build", "build: {" GOOD "source_date_epoch: pin, umask: 077, arguments: []}\n",
		&release);
	ck_assert(!release.build.has_epoch);
	ck_assert_uint_eq(release.build.umask, 077);
	release_release(&release);
	taken("build", "build: {" GOOD "memory: 4G, disk: 1024K, processes: 20}\n", &release);
	ck_assert_uint_eq(release.build.memory, UINT64_C(4) << 30);
	ck_assert_uint_eq(release.build.disk, 1 << 20);
	ck_assert_uint_eq(release.build.processes, 20);
	release_release(&release);
	taken("build", "build: {" GOOD "source_date_epoch: 0}\n", &release);
	ck_assert(release.build.has_epoch);
	ck_assert_int_eq(release.build.epoch, 0);
	release_release(&release);
}
END_TEST

START_TEST(without_a_pin_the_epoch_is_given)
{
	struct release release;

	refused("pin", "",
		"r.yaml:4:8: there is no pin to take source_date_epoch from: add \"pin\", or give "
		"a "
		"number");
	refused("pin", "build: {" GOOD "source_date_epoch: pin}\n",
		"r.yaml:5:1: the key \"build\" stands here twice, first in line 4");
	struct error err;
	make_file("r.yaml",
		"name: a\ntarget: b\npublished: {directory: published}\n"
		"build: {" GOOD "source_date_epoch: 5}\nartifacts: [{name: a}]\n",
		0644);
	ck_assert_int_eq(release_read("r.yaml", &release, &err), STATUS_OK);
	ck_assert_int_eq(release.build.epoch, 5);
	release_release(&release);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("release_build");
	TCase *test = tcase_create("release_build");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, the_build_is_described);
	tcase_add_test(test, the_details_of_the_build);
	tcase_add_test(test, without_a_pin_the_epoch_is_given);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
