/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/descriptor.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define GOOD   "repository: tree, ref: v1.8, commit: " COMMIT ", files: [a.yml], machine: qemu-amd64"

static void kas_refused(const char *inside, const char *expected)
{
	char *text = xasprintf("build: {backend: kas, kas: {%s}}\n", inside);

	refused("build", text, expected);
	free(text);
}

START_TEST(the_repository_is_at_a_commit)
{
	struct release release;

	refused("build", "build: {backend: kas}\n", "r.yaml:5:8: the key \"kas\" is missing here");
	refused("build", "build: {backend: kas, kas: {" GOOD "}, arguments: [a]}\n",
		"r.yaml:5:157: \"arguments\" belongs to the backend \"command\"");
	refused("build", "build: {backend: command, script: tree/build.sh, kas: {" GOOD "}}\n",
		"r.yaml:5:55: \"kas\" belongs to the backend \"kas\"");
	kas_refused("repository: tree, ref: v1.8, files: [a.yml], machine: m",
		"r.yaml:5:52: a tag can be moved: add \"commit\", the one that v1.8 names "
		"(git ls-remote /tree 'v1.8^{}')");
	kas_refused("repository: tree, ref: v1.8, commit: 0123abc, files: [a.yml], machine: m",
		"r.yaml:5:66: \"0123abc\" is no commit: it has 40 hexadecimal digits, in lower "
		"case");
	kas_refused("repository: absent, ref: " COMMIT ", files: [a.yml], machine: m",
		"r.yaml:5:41: ./absent: No such file or directory");
	taken("build",
		"build: {backend: kas, kas: {repository: 'https://HOST/a.git', ref: " COMMIT
		", files: [a.yml, b/c.yml], machine: m}}\n",
		&release);
	ck_assert_int_eq(release.build.backend, BACKEND_KAS);
	ck_assert_str_eq(release.build.kas.repository, "https://HOST/a.git");
	ck_assert_str_eq(release.build.kas.commit, COMMIT);
	ck_assert_uint_eq(release.build.kas.files.count, 2);
	ck_assert(!release.build.kas.fetches_nothing);
	ck_assert_ptr_null(release.build.script);
	ck_assert_ptr_null(release.build.source);
	release_release(&release);
}
END_TEST

/* Each of them comes onto a command line, or into a path. */
START_TEST(names_stay_names)
{
	kas_refused("repository: 'ext::sh -c id', ref: v1.8, files: [a.yml], machine: m",
		"r.yaml:5:41: ./ext::sh -c id: No such file or directory");
	kas_refused("repository: tree, ref: --upload-pack=x, files: [a.yml], machine: m",
		"r.yaml:5:52: \"--upload-pack=x\" is no name of a tag or commit");
	kas_refused("repository: tree, ref: 'v1.8^{}', files: [a.yml], machine: m",
		"r.yaml:5:52: \"v1.8^{}\" is no name of a tag or commit");
	kas_refused("repository: tree, ref: a..b, files: [a.yml], machine: m",
		"r.yaml:5:52: \"a..b\" is no name of a tag or commit");
	kas_refused("repository: tree, ref: " COMMIT ", files: [../a.yml], machine: m",
		"r.yaml:5:102: \"../a.yml\" is no path of a kas file in the repository");
	kas_refused("repository: tree, ref: " COMMIT ", files: [-x], machine: m",
		"r.yaml:5:102: \"-x\" is no path of a kas file in the repository");
	kas_refused("repository: tree, ref: " COMMIT ", files: ['a.yml:b.yml'], machine: m",
		"r.yaml:5:102: \"a.yml:b.yml\" is no path of a kas file in the repository");
	kas_refused("repository: tree, ref: " COMMIT ", files: [a.yml], machine: ../x",
		"r.yaml:5:119: \"../x\" is no name of a machine");
	kas_refused(GOOD ", program: tree/kas-container",
		"r.yaml:5:154: kas-container starts kas by docker or podman, whose container is "
		"made outside the sandbox, where it sees the network and not only the pin: name "
		"kas itself (the package kas, or a run-kas of its sources)");
	kas_refused(GOOD ", program: tree/plain", "r.yaml:5:154: /tree/plain is not executable");
}
END_TEST

START_TEST(where_things_come_from)
{
	struct release release;

	kas_refused(GOOD ", git_mirrors: {tree: tree}",
		"r.yaml:5:159: \"tree\" is no URL that kas files could name");
	kas_refused(GOOD ", git_mirrors: {'https://a\"b': tree}",
		"r.yaml:5:159: \"https://a\"b\" is no URL that kas files could name");
	kas_refused(GOOD ", git_mirrors: {'https://a': absent}",
		"r.yaml:5:172: ./absent: No such file or directory");
	kas_refused(GOOD ", git_mirrors: {'https://a': 'file:///srv'}",
		"r.yaml:5:172: \"file:///srv\": name the directory itself, which prepare is then "
		"shown");
	kas_refused(GOOD ", fetch: no", "r.yaml:5:152: this must be true or false");
	taken("build",
		"build: {backend: kas, kas: {" GOOD ", program: tree/build.sh, git_mirrors: "
		"{'https://HOST/isar': tree, 'https://OTHER': 'https://HOST'}, fetch: false}}\n",
		&release);
	ck_assert_uint_eq(release.build.kas.mirror_count, 2);
	ck_assert_str_eq(release.build.kas.mirrors[0].prefix, "https://HOST/isar");
	expect_path(release.build.kas.mirrors[0].place, "/tree");
	ck_assert_str_eq(release.build.kas.mirrors[1].place, "https://HOST");
	expect_path(release.build.kas.program, "/tree/build.sh");
	ck_assert(release.build.kas.fetches_nothing);
	release_release(&release);
}
END_TEST

/* Where the tests were started: the source tree. */
static char *top;

/* The examples are read whole; what they name is as it was when v1.8 was published. */
START_TEST(the_examples_are_good)
{
	static const char *const names[] = {
		"v1.8-qemu-amd64.yaml", "v1.8-qemu-amd64-security.yaml"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = xasprintf("%s/ci/examples/isar-cip-core/%s", top, names[i]);
		struct release release;
		struct error err = {0};
		char *text;
		size_t len;

		ck_assert_msg(path_read_file(path, 1 << 16, &text, &len, &err) == STATUS_OK, "%s",
			err.text);
		make_file("example.yaml", text, 0644);
		ck_assert_msg(
			release_read("example.yaml", &release, &err) == STATUS_OK, "%s", err.text);
		ck_assert_int_eq(release.build.backend, BACKEND_KAS);
		ck_assert_str_eq(release.build.kas.ref, "v1.8");
		ck_assert_str_eq(
			release.build.kas.commit, "f15ea486a3235275a10423e541612c5e3ecf0791");
		ck_assert_uint_eq(release.build.kas.compressed.count, 1);
		ck_assert_uint_ge(release.artifact_count, 2);
		release_release(&release);
		free(text);
		free(path);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("release_kas");
	TCase *test = tcase_create("release_kas");

	top = getcwd(NULL, 0);
	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, the_repository_is_at_a_commit);
	tcase_add_test(test, names_stay_names);
	tcase_add_test(test, where_things_come_from);
	tcase_add_test(test, the_examples_are_good);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(top);
	return failed ? 1 : 0;
}
