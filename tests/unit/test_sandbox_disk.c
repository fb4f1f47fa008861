/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "verifier/rebuild/build_disk.h"

/*
 * Builds on a file system of limited size: that it holds to the block, that what was written is
 * read back, and that nothing of it stays behind.
 */

#define MIB (UINT64_C(1) << 20)

static struct build build;
static struct build_disk *disk;
static char *place, *nap;

static void disk_make(uint64_t size)
{
	struct error err;

	ck_assert_msg(build_disk_new(place, size, &disk, &err) == STATUS_OK, "%s", err.text);
	build.spec.limits.most[BUILD_DISK] = size;
	build.spec.disk = disk;
	free(build.output);
	build.output = path_join(place, "output");
	build.spec.output_directory = build.output;
}

static void setup(void)
{
	struct error err;

	ck_assert_msg(build_disk_own_mounts(&err) == STATUS_OK, "%s", err.text);
	build_init(&build);
	place = path_join(build.top, "disk");
	nap = xasprintf("99999.%08d", getpid());
}

static void teardown(void)
{
	build_again(&build);
	build_disk_free(disk);
	disk = NULL;
	build_release(&build);
	free(place);
	free(nap);
}

/* Loop devices that hold this test's file, whose name is gone. */
static unsigned held(void)
{
	char *image = xasprintf("%s.img", place);
	unsigned count = 0;
	glob_t found = {0};

	glob("/sys/block/loop*/loop/backing_file", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct error err;
		char *text;
		size_t len;

		if (path_read_file(found.gl_pathv[i], 65536, &text, &len, &err) != STATUS_OK)
			continue;
		count += strncmp(text, image, strlen(image)) == 0;
		free(text);
	}
	globfree(&found);
	free(image);
	return count;
}

/* The kernel lets go of it in its own time. */
static void nothing_is_held(void)
{
	for (int i = 0; i < 500 && held() > 0; i++)
		poll(NULL, 0, 20);
	ck_assert_uint_eq(held(), 0);
}

static const uint64_t sizes[] = {MIB, 50 * MIB, 700 * MIB, 200 * 1024 * MIB};

START_TEST(it_has_the_size_that_was_asked_for)
{
	struct statvfs info;
	uint64_t room;

	disk_make(sizes[_i]);
	ck_assert(statvfs(place, &info) == 0);
	room = (uint64_t)info.f_bavail * info.f_frsize;
	/* The file that takes the rest has a few blocks of extents. */
	ck_assert_msg(room <= sizes[_i] && room + 16 * MIB / 256 >= sizes[_i], "%ju of %ju",
		(uintmax_t)room, (uintmax_t)sizes[_i]);
	ck_assert_uint_eq(held(), 1);
	build_disk_free(disk);
	disk = NULL;
	build.spec.disk = NULL;
	nothing_is_held();
	ck_assert(access(place, F_OK) < 0 && errno == ENOENT);
}
END_TEST

/* Each writes for as long as it can, somewhere else; all that it got is at most the limit. */
static const char *const writers[] = {
	"exec cat /dev/zero >/build/output/big",
	"cat /dev/zero >/tmp/a; cat /dev/zero >/var/tmp/b; exec cat /dev/zero >/build/output/c",
	"fallocate -l 100G /build/output/big",
	"exec 3>/tmp/gone; rm /tmp/gone; cat /dev/zero >&3; sleep 0.3; exit 1",
	"n=0; mkdir /tmp/d; while head -c 100000 /dev/urandom >/tmp/d/$n; do n=$((n + 1)); done; "
	"exit 1",
	"mount -t tmpfs none /tmp; exec cat /dev/zero >/build/output/big",
	/* It goes on without what it could not write, and says that all is well. */
	"cat /dev/zero >/build/output/big; sleep 0.3; rm /build/output/big; echo ok "
	">/build/output/ok",
};

START_TEST(a_build_gets_no_more_than_the_limit)
{
	struct stat info;
	char *big = NULL;

	disk_make(50 * MIB);
	build_run(&build, writers[_i]);
	ck_assert_msg(sandbox_limits(build.sandbox)->broken == BUILD_DISK, "%d, exit %d: %s",
		sandbox_limits(build.sandbox)->broken, build.result.exit_code, build.log);
	ck_assert_uint_eq(sandbox_limits(build.sandbox)->seen, 50 * MIB);
	ck_assert_str_eq(
		sandbox_limits(build.sandbox)->mechanism[BUILD_DISK], LIMIT_BY_FILE_SYSTEM);
	/* It ended by itself: it was told. */
	ck_assert_int_eq(build.result.signal, 0);
	if (_i != (int)ARRAY_SIZE(writers) - 1) {
		ck_assert_msg(
			strstr(build.log, "No space left on device") != NULL, "%s", build.log);
		ck_assert_int_ne(build.result.exit_code, 0);
	}
	big = path_join(build.output, "big");
	if (stat(big, &info) == 0)
		ck_assert_int_le(info.st_size, 50 * MIB);
	if (_i == 0)
		ck_assert_int_gt(info.st_size, 49 * MIB);
	free(big);
}
END_TEST

START_TEST(one_that_does_not_end_is_ended)
{
	char *script = xasprintf("cat /dev/zero >/tmp/big; sleep %s", nap);

	disk_make(20 * MIB);
	build_run(&build, script);
	ck_assert_int_eq(sandbox_limits(build.sandbox)->broken, BUILD_DISK);
	ck_assert_int_eq(build.result.signal, SIGKILL);
	ck_assert_uint_eq(processes_with(nap), 0);
	free(script);
}
END_TEST

/* What it writes and removes again does not count; a work tree and what is written is kept. */
START_TEST(a_modest_build_keeps_to_it)
{
	char *tree = path_join(place, "tree"), *made = NULL;
	struct error err;
	char *text;
	size_t len;

	disk_make(50 * MIB);
	ck_assert(mkdir(tree, 0755) == 0);
	build.spec.is_work_tree = true;
	build.spec.source_directory = tree;
	free(build.source);
	build.source = tree;
	build_pass(&build,
		"set -e; for i in 1 2 3 4; do head -c 30M /dev/zero >/tmp/a; rm /tmp/a; done\n"
		"sudo -n true 2>/dev/null || :; echo made >made; echo out >/output/out; "
		"mknod /tmp/null c 1 3; (: >/tmp/null) 2>/dev/null && echo OPENED; chmod 4755 "
		"made");
	ck_assert_int_eq(sandbox_limits(build.sandbox)->broken, BUILD_LIMIT_NONE);
	ck_assert_ptr_null(strstr(build.log, "OPENED"));
	ck_assert(build_disk_check(disk, &err) == STATUS_OK);
	made = path_join(tree, "made");
	ck_assert(path_read_file(made, 100, &text, &len, &err) == STATUS_OK);
	ck_assert_str_eq(text, "made\n");
	free(text);
	free(made);
}
END_TEST

START_TEST(the_floor_below_is_watched)
{
	disk_make(50 * MIB);
	build.spec.limits.most[BUILD_FREE_SPACE] = UINT64_C(1) << 60;
	build_run(&build, "sleep 1000");
	ck_assert_int_eq(sandbox_limits(build.sandbox)->broken, BUILD_FREE_SPACE);
}
END_TEST

/* A file system below that is full must not pass for a build that made something else. */
START_TEST(what_was_lost_below_is_trouble)
{
	char *below = path_join(build.top, "below"), *old = place;
	struct error err;

	ck_assert(mkdir(below, 0755) == 0);
	ck_assert(mount("tmpfs", below, "tmpfs", 0, "size=30m") == 0);
	place = path_join(below, "disk");
	disk_make(100 * MIB);
	build_run(&build, "exec head -c 60M /dev/urandom >/build/output/big");
	ck_assert_int_eq(build_disk_check(disk, &err), STATUS_IO);
	ck_assert_msg(strstr(err.text, "did not all reach the disk") != NULL, "%s", err.text);
	build_again(&build);
	build_disk_free(disk);
	disk = NULL;
	free(place);
	place = old;
	umount2(below, MNT_DETACH);
	free(below);
}
END_TEST

/* Killed with a loop device in it that holds a file of the build's, and one that it removed. */
START_TEST(nothing_stays_behind)
{
	char *script = xasprintf("set -e; cd /tmp; for f in 1 2; do truncate -s 1M $f; "
				 "losetup -f $f; done; rm 2; sleep %s",
		nap);
	struct error err;
	pid_t pid = fork();

	if (pid == 0) {
		ck_assert(build_disk_own_mounts(&err) == STATUS_OK);
		disk_make(50 * MIB);
		build.spec.loop_devices = true;
		build_script(&build, script);
		build_prepare(&build);
		sandbox_run(build.sandbox, &build.command, &build.result, &err);
		_exit(0);
	}
	while (processes_with(nap) < 1)
		poll(NULL, 0, 20);
	ck_assert(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	while (processes_with(nap) > 0)
		poll(NULL, 0, 20);
	ck_assert_uint_eq(held(), 1);
	/* What the next run does. */
	disk_make(10 * MIB);
	for (int i = 0; i < 500 && held() > 1; i++)
		poll(NULL, 0, 20);
	ck_assert_uint_eq(held(), 1);
	build_pass(&build, "test ! -e /tmp/1");
	build_again(&build);
	build_disk_free(disk);
	disk = NULL;
	build.spec.disk = NULL;
	nothing_is_held();
	free(script);
}
END_TEST

/* Without loop devices inside, the kernel takes all away, without a next run. */
START_TEST(a_killed_run_leaves_no_mount)
{
	char *script = xasprintf("echo x >/tmp/x; sleep %s", nap);
	struct error err;
	pid_t pid = fork();

	if (pid == 0) {
		ck_assert(build_disk_own_mounts(&err) == STATUS_OK);
		disk_make(50 * MIB);
		build_script(&build, script);
		build_prepare(&build);
		sandbox_run(build.sandbox, &build.command, &build.result, &err);
		_exit(0);
	}
	while (processes_with(nap) < 1)
		poll(NULL, 0, 20);
	ck_assert_uint_eq(held(), 1);
	ck_assert(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	nothing_is_held();
	ck_assert_uint_eq(processes_with(nap), 0);
	free(script);
}
END_TEST

START_TEST(without_mke2fs_it_says_so)
{
	struct error err;

	ck_assert(setenv("PATH", "/nowhere", 1) == 0);
	ck_assert_int_eq(build_disk_new(place, MIB, &disk, &err), STATUS_SANDBOX);
	ck_assert_ptr_nonnull(strstr(err.text, "e2fsprogs"));
	ck_assert_ptr_null(disk);
	nothing_is_held();
}
END_TEST

/* As in a container that keeps them. */
START_TEST(without_loop_devices_it_says_so)
{
	struct error err;

	ck_assert(mount("/dev/null", "/dev/loop-control", NULL, MS_BIND, NULL) == 0);
	ck_assert_int_eq(build_disk_new(place, MIB, &disk, &err), STATUS_SANDBOX);
	ck_assert_msg(strstr(err.text, "no loop device") != NULL, "%s", err.text);
	ck_assert(umount2("/dev/loop-control", MNT_DETACH) == 0);
	ck_assert_ptr_null(disk);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("file systems of limited size");
	TCase *disks = tcase_create("disks");
	SRunner *runner;
	int failed;

	if (!build_can_isolate("test_sandbox_disk"))
		return EXIT_SUCCESS;
	if (access("/dev/loop-control", R_OK) < 0) {
		fprintf(stderr, "SKIP: test_sandbox_disk: NOT TESTED HERE: no loop devices\n");
		return EXIT_SUCCESS;
	}
	build_hold_loops();
	tcase_add_checked_fixture(disks, setup, teardown);
	tcase_set_timeout(disks, 120);
	tcase_add_loop_test(disks, it_has_the_size_that_was_asked_for, 0, (int)ARRAY_SIZE(sizes));
	tcase_add_loop_test(
		disks, a_build_gets_no_more_than_the_limit, 0, (int)ARRAY_SIZE(writers));
	tcase_add_test(disks, one_that_does_not_end_is_ended);
	tcase_add_test(disks, a_modest_build_keeps_to_it);
	tcase_add_test(disks, the_floor_below_is_watched);
	tcase_add_test(disks, what_was_lost_below_is_trouble);
	tcase_add_test(disks, nothing_stays_behind);
	tcase_add_test(disks, a_killed_run_leaves_no_mount);
	tcase_add_test(disks, without_mke2fs_it_says_so);
	tcase_add_test(disks, without_loop_devices_it_says_so);
	suite_add_tcase(suite, disks);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
