/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include "base/hash.h"

#include <arpa/inet.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>

static struct build build;

/* How long the builds' processes would sleep: tells them from those of any other run. */
static char *nap;

static void setup(void)
{
	build_init(&build);
	nap = xasprintf("99999.%08d", getpid());
}

static void teardown(void)
{
	build_release(&build);
	free(nap);
}

START_TEST(the_environment_is_exactly_what_was_given)
{
	static const char *const argv[] = {"/usr/bin/env", NULL};
	static const char *const environment[] = {"B=2", "A=one two", "LANG=C", NULL};

	ck_assert(setenv("LEAKED", "secret", 1) == 0);
	build.command.argv = argv;
	build.command.environment = environment;
	build_pass(&build, "");
	ck_assert_str_eq(build.log, "B=2\nA=one two\nLANG=C\n");
}
END_TEST

START_TEST(no_environment_and_arguments_arrive)
{
	static const char *const argv[] = {"build.sh", "a b", "", "$c", NULL};
	static const char *const environment[] = {NULL};

	build.command.argv = argv;
	build.command.environment = environment;
	build_pass(&build, "echo \"$0|$1|$2|$3|$#\"");
	ck_assert_str_eq(build.log, "/build/source/build.sh|a b||$c|3\n");
}
END_TEST

START_TEST(names_paths_and_umask_are_as_given)
{
	ck_assert(setgroups(2, (const gid_t[]){4, 27}) == 0);
	build.spec.hostname = "builder-7";
	build.spec.build_path = "/home/ci/work";
	build.command.umask = 027;
	build_pass(&build,
		"hostname; cat /etc/hostname; pwd; umask; readlink /proc/self/fd/0\n"
		"echo made >/home/ci/work/output/artifact; id -u; id -G; tty; true");
	ck_assert_str_eq(build.log,
		"builder-7\nbuilder-7\n/home/ci/work/source\n0027\n/dev/null\n"
		"0\n0\nnot a tty\n");
	ck_assert_str_eq(sandbox_source_path(build.sandbox), "/home/ci/work/source");
	ck_assert_str_eq(sandbox_output_path(build.sandbox), "/home/ci/work/output");
	ck_assert_str_eq(isolation_word(sandbox_isolation(build.sandbox)), "cooperative");
}
END_TEST

START_TEST(build_paths_that_would_lead_astray_are_refused)
{
	static const char *const paths[] = {"/proc/x", "/dev", "/usr/share/x", "/bin/x",
		"/var/run/x", "/a/../b", "relative", "/", "/etc/passwd"};

	build_script(&build, "");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct error err;

		build.spec.build_path = paths[i];
		ck_assert_msg(sandbox_prepare(&build.spec, &build.sandbox, &build.listen_fd,
				      &build.port, &err) == STATUS_USAGE,
			"%s", paths[i]);
	}
}
END_TEST

START_TEST(no_descriptor_is_inherited)
{
	int leaked = open("/etc/shadow", O_RDONLY);

	ck_assert_int_ge(leaked, 0);
	build_pass(&build, "ls /proc/$$/fd");
	ck_assert_str_eq(build.log, "0\n1\n10\n2\n");
	build_again(&build);
	build.spec.no_sandbox = true;
	build_pass(&build, "ls -l /proc/$$/fd | grep -c shadow; true");
	ck_assert_str_eq(build.log, "0\n");
}
END_TEST

/* What mmdebstrap --mode=root does, device nodes that do not work included. */
START_TEST(root_builds_can_mount_and_change_root)
{
	build_pass(&build,
		"set -e; c=/tmp/chroot; mkdir -p $c/proc $c/sys $c/dev $c/usr $c/etc; cd $c\n"
		"for l in bin lib lib64; do ln -s usr/$l $l; done\n"
		"mknod -m 666 dev/zero c 1 5; chown 12:34 dev/zero; touch dev/null\n"
		"mount -t proc proc proc; mount -t sysfs -o ro sys sys; mount --rbind /usr usr\n"
		"mount --bind /dev/null dev/null\n"
		"chroot . /bin/sh -c 'echo x >/dev/null; test -d /proc/self; test -d /sys/class'\n"
		"umount dev/null sys proc; umount -R usr; tar cf - dev | tar tvf - --numeric-owner "
		"| grep -o "
		"'12/34.* 1,5'\n"
		"chroot --userspec=nobody / id -un");
	ck_assert_str_eq(build.log, "12/34           1,5\nnobody\n");
}
END_TEST

START_TEST(exit_codes_and_signals_come_back)
{
	struct error err;

	build_run(&build, "exit 7");
	ck_assert_int_eq(build.result.exit_code, 7);
	ck_assert_int_eq(build.result.signal, 0);
	ck_assert_int_eq(
		sandbox_run(build.sandbox, &build.command, &build.result, &err), STATUS_CONFLICT);
	build_again(&build);
	build_run(&build, "kill -TERM $$");
	ck_assert_int_eq(build.result.exit_code, -1);
	ck_assert_int_eq(build.result.signal, SIGTERM);
}
END_TEST

START_TEST(a_build_that_kills_its_group_kills_nobody_else)
{
	build.spec.no_sandbox = _i;
	build_run(&build, "kill -TERM 0");
	ck_assert_int_eq(build.result.signal, SIGTERM);
}
END_TEST

START_TEST(a_program_that_cannot_start_is_named)
{
	static const char *const argv[] = {"absent.sh", NULL};
	struct error err;

	build_prepare(&build);
	build.command.argv = argv;
	ck_assert_int_eq(
		sandbox_run(build.sandbox, &build.command, &build.result, &err), STATUS_BUILD);
	ck_assert_ptr_nonnull(strstr(err.text, "/build/source/absent.sh"));
}
END_TEST

START_TEST(the_time_out_kills_all)
{
	char *script;

	build.spec.no_sandbox = _i;
	build.spec.limits.most[BUILD_TIME] = 1;
	script = xasprintf("sh -c 'sleep %s & sleep %s' & sleep %s", nap, nap, nap);
	build_run(&build, script);
	free(script);
	ck_assert(build.result.timed_out);
	ck_assert_int_eq(build.result.signal, SIGKILL);
	ck_assert_uint_eq(processes_with(nap), 0);
}
END_TEST

/* The second is no child of the first's any more, and of another session. */
START_TEST(a_daemon_is_gone_before_the_outputs_are_collected)
{
	struct output before = OUTPUT_INIT, after = OUTPUT_INIT;
	struct error err;
	char *script;

	build.spec.no_sandbox = _i;
	build_prepare(&build);
	script = xasprintf(
		"out=$1\nsetsid sh -c \"while :; do echo x >>$out/beat; sleep 0.01; : %s; "
		"done\" &\nwhile ! [ -s $out/beat ]; do sleep 0.01; done",
		nap);
	build_script(&build, script);
	free(script);
	build.command.argv =
		(const char *const[]){"build.sh", sandbox_output_path(build.sandbox), NULL};
	build_run_prepared(&build);
	ck_assert_int_eq(build.result.exit_code, 0);
	ck_assert_uint_eq(processes_with(nap), 0);
	ck_assert_int_eq(output_collect(build.output, NULL, &before, &err), STATUS_OK);
	poll(NULL, 0, 200);
	ck_assert_int_eq(output_collect(build.output, NULL, &after, &err), STATUS_OK);
	ck_assert_uint_eq(before.count, 1);
	ck_assert_uint_eq(before.files[0].size, after.files[0].size);
	output_release(&before);
	output_release(&after);
}
END_TEST

START_TEST(killing_the_parent_leaves_no_process_and_no_mount)
{
	char *mounts, *script;
	struct error err;
	size_t len;

	build.spec.no_sandbox = _i;
	script = xasprintf("setsid sleep %s & touch $1/up; sleep %s", nap, nap);
	build_run_killed(&build, script, nap, 2);
	free(script);
	ck_assert(path_read_file("/proc/self/mountinfo", 1 << 24, &mounts, &len, &err) == 0);
	ck_assert_ptr_null(strstr(mounts, build.top));
	free(mounts);
	/* The next attempt works with what was left there, but not with the old outputs. */
	ck_assert_int_eq(
		sandbox_prepare(&build.spec, &build.sandbox, &build.listen_fd, &build.port, &err),
		STATUS_CONFLICT);
	ck_assert(path_remove_tree(build.output, &err) == STATUS_OK);
	build.command.argv = build_argv;
	build_pass(&build, "ls /tmp /var/tmp");
}
END_TEST

START_TEST(freeing_kills_what_was_prepared)
{
	build_script(&build, "");
	build_prepare(&build);
	sandbox_free(build.sandbox);
	build.sandbox = NULL;
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	ck_assert_int_ne(access(build.work, F_OK), -1);
	ck_assert_int_eq(rmdir(build.work), 0);
}
END_TEST

START_TEST(an_output_directory_with_something_in_it_is_refused)
{
	struct error err;
	char *stale;

	ck_assert(mkdir(build.output, 0755) == 0);
	stale = path_join(build.output, "stale.wic");
	build_write(stale, "of a killed build", 0644);
	free(stale);
	ck_assert_int_eq(
		sandbox_prepare(&build.spec, &build.sandbox, &build.listen_fd, &build.port, &err),
		STATUS_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.text, "not empty"));
	ck_assert(path_remove_tree(build.output, &err) == STATUS_OK);
	/* To an empty directory: the link alone is reason enough. */
	stale = path_join(build.top, "elsewhere");
	ck_assert(mkdir(stale, 0755) == 0 && symlink(stale, build.output) == 0);
	free(stale);
	ck_assert_int_eq(
		sandbox_prepare(&build.spec, &build.sandbox, &build.listen_fd, &build.port, &err),
		STATUS_CONFLICT);
}
END_TEST

static void *greet(void *context)
{
	const struct build *served = context;
	int fd = accept(served->listen_fd, NULL, NULL);

	if (fd >= 0) {
		ck_assert_int_eq(send(fd, "from outside\n", 13, 0), 13);
		close(fd);
	}
	return NULL;
}

START_TEST(the_handed_out_socket_is_served_from_outside)
{
	pthread_t thread;

	build_script(&build,
		"perl -MIO::Socket::INET -e 'print "
		"IO::Socket::INET->new(\"127.0.0.1:'$1'\")->getline'\n"
		"tail -n +2 /proc/net/tcp | grep -v ' 06 ' | grep -c ' 0A '");
	build.spec.no_sandbox = _i;
	build_prepare(&build);
	if (!_i)
		ck_assert_uint_eq(build.port, SANDBOX_PORT);
	ck_assert(pthread_create(&thread, NULL, greet, &build) == 0);
	char *port = xasprintf("%u", build.port);
	build.command.argv = (const char *const[]){"build.sh", port, NULL};
	build_run_prepared(&build);
	pthread_join(thread, NULL);
	free(port);
	if (!_i)
		ck_assert_str_eq(build.log, "from outside\n1\n");
	else
		ck_assert_ptr_eq(strstr(build.log, "from outside\n"), build.log);
}
END_TEST

static enum status copy_take(void *context, const char *path, const char *text, struct error *err)
{
	struct digest digest;
	char hex[SHA256_HEX_SIZE];

	(void)err;
	if (strcmp(path, "/etc/skel/.bashrc") == 0) {
		hash_memory(text, strlen(text), &digest);
		digest_hex(&digest, hex);
		*(char **)context = xasprintf("%s\n", hex);
	}
	return STATUS_OK;
}

/* The digest is of what the build got, not of what this machine has by now. */
START_TEST(copies_of_configuration_are_told)
{
	struct text_list changed = {0};
	struct error err;
	char *hex = NULL;

	text_list_add(&changed, "/etc/skel");
	build.spec.changed = &changed;
	build_pass(&build,
		"sha256sum </etc/skel/.bashrc | cut -d' ' -f1; echo more >>/etc/skel/.bashrc");
	ck_assert(sandbox_each_copy(build.sandbox, copy_take, &hex, &err) == STATUS_OK);
	ck_assert_ptr_nonnull(hex);
	ck_assert_str_eq(build.log, hex);
	free(hex);
	text_list_release(&changed);
}
END_TEST

START_TEST(without_a_sandbox_it_says_so)
{
	build.spec.no_sandbox = true;
	build_pass(&build, "pwd; umask");
	ck_assert_str_eq(isolation_word(sandbox_isolation(build.sandbox)), "none");
	ck_assert_ptr_eq(strstr(build.log, sandbox_source_path(build.sandbox)), build.log);
	ck_assert_ptr_nonnull(strstr(build.log, "\n0022\n"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *isolated = tcase_create("isolated");
	TCase *plain = tcase_create("plain");
	bool can_isolate = build_can_isolate("test_sandbox");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(isolated, setup, teardown);
	tcase_add_checked_fixture(plain, setup, teardown);
	tcase_set_timeout(isolated, 120);
	tcase_set_timeout(plain, 120);
	tcase_add_test(isolated, the_environment_is_exactly_what_was_given);
	tcase_add_test(isolated, no_environment_and_arguments_arrive);
	tcase_add_test(isolated, names_paths_and_umask_are_as_given);
	tcase_add_test(isolated, build_paths_that_would_lead_astray_are_refused);
	tcase_add_test(isolated, no_descriptor_is_inherited);
	tcase_add_test(isolated, root_builds_can_mount_and_change_root);
	tcase_add_test(isolated, exit_codes_and_signals_come_back);
	tcase_add_loop_test(isolated, a_build_that_kills_its_group_kills_nobody_else, 0, 2);
	tcase_add_test(isolated, a_program_that_cannot_start_is_named);
	tcase_add_loop_test(isolated, the_time_out_kills_all, 0, 2);
	tcase_add_loop_test(isolated, a_daemon_is_gone_before_the_outputs_are_collected, 0, 2);
	tcase_add_loop_test(isolated, killing_the_parent_leaves_no_process_and_no_mount, 0, 2);
	tcase_add_test(isolated, freeing_kills_what_was_prepared);
	tcase_add_test(isolated, an_output_directory_with_something_in_it_is_refused);
	tcase_add_loop_test(isolated, the_handed_out_socket_is_served_from_outside, 0, 2);
	tcase_add_test(plain, copies_of_configuration_are_told);
	tcase_add_test(plain, without_a_sandbox_it_says_so);
	if (can_isolate)
		suite_add_tcase(suite, isolated);
	suite_add_tcase(suite, plain);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
