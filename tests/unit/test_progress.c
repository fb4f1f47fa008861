/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <check.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/buffer.h"

START_TEST(bytes_are_written_in_decimal_units)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{312, "312 B"},
		{999, "999 B"},
		{1000, "1.0 kB"},
		{999949, "999.9 kB"},
		{999950, "1.0 MB"},
		{1400000000, "1.4 GB"},
		{UINT64_MAX, "18.4 EB"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[32];

		progress_format_bytes(cases[i].bytes, text);
		ck_assert_str_eq(text, cases[i].text);
	}
}
END_TEST

static void work(void)
{
	struct progress progress;

	progress_begin(&progress, "fetch", true, 1400000000, "7 artifacts\033[2J, %s", "1.4 GB");
	progress_update(&progress, 700000000);
	progress_end(&progress, "ok", "(%s)", "unchanged\n");
	/* Once ended it says nothing more. */
	progress_update(&progress, 0);
	progress_end(&progress, "ok", "%s", "again");
	progress_note("pin", "first use\033[2J of %s", "x.lock\n");
}

/* What the steps write on a stderr of that kind. */
static char *written_to(int read_fd, int write_fd)
{
	struct buffer out = {0};
	char data[1000];
	ssize_t got;

	pid_t pid = fork();
	if (pid == 0) {
		dup2(write_fd, STDERR_FILENO);
		work();
		_exit(0);
	}
	close(write_fd);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	while ((got = read(read_fd, data, sizeof(data))) > 0)
		buffer_add(&out, data, (size_t)got);
	close(read_fd);
	return buffer_detach(&out);
}

static char *written_to_pipe(void)
{
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	return written_to(pipes[0], pipes[1]);
}

static char *written_to_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	return written_to(master, open(ptsname(master), O_RDWR | O_NOCTTY));
}

START_TEST(a_pipe_gets_one_plain_line)
{
	setenv("TERM", "xterm", 1);
	char *text = written_to_pipe();

	ck_assert_str_eq(text,
		"fetch    7 artifacts\\x1b[2J, 1.4 GB                     "
		"ok        0:00   (unchanged\\x0a)\n"
		"pin      first use\\x1b[2J of x.lock\\x0a\n");
	free(text);
}
END_TEST

START_TEST(a_terminal_gets_a_line_rewritten)
{
	setenv("TERM", "xterm", 1);
	char *text = written_to_terminal();

	ck_assert_int_eq(strncmp(text, "\rfetch ", 7), 0);
	ck_assert_ptr_nonnull(strstr(text, "0 B of 1.4 GB"));
	ck_assert_ptr_nonnull(strstr(text, "\r\033[Kfetch "));
	ck_assert_ptr_null(strstr(text, "[2J, 1.4 GB\033"));
	ck_assert_ptr_null(strstr(text, "\033[2J"));
	ck_assert_ptr_nonnull(strstr(text, "\n"));
	free(text);
}
END_TEST

START_TEST(a_dumb_terminal_is_none)
{
	setenv("TERM", "dumb", 1);
	char *text = written_to_terminal();

	ck_assert_ptr_null(strchr(text, '\033'));
	ck_assert_int_eq(strncmp(text, "fetch ", 6), 0);
	free(text);
}
END_TEST

/* Steps are not shown; what a person has to know is. */
START_TEST(quiet_says_notes_alone)
{
	progress_set_quiet(true);
	char *text = written_to_pipe();

	ck_assert_str_eq(text, "pin      first use\\x1b[2J of x.lock\\x0a\n");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *test = tcase_create("progress");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, bytes_are_written_in_decimal_units);
	tcase_add_test(test, a_pipe_gets_one_plain_line);
	tcase_add_test(test, a_terminal_gets_a_line_rewritten);
	tcase_add_test(test, a_dumb_terminal_is_none);
	tcase_add_test(test, quiet_says_notes_alone);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
