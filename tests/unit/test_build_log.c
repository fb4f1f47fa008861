/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "verifier/rebuild/build_log.h"

static struct error err;
static char *directory, *plain, *kept;
static struct buffer text;
static struct text_list secrets;
static struct log_end *end;
static struct build_failure failure;

static void setup(void)
{
	ck_assert(tempfile_directory(&directory, &err) == STATUS_OK);
	plain = path_join(directory, "build.log");
	kept = path_join(directory, "build.log.zst");
	end = xcalloc(1, sizeof(*end));
}

static void teardown(void)
{
	ck_assert(path_remove_tree(directory, &err) == STATUS_OK);
	build_failure_release(&failure);
	log_end_release(end);
	free(end);
	text_list_release(&secrets);
	buffer_release(&text);
	free(directory);
	free(plain);
	free(kept);
}

static void keep(void)
{
	ck_assert(tempfile_write_all(plain, text.data, text.len, 0600, &err) == STATUS_OK);
	ck_assert_msg(
		build_log_keep(plain, kept, &secrets, end, &err) == STATUS_OK, "%s", err.text);
	ck_assert_int_lt(access(plain, F_OK), 0);
}

/* What is kept, by zstd itself; the caller frees. */
static char *unpack(size_t *len)
{
	char *data, *out;
	size_t packed;
	const size_t room = (size_t)1 << 20;

	ck_assert(path_read_file(kept, room, &data, &packed, &err) == STATUS_OK);
	out = xmalloc(room);
	*len = ZSTD_decompress(out, room, data, packed);
	ck_assert_msg(!ZSTD_isError(*len), "%s", ZSTD_getErrorName(*len));
	free(data);
	return out;
}

static void classify(unsigned facts)
{
	keep();
	failure_classify(facts, "ended with exit code 1", end, &failure);
}

START_TEST(all_of_it_is_kept)
{
	static const char hostile[] = "a\0b\xff\x1b[2J\r\nlast without a newline";
	char *out;
	size_t len;

	buffer_add(&text, hostile, sizeof(hostile) - 1);
	keep();
	out = unpack(&len);
	ck_assert_uint_eq(len, sizeof(hostile) - 1);
	ck_assert_mem_eq(out, hostile, len);
	free(out);
	ck_assert_uint_eq(end->count, 2);
	ck_assert_str_eq(log_end_line(end, 1)->text, "a?b\xff\x1b[2J\r");
	ck_assert_str_eq(log_end_line(end, 2)->text, "last without a newline");
	ck_assert_ptr_null(log_end_line(end, 0));
	ck_assert_ptr_null(log_end_line(end, 3));
}
END_TEST

START_TEST(an_empty_log_is_kept)
{
	size_t len;

	buffer_add_text(&text, "");
	classify(0);
	free(unpack(&len));
	ck_assert_uint_eq(len, 0);
	ck_assert_str_eq(failure.class, "unknown");
	ck_assert_ptr_null(failure.evidence);
	ck_assert_str_eq(failure.tail, "");
	ck_assert_uint_eq(failure.lines, 0);
}
END_TEST

/* 1,200 lines: the first that counts is 701. */
START_TEST(lines_are_numbered_from_the_beginning_of_the_file)
{
	for (unsigned i = 1; i <= 1200; i++)
		buffer_add_format(
			&text, i == (unsigned)_i ? "cp: No space left on device\n" : "%u\n", i);
	classify(0);
	ck_assert_uint_eq(failure.lines, 1200);
	ck_assert_ptr_null(log_end_line(end, 700));
	ck_assert_ptr_nonnull(log_end_line(end, 701));
	if (_i == 700) {
		ck_assert_str_eq(failure.class, "unknown");
		ck_assert_uint_eq(failure.line, 0);
	} else {
		ck_assert_str_eq(failure.class, "no-space");
		ck_assert_uint_eq(failure.line, (unsigned)_i);
		ck_assert_str_eq(failure.evidence, "cp: No space left on device");
	}
	ck_assert_str_eq(failure.tail + strlen(failure.tail) - 4, _i == 1200 ? "vice" : "1200");
	ck_assert_ptr_null(strstr(failure.tail, "1180"));
	ck_assert_ptr_nonnull(strstr(failure.tail, "1181"));
}
END_TEST

START_TEST(a_line_of_any_length_takes_bounded_memory)
{
	const off_t size = (off_t)256 << 20;
	int fd = open(plain, O_CREAT | O_WRONLY, 0600);
	struct rusage before, after;

	ck_assert(ftruncate(fd, size) == 0);
	ck_assert(pwrite(fd, "\nbuild.c:1:2: error: x\n", 23, size) == 23);
	close(fd);
	getrusage(RUSAGE_SELF, &before);
	ck_assert(build_log_keep(plain, kept, &secrets, end, &err) == STATUS_OK);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 64 << 10);
	failure_classify(0, "ended", end, &failure);
	ck_assert_str_eq(failure.class, "compiler-error");
	ck_assert_uint_eq(failure.line, 2);
	ck_assert(log_end_line(end, 1)->is_cut);
	ck_assert_uint_eq(strlen(log_end_line(end, 1)->text), LOG_LINE_MAX);
	ck_assert_mem_eq(failure.tail + LOG_LINE_MAX, "…\n", 4);
}
END_TEST

/* Over the edge of what is read at once, and at the very end. */
START_TEST(secrets_are_in_nothing)
{
	char *out;
	size_t len;

	text_list_add(&secrets, "hunter2");
	text_list_add(&secrets, "hunter2-long");
	for (unsigned i = 0; i < 128 * 1024 - (unsigned)_i; i++)
		buffer_add_char(&text, i % 80 == 79 ? '\n' : 'x');
	buffer_add_text(&text, "hunter2 hunter2-long hunter");
	keep();
	out = unpack(&len);
	ck_assert_ptr_null(memmem(out, len, "hunter2", 7));
	ck_assert_mem_eq(out + 128 * 1024 - _i, "… … hunter", strlen("… … hunter"));
	ck_assert_uint_eq(len, (size_t)(128 * 1024 - _i) + strlen("… … hunter"));
	free(out);
}
END_TEST

/* Wherever the window onto the end cuts it, of a secret nothing is left, and all else is. */
START_TEST(no_part_of_a_secret_is_in_the_last_words)
{
	static const char log[] = "BEFORE hunter2-long AFTER", clear[] = "BEFORE … AFTER";
	const size_t len = sizeof(log) - 1, most = (size_t)_i, behind = strlen(" AFTER");
	size_t from, left;

	text_list_add(&secrets, "hunter2");
	text_list_add(&secrets, "hunter2-long");
	ck_assert_uint_eq(log_longest(&secrets), 12);
	/* As much as is read of a log. */
	from = len > most + 12 ? len - most - 12 : 0;
	log_hide(&secrets, log + from, len - from, most, &text);
	if (most >= len)
		left = 0;
	else if (most >= behind + 12) /* the window begins before it */
		left = len - most;
	else if (most > behind)
		left = sizeof(clear) - 1 - behind;
	else
		left = sizeof(clear) - 1 - most;
	ck_assert_str_eq(buffer_text(&text), clear + left);
}
END_TEST

START_TEST(secret_by_name)
{
	struct text_list environment = {0};

	text_list_add(&environment, "GITLAB_TOKEN=abcd");
	text_list_add(&environment, "my_password=secret=1");
	text_list_add(&environment, "SIGNING_KEY=abc");
	text_list_add(&environment, "MACHINE=qemu-amd64");
	text_list_add(&environment, "NOTE=TOKEN");
	log_secrets(&environment, &secrets);
	ck_assert_uint_eq(secrets.count, 2);
	ck_assert_str_eq(secrets.items[0], "abcd");
	ck_assert_str_eq(secrets.items[1], "secret=1");
	text_list_release(&environment);
}
END_TEST

START_TEST(the_table_is_sound)
{
	for (size_t i = 0; i < failure_row_count; i++) {
		const struct failure_row *row = &failure_rows[i];

		ck_assert_ptr_eq(failure_row_find(row->id), row);
		ck_assert(row->title && row->advice);
		ck_assert(
			(row->strong || row->weak || row->pattern) == (i + 1 < failure_row_count));
	}
	ck_assert_str_eq(failure_rows[failure_row_count - 1].id, "unknown");
	ck_assert_ptr_null(failure_row_find("no-such"));
}
END_TEST

/* What a limit or a namespace knows; weak facts give way to a line of the log. */
static const struct {
	unsigned facts;
	const char *log, *class;
	unsigned line;
} cases[] = {
	{BUILD_TIMED_OUT, "No space left on device", "time-limit", 0},
	{BUILD_OUT_OF_MEMORY, "x.c:1:1: error: x", "memory-limit", 0},
	{BUILD_OUT_OF_SPACE | BUILD_SIGNALLED, "", "no-space", 0},
	{BUILD_SIGNALLED, "x.c:1:1: error: x", "killed", 0},
	{BUILD_SIGNALLED, "x: No space left on device", "no-space", 1},
	{BUILD_REACHED_OUT, "x.c:1:1: error: x", "compiler-error", 1},
	{BUILD_REACHED_OUT, "failed", "network", 0},
	{BUILD_CHILD_KILLED, "x.c:1:1: error: x", "compiler-error", 1},
	{BUILD_CHILD_KILLED, "", "killed", 0},
	{0, "Err: Could not resolve 'deb.example'\nE: Unable to locate package x", "network", 1},
	{0, "Failed to connect to bus: No such file", "unknown", 0},
	{0, "checking for x.c: error: none", "unknown", 0},
	{0, "make: *** [Makefile:3: all] Error 1", "unknown", 0},
};

START_TEST(classes)
{
	buffer_add_text(&text, cases[_i].log);
	classify(cases[_i].facts);
	ck_assert_str_eq(failure.class, cases[_i].class);
	ck_assert_uint_eq(failure.line, cases[_i].line);
	ck_assert(!failure.evidence == (strcmp(failure.class, "unknown") == 0));
}
END_TEST

START_TEST(the_step_is_the_innermost)
{
	buffer_add_text(&text,
		"make: *** [old:1: x] Error 1\nsomething\n"
		"make[2]: *** [a:1: deep] Error 1\nmake[1]: *** [b:2: mid] Error 2\n"
		"make: *** [c:3: top] Error 2\ndpkg-buildpackage: error: x\n");
	if (_i)
		buffer_add_text(&text, "ERROR: Task (a.bb:do_fetch) failed with exit code '1'\n");
	classify(0);
	ck_assert_str_eq(failure.step,
		_i ? "ERROR: Task (a.bb:do_fetch) failed with exit code '1'"
		   : "make[2]: *** [a:1: deep] Error 1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("build_log");
	TCase *tests = tcase_create("build_log");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, all_of_it_is_kept);
	tcase_add_test(tests, an_empty_log_is_kept);
	tcase_add_loop_test(tests, lines_are_numbered_from_the_beginning_of_the_file, 700, 702);
	tcase_add_loop_test(tests, lines_are_numbered_from_the_beginning_of_the_file, 1200, 1201);
	tcase_add_test(tests, a_line_of_any_length_takes_bounded_memory);
	tcase_add_loop_test(tests, secrets_are_in_nothing, 0, 30);
	tcase_add_loop_test(tests, no_part_of_a_secret_is_in_the_last_words, 0, 30);
	tcase_add_test(tests, secret_by_name);
	tcase_add_test(tests, the_table_is_sound);
	tcase_add_loop_test(tests, classes, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(tests, the_step_is_the_innermost, 0, 2);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
