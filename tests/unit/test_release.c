/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/descriptor.h"

START_TEST(the_least_descriptor)
{
	struct release release;
	struct digest digest;
	struct error err;

	taken("", "", &release);
	ck_assert_str_eq(release.path, "r.yaml");
	ck_assert_int_eq(hash_file("r.yaml", &digest, NULL, &err), STATUS_OK);
	ck_assert(digest_equal(&digest, &release.digest));
	ck_assert_str_eq(release.name, "v1.8");
	ck_assert_str_eq(release.target, "qemu-amd64");
	expect_path(release.published.directory, "/published");
	ck_assert_ptr_null(release.published.url);
	ck_assert_ptr_null(release.published.sha256sums);
	ck_assert_uint_eq(release.pins.count, 1);
	ck_assert_str_eq(release.pins.items[0], "debian@20260711T101637Z");
	ck_assert_str_eq(release.build.script, "build.sh");
	expect_path(release.build.source, "/tree");
	ck_assert_str_eq(release.build.path, "/build");
	ck_assert(!release.build.has_epoch);
	ck_assert_uint_eq(release.build.timeout, 0);
	ck_assert_ptr_null(release.build.hostname);
	ck_assert_uint_eq(release.build.umask, 022);
	ck_assert_uint_eq(release.artifact_count, 1);
	ck_assert(release.artifacts[0].required);
	ck_assert_uint_eq(release.artifacts[0].accept.count, 0);
	ck_assert_ptr_null(release.manifest);
	release_release(&release);
	release_release(&release);
}
END_TEST

START_TEST(a_full_descriptor)
{
	static const char text[] =
		"# as in reproof-release(5)\n"
		"name: v1.8\n"
		"target: qemu-amd64\n"
		"published:\n"
		"  directory: ../published\n"
		"  sha256sums: ../SHA256SUMS\n"
		"pin:\n"
		"  - debian@20260711T101637Z\n"
		"  - debian-security@20260711T090000Z\n"
		"mirrors:\n"
		"  - debian=https://mirror.example/debian\n"
		"  - http://mirror.example/debian-security/\n"
		"  - file:///srv/debian\n"
		"build:\n"
		"  backend: command\n"
		"  script: ../tree/sub/inner.sh\n"
		"  arguments: [--fast, '', 1.0, --fast]\n"
		"  source: ../tree\n"
		"  path: /work/isar-cip-core\n"
		"  environment:\n"
		"    LANG: de_DE.UTF-8\n"
		"    A: \"\"\n"
		"    X_1: no\n"
		"  source_date_epoch: 1783764997\n"
		"  timeout: 3600\n"
		"  hostname: builder-1.example\n"
		"  umask: \"0027\"\n"
		"artifacts:\n"
		"  - name: '*.ext4'\n"
		"  - name: image.tar.gz\n"
		"    required: false\n"
		"    accept: [gzip, "
		"cms:01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b]\n"
		"  - {name: x.manifest, required: true}\n"
		"  - {name: '*.dpkg_status'}\n"
		"ignore:\n"
		"  - name: SHA256SUMS*\n"
		"    reason: the list of hashes is no artifact — \"sic\"\n"
		"packages:\n"
		"  manifest: x.manifest\n"
		"  dpkg_status: x.dpkg_status\n";
	struct release release;
	struct error err = {0};

	ck_assert_int_eq(mkdir("etc", 0755), 0);
	make_file("etc/r.yaml", text, 0644);
	char *path = path_join(directory, "etc/r.yaml");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_msg(release_read(path, &release, &err) == STATUS_OK, "%s", err.text);
	free(path);

	expect_path(release.published.directory, "/published");
	expect_path(release.published.sha256sums, "/SHA256SUMS");
	ck_assert_uint_eq(release.published.hash_count, 2);
	ck_assert_str_eq(release.published.hashes[0].name, "a/c");
	ck_assert_str_eq(release.published.hashes[1].name, "b");
	ck_assert_uint_eq(release.pins.count, 2);
	ck_assert_str_eq(release.pins.items[1], "debian-security@20260711T090000Z");
	ck_assert_uint_eq(release.mirrors.count, 3);
	const struct release_build *build = &release.build;
	ck_assert_str_eq(build->script, "sub/inner.sh");
	expect_path(build->source, "/tree");
	ck_assert_uint_eq(build->arguments.count, 4);
	ck_assert_str_eq(build->arguments.items[1], "");
	ck_assert_str_eq(build->arguments.items[2], "1.0");
	ck_assert_str_eq(build->arguments.items[3], "--fast");
	ck_assert_str_eq(build->path, "/work/isar-cip-core");
	ck_assert_uint_eq(build->environment.count, 3);
	ck_assert_str_eq(build->environment.items[0], "A=");
	ck_assert_str_eq(build->environment.items[1], "LANG=de_DE.UTF-8");
	ck_assert_str_eq(build->environment.items[2], "X_1=no");
	ck_assert(build->has_epoch);
	ck_assert_int_eq(build->epoch, 1783764997);
	ck_assert_uint_eq(build->timeout, 3600);
	ck_assert_str_eq(build->hostname, "builder-1.example");
	ck_assert_uint_eq(build->umask, 027);
	ck_assert_uint_eq(release.artifact_count, 4);
	ck_assert(release.artifacts[0].required);
	ck_assert(!release.artifacts[1].required);
	ck_assert_uint_eq(release.artifacts[1].accept.count, 2);
	ck_assert(release.artifacts[2].required);
	ck_assert_uint_eq(release.ignore_count, 1);
	ck_assert_str_eq(release.ignores[0].name, "SHA256SUMS*");
	ck_assert_str_eq(release.ignores[0].reason, "the list of hashes is no artifact — \"sic\"");
	ck_assert_str_eq(release.manifest, "x.manifest");
	ck_assert_str_eq(release.dpkg_status, "x.dpkg_status");
	release_release(&release);
}
END_TEST

START_TEST(keys_are_known_and_there)
{
	refused("", "artefacts: []\n",
		"r.yaml:7:1: unknown key \"artefacts\"; did you mean \"artifacts\"?");
	refused("", "x: 1\n", "r.yaml:7:1: unknown key \"x\"");
	refused("", "name: v2\n",
		"r.yaml:7:1: the key \"name\" stands here twice, first in line 1");
	refused("name", "", "r.yaml:1:1: the key \"name\" is missing here");
	refused("target", "", "r.yaml:1:1: the key \"target\" is missing here");
	refused("published", "", "r.yaml:1:1: the key \"published\" is missing here");
	refused("build", "", "r.yaml:1:1: the key \"build\" is missing here");
	refused("artifacts", "", "r.yaml:1:1: the key \"artifacts\" is missing here");
	refused("", "--- \n- x\n", "r.yaml:7:1: a second document is not allowed here");
	make_file("list.yaml", "- x\n", 0644);
	struct release release;
	struct error err;
	ck_assert_int_eq(release_read("list.yaml", &release, &err), STATUS_USAGE);
	ck_assert_str_eq(err.text, "list.yaml:1:1: this must be a map, and is a list");
	release_release(&release);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_read)
{
	struct release release;
	struct error err = {0};

	ck_assert_int_eq(release_read("absent.yaml", &release, &err), STATUS_USAGE);
	ck_assert_int_eq(err.status, STATUS_USAGE);
	ck_assert_str_eq(err.text, "absent.yaml: No such file or directory");
	release_release(&release);
	ck_assert_int_eq(release_read("tree", &release, &err), STATUS_USAGE);
	release_release(&release);
	make_file("empty.yaml", "", 0644);
	ck_assert_int_eq(release_read("empty.yaml", &release, &err), STATUS_USAGE);
	ck_assert_str_eq(err.text, "empty.yaml:1:1: there is nothing in this file");
	release_release(&release);
	char *large = xmalloc((1 << 20) + 2);
	memset(large, '#', (1 << 20) + 1);
	large[(1 << 20) + 1] = '\0';
	make_file("large.yaml", large, 0644);
	ck_assert_int_eq(release_read("large.yaml", &release, &err), STATUS_USAGE);
	release_release(&release);
	free(large);
}
END_TEST

START_TEST(names_are_plain)
{
	static const char rule[] = "r.yaml:1:7: this must begin with a letter or digit, and hold "
				   "at most 128 letters, digits and . _ + -";
	static const char *const wrong[] = {
		"../x", ".x", "-x", "_x", "a/b", "a b", "'a,b'", "ä", "a\\b", "'a:b'", "'*'"};
	struct release release;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char *text = xasprintf("name: %s\n", wrong[i]);

		refused("name", text, rule);
		free(text);
	}
	char *text = xasprintf("name: %0129d\n", 0);
	refused("name", text, rule);
	free(text);
	refused("name", "name:\n", "r.yaml:1:1: this must be a text, and is nothing");
	refused("name", "name: \"a\\e[2J\"\n",
		"r.yaml:1:7: this text holds the character U+001B, which is not allowed");
	refused("name", "name: \"a\\0\"\n", "r.yaml:1:7: a NUL character is not allowed");
	refused("target", "target: [x]\n", "r.yaml:2:9: this must be a text, and is a list");
	refused("target", "target: a/b\n",
		"r.yaml:2:9: this must begin with a letter or digit, and hold at most 128 "
		"letters, digits and . _ + -");
	taken("name", "name: 2026.07+a_b-C\n", &release);
	release_release(&release);
}
END_TEST

START_TEST(pins_and_mirrors)
{
	static const char *const pins[] = {"debian", "debian@", "debian@20260711",
		"'@20260711T101637Z'", "'debian@20260711T101637Z '", "debian@20261311T101637Z",
		"Debian@20260711T101637Z", "'../debian@20260711T101637Z'",
		"debian@2026-07-11T10:16:37Z", "'debian@20260711T101637Z:'",
		"'debian@20260711T101637Z:../x'", "'debian@20260711T101637Z:a,,b'"};
	static const char *const mirrors[] = {"debian", "debian=", "=http://H/x", "debian=h/x",
		"debian=ftp://h/x", "De=http://H/x", "'a b=http://H/x'", "'http://H/a b'"};
	struct release release;

	for (size_t i = 0; i < ARRAY_SIZE(pins); i++) {
		struct error err;
		char *text = xasprintf("pin: [%s]\n", pins[i]);

		write_descriptor("pin", text);
		ck_assert_msg(release_read("r.yaml", &release, &err) == STATUS_USAGE, "%s", text);
		ck_assert_msg(strncmp(err.text, "r.yaml:4:7: ", 12) == 0 &&
				strstr(err.text, "is no pin; one looks like") != NULL,
			"%s", err.text);
		release_release(&release);
		free(text);
	}
	refused("pin", "pin: x\n",
		"r.yaml:4:6: \"x\" is no pin; one looks like debian@20260711T101637Z, or with its "
		"suites debian@20260711T101637Z:bookworm,bookworm-updates");
	taken("pin", "pin: 'debian@20260711T101637Z:bookworm,bookworm-updates'\n", &release);
	ck_assert_str_eq(
		release.pins.items[0], "debian@20260711T101637Z:bookworm,bookworm-updates");
	release_release(&release);
	refused("pin", "pin: []\n", "r.yaml:4:6: this list must not be empty");
	refused("pin", "pin:\n", "r.yaml:4:1: this must be a list, and is nothing");
	refused("pin", "pin: {a: b}\n", "r.yaml:4:6: this must be a list, and is a map");
	refused("pin", "pin: [a@20260711T101637Z, a@20260711T101637Z]\n",
		"r.yaml:4:27: \"a@20260711T101637Z\" stands here twice");
	for (size_t i = 0; i < ARRAY_SIZE(mirrors); i++) {
		struct error err;
		char *text = xasprintf("mirrors: [%s]\n", mirrors[i]);

		write_descriptor("mirrors", text);
		ck_assert_msg(release_read("r.yaml", &release, &err) == STATUS_USAGE, "%s", text);
		ck_assert_msg(strncmp(err.text, "r.yaml:5:11: ", 13) == 0 &&
				strstr(err.text, "is no mirror; one looks like") != NULL,
			"%s", err.text);
		release_release(&release);
		free(text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("release");
	TCase *test = tcase_create("release");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, the_least_descriptor);
	tcase_add_test(test, a_full_descriptor);
	tcase_add_test(test, keys_are_known_and_there);
	tcase_add_test(test, a_descriptor_that_cannot_be_read);
	tcase_add_test(test, names_are_plain);
	tcase_add_test(test, pins_and_mirrors);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
