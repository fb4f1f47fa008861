/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "snapshot/store.h"
#include "snapshot/store_sha1.h"

/* FIPS 180: the SHA-1 of "abc", and of no byte at all. */
#define ABC_SHA1   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define EMPTY_SHA1 "da39a3ee5e6b4b0d3255bfef95601890afd80709"

static char *directory, *names_path;
static struct store *store;
static struct error err;

static void set_up(void)
{
	err = (struct error){0};
	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_msg(store_open(directory, &store, &err) == STATUS_OK, "%s", err.text);
	names_path = path_join(directory, "sha1");
}

static void tear_down(void)
{
	store_free(store);
	path_remove_tree(directory, &err);
	free(directory);
	free(names_path);
}

static struct digest add(const char *text)
{
	struct digest digest;

	ck_assert_int_eq(store_add_memory(store, text, strlen(text), &digest, &err), STATUS_OK);
	return digest;
}

static char *names_text(void)
{
	char *text = NULL;
	size_t len;

	if (access(names_path, F_OK) != 0)
		return xstrdup("");
	ck_assert_int_eq(path_read_file(names_path, 1 << 20, &text, &len, &err), STATUS_OK);
	return text;
}

static void names_write(const char *text)
{
	ck_assert_int_eq(tempfile_write_all(names_path, text, strlen(text), 0600, &err), STATUS_OK);
}

static char *line_of(const struct digest *digest, const char *sha1)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	return xasprintf("%s %s\n", hex, sha1);
}

static void ck_assert_sha1(
	const struct sha1_names *names, const struct digest *digest, const char *expected)
{
	const struct sha1 *sha1 = sha1_names_of(names, digest);
	char hex[SHA1_HEX_SIZE];

	ck_assert_ptr_nonnull(sha1);
	sha1_hex(sha1, hex);
	ck_assert_str_eq(hex, expected);
}

static enum status find(const struct sha1_names *names, const char *hex, struct digest *digest)
{
	struct sha1 sha1;

	ck_assert(sha1_parse(hex, strlen(hex), &sha1));
	return sha1_names_find(names, &sha1, digest, &err);
}

START_TEST(every_way_in_gives_it)
{
	struct digest abc = add("abc"), empty, found;
	struct sha1_names names;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(store_add(store, fd, NULL, &empty, NULL, &err), STATUS_OK);
	close(fd);
	ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
	ck_assert_uint_eq(names.count, 2);
	ck_assert_uint_eq(names.malformed, 0);
	ck_assert_sha1(&names, &abc, ABC_SHA1);
	ck_assert_sha1(&names, &empty, EMPTY_SHA1);
	ck_assert_int_eq(find(&names, ABC_SHA1, &found), STATUS_OK);
	ck_assert(digest_equal(&found, &abc));
	sha1_names_release(&names);
}
END_TEST

START_TEST(one_that_is_unknown_is_not_found)
{
	struct digest digest = add("abc");
	struct sha1_names names;

	ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
	ck_assert_int_eq(find(&names, EMPTY_SHA1, &digest), STATUS_NOT_FOUND);
	ck_assert_int_eq(find(&names, "ffffffffffffffffffffffffffffffffffffffff", &digest),
		STATUS_NOT_FOUND);
	sha1_names_release(&names);
	names = (struct sha1_names){0};
	ck_assert_int_eq(find(&names, ABC_SHA1, &digest), STATUS_NOT_FOUND);
	ck_assert_ptr_null(sha1_names_of(&names, &digest));
}
END_TEST

/* As somebody would make who has a SHA-1 collision. */
START_TEST(a_name_of_two_files_names_neither)
{
	struct digest one = add("one"), two = add("two"), found;
	char *first = line_of(&one, ABC_SHA1), *second = line_of(&two, ABC_SHA1);
	char *text = xasprintf("%s%s", first, second);
	struct sha1_names names;

	names_write(text);
	ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
	ck_assert_int_eq(find(&names, ABC_SHA1, &found), STATUS_CONFLICT);
	ck_assert_ptr_nonnull(strstr(err.text, ABC_SHA1));
	sha1_names_release(&names);
	free(first);
	free(second);
	free(text);
}
END_TEST

START_TEST(adding_again_adds_no_line)
{
	char *before, *after;

	add("abc");
	before = names_text();
	add("abc");
	after = names_text();
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(strlen(before), SHA256_HEX_SIZE + SHA1_HEX_SIZE);
	free(before);
	free(after);
}
END_TEST

/* A writer was killed within its line. */
START_TEST(half_a_line_is_taken_back)
{
	struct digest one = add("one"), abc;
	char *text = names_text();
	struct sha1_names names;

	for (size_t cut = 1; cut < strlen(text); cut += 7) {
		char *torn = xasprintf("%s%.*s", text, (int)cut, text);
		char *content = xasprintf("%zu", cut);

		names_write(torn);
		ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
		ck_assert_uint_eq(names.count, 1);
		sha1_names_release(&names);
		add(content);
		ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
		ck_assert_uint_eq(names.count, 2);
		ck_assert_uint_eq(names.malformed, 0);
		ck_assert_ptr_nonnull(sha1_names_of(&names, &one));
		sha1_names_release(&names);
		names_write(text);
		free(torn);
		free(content);
	}
	abc = add("abc");
	ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
	ck_assert_sha1(&names, &abc, ABC_SHA1);
	sha1_names_release(&names);
	free(text);
}
END_TEST

static void fsck(uint64_t wrong, uint64_t missing)
{
	struct store_damages damages;
	struct store_tally good;

	ck_assert_int_eq(store_fsck(store, &good, &damages, &err), STATUS_OK);
	ck_assert_uint_eq(damages.count, 0);
	ck_assert_uint_eq(damages.sha1_wrong, wrong);
	ck_assert_uint_eq(damages.sha1_missing, missing);
	store_damages_release(&damages);
}

/* Whatever the file says, fsck makes it say what is so. */
START_TEST(fsck_puts_it_right)
{
	struct digest abc = add("abc"), gone = {{1}};
	char *right = names_text(), *now;
	char *wrong = line_of(&abc, EMPTY_SHA1), *orphan = line_of(&gone, EMPTY_SHA1);
	char *texts[] = {xstrdup(right), xstrdup(""), xasprintf("%s%s", orphan, right),
		xstrdup(wrong), xasprintf("%.104s!\n%s", right, right), xstrdup("garbage\n")};
	const uint64_t expected[][2] = {{0, 0}, {0, 1}, {0, 0}, {1, 0}, {1, 0}, {0, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		names_write(texts[i]);
		fsck(expected[i][0], expected[i][1]);
		now = names_text();
		ck_assert_str_eq(now, right);
		free(now);
		fsck(0, 0);
		free(texts[i]);
	}
	unlink(names_path);
	fsck(0, 1);
	free(right);
	free(wrong);
	free(orphan);
}
END_TEST

START_TEST(gc_takes_the_name_with_the_file)
{
	struct store_keep keep = {0};
	struct store_use use;
	struct digest abc = add("abc");
	char *before, *after;

	before = names_text();
	add("of no use");
	keep.records = &abc;
	keep.record_count = 1;
	ck_assert_int_eq(store_gc(store, &keep, &use, &err), STATUS_OK);
	store_use_release(&use);
	after = names_text();
	ck_assert_str_eq(after, before);
	free(before);
	free(after);
	keep.record_count = 0;
	ck_assert_int_eq(store_gc(store, &keep, &use, &err), STATUS_OK);
	store_use_release(&use);
	ck_assert_int_ne(access(names_path, F_OK), 0);
}
END_TEST

/* A FIFO or a link in its place must neither hold us nor lead us elsewhere. */
START_TEST(something_else_in_its_place_is_an_error)
{
	struct sha1_names names;

	ck_assert_int_eq(mkfifo(names_path, 0600), 0);
	ck_assert_int_lt(sha1_names_read(store, &names, &err), 0);
	ck_assert_int_lt(store_add_memory(store, "x", 1, NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, names_path));
	ck_assert_int_eq(unlink(names_path), 0);
	ck_assert_int_eq(symlink("tmp/elsewhere", names_path), 0);
	ck_assert_int_lt(store_add_memory(store, "x", 1, NULL, &err), 0);
	ck_assert_int_lt(sha1_names_read(store, &names, &err), 0);
}
END_TEST

START_TEST(several_processes_add_whole_lines)
{
	enum {
		PROCESSES = 4,
		FILES = 50
	};
	struct sha1_names names;
	int code;

	for (int i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < FILES; j++) {
			char *text = xasprintf("%d", i * FILES + j);

			if (store_add_memory(store, text, strlen(text), NULL, &err) < 0)
				_exit(1);
			free(text);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_gt(wait(&code), 0);
		ck_assert_int_eq(code, 0);
	}
	ck_assert_int_eq(sha1_names_read(store, &names, &err), STATUS_OK);
	ck_assert_uint_eq(names.count, PROCESSES * FILES);
	ck_assert_uint_eq(names.malformed, 0);
	sha1_names_release(&names);
	fsck(0, 0);
}
END_TEST

START_TEST(hex_is_strict)
{
	struct sha1 sha1;

	ck_assert(sha1_parse(ABC_SHA1, 40, &sha1));
	ck_assert(!sha1_parse(ABC_SHA1, 39, &sha1));
	ck_assert(!sha1_parse(ABC_SHA1 "0", 41, &sha1));
	ck_assert(!sha1_parse("g9993e364706816aba3e25717850c26c9cd0d89d", 40, &sha1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store_sha1");
	TCase *tcase = tcase_create("store_sha1");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, every_way_in_gives_it);
	tcase_add_test(tcase, one_that_is_unknown_is_not_found);
	tcase_add_test(tcase, a_name_of_two_files_names_neither);
	tcase_add_test(tcase, adding_again_adds_no_line);
	tcase_add_test(tcase, half_a_line_is_taken_back);
	tcase_add_test(tcase, fsck_puts_it_right);
	tcase_add_test(tcase, gc_takes_the_name_with_the_file);
	tcase_add_test(tcase, something_else_in_its_place_is_an_error);
	tcase_add_test(tcase, several_processes_add_whole_lines);
	tcase_add_test(tcase, hex_is_strict);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
