/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tempfile.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/path.h"

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

static unsigned count_names(void)
{
	DIR *stream = opendir(".");
	unsigned count = 0;

	while (readdir(stream))
		count++;
	closedir(stream);
	return count - 2;
}

static void expect_content(const char *path, const char *expected)
{
	struct error err = {0};
	char *data;
	size_t len;

	ck_assert_msg(path_read_file(path, 1000, &data, &len, &err) == STATUS_OK, "%s", err.text);
	ck_assert_str_eq(data, expected);
	free(data);
}

START_TEST(a_file_appears_whole)
{
	struct tempfile file = TEMPFILE_INIT;
	struct error err;
	struct stat st;

	umask(077);
	ck_assert_int_eq(tempfile_open(&file, "a", 0644, &err), STATUS_OK);
	ck_assert_int_eq(access("a", F_OK), -1);
	ck_assert_int_eq(tempfile_write(&file, "one ", 4, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_write(&file, "two", 3, &err), STATUS_OK);
	ck_assert_int_eq(access("a", F_OK), -1);
	ck_assert_int_eq(tempfile_commit(&file, &err), STATUS_OK);
	ck_assert_int_eq(file.fd, -1);
	tempfile_release(&file);
	expect_content("a", "one two");
	ck_assert_int_eq(stat("a", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	ck_assert_uint_eq(count_names(), 1);
}
END_TEST

START_TEST(released_without_commit_it_leaves_nothing)
{
	struct tempfile file = TEMPFILE_INIT;
	struct error err;

	ck_assert_int_eq(tempfile_write_all("a", "old", 3, 0600, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_open(&file, "a", 0644, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_write(&file, "new", 3, &err), STATUS_OK);
	tempfile_release(&file);
	tempfile_release(&file);
	expect_content("a", "old");
	ck_assert_uint_eq(count_names(), 1);
}
END_TEST

START_TEST(a_zeroed_struct_is_safe_to_release)
{
	struct tempfile file;

	memset(&file, 0, sizeof(file));
	tempfile_release(&file);
	/* Descriptor 0 was not its own. */
	ck_assert_int_ge(fcntl(0, F_GETFD), 0);
}
END_TEST

/* Killed at any moment: at the final path is the old file, or the new one, and never a part. */
START_TEST(a_killed_writer_leaves_the_old_file_or_the_new)
{
	enum {
		SIZE = 1 << 20
	};
	char *fresh = malloc(SIZE);
	struct error err;
	unsigned seen_old = 0;

	memset(fresh, 'n', SIZE);
	for (useconds_t wait = 0; wait < 40; wait++) {
		struct tempfile file = TEMPFILE_INIT;
		int ready[2];
		char byte = 0;

		ck_assert_int_eq(tempfile_write_all("a", "old", 3, 0600, &err), STATUS_OK);
		ck_assert_int_eq(pipe(ready), 0);
		pid_t pid = fork();
		if (pid == 0) {
			tempfile_open(&file, "a", 0600, &err);
			for (size_t at = 0; at < SIZE; at += SIZE / 64) {
				tempfile_write(&file, fresh + at, SIZE / 64, &err);
				(void)!write(ready[1], &byte, 1);
			}
			tempfile_commit(&file, &err);
			(void)!write(ready[1], &byte, 1);
			pause();
		}
		/* Each round lets it come further. */
		for (useconds_t i = 0; i <= wait * 2 && i < 65; i++)
			ck_assert_int_eq(read(ready[0], &byte, 1), 1);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(ready[0]);
		close(ready[1]);

		char *data;
		size_t len;
		ck_assert_int_eq(path_read_file("a", SIZE, &data, &len, &err), STATUS_OK);
		if (len == 3)
			seen_old++;
		ck_assert_mem_eq(data, len == 3 ? "old" : fresh, len == 3 ? 3 : SIZE);
		ck_assert(len == 3 || len == SIZE);
		free(data);
	}
	ck_assert_uint_gt(seen_old, 20);
	free(fresh);
}
END_TEST

START_TEST(two_writers_do_not_meet)
{
	struct tempfile one = TEMPFILE_INIT, two = TEMPFILE_INIT;
	struct error err;

	ck_assert_int_eq(tempfile_open(&one, "a", 0644, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_open(&two, "a", 0644, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_write(&one, "11", 2, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_write(&two, "2", 1, &err), STATUS_OK);
	ck_assert_int_eq(tempfile_commit(&two, &err), STATUS_OK);
	expect_content("a", "2");
	ck_assert_int_eq(tempfile_commit(&one, &err), STATUS_OK);
	expect_content("a", "11");
	ck_assert_uint_eq(count_names(), 1);
}
END_TEST

START_TEST(a_link_at_the_place_is_replaced_not_followed)
{
	struct error err;
	struct stat st;

	ck_assert_int_eq(tempfile_write_all("target", "kept", 4, 0644, &err), STATUS_OK);
	ck_assert_int_eq(symlink("target", "a"), 0);
	ck_assert_int_eq(tempfile_write_all("a", "new", 3, 0644, &err), STATUS_OK);
	expect_content("target", "kept");
	ck_assert_int_eq(lstat("a", &st), 0);
	ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(what_cannot_be_written_is_told)
{
	struct tempfile file = TEMPFILE_INIT;
	struct error err = {0};

	ck_assert_int_eq(tempfile_open(&file, "absent/a", 0644, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "absent/a"));
	tempfile_release(&file);
	/* Its place is taken by a directory. */
	ck_assert_int_eq(mkdir("a", 0755), 0);
	ck_assert_int_eq(tempfile_write_all("a", "x", 1, 0644, &err), STATUS_IO);
	ck_assert_uint_eq(count_names(), 1);
	/* A write that fails. */
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(tempfile_open(&file, "b", 0644, &err), STATUS_OK);
	ck_assert_int_eq(dup2(full, file.fd), file.fd);
	ck_assert_int_eq(tempfile_write(&file, "x", 1, &err), STATUS_IO);
	tempfile_release(&file);
	close(full);
	ck_assert_uint_eq(count_names(), 1);
}
END_TEST

START_TEST(temporary_files_have_no_name)
{
	struct error err = {0};
	struct stat st;
	int fd;

	setenv("TMPDIR", directory, 1);
	ck_assert_msg(tempfile_unlinked(&fd, &err) == STATUS_OK, "%s", err.text);
	ck_assert_uint_eq(count_names(), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_nlink, 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 1 << 20), 1);
	close(fd);

	char *made;
	ck_assert_int_eq(tempfile_directory(&made, &err), STATUS_OK);
	ck_assert_int_eq(strncmp(made, directory, strlen(directory)), 0);
	ck_assert_int_eq(stat(made, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	free(made);

	setenv("TMPDIR", "/nonexistent", 1);
	ck_assert_int_eq(tempfile_unlinked(&fd, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(tempfile_directory(&made, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_null(made);
	/* A relative one would depend on where it is run. */
	setenv("TMPDIR", "relative", 1);
	ck_assert_int_eq(tempfile_unlinked(&fd, &err), STATUS_OK);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tempfile");
	TCase *test = tcase_create("tempfile");

	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, a_file_appears_whole);
	tcase_add_test(test, released_without_commit_it_leaves_nothing);
	tcase_add_test(test, a_zeroed_struct_is_safe_to_release);
	tcase_add_test(test, a_killed_writer_leaves_the_old_file_or_the_new);
	tcase_add_test(test, two_writers_do_not_meet);
	tcase_add_test(test, a_link_at_the_place_is_replaced_not_followed);
	tcase_add_test(test, what_cannot_be_written_is_told);
	tcase_add_test(test, temporary_files_have_no_name);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
