/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/alloc.h"
#include "base/tempfile.h"

static char *directory;

static void set_up(void)
{
	struct error err;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
}

static void tear_down(void)
{
	struct error err;

	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(path_remove_tree(directory, &err), STATUS_OK);
	free(directory);
}

static void make_file(const char *path, const char *text)
{
	struct error err = {0};
	enum status status = tempfile_write_all(path, text, strlen(text), 0644, &err);

	ck_assert_msg(status == STATUS_OK, "%s", err.text);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void expect_text(char *text, const char *expected)
{
	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(names_are_joined_and_parted)
{
	expect_text(path_join("a", "b"), "a/b");
	expect_text(path_join("a/", "b"), "a/b");
	expect_text(path_join("/", "b"), "/b");
	expect_text(path_join("", "b"), "b");
	expect_text(path_join("a", "/b"), "/b");
	ck_assert_str_eq(path_basename("a/b"), "b");
	ck_assert_str_eq(path_basename("b"), "b");
	ck_assert_str_eq(path_basename("a/"), "");
	expect_text(path_directory("a/b/c"), "a/b");
	expect_text(path_directory("c"), ".");
	expect_text(path_directory("/c"), "/");
}
END_TEST

START_TEST(contained_names)
{
	static const char *const good[] = {
		"a", "a/b", "...", "..a", "a..", ".a/b.", "a b", "ä", "\\..\\x", "-", "~", "\xff"};
	static const char *const bad[] = {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.",
		"../a", "a/..", "a/../b", "a/./b", "a\nb", "a\tb", "\x7f", "a/\x01", "//a"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(path_is_contained(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!path_is_contained(bad[i]), "%s", bad[i]);
}
END_TEST

static int directory_fd(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static enum status open_beneath(const char *name)
{
	int parent = directory_fd("out");
	struct error err = {0};
	int fd = -2;
	enum status status = path_open_beneath(parent, name, &fd, &err);

	if (status == STATUS_OK) {
		ck_assert_int_ge(fd, 0);
		close(fd);
	} else {
		ck_assert_int_eq(fd, -1);
		ck_assert_ptr_nonnull(strstr(err.text, name));
	}
	close(parent);
	return status;
}

START_TEST(regular_files_beneath_are_opened)
{
	ck_assert_int_eq(mkdir("out", 0755), 0);
	ck_assert_int_eq(mkdir("out/sub", 0755), 0);
	make_file("out/sub/x", "text");
	ck_assert_int_eq(open_beneath("sub/x"), STATUS_OK);
	ck_assert_int_eq(open_beneath("sub/../sub/x"), STATUS_OK);
	ck_assert_int_eq(open_beneath("nothing"), STATUS_NOT_FOUND);

	struct error err;
	char text[5] = "";
	int parent = directory_fd("out"), fd;
	ck_assert_int_eq(path_open_beneath(parent, "sub/x", &fd, &err), STATUS_OK);
	ck_assert_int_eq(read(fd, text, 5), 4);
	ck_assert_str_eq(text, "text");
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
	close(parent);
}
END_TEST

/* The attacks of trust T2: a build that leaves something else under the name of its output. */
START_TEST(nothing_outside_is_opened)
{
	ck_assert_int_eq(mkdir("out", 0755), 0);
	ck_assert_int_eq(mkdir("published", 0755), 0);
	make_file("published/x.wic", "the published bytes");
	make_file("out/real", "rebuilt");
	ck_assert_int_eq(symlink("../published/x.wic", "out/x.wic"), 0);
	char *absolute = xasprintf("%s/published/x.wic", directory);
	ck_assert_int_eq(symlink(absolute, "out/absolute"), 0);
	ck_assert_int_eq(symlink("../published", "out/dir"), 0);
	ck_assert_int_eq(symlink("real", "out/inside"), 0);
	ck_assert_int_eq(symlink("/proc/self/fd/0", "out/magic"), 0);
	ck_assert_int_eq(symlink(".", "out/here"), 0);
	ck_assert_int_eq(symlink("loop", "out/loop"), 0);

	ck_assert_int_eq(open_beneath("x.wic"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("absolute"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("dir/x.wic"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("inside"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("magic"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("here/real"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("loop"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("../published/x.wic"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath(absolute), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("/etc/passwd"), STATUS_FORMAT);
	free(absolute);
}
END_TEST

START_TEST(only_regular_files_are_opened)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "out/socket"};
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(mkdir("out", 0755), 0);
	ck_assert_int_eq(mkdir("out/dir", 0755), 0);
	ck_assert_int_eq(mkfifo("out/fifo", 0644), 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(open_beneath("fifo"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("dir"), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("."), STATUS_FORMAT);
	ck_assert_int_eq(open_beneath("socket"), STATUS_FORMAT);
	close(listening);
	if (mknod("out/zero", S_IFCHR | 0666, makedev(1, 5)) == 0)
		ck_assert_int_eq(open_beneath("zero"), STATUS_FORMAT);
	else
		ck_assert_int_eq(errno, EPERM);
	/* Opening a device without a driver fails with ENXIO: that must not come first. */
	if (mknod("out/nobody", S_IFBLK | 0666, makedev(240, 99)) == 0)
		ck_assert_int_eq(open_beneath("nobody"), STATUS_FORMAT);
}
END_TEST

START_TEST(directories_are_made)
{
	struct error err = {0};

	ck_assert_int_eq(path_make_directories("a/b/c", 0755, &err), STATUS_OK);
	ck_assert_int_eq(path_make_directories("a/b/c", 0755, &err), STATUS_OK);
	ck_assert_int_eq(path_make_directories("a//d/", 0755, &err), STATUS_OK);
	ck_assert(exists("a/b/c") && exists("a/d"));
	make_file("a/file", "");
	ck_assert_int_eq(path_make_directories("a/file", 0755, &err), STATUS_IO);
	ck_assert_int_eq(path_make_directories("a/file/x", 0755, &err), STATUS_IO);
	ck_assert_int_eq(path_make_directories("", 0755, &err), STATUS_IO);
	ck_assert_int_eq(path_make_directories("/", 0755, &err), STATUS_OK);
}
END_TEST

START_TEST(a_tree_is_removed_without_following_links)
{
	struct error err = {0};

	ck_assert_int_eq(path_make_directories("tree/a/b", 0755, &err), STATUS_OK);
	ck_assert_int_eq(path_make_directories("kept/x", 0755, &err), STATUS_OK);
	make_file("kept/file", "");
	make_file("tree/a/file", "");
	ck_assert_int_eq(symlink("../../kept", "tree/a/link"), 0);
	ck_assert_int_eq(symlink("../kept/file", "tree/link"), 0);
	ck_assert_int_eq(symlink("kept", "link"), 0);
	ck_assert_int_eq(mkfifo("tree/fifo", 0644), 0);
	ck_assert_msg(path_remove_tree("tree", &err) == STATUS_OK, "%s", err.text);
	ck_assert(!exists("tree"));
	ck_assert_int_eq(path_remove_tree("link", &err), STATUS_OK);
	ck_assert(!exists("link"));
	ck_assert(exists("kept/x") && exists("kept/file"));
	ck_assert_int_eq(path_remove_tree("kept/file", &err), STATUS_OK);
	ck_assert(!exists("kept/file"));
	ck_assert_int_eq(path_remove_tree("absent", &err), STATUS_OK);
}
END_TEST

/* Deeper than a path may be long and than there are descriptors. */
START_TEST(a_deep_tree_is_removed)
{
	struct error err = {0};
	int fd = directory_fd(".");

	ck_assert_int_eq(mkdirat(fd, "tree", 0755), 0);
	ck_assert_int_eq(mkdirat(fd, "tree/.moved-0", 0755), 0);
	for (int depth = 0; depth < 3000; depth++) {
		const char *name = depth == 0 ? "tree" : "deeper";
		ck_assert(depth == 0 || mkdirat(fd, name, 0755) == 0);
		int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		ck_assert_int_ge(next, 0);
		close(fd);
		fd = next;
	}
	close(fd);
	ck_assert_msg(path_remove_tree("tree", &err) == STATUS_OK, "%s", err.text);
	ck_assert(!exists("tree"));
}
END_TEST

static void remove_as_nobody(void)
{
	struct error err = {0};

	ck_assert_int_eq(path_make_directories("tree/a/b", 0755, &err), STATUS_OK);
	make_file("tree/a/b/file", "");
	ck_assert_int_eq(chmod("tree/a/b", 0), 0);
	ck_assert_int_eq(chmod("tree/a", 0500), 0);
	ck_assert_int_eq(chmod("tree", 0500), 0);
	ck_assert_msg(path_remove_tree("tree", &err) == STATUS_OK, "%s", err.text);
	ck_assert(!exists("tree"));
}

START_TEST(a_tree_without_rights_is_removed)
{
	ck_assert_int_eq(chmod(directory, 0777), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	remove_as_nobody();
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(another_file_system_is_left_alone)
{
	struct error err = {0};

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return;
	ck_assert_int_eq(path_make_directories("tree/mounted", 0755, &err), STATUS_OK);
	ck_assert_int_eq(path_make_directories("kept/inside", 0755, &err), STATUS_OK);
	/* A bind mount has the same device number. */
	ck_assert_int_eq(mount("kept", "tree/mounted", NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(path_remove_tree("tree", &err), STATUS_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "mounted"));
	ck_assert(exists("kept/inside"));
	ck_assert_int_eq(umount("tree/mounted"), 0);
}
END_TEST

START_TEST(paths_are_resolved)
{
	struct error err = {0};
	char *resolved;

	make_file("file", "");
	ck_assert_int_eq(symlink("file", "link"), 0);
	ck_assert_int_eq(path_resolve("link", &resolved, &err), STATUS_OK);
	char *expected = path_join(directory, "file");
	ck_assert_str_eq(resolved, expected);
	free(resolved);
	free(expected);
	ck_assert_int_eq(path_resolve("absent", &resolved, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_null(resolved);
}
END_TEST

START_TEST(files_are_read_whole)
{
	struct error err = {0};
	char *data;
	size_t len;
	char *large = xmalloc(200001);

	memset(large, 'x', 200000);
	large[200000] = '\0';
	make_file("large", large);
	ck_assert_int_eq(path_read_file("large", 200000, &data, &len, &err), STATUS_OK);
	ck_assert_uint_eq(len, 200000);
	ck_assert_str_eq(data, large);
	free(data);
	ck_assert_int_eq(path_read_file("large", 199999, &data, &len, &err), STATUS_LIMIT);
	ck_assert_ptr_null(data);
	make_file("empty", "");
	ck_assert_int_eq(path_read_file("empty", 0, &data, &len, &err), STATUS_OK);
	ck_assert_str_eq(data, "");
	free(data);
	ck_assert_int_eq(path_read_file("absent", 1, &data, &len, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(path_read_file(".", 1, &data, &len, &err), STATUS_IO);
	free(large);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path");
	TCase *test = tcase_create("path");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, names_are_joined_and_parted);
	tcase_add_test(test, contained_names);
	tcase_add_test(test, regular_files_beneath_are_opened);
	tcase_add_test(test, nothing_outside_is_opened);
	tcase_add_test(test, only_regular_files_are_opened);
	tcase_add_test(test, directories_are_made);
	tcase_add_test(test, a_tree_is_removed_without_following_links);
	tcase_add_test(test, a_deep_tree_is_removed);
	tcase_add_test(test, a_tree_without_rights_is_removed);
	tcase_add_test(test, another_file_system_is_left_alone);
	tcase_add_test(test, paths_are_resolved);
	tcase_add_test(test, files_are_read_whole);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
