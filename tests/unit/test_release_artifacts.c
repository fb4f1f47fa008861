/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/descriptor.h"

START_TEST(artifacts_are_globs_below)
{
	static const char *const wrong[] = {"/etc/passwd", "../x", "*/../x", "./x", "a//b", "a/"};
	struct release release;

	refused("artifacts", "artifacts: []\n",
		"r.yaml:6:12: this list must not be empty: nothing would be compared");
	refused("artifacts", "artifacts: {name: x}\n",
		"r.yaml:6:12: this must be a list, and is a map");
	refused("artifacts", "artifacts: [x]\n", "r.yaml:6:13: this must be a map, and is a text");
	refused("artifacts", "artifacts: [{}]\n", "r.yaml:6:13: the key \"name\" is missing here");
	refused("artifacts", "artifacts: [{name: x, optional: true}]\n",
		"r.yaml:6:23: unknown key \"optional\"");
	refused("artifacts", "artifacts: [{name: x, require: true}]\n",
		"r.yaml:6:23: unknown key \"require\"; did you mean \"required\"?");
	refused("artifacts", "artifacts: [{name: x, required: yes}]\n",
		"r.yaml:6:33: this must be true or false");
	refused("artifacts", "artifacts: [{name: x}, {name: x}]\n",
		"r.yaml:6:24: the artifact \"x\" stands here twice");
	refused("artifacts", "artifacts: [{name: x, accept: gzip}]\n",
		"r.yaml:6:31: this must be a list, and is a text");
	refused("artifacts", "artifacts: [{name: x, accept: [gzip, authentikode]}]\n",
		"r.yaml:6:38: unknown wrapper \"authentikode\"; did you mean \"authenticode\"?");
	refused("artifacts", "artifacts: [{name: x, accept: [all]}]\n",
		"r.yaml:6:32: unknown wrapper \"all\"");
	refused("artifacts", "artifacts: [{name: x, accept: [authenticode]}]\n",
		"r.yaml:6:32: \"authenticode\" does not say who signs; write "
		"authenticode:FINGERPRINT, the SHA-256 of the published certificate (reproof "
		"compare --json prints it)");
	refused("artifacts", "artifacts: [{name: x, accept: ['cms:01ab']}]\n",
		"r.yaml:6:32: \"cms:01ab\" does not say who signs; write cms:FINGERPRINT, the "
		"SHA-256 of the published certificate (reproof compare --json prints it)");
	refused("artifacts", "artifacts: [{name: x, accept: ['xz:01ab']}]\n",
		"r.yaml:6:32: \"xz:01ab\": a compression has no signer");
	refused("artifacts", "artifacts: [{name: x, accept: []}]\n",
		"r.yaml:6:31: this list must not be empty");
	refused("artifacts", "artifacts: [{name: 'x\\'}]\n",
		"r.yaml:6:20: \"x\\\" ends with a backslash that quotes nothing");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char *text = xasprintf("artifacts: [{name: '%s'}]\n", wrong[i]);
		char *expected =
			xasprintf("r.yaml:6:20: \"%s\" is absolute, leads upward, or holds "
				  "\".\" or double slashes",
				wrong[i]);

		refused("artifacts", text, expected);
		free(text);
		free(expected);
	}
	taken("artifacts", "artifacts: [{name: 'a/*.[ch]'}, {name: '*'}]\n", &release);
	ck_assert_uint_eq(release.artifact_count, 2);
	release_release(&release);
}
END_TEST

START_TEST(what_is_ignored_has_a_reason)
{
	refused("ignore", "ignore: ['*.log']\n", "r.yaml:7:10: this must be a map, and is a text");
	refused("ignore", "ignore: [{name: '*.log'}]\n",
		"r.yaml:7:10: the key \"reason\" is missing here");
	refused("ignore", "ignore: [{reason: x}]\n",
		"r.yaml:7:10: the key \"name\" is missing here");
	refused("ignore", "ignore: [{name: x, reason: ' '}]\n",
		"r.yaml:7:28: this text must not be empty");
	refused("ignore", "ignore: [{name: ../x, reason: y}]\n",
		"r.yaml:7:17: \"../x\" is absolute, leads upward, or holds \".\" or double "
		"slashes");
	refused("ignore", "ignore: [{name: '*', reason: y}]\n",
		"r.yaml:7:10: \"*\" is an artifact as well");
	refused("ignore", "ignore: [{name: x, reason: \"a\\nb\"}]\n",
		"r.yaml:7:28: this text holds the character U+000A, which is not allowed");
}
END_TEST

START_TEST(package_lists_are_artifacts)
{
	struct release release;

	refused("packages", "packages: {}\n",
		"r.yaml:7:11: one of \"manifest\" and \"dpkg_status\" is missing here");
	refused("packages", "packages: {manifest: a/b}\n",
		"r.yaml:7:22: no entry of \"artifacts\" matches \"a/b\"");
	refused("packages", "packages: {manifest: ../b}\n",
		"r.yaml:7:22: \"../b\" is no name of an artifact");
	refused("packages", "packages: {dpkg-status: b}\n",
		"r.yaml:7:12: unknown key \"dpkg-status\"; did you mean \"dpkg_status\"?");
	taken("packages", "packages: {dpkg_status: b}\n", &release);
	ck_assert_str_eq(release.dpkg_status, "b");
	ck_assert_ptr_null(release.manifest);
	release_release(&release);
}
END_TEST

#define DEBS "artifacts: [{name: '*.deb'}]\n"

START_TEST(the_record_of_a_build_is_ignored)
{
	struct release release;

	refused("artifacts", DEBS "buildinfo: x.buildinfo\n",
		"r.yaml:7:12: no entry of \"ignore\" matches \"x.buildinfo\": it is read, and not "
		"compared as an artifact");
	refused("artifacts", DEBS "ignore: [{name: x, reason: y}]\nbuildinfo: ../x\n",
		"r.yaml:8:12: \"../x\" is no name of a file");
	refused("artifacts", DEBS "ignore: [{name: '*', reason: y}]\nbuildinfo: x.deb\n",
		"r.yaml:8:12: \"x.deb\" is an artifact as well");
	taken("artifacts", DEBS "ignore: [{name: '*.b', reason: y}]\nbuildinfo: x.b\n", &release);
	ck_assert_str_eq(release.buildinfo, "x.b");
	release_release(&release);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("release_artifacts");
	TCase *test = tcase_create("release_artifacts");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, artifacts_are_globs_below);
	tcase_add_test(test, what_is_ignored_has_a_reason);
	tcase_add_test(test, package_lists_are_artifacts);
	tcase_add_test(test, the_record_of_a_build_is_ignored);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
