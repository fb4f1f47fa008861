/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/build_fixture.h"

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "verifier/rebuild/loops.h"

/* Builds that leave loop devices attached to their files, and loop devices of others. */

static struct build build;
static char *nap;

static void setup(void)
{
	build_init(&build);
	build.spec.loop_devices = true;
	nap = xasprintf("99999.%08d", getpid());
}

static void teardown(void)
{
	build_release(&build);
	free(nap);
}

/* How many loop devices hold a file of the test's directory, by their number as the host sees it.
 */
static unsigned attached(const char *path)
{
	struct stat info;
	unsigned count = 0;

	ck_assert_msg(stat(path, &info) == 0, "%s", path);
	for (unsigned i = 0; i < LOOPS_SHOWN; i++) {
		char *device = xasprintf("/dev/loop%u", i);
		struct loop_info64 status;
		int fd = loop_is_used(i) ? open(device, O_RDONLY | O_CLOEXEC) : -1;

		if (fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &status) == 0 &&
			status.lo_inode == info.st_ino)
			count++;
		if (fd >= 0)
			close(fd);
		free(device);
	}
	return count;
}

/* As `losetup -f` does. */
static int attach(const char *path)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	char *device = xasprintf("/dev/loop%d", number);
	int file = open(path, O_RDWR | O_CLOEXEC);
	int fd = open(device, O_RDWR | O_CLOEXEC);

	ck_assert(number >= 0 && file >= 0 && fd >= 0);
	ck_assert(ioctl(fd, LOOP_SET_FD, file) == 0);
	close(control);
	close(file);
	free(device);
	return fd;
}

static const char use[] =
	"set -e; cd /tmp; truncate -s 8M disk.img; mke2fs -q disk.img; d=$(losetup -f --show "
	"disk.img)\n"
	"mkdir m; mount $d m; echo inside >m/file; umount m; losetup -d $d\n"
	"debugfs -R 'cat file' disk.img 2>/dev/null\n";

START_TEST(a_build_uses_them)
{
	build_pass(&build, use);
	ck_assert_str_eq(build.log, "inside\n");
}
END_TEST

START_TEST(those_it_leaves_are_detached)
{
	char *output = path_join(build.output, "disk.img");
	char *other = path_join(build.top, "other.img");
	int fd;

	build_write(other, "of another", 0644);
	ck_assert(truncate(other, 1 << 20) == 0);
	fd = attach(other);
	build_prepare(&build);
	build_script(&build,
		"set -e; mkdir -p /tmp/a/b; cd /build/output; for f in disk.img /tmp/a/b/disk.img; "
		"do "
		"truncate -s 8M $f; mke2fs -q $f; d=$(losetup -f --show $f); done; mount $d /mnt; "
		"echo left");
	build_run_prepared(&build);
	ck_assert_str_eq(build.log, "left\n");
	ck_assert_uint_eq(attached(output), 1);
	sandbox_free(build.sandbox);
	build.sandbox = NULL;
	ck_assert_uint_eq(attached(output), 0);
	/* Never one of others, though it is of the same file system and of files beside. */
	ck_assert_uint_eq(attached(other), 1);
	ck_assert(ioctl(fd, LOOP_CLR_FD) == 0);
	close(fd);
	free(output);
	free(other);
}
END_TEST

START_TEST(those_a_killed_one_left_are_detached_by_the_next)
{
	char *file = path_join(build.output, "disk.img"),
	     *tmp = path_join(build.work, "tmp/disk.img");
	char *script = xasprintf("for f in /build/output/disk.img /tmp/disk.img; do truncate -s 1M "
				 "$f; losetup -f $f; "
				 "done; sleep %s",
		nap);
	struct error err;

	build_run_killed(&build, script, nap, 1);
	ck_assert_uint_eq(attached(file), 1);
	ck_assert_uint_eq(attached(tmp), 1);
	/* What the next run does first. */
	int held = open(tmp, O_RDONLY | O_CLOEXEC);
	ck_assert(sandbox_remove_tree(build.output, &err) == STATUS_OK);
	build_pass(&build, "ls /tmp");
	char *same = xasprintf("/proc/self/fd/%d", held);
	ck_assert_uint_eq(attached(same), 0);
	close(held);
	free(same);
	free(script);
	free(file);
	free(tmp);
}
END_TEST

/* A build by kas works in its tree, which outlives the sandbox, and is killed there as well. */
START_TEST(so_are_those_in_a_work_tree)
{
	char *file = path_join(build.source, "disk.img"), *same = NULL;
	char *script = xasprintf("truncate -s 1M disk.img; losetup -f disk.img; sleep %s", nap);
	struct error err;
	int held;

	build.spec.is_work_tree = true;
	build_pass(&build, "truncate -s 1M disk.img; losetup -f disk.img");
	ck_assert_uint_eq(attached(file), 1);
	sandbox_free(build.sandbox);
	build.sandbox = NULL;
	ck_assert_uint_eq(attached(file), 0);
	build_again(&build);
	build_run_killed(&build, script, nap, 1);
	ck_assert_uint_eq(attached(file), 1);
	held = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert(sandbox_remove_tree(build.source, &err) == STATUS_OK);
	same = xasprintf("/proc/self/fd/%d", held);
	ck_assert_uint_eq(attached(same), 0);
	close(held);
	free(same);
	free(script);
	free(file);
}
END_TEST

START_TEST(only_free_ones_are_seen)
{
	char *other = path_join(build.top, "other.img");
	struct stat info;
	char *script;
	int fd;

	build_write(other, "of another", 0644);
	ck_assert(truncate(other, 1 << 20) == 0);
	fd = attach(other);
	ck_assert(fstat(fd, &info) == 0);
	script = xasprintf("test -b /dev/loop63 && test ! -e /dev/loop%u", minor(info.st_rdev));
	build_pass(&build, script);
	build_again(&build);
	build.spec.loop_devices = false;
	build_pass(&build, "ls /dev | grep loop; true");
	ck_assert_str_eq(build.log, "");
	ck_assert(ioctl(fd, LOOP_CLR_FD) == 0);
	close(fd);
	free(script);
	free(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop devices of a sandbox");
	TCase *loops = tcase_create("loops");
	SRunner *runner;
	int failed;

	if (!build_can_isolate("test_sandbox_loops"))
		return EXIT_SUCCESS;
	if (access("/dev/loop-control", R_OK) < 0 || access("/dev/loop0", R_OK) < 0) {
		fprintf(stderr, "SKIP: test_sandbox_loops: NOT TESTED HERE: no loop devices\n");
		return EXIT_SUCCESS;
	}
	build_hold_loops();
	tcase_add_checked_fixture(loops, setup, teardown);
	tcase_set_timeout(loops, 120);
	tcase_add_test(loops, a_build_uses_them);
	tcase_add_test(loops, those_it_leaves_are_detached);
	tcase_add_test(loops, those_a_killed_one_left_are_detached_by_the_next);
	tcase_add_test(loops, so_are_those_in_a_work_tree);
	tcase_add_test(loops, only_free_ones_are_seen);
	suite_add_tcase(suite, loops);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
