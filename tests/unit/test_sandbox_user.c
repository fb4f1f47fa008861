/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "verifier/rebuild/user_namespace.h"

/*
 * The sandbox as a normal user: in a user namespace, confined. Run by root, each test becomes the
 * user nobody, in a mount namespace of its own whose /etc/subuid and /etc/subgid say `ranges`.
 */

#define USER	 65534
#define START	 700000
#define EVERYONE "nobody:700000:65536\n"

static struct build build;
static char other_root[] = "/tmp/reproof-root-XXXXXX";
static char *nap; /* tells the builds' processes from those of any other run */

static void file_replace(const char *path, const char *text)
{
	char *file = path_join("/tmp", path_basename(path));

	build_write(file, text, 0644);
	ck_assert_msg(mount(file, path, NULL, MS_BIND, NULL) == 0, "%s", strerror(errno));
	free(file);
}

static void become_user(const char *ranges)
{
	ck_assert(unshare(CLONE_NEWNS) == 0);
	ck_assert(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	ck_assert(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0);
	file_replace("/etc/subuid", ranges);
	file_replace("/etc/subgid", ranges);
	ck_assert(setgroups(0, NULL) == 0 && setresgid(USER, USER, USER) == 0);
	ck_assert(setresuid(USER, USER, USER) == 0);
	/* As it is when the program was started by the user. */
	ck_assert(prctl(PR_SET_DUMPABLE, 1) == 0);
	ck_assert(setenv("TMPDIR", "/tmp", 1) == 0);
	build_init(&build);
	nap = xasprintf("99999.%08d", getpid());
}

static void teardown(void)
{
	build_release(&build);
	free(nap);
}

START_TEST(it_is_confined_and_root_of_its_own_ids)
{
	struct output output = OUTPUT_INIT;
	struct error err;
	struct stat info;

	become_user(EVERYONE);
	build_pass(&build,
		"id -u; id -G; tr -s ' ' </proc/self/uid_map\n"
		"cd /build/output; mkdir deep; echo x >deep/file; chown 65534:9 deep/file\n"
		"chmod 000 deep/file; chown 65534 deep; chmod 0700 deep\n"
		"touch /tmp/others; chown 12:34 /tmp/others; stat -c %u:%g /tmp/others\n"
		"chroot --userspec=games / id -un; head -c 3 /dev/zero | wc -c; echo >/dev/null\n"
		"tty; stat -c %F /dev/ptmx /dev/pts/ptmx");
	ck_assert_str_eq(build.log,
		"0\n0\n 0 65534 1\n 1 700000 65536\n12:34\ngames\n3\nnot a tty\n"
		"symbolic link\ncharacter special file\n");
	ck_assert_int_eq(sandbox_isolation(build.sandbox), ISOLATION_CONFINED);
	ck_assert_ptr_null(sandbox_missing_ids(build.sandbox));
	/* What belonged to another id is the user's now, and can be read. */
	ck_assert_int_eq(output_collect(build.output, NULL, &output, &err), STATUS_OK);
	ck_assert_uint_eq(output.count, 1);
	int fd = -1;
	ck_assert_msg(
		output_open(&output, &output.files[0], &fd, &err) == STATUS_OK, "%s", err.text);
	ck_assert(fstat(fd, &info) == 0 && info.st_uid == USER);
	close(fd);
	output_release(&output);
	teardown();
}
END_TEST

/* What mmdebstrap --mode=root does. */
START_TEST(builds_can_mount_and_change_root)
{
	become_user(EVERYONE);
	build_pass(&build,
		"set -e; c=/tmp/chroot; mkdir -p $c/proc $c/dev $c/usr; cd $c\n"
		"for l in bin lib lib64; do ln -s usr/$l $l; done; touch dev/null\n"
		"mount -t proc proc proc; mount --rbind /usr usr; mount --bind /dev/null dev/null\n"
		"chroot . /bin/sh -c 'echo x >/dev/null; test -d /proc/self'; umount dev/null "
		"proc\n"
		"umount -R usr; mount -t tmpfs none /mnt; echo mounted");
	ck_assert_str_eq(build.log, "mounted\n");
	teardown();
}
END_TEST

/*
 * Each of these real root could do (trust T4: measured). What succeeded says so. The attempts do no
 * harm even then: this may be run on someone's machine.
 */
START_TEST(root_in_there_is_nobody_out_here)
{
	become_user(EVERYONE);
	build_pass(&build,
		"mount -t tmpfs none /mnt\n"
		"for node in c:1:5 b:7:0; do\n"
		"  IFS=:; set -- $node; mknod /mnt/node-$1 $1 $2 $3 2>/dev/null && echo node $1\n"
		"done; unset IFS\n"
		"for d in /usr/bin /usr/share /var/lib/dpkg /etc/alternatives; do\n"
		"  mount -o remount,bind,rw $d 2>/dev/null\n"
		"  mkdir $d/reproof-test 2>/dev/null && rmdir $d/reproof-test && echo wrote $d\n"
		"done\n"
		"mount -o remount,bind,rw /etc/passwd 2>/dev/null; ( : >>/etc/passwd ) 2>/dev/null "
		"&& echo wrote passwd\n"
		"mount -t ext4 /dev/null /mnt 2>/dev/null && echo mounted ext4\n"
		"umount /proc/sys 2>/dev/null\n"
		"( echo 1 >/proc/sys/vm/drop_caches ) 2>/dev/null && echo sysctl\n"
		"readlink /proc/1/root; date -s 2020-01-01 >/dev/null 2>&1 && echo clock\n"
		"dmesg >/dev/null 2>&1 && echo kernel log; true");
	ck_assert_str_eq(build.log, "");
	teardown();
}
END_TEST

/* No file of the host but those shown, and those only as anybody may read them. */
START_TEST(no_other_file_of_the_user_is_seen)
{
	char *beside;

	become_user(EVERYONE);
	beside = path_join(build.top, "published");
	build_write(beside, "published", 0644);
	build_pass(&build,
		"find / -xdev -name published 2>/dev/null; find /tmp /var/tmp /build /home /root "
		"-name published; cat /etc/shadow 2>/dev/null; ls /proc | grep -c '^[0-9]'");
	/* The first process, the script and grep's pipe. */
	ck_assert_str_eq(build.log, "4\n");
	free(beside);
	teardown();
}
END_TEST

static void *greet(void *context)
{
	int fd = accept(((const struct build *)context)->listen_fd, NULL, NULL);

	if (fd >= 0) {
		ck_assert_int_eq(send(fd, "from outside\n", 13, 0), 13);
		close(fd);
	}
	return NULL;
}

START_TEST(the_handed_out_socket_is_served_from_outside)
{
	pthread_t thread;

	become_user(EVERYONE);
	build_script(&build, "exec 3<>/dev/tcp/127.0.0.1/3142; cat <&3");
	build_prepare(&build);
	ck_assert(pthread_create(&thread, NULL, greet, &build) == 0);
	build.command.argv = (const char *const[]){"/bin/bash", "build.sh", NULL};
	build_run_prepared(&build);
	pthread_join(thread, NULL);
	ck_assert_str_eq(build.log, "from outside\n");
	teardown();
}
END_TEST

/* Of a range that is missing, too small, or another's. */
START_TEST(without_a_range_there_is_one_user_and_it_says_so)
{
	static const char *const ranges[] = {"", "nobody:700000:1000\n", "other:700000:65536\n",
		"nobody:x:65536\n", "# nobody:700000:65536\n"};

	become_user(ranges[_i]);
	build_run(&build, "id -u; touch /tmp/x; chown 12 /tmp/x 2>/dev/null || echo alone");
	ck_assert_str_eq(build.log, "0\nalone\n");
	ck_assert_ptr_nonnull(sandbox_missing_ids(build.sandbox));
	ck_assert_ptr_nonnull(strstr(sandbox_missing_ids(build.sandbox), "usermod --add-subuids"));
	ck_assert_int_eq(sandbox_isolation(build.sandbox), ISOLATION_CONFINED);
	teardown();
}
END_TEST

START_TEST(without_newuidmap_it_says_what_to_install)
{
	become_user(EVERYONE);
	ck_assert(setenv("PATH", "/nowhere", 1) == 0);
	build_pass(&build, "id -u");
	ck_assert_ptr_nonnull(strstr(sandbox_missing_ids(build.sandbox), "install uidmap"));
	teardown();
}
END_TEST

static void prepare_fails(const char *with)
{
	struct error err;

	ck_assert_int_eq(
		sandbox_prepare(&build.spec, &build.sandbox, &build.listen_fd, &build.port, &err),
		STATUS_SANDBOX);
	ck_assert_msg(strstr(err.text, with) != NULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "--no-sandbox"));
}

/* The limit is this user namespace's own: the machine's stays as it is. */
START_TEST(no_more_user_namespaces_is_told)
{
	int fd;

	become_user(EVERYONE);
	ck_assert(unshare(CLONE_NEWUSER) == 0);
	for (size_t i = 0; i < 2; i++) {
		fd = open(i ? "/proc/self/gid_map" : "/proc/self/setgroups", O_WRONLY);
		ck_assert(write(fd, i ? "65534 65534 1" : "deny", i ? 13 : 4) > 0);
		close(fd);
	}
	fd = open("/proc/self/uid_map", O_WRONLY);
	ck_assert(write(fd, "65534 65534 1", 13) == 13);
	close(fd);
	fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert(write(fd, "0", 1) == 1);
	close(fd);
	prepare_fails("sysctl -w user.max_user_namespaces");
	teardown();
}
END_TEST

START_TEST(a_chroot_that_forbids_them_is_told)
{
	/* Any root but the mount namespace's is one (user_namespaces(7)). */
	ck_assert(unshare(CLONE_NEWNS) == 0);
	ck_assert(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	ck_assert(mount("/", other_root, NULL, MS_BIND | MS_REC, NULL) == 0);
	ck_assert(chdir(other_root) == 0 && chroot(".") == 0);
	become_user(EVERYONE);
	prepare_fails("a chroot");
	teardown();
}
END_TEST

START_TEST(a_killed_build_leaves_what_the_next_can_remove)
{
	struct error err;
	char *script, *left;

	become_user(EVERYONE);
	script = xasprintf("mkdir -p /tmp/a/b $1/c; chown 77 /tmp/a /tmp/a/b $1/c; chmod 700 "
			   "/tmp/a /tmp/a/b $1/c; setsid sleep %s & sleep %s",
		nap, nap);
	build_run_killed(&build, script, nap, 2);
	free(script);
	left = path_join(build.work, "tmp/a");
	ck_assert(access(left, F_OK) == 0);
	ck_assert_int_ne(path_remove_tree(build.output, &err), STATUS_OK);
	ck_assert_msg(sandbox_remove_tree(build.output, &err) == STATUS_OK, "%s", err.text);
	build.command.argv = build_argv;
	build_pass(&build, "ls /tmp /var/tmp");
	ck_assert_str_eq(build.log, "/tmp:\n\n/var/tmp:\n");
	sandbox_free(build.sandbox);
	build.sandbox = NULL;
	ck_assert(access(left, F_OK) < 0);
	free(left);
	teardown();
}
END_TEST

START_TEST(ranges_are_read_as_subuid_says)
{
	static const char text[] = "a:1:2\nbb:100000:65536\n1000:5:6\nc:7:0\nc:8:9";
	uint64_t start, count;

	ck_assert(user_map_parse(text, "bb", 1, &start, &count));
	ck_assert_uint_eq(start, 100000);
	ck_assert_uint_eq(count, 65536);
	ck_assert(user_map_parse(text, "unknown", 1000, &start, &count));
	ck_assert_uint_eq(start, 5);
	ck_assert(user_map_parse(text, "c", 1, &start, &count));
	ck_assert_uint_eq(start, 8);
	ck_assert_uint_eq(count, 9);
	ck_assert(!user_map_parse(text, "b", 1, &start, &count));
	ck_assert(!user_map_parse("", "a", 1, &start, &count));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox of a user");
	TCase *user = tcase_create("user"), *plain = tcase_create("plain");
	SRunner *runner;
	int failed;

	if (!mkdtemp(other_root))
		return EXIT_FAILURE;
	tcase_set_timeout(user, 120);
	tcase_add_test(user, it_is_confined_and_root_of_its_own_ids);
	tcase_add_test(user, builds_can_mount_and_change_root);
	tcase_add_test(user, root_in_there_is_nobody_out_here);
	tcase_add_test(user, no_other_file_of_the_user_is_seen);
	tcase_add_test(user, the_handed_out_socket_is_served_from_outside);
	tcase_add_loop_test(user, without_a_range_there_is_one_user_and_it_says_so, 0, 5);
	tcase_add_test(user, without_newuidmap_it_says_what_to_install);
	tcase_add_test(user, no_more_user_namespaces_is_told);
	tcase_add_test(user, a_chroot_that_forbids_them_is_told);
	tcase_add_test(user, a_killed_build_leaves_what_the_next_can_remove);
	tcase_add_test(plain, ranges_are_read_as_subuid_says);
	if (build_can_isolate("test_sandbox_user"))
		suite_add_tcase(suite, user);
	suite_add_tcase(suite, plain);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(other_root);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
