/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_files.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/tempfile.h"

static char *directory;
static struct file_set set;
static struct error err;

static void set_up(void)
{
	set = (struct file_set)FILE_SET_INIT;
	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(mkdir("root", 0755), 0);
}

static void tear_down(void)
{
	file_set_release(&set);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(path_remove_tree(directory, &err), STATUS_OK);
	free(directory);
}

static void make_file(const char *path, const char *text)
{
	ck_assert_int_eq(tempfile_write_all(path, text, strlen(text), 0644, &err), STATUS_OK);
}

static void expect_listed(const char *expected)
{
	struct buffer text = {0};

	ck_assert_msg(file_set_list(&set, "root", &err) == STATUS_OK, "%s", err.text);
	for (size_t i = 0; i < set.count; i++) {
		const struct file *file = &set.files[i];

		ck_assert_int_eq(file->place, FILE_IN_DIRECTORY);
		buffer_add_format(&text, "%s %llu%s%s\n", file->name,
			(unsigned long long)file->size, file->problem ? " " : "",
			file->problem ? file->problem : "");
	}
	ck_assert_str_eq(buffer_text(&text), expected);
	buffer_release(&text);
}

static void expect_text(const struct file *file, const char *expected)
{
	char data[100];
	ssize_t got;
	int fd;

	ck_assert_ptr_nonnull(file);
	ck_assert_msg(file_set_open(&set, file, &fd, &err) == STATUS_OK, "%s", err.text);
	got = read(fd, data, sizeof(data) - 1);
	ck_assert_int_ge(got, 0);
	data[got] = '\0';
	ck_assert_str_eq(data, expected);
	close(fd);
}

START_TEST(files_of_subdirectories_are_listed_by_name)
{
	ck_assert_int_eq(path_make_directories("root/sub/deep", 0755, &err), STATUS_OK);
	ck_assert_int_eq(path_make_directories("root/empty", 0755, &err), STATUS_OK);
	make_file("root/z", "");
	make_file("root/sub/deep/c", "abc");
	make_file("root/sub.x", "12");
	make_file("root/.hidden", "1");
	expect_listed(".hidden 1\nsub.x 2\nsub/deep/c 3\nz 0\n");
	expect_text(file_set_find(&set, "sub/deep/c"), "abc");
	ck_assert_ptr_null(file_set_find(&set, "c"));
	ck_assert_ptr_null(file_set_find(&set, "empty"));
}
END_TEST

START_TEST(an_empty_directory_is_an_empty_set)
{
	expect_listed("");
	ck_assert_ptr_null(file_set_find(&set, "a"));
}
END_TEST

START_TEST(names_are_raw_bytes)
{
	make_file("root/a\nb", "1");
	make_file("root/\xff", "2");
	expect_listed("a\nb 1\n\xff 1\n");
}
END_TEST

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

/* A FIFO that was opened would hang the test, a link would show what is outside. */
START_TEST(what_is_no_regular_file_has_a_problem_and_is_never_opened)
{
	make_file("secret", "secret");
	ck_assert_int_eq(mkdir("outside", 0755), 0);
	make_file("outside/f", "f");
	ck_assert_int_eq(mkfifo("root/fifo", 0644), 0);
	make_socket("root/socket");
	ck_assert_int_eq(symlink("../secret", "root/link"), 0);
	ck_assert_int_eq(symlink("../outside", "root/linked"), 0);
	ck_assert_int_eq(symlink("nowhere", "root/broken"), 0);
	expect_listed("broken 0 is a symbolic link; only regular files are artifacts\n"
		      "fifo 0 is a FIFO; only regular files are artifacts\n"
		      "link 0 is a symbolic link; only regular files are artifacts\n"
		      "linked 0 is a symbolic link; only regular files are artifacts\n"
		      "socket 0 is a socket; only regular files are artifacts\n");
	for (size_t i = 0; i < set.count; i++) {
		int fd = 0;

		ck_assert_int_eq(file_set_open(&set, &set.files[i], &fd, &err), STATUS_FORMAT);
		ck_assert_str_eq(err.text, set.files[i].problem);
		ck_assert_int_eq(fd, -1);
	}
}
END_TEST

/* A file that was listed may have become a link since; so may the directory it is in. */
START_TEST(a_file_exchanged_for_a_link_after_it_was_listed_is_not_followed)
{
	int fd;

	make_file("secret", "secret");
	ck_assert_int_eq(mkdir("outside", 0755), 0);
	make_file("outside/f", "secret");
	ck_assert_int_eq(mkdir("root/sub", 0755), 0);
	make_file("root/a", "a");
	make_file("root/sub/f", "f");
	expect_listed("a 1\nsub/f 1\n");
	ck_assert_int_eq(unlink("root/a"), 0);
	ck_assert_int_eq(symlink("../secret", "root/a"), 0);
	ck_assert_int_eq(rename("root/sub", "root/was"), 0);
	ck_assert_int_eq(symlink("../outside", "root/sub"), 0);
	ck_assert_int_lt(file_set_open(&set, file_set_find(&set, "a"), &fd, &err), 0);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_lt(file_set_open(&set, file_set_find(&set, "sub/f"), &fd, &err), 0);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(the_stored_name_is_opened_and_not_the_name)
{
	struct file *file;

	make_file("root/here", "right");
	make_file("root/called", "wrong");
	ck_assert_int_eq(file_set_list(&set, "root", &err), STATUS_OK);
	file = file_set_find(&set, "called");
	file->stored_name = xstrdup("here");
	expect_text(file, "right");
	expect_text(file_set_find(&set, "here"), "right");
}
END_TEST

START_TEST(a_stored_name_leads_nowhere_else)
{
	int fd;

	make_file("secret", "secret");
	ck_assert_int_eq(file_set_list(&set, "root", &err), STATUS_OK);
	file_set_add(&set, "a", FILE_IN_DIRECTORY)->stored_name = xstrdup("../secret");
	ck_assert_int_lt(file_set_open(&set, &set.files[0], &fd, &err), 0);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(of_a_hash_there_is_nothing_to_open)
{
	int fd;

	file_set_add(&set, "a", FILE_HASH_ONLY);
	ck_assert_int_eq(file_set_open(&set, &set.files[0], &fd, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(a_directory_that_is_none_is_an_error)
{
	make_file("file", "");
	ck_assert_int_eq(file_set_list(&set, "file", &err), STATUS_IO);
	ck_assert_int_eq(file_set_list(&set, "absent", &err), STATUS_NOT_FOUND);
}
END_TEST

START_TEST(depth_has_a_bound)
{
	struct buffer path = {0};

	buffer_add_text(&path, "root");
	for (int i = 0; i < 16; i++)
		buffer_add_text(&path, "/d");
	ck_assert_int_eq(path_make_directories(buffer_text(&path), 0755, &err), STATUS_OK);
	ck_assert_msg(file_set_list(&set, "root", &err) == STATUS_OK, "%s", err.text);
	file_set_release(&set);
	buffer_add_text(&path, "/d");
	ck_assert_int_eq(path_make_directories(buffer_text(&path), 0755, &err), STATUS_OK);
	ck_assert_int_eq(file_set_list(&set, "root", &err), STATUS_LIMIT);
	buffer_release(&path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("files");
	TCase *tcase = tcase_create("files");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, files_of_subdirectories_are_listed_by_name);
	tcase_add_test(tcase, an_empty_directory_is_an_empty_set);
	tcase_add_test(tcase, names_are_raw_bytes);
	tcase_add_test(tcase, what_is_no_regular_file_has_a_problem_and_is_never_opened);
	tcase_add_test(tcase, a_file_exchanged_for_a_link_after_it_was_listed_is_not_followed);
	tcase_add_test(tcase, the_stored_name_is_opened_and_not_the_name);
	tcase_add_test(tcase, a_stored_name_leads_nowhere_else);
	tcase_add_test(tcase, of_a_hash_there_is_nothing_to_open);
	tcase_add_test(tcase, a_directory_that_is_none_is_an_error);
	tcase_add_test(tcase, depth_has_a_bound);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
