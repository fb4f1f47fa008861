/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include "base/hash.h"
#include "verifier/rebuild/build_user.h"

static struct build build;
static struct text_list tools, changed, scratch;

static void setup(void)
{
	build_init(&build);
	build.spec.is_work_tree = true;
	build.spec.build_path = "/builds/tree";
}

static void teardown(void)
{
	build_release(&build);
	text_list_release(&tools);
	text_list_release(&changed);
	text_list_release(&scratch);
}

/* What sha256sum printed is of that file of the host. */
static bool system_sum_is(const char *path, const char *printed)
{
	char hex[SHA256_HEX_SIZE];
	struct digest digest;
	struct error err;

	ck_assert(hash_file(path, &digest, NULL, &err) == STATUS_OK);
	digest_hex(&digest, hex);
	return strncmp(hex, printed, strlen(hex)) == 0;
}

START_TEST(the_tree_is_writable_at_the_build_path)
{
	char *path = path_join(build.source, "made");

	build_pass(&build,
		"pwd; ls; echo in tree >/builds/tree/made; echo out >/output/artifact; "
		"ls -d /builds/tree/output 2>&1; true");
	ck_assert_str_eq(build.log,
		"/builds/tree\nbuild.sh\n"
		"ls: cannot access '/builds/tree/output': No such file or directory\n");
	ck_assert_int_eq(access(path, F_OK), 0);
	free(path);
	path = path_join(build.output, "artifact");
	ck_assert_int_eq(access(path, F_OK), 0);
	free(path);
	ck_assert_str_eq(sandbox_source_path(build.sandbox), "/builds/tree");
	ck_assert_str_eq(sandbox_output_path(build.sandbox), VIEW_OUTPUT_PATH);
}
END_TEST

/* In place of the host's, and gone with the sandbox. */
START_TEST(files_are_the_views_own)
{
	static const struct view_file files[] = {
		{"/etc/passwd", "root:*:0:0::/root:/bin/sh\n", 0644},
		{"/etc/secret", "kept\n", 0440},
		{"/var/lib/own", NULL, 0750},
	};
	build.spec.files = files;
	build.spec.file_count = ARRAY_SIZE(files);
	build_pass(&build,
		"cat /etc/passwd /etc/secret; stat -c '%a %u' /etc/secret /var/lib/own; "
		"ls -A /var/lib/own; echo x >>/etc/passwd");
	ck_assert_str_eq(build.log, "root:*:0:0::/root:/bin/sh\nkept\n440 0\n750 0\n");
	ck_assert_int_ne(access("/etc/secret", F_OK), 0);
}
END_TEST

/* A directory of the host that a build adds to is a copy; tools are there to be read. */
START_TEST(the_host_is_not_written_to)
{
	char *tool = path_join(build.top, "tool"), *run = path_join(tool, "run"), *script;

	ck_assert(mkdir(tool, 0755) == 0);
	build_write(run, "#!/bin/sh\necho tool\n", 0755);
	text_list_add(&tools, tool);
	text_list_add(&changed, "/etc/skel");
	build.spec.tools = &tools;
	build.spec.changed = &changed;
	script = xasprintf("%s; cd /etc/skel; sha256sum .profile; stat -c %%a .profile; "
			   "echo more >new; cat new; (echo x >%s/x) 2>/dev/null || echo read-only",
		run, tool);
	build_pass(&build, script);
	ck_assert(system_sum_is("/etc/skel/.profile", strchr(build.log, '\n') + 1));
	ck_assert_str_eq(strstr(build.log, "  .profile\n"), "  .profile\n644\nmore\nread-only\n");
	ck_assert_int_eq(strncmp(build.log, "tool\n", 5), 0);
	ck_assert_int_ne(access("/etc/skel/new", F_OK), 0);
	free(script);
	free(run);
	free(tool);
}
END_TEST

START_TEST(scratch_is_on_disk_and_does_not_stay)
{
	char *path = path_join(build.work, "scratch");

	text_list_add(&scratch, "/var/lib/one");
	text_list_add(&scratch, "/var/lib/two/deep");
	build.spec.scratch = &scratch;
	build_pass(&build,
		"for d in /var/lib/one /var/lib/two/deep; do stat -c '%a' $d; ls -A $d; "
		"[ \"$(stat -f -c %T $d)\" != tmpfs ] || echo in memory; echo x >$d/file; done");
	ck_assert_str_eq(build.log, "1777\n1777\n");
	ck_assert_int_eq(access(path, F_OK), 0);
	build_again(&build);
	ck_assert_int_ne(access(path, F_OK), 0);
	free(path);
}
END_TEST

static void own_network(char name[64])
{
	ssize_t len = readlink("/proc/self/ns/net", name, 63);

	ck_assert_int_gt(len, 0);
	name[len] = '\0';
}

/* Trust T3: the network is there when it is asked for, and only then. */
START_TEST(the_network_stays_where_it_is_asked_for)
{
	char name[64], *expected;

	own_network(name);
	build.spec.network = NETWORK_HOST;
	build_pass(&build, "readlink /proc/self/ns/net; cat /etc/hosts >/dev/null");
	ck_assert_int_eq(build.listen_fd, -1);
	expected = xasprintf("%s\n", name);
	ck_assert_str_eq(build.log, expected);
	build_again(&build);
	build.spec.network = NETWORK_LOOPBACK;
	build_pass(&build, "readlink /proc/self/ns/net");
	ck_assert_str_ne(build.log, expected);
	ck_assert_int_ge(build.listen_fd, 0);
	free(expected);
}
END_TEST

/* The account that a build by kas runs as, which becomes root by sudo and is no person's. */
START_TEST(the_builds_user)
{
	static const char *const argv[] = {"/usr/bin/setpriv", "--reuid=builder", "--regid=builder",
		"--init-groups", "/bin/sh", "build.sh", NULL};
	struct build_user user;
	struct error err;

	if (access("/usr/bin/sudo", X_OK) < 0) {
		fprintf(stderr, "SKIP: test_sandbox_tree: NOT TESTED HERE: needs sudo\n");
		return;
	}
	ck_assert_msg(build_user_make(&user, BUILD_USER_ID, &err) == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(chmod(build.source, 0700), 0);
	build.spec.files = user.files;
	build.spec.file_count = user.file_count;
	build.spec.changed = &user.changed;
	build.spec.scratch = &user.scratch;
	build.command.argv = argv;
	build_script(&build,
		"id -un; id -u; sudo -n id -u; echo x >mine; stat -c %U mine; "
		"awk -F: '$3 >= 1000 && $3 != 65534 { print $1 }' /etc/passwd; "
		"[ -d /etc/schroot ] && sudo sh -c 'echo x >/etc/schroot/chroot.d/new' && echo "
		"added; "
		"true");
	ck_assert_msg(build_user_own(&user, build.source, &err) == STATUS_OK, "%s", err.text);
	build_prepare(&build);
	build_run_prepared(&build);
	ck_assert_msg(strncmp(build.log, "builder\n1000\n0\nbuilder\nbuilder\n", 30) == 0, "%s",
		build.log);
	ck_assert_int_ne(access("/etc/schroot/chroot.d/new", F_OK), 0);
	build_user_release(&user);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox_tree");
	TCase *test = tcase_create("sandbox_tree");

	if (!build_can_isolate("test_sandbox_tree"))
		return 0;
	tcase_set_timeout(test, 120);
	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, the_tree_is_writable_at_the_build_path);
	tcase_add_test(test, files_are_the_views_own);
	tcase_add_test(test, the_host_is_not_written_to);
	tcase_add_test(test, scratch_is_on_disk_and_does_not_stay);
	tcase_add_test(test, the_network_stays_where_it_is_asked_for);
	tcase_add_test(test, the_builds_user);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
