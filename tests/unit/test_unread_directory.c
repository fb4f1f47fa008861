/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "snapshot/pin_file.h"
#include "snapshot/store.h"
#include "tests/unit/archive_fixture.h"

/*
 * A directory that cannot be read to its end: readdir() says so by errno alone, and what it did not
 * give is not absent. This one stands before the C library's.
 */
static char *bad; /* the directory whose listing breaks off; NULL: none */
static unsigned broken;

struct dirent *readdir(DIR *directory)
{
	static struct dirent *(*real)(DIR * directory);
	struct stat is, wanted;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "readdir64");
	if (bad && stat(bad, &wanted) == 0 && fstat(dirfd(directory), &is) == 0 &&
		is.st_dev == wanted.st_dev && is.st_ino == wanted.st_ino) {
		broken++;
		errno = EIO;
		return NULL;
	}
	return real(directory);
}

static void break_off(const char *parent, const char *name)
{
	free(bad);
	bad = path_join(parent, name);
	broken = 0;
}

static void mend(void)
{
	free(bad);
	bad = NULL;
}

static void make_archive(void)
{
	make_top();
	shell("key good ed25519 20240101T000000 never\n"
	      "archive plain/debian stable '2025-01-02 03:04:05 UTC' good; mkdir plain/etc\n"
	      "echo \"deb file://$TOP/plain/debian stable main\" >plain/etc/sources.list\n");
}

static unsigned files_in_store(void)
{
	struct store_tally good;
	struct store_damages damages = {0};

	ck_assert_int_eq(store_fsck(store, &good, &damages, &err), STATUS_OK);
	ck_assert_uint_eq(damages.count, 0);
	store_damages_release(&damages);
	return (unsigned)good.files;
}

/* What live pins need would be deleted for good. */
START_TEST(gc_removes_nothing_when_pins_cannot_be_listed)
{
	struct store_keep keep = {0};
	struct store_use use;
	unsigned files;

	ck_assert_msg(capture("plain") == STATUS_OK, "%s", err.text);
	files = files_in_store();
	ck_assert_uint_gt(files, 3);
	if (_i == 0) {
		break_off(store_directory(store), "pins");
	} else {
		char *pins_path = path_join(store_directory(store), "pins"),
		     *away = path_join(store_directory(store), "elsewhere");

		ck_assert_int_eq(rename(pins_path, away), 0);
		free(away);
		free(pins_path);
	}
	if (_i == 2) {
		char *path = xstrdup(store_directory(store));

		store_free(store);
		ck_assert_int_eq(store_open(path, &store, &err), STATUS_OK);
		free(path);
	}
	ck_assert_int_eq(store_gc(store, &keep, &use, &err), STATUS_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "pins"));
	mend();
	ck_assert_uint_eq(files_in_store(), files);
	if (_i == 0) {
		ck_assert_int_eq(store_gc(store, &keep, &use, &err), STATUS_OK);
		ck_assert_uint_eq(use.unused_count, 0);
		store_use_release(&use);
	}
}
END_TEST

/* Another set of suites would be pinned. */
START_TEST(apt_sources_are_read_whole_or_not_at_all)
{
	char *etc = path_join(top, "plain/etc");

	shell("mkdir -p plain/etc/sources.list.d");
	break_off(etc, "sources.list.d");
	ck_assert_int_eq(place_list_add_apt(&places, etc, &err), STATUS_IO);
	ck_assert_uint_eq(broken, 1);
	ck_assert_ptr_nonnull(strstr(err.text, "sources.list.d"));
	mend();
	ck_assert_int_eq(place_list_add_apt(&places, etc, &err), STATUS_OK);
	free(etc);
}
END_TEST

START_TEST(a_store_whose_tmp_cannot_be_read_does_not_open)
{
	struct store *other = NULL;

	break_off(store_directory(store), "tmp");
	ck_assert_int_eq(store_open(store_directory(store), &other, &err), STATUS_IO);
	ck_assert_ptr_null(other);
	mend();
}
END_TEST

START_TEST(a_tree_that_cannot_be_listed_is_not_removed)
{
	char *tree = path_join(top, "tree");

	shell("mkdir -p tree/below; : >tree/below/file");
	break_off(tree, "below");
	ck_assert_int_lt(path_remove_tree(tree, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot list"));
	mend();
	ck_assert_int_eq(path_remove_tree(tree, &err), STATUS_OK);
	ck_assert_int_ne(access(tree, F_OK), 0);
	free(tree);
}
END_TEST

START_TEST(names_are_sorted_and_without_dots)
{
	char *path = path_join(top, "names");
	struct text_list names = {0};

	shell("mkdir names; cd names; : >b; : >.a; mkdir c; : >...");
	ck_assert_int_eq(
		path_names(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, &names, &err),
		STATUS_OK);
	ck_assert_uint_eq(names.count, 4);
	ck_assert_str_eq(names.items[0], "...");
	ck_assert_str_eq(names.items[1], ".a");
	ck_assert_str_eq(names.items[2], "b");
	ck_assert_str_eq(names.items[3], "c");
	ck_assert_int_eq(
		path_names(open("/nonexistent", O_RDONLY), path, &names, &err), STATUS_NOT_FOUND);
	text_list_release(&names);
	free(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unread_directory");
	TCase *tests = tcase_create("unread_directory");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, make_archive, remove_top);
	tcase_add_checked_fixture(tests, open_session, close_session);
	tcase_add_loop_test(tests, gc_removes_nothing_when_pins_cannot_be_listed, 0, 3);
	tcase_add_test(tests, apt_sources_are_read_whole_or_not_at_all);
	tcase_add_test(tests, a_store_whose_tmp_cannot_be_read_does_not_open);
	tcase_add_test(tests, a_tree_that_cannot_be_listed_is_not_removed);
	tcase_add_test(tests, names_are_sorted_and_without_dots);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
