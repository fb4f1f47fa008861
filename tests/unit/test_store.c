/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utime.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "snapshot/store.h"

static char *directory;
static struct store *store;
static struct error err;

static void set_up(void)
{
	err = (struct error){0};
	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_msg(store_open(directory, &store, &err) == STATUS_OK, "%s", err.text);
}

static void tear_down(void)
{
	store_free(store);
	path_remove_tree(directory, &err);
	free(directory);
}

static char *stored_path(const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	return xasprintf("%s/sha256/%.2s/%s", directory, hex, hex + 2);
}

static size_t count_in(const char *name)
{
	char *path = path_join(directory, name);
	DIR *opened = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	ck_assert_ptr_nonnull(opened);
	while ((entry = readdir(opened)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(opened);
	free(path);
	return count;
}

static struct digest add(const char *text)
{
	struct digest digest;

	ck_assert_msg(store_add_memory(store, text, strlen(text), &digest, &err) == STATUS_OK, "%s",
		err.text);
	return digest;
}

static int file_with(const void *data, size_t len)
{
	int fd = -1;

	ck_assert_int_eq(tempfile_unlinked(&fd, &err), STATUS_OK);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Turns over one bit of a stored file. */
static void damage(const struct digest *digest)
{
	char *path = stored_path(digest);
	int fd;
	char byte;

	ck_assert_int_eq(chmod(path, 0644), 0);
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &byte, 1, 2), 1);
	byte ^= 1;
	ck_assert_int_eq(pwrite(fd, &byte, 1, 2), 1);
	close(fd);
	free(path);
}

START_TEST(gives_back_what_was_added)
{
	struct digest digest = add("hello world\n"), expected, again;
	char *data = NULL;
	size_t len = 0;
	uint64_t size = 0;
	int fd = -1;

	hash_memory("hello world\n", 12, &expected);
	ck_assert(digest_equal(&digest, &expected));
	ck_assert(store_has(store, &digest));
	ck_assert_int_eq(store_read_all(store, &digest, 12, &data, &len, &err), STATUS_OK);
	ck_assert_str_eq(data, "hello world\n");
	ck_assert_uint_eq(len, 12);
	free(data);
	ck_assert_int_eq(store_read(store, &digest, &fd, &size, &err), STATUS_OK);
	ck_assert_uint_eq(size, 12);
	ck_assert_int_eq(store_add(store, fd, &digest, &again, &size, &err), STATUS_OK);
	ck_assert(digest_equal(&digest, &again));
	close(fd);
	ck_assert_uint_eq(count_in("tmp"), 0);
}
END_TEST

START_TEST(keeps_the_layout)
{
	struct digest digest = add("x");
	char *path = stored_path(&digest);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0444);
	ck_assert_int_eq(stat(directory, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_str_eq(store_directory(store), directory);
	free(path);
}
END_TEST

START_TEST(takes_the_empty_file)
{
	struct digest digest = add("");
	char *data = NULL;
	size_t len = 1;

	ck_assert_int_eq(store_read_all(store, &digest, 0, &data, &len, &err), STATUS_OK);
	ck_assert_uint_eq(len, 0);
	ck_assert_str_eq(data, "");
	free(data);
}
END_TEST

START_TEST(says_when_a_file_is_absent)
{
	struct digest digest;
	int fd = -1;

	hash_memory("never added", 11, &digest);
	ck_assert(!store_has(store, &digest));
	ck_assert_int_eq(store_read(store, &digest, &fd, NULL, &err), STATUS_NOT_FOUND);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(obeys_the_limit)
{
	struct digest digest = add("hello");
	char *data = NULL;
	size_t len = 0;

	ck_assert_int_eq(store_read_all(store, &digest, 4, &data, &len, &err), STATUS_LIMIT);
	ck_assert_ptr_null(data);
}
END_TEST

START_TEST(refuses_other_bytes_than_expected)
{
	struct digest expected, digest;
	int fd = file_with("one", 3);

	hash_memory("two", 3, &expected);
	ck_assert_int_eq(store_add(store, fd, &expected, &digest, NULL, &err), STATUS_TRUST);
	ck_assert_ptr_nonnull(strstr(err.text, "refused"));
	close(fd);
	hash_memory("one", 3, &digest);
	ck_assert(!store_has(store, &digest));
	ck_assert(!store_has(store, &expected));
	ck_assert_uint_eq(count_in("tmp"), 0);
}
END_TEST

/* Each of the three ways to read. */
START_TEST(quarantines_a_flipped_bit)
{
	struct digest digest = add("some bytes that will rot");
	struct stat st;
	char *data = NULL;
	size_t len = 0;
	int fd = -1, out = file_with("", 0);
	enum status status = STATUS_OK;

	damage(&digest);
	if (_i == 0)
		status = store_read(store, &digest, &fd, NULL, &err);
	else if (_i == 1)
		status = store_read_all(store, &digest, 1000, &data, &len, &err);
	else
		status = store_copy_out(store, &digest, out, &err);
	ck_assert_int_eq(status, STATUS_TRUST);
	ck_assert_int_eq(fd, -1);
	ck_assert_ptr_null(data);
	ck_assert_int_eq(fstat(out, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	close(out);
	ck_assert(!store_has(store, &digest));
	ck_assert_uint_eq(count_in("quarantine"), 1);

	/* The next one to add it mends the store. */
	add("some bytes that will rot");
	ck_assert_int_eq(store_read(store, &digest, &fd, NULL, &err), STATUS_OK);
	close(fd);
}
END_TEST

START_TEST(mends_by_adding_again)
{
	struct digest digest = add("rotten, but nobody has looked");
	int fd = -1;

	damage(&digest);
	add("rotten, but nobody has looked");
	ck_assert_int_eq(store_read(store, &digest, &fd, NULL, &err), STATUS_OK);
	close(fd);
	ck_assert_uint_eq(count_in("quarantine"), 0);
}
END_TEST

START_TEST(does_not_follow_a_link)
{
	struct digest digest = add("linked");
	char *path = stored_path(&digest), *other = path_join(directory, "elsewhere");
	int fd = -1;

	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert(!store_has(store, &digest));
	ck_assert_int_ne(store_read(store, &digest, &fd, NULL, &err), STATUS_OK);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(store_read(store, &digest, &fd, NULL, &err), STATUS_TRUST);
	free(path);
	free(other);
}
END_TEST

START_TEST(copies_out_without_a_link)
{
	struct digest digest = add("to be built from"), found;
	char *path = path_join(directory, "copy"), *stored = stored_path(&digest);
	int fd = open(path, O_RDWR | O_CREAT, 0644), pipes[2];
	struct stat copy, original;
	char text[32] = "";

	ck_assert_int_eq(store_copy_out(store, &digest, fd, &err), STATUS_OK);
	ck_assert_int_eq(fstat(fd, &copy), 0);
	ck_assert_int_eq(stat(stored, &original), 0);
	ck_assert_uint_ne(copy.st_ino, original.st_ino);
	ck_assert_uint_eq(original.st_nlink, 1);
	ck_assert_int_eq(hash_file(path, &found, NULL, &err), STATUS_OK);
	ck_assert(digest_equal(&found, &digest));
	/* Writing to the copy does not reach the store. */
	ck_assert_int_eq(pwrite(fd, "X", 1, 0), 1);
	close(fd);
	ck_assert_int_eq(store_read(store, &digest, &fd, NULL, &err), STATUS_OK);
	close(fd);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(store_copy_out(store, &digest, pipes[1], &err), STATUS_OK);
	ck_assert_int_eq(read(pipes[0], text, sizeof(text)), 16);
	ck_assert_str_eq(text, "to be built from");
	close(pipes[0]);
	close(pipes[1]);
	free(path);
	free(stored);
}
END_TEST

/* With what stood there behind the copy, the good stored file would look bad. */
START_TEST(copies_out_into_an_empty_file_only)
{
	struct digest digest = add("short");
	int fd = file_with("something longer", 16);
	char text[32] = "";

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(store_copy_out(store, &digest, fd, &err), STATUS_CONFLICT);
	ck_assert_int_eq(pread(fd, text, sizeof(text), 0), 16);
	ck_assert_str_eq(text, "something longer");
	ck_assert(store_has(store, &digest));
	ck_assert_uint_eq(count_in("quarantine"), 0);
	close(fd);
}
END_TEST

static void assert_no_room(void)
{
	size_t len = (size_t)4 * 1024 * 1024;
	char *data = xcalloc(1, len);
	struct digest digest;
	int fd;

	hash_memory(data, len, &digest);
	ck_assert_int_eq(store_add_memory(store, data, len, &digest, &err), STATUS_IO);
	ck_assert_msg(strstr(err.text, "no room") != NULL, "%s", err.text);
	fd = open("/dev/zero", O_RDONLY);
	ck_assert_int_eq(store_add(store, fd, NULL, NULL, NULL, &err), STATUS_IO);
	close(fd);
	ck_assert(!store_has(store, &digest));
	ck_assert_uint_eq(count_in("tmp"), 0);
	add("small things still fit");
	free(data);
}

START_TEST(leaves_nothing_half_at_a_size_limit)
{
	struct rlimit limit = {1024 * 1024, 1024 * 1024};

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_no_room();
}
END_TEST

/* Needs a file system of its own, so root; the test above does the same for everybody. */
START_TEST(leaves_nothing_half_on_a_full_disk)
{
	store_free(store);
	store = NULL;
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("tmpfs", directory, "tmpfs", 0, "size=1m") == 0) {
		ck_assert_int_eq(store_open(directory, &store, &err), STATUS_OK);
		assert_no_room();
		store_free(store);
		store = NULL;
		umount(directory);
	}
}
END_TEST

START_TEST(cleans_up_after_the_dead)
{
	struct digest digest;
	struct store_part part = STORE_PART_INIT, named = STORE_PART_INIT;
	char *path;
	struct utimbuf long_ago = {1000000000, 1000000000};
	pid_t child;
	int status;

	hash_memory("wanted", 6, &digest);
	child = fork();
	if (child == 0) {
		/* Two parts, and no chance to tidy up. */
		store_part_open(store, NULL, &part, &err);
		store_part_open(store, &digest, &named, &err);
		store_part_write(store, &part, "abc", 3, &err);
		store_part_write(store, &named, "wan", 3, &err);
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_uint_eq(count_in("tmp"), 2);

	/* What has an owner stays; what can be resumed stays; the rest goes. */
	ck_assert_int_eq(store_part_open(store, NULL, &part, &err), STATUS_OK);
	ck_assert_int_eq(store_parts_clean(store, &err), STATUS_OK);
	ck_assert_uint_eq(count_in("tmp"), 2);
	store_part_discard(store, &part);
	ck_assert_uint_eq(count_in("tmp"), 1);

	ck_assert_int_eq(store_part_open(store, &digest, &named, &err), STATUS_OK);
	ck_assert_int_eq(lseek(named.fd, 0, SEEK_END), 3);
	ck_assert_int_eq(store_part_open(store, &digest, &part, &err), STATUS_CONFLICT);
	path = xasprintf("%s/tmp/%s", directory, named.name);
	ck_assert_int_eq(utime(path, &long_ago), 0);
	ck_assert_int_eq(store_parts_clean(store, &err), STATUS_OK);
	ck_assert_uint_eq(count_in("tmp"), 1);
	store_part_close(store, &named);
	ck_assert_int_eq(store_parts_clean(store, &err), STATUS_OK);
	ck_assert_uint_eq(count_in("tmp"), 0);
	free(path);
}
END_TEST

enum {
	WRITERS = 6,
	FILES = 40
};

static void write_and_read_all(void)
{
	struct error mine = {0};
	struct store *own = NULL;

	if (store_open(directory, &own, &mine) != STATUS_OK)
		_exit(1);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < FILES; i++) {
			char text[64];
			struct digest digest;
			int fd = -1;

			snprintf(text, sizeof(text), "file %d, the same for all", i);
			if (store_add_memory(own, text, strlen(text), &digest, &mine) !=
					STATUS_OK ||
				store_read(own, &digest, &fd, NULL, &mine) != STATUS_OK)
				_exit(2);
			close(fd);
		}
	}
	_exit(0);
}

START_TEST(serves_several_processes)
{
	pid_t children[WRITERS];
	int status;

	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			write_and_read_all();
	}
	for (int i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(count_in("quarantine"), 0);
	ck_assert_uint_eq(count_in("tmp"), 0);
}
END_TEST

START_TEST(says_which_directory_it_cannot_open)
{
	struct store *other = NULL;
	char *path = path_join(directory, "file");

	ck_assert_int_eq(tempfile_write_all(path, "x", 1, 0644, &err), STATUS_OK);
	ck_assert_int_lt(store_open(path, &other, &err), 0);
	ck_assert_ptr_null(other);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	free(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, gives_back_what_was_added);
	tcase_add_test(tcase, keeps_the_layout);
	tcase_add_test(tcase, takes_the_empty_file);
	tcase_add_test(tcase, says_when_a_file_is_absent);
	tcase_add_test(tcase, obeys_the_limit);
	tcase_add_test(tcase, refuses_other_bytes_than_expected);
	tcase_add_loop_test(tcase, quarantines_a_flipped_bit, 0, 3);
	tcase_add_test(tcase, mends_by_adding_again);
	tcase_add_test(tcase, does_not_follow_a_link);
	tcase_add_test(tcase, copies_out_without_a_link);
	tcase_add_test(tcase, copies_out_into_an_empty_file_only);
	tcase_add_test(tcase, leaves_nothing_half_at_a_size_limit);
	tcase_add_test(tcase, leaves_nothing_half_on_a_full_disk);
	tcase_add_test(tcase, cleans_up_after_the_dead);
	tcase_add_test(tcase, serves_several_processes);
	tcase_add_test(tcase, says_which_directory_it_cannot_open);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
