/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <check.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/array.h"

START_TEST(an_empty_buffer_is_a_text)
{
	struct buffer buffer = {0};

	ck_assert_str_eq(buffer_text(&buffer), "");
	buffer_clear(&buffer);
	buffer_truncate(&buffer, 5);
	char *text = buffer_detach(&buffer);
	ck_assert_str_eq(text, "");
	free(text);
	buffer_add(&buffer, NULL, 0);
	ck_assert_str_eq(buffer_text(&buffer), "");
	buffer_release(&buffer);
	buffer_release(&buffer);
}
END_TEST

START_TEST(bytes_are_added)
{
	struct buffer buffer = {0};

	for (int i = 0; i < 1000; i++) {
		buffer_add_char(&buffer, 'a');
		buffer_add_text(&buffer, "bc");
		buffer_add(&buffer, "\0d", 2);
		buffer_add_format(&buffer, "%d%s", 42, "");
		ck_assert_int_eq(buffer.data[buffer.len], '\0');
	}
	ck_assert_uint_eq(buffer.len, 7000);
	for (size_t i = 0; i < 7000; i += 7)
		ck_assert_mem_eq(buffer.data + i, "abc\0d42", 7);
	buffer_truncate(&buffer, 3);
	ck_assert_str_eq(buffer.data, "abc");
	buffer_truncate(&buffer, 4);
	ck_assert_uint_eq(buffer.len, 3);
	buffer_clear(&buffer);
	ck_assert_str_eq(buffer.data, "");
	buffer_release(&buffer);
}
END_TEST

START_TEST(long_formats_fit)
{
	struct buffer buffer = {0};

	for (int width = 0; width < 300; width++) {
		buffer_clear(&buffer);
		buffer_add_format(&buffer, "%*s|", width, "");
		ck_assert_uint_eq(buffer.len, (size_t)width + 1);
		ck_assert_int_eq(buffer.data[width], '|');
	}
	buffer_release(&buffer);
}
END_TEST

START_TEST(reserved_room_is_written_to)
{
	struct buffer buffer = {0};

	buffer_add_text(&buffer, "x");
	memset(buffer_reserve(&buffer, 100000), 'y', 100000);
	buffer.len += 100000;
	buffer_add_char(&buffer, 'z');
	ck_assert_uint_eq(buffer.len, 100002);
	ck_assert_int_eq(buffer.data[0], 'x');
	ck_assert_int_eq(buffer.data[100000], 'y');
	ck_assert_int_eq(buffer.data[100001], 'z');
	buffer_release(&buffer);
}
END_TEST

static void reserve_all(size_t len)
{
	struct buffer buffer = {0};

	buffer_add_text(&buffer, "x");
	buffer_reserve(&buffer, len);
}

static void grow_all(size_t capacity)
{
	array_grow(NULL, capacity, &capacity, 1000);
}

static void duplicate_all(size_t count)
{
	xreallocarray(NULL, count, 3);
}

static void expect_out_of_memory(void (*function)(size_t), size_t size)
{
	int code;
	int pipes[2];
	char text[100] = "";

	ck_assert_int_eq(pipe(pipes), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDERR_FILENO);
		function(size);
		_exit(0);
	}
	close(pipes[1]);
	ck_assert_int_eq(waitpid(pid, &code, 0), pid);
	ck_assert(WIFEXITED(code));
	ck_assert_int_eq(WEXITSTATUS(code), 3);
	ck_assert_int_gt(read(pipes[0], text, sizeof(text) - 1), 0);
	ck_assert_ptr_nonnull(strstr(text, "out of memory"));
	close(pipes[0]);
}

/* Sizes that wrap around must not end in a small piece of memory. */
START_TEST(want_of_memory_is_trouble)
{
#ifdef __SANITIZE_ADDRESS__
	return; /* the sanitizer ends the process by itself */
#endif
	expect_out_of_memory(reserve_all, SIZE_MAX);
	expect_out_of_memory(reserve_all, SIZE_MAX - 1);
	expect_out_of_memory(reserve_all, SIZE_MAX - 64);
	expect_out_of_memory(reserve_all, SIZE_MAX / 2);
	expect_out_of_memory(grow_all, SIZE_MAX / 2);
	expect_out_of_memory(grow_all, SIZE_MAX / 1000);
	expect_out_of_memory(duplicate_all, SIZE_MAX / 3 + 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("buffer");
	TCase *test = tcase_create("buffer");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, an_empty_buffer_is_a_text);
	tcase_add_test(test, bytes_are_added);
	tcase_add_test(test, long_formats_fit);
	tcase_add_test(test, reserved_room_is_written_to);
	tcase_add_test(test, want_of_memory_is_trouble);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
