/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/mount_table.h"

#include <check.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/array.h"

static const struct {
	const char *line;
	uint64_t id;
	const char *device, *root, *point, *type;
} good[] = {
	{"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n", 36,
		"98:0", "/mnt1", "/mnt2", "ext3"},
	{"1 1 0:31 / /tmp rw - tmpfs none rw", 1, "0:31", "/", "/tmp", "tmpfs"},
	{"2 1 0:32 / /a\\040b\\134\\011\\012 rw shared:1 master:2 unbindable - tmpfs - rw\n", 2,
		"0:32", "/", "/a b\\\t\n", "tmpfs"},
	/* What is mounted, and where, may look like the end of the line. */
	{"3 1 0:33 / /-\\040tmpfs rw - fuse.x -\\040ext4 rw\n", 3, "0:33", "/", "/- tmpfs",
		"fuse.x"},
	{"4 1 0:34 / /\\400\\04x\\ rw - proc proc rw\n", 4, "0:34", "/", "/\\400\\04x\\", "proc"},
};

START_TEST(a_line_is_taken_apart)
{
	char *line = xstrdup(good[_i].line);
	struct mount_line mount;

	ck_assert(mount_line_parse(line, &mount));
	ck_assert_uint_eq(mount.id, good[_i].id);
	ck_assert_str_eq(mount.device, good[_i].device);
	ck_assert_str_eq(mount.root, good[_i].root);
	ck_assert_str_eq(mount.point, good[_i].point);
	ck_assert_str_eq(mount.type, good[_i].type);
	free(line);
}
END_TEST

static const char *const bad[] = {"", "\n", "36 35 98:0 / /mnt rw", "36 35 98:0 / /mnt rw -",
	"36 35 98:0 / /mnt rw master:1 ext3 a b\n", "x 35 98:0 / /mnt rw - ext3 a b\n",
	"36  98:0 / /mnt rw - ext3 a b\n"};

START_TEST(any_other_line_is_none)
{
	char *line = xstrdup(bad[_i]);
	struct mount_line mount;

	ck_assert(!mount_line_parse(line, &mount));
	free(line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mount_table");
	TCase *test = tcase_create("mount_table");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(test, a_line_is_taken_apart, 0, (int)ARRAY_SIZE(good));
	tcase_add_loop_test(test, any_other_line_is_none, 0, (int)ARRAY_SIZE(bad));
	suite_add_tcase(suite, test);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
