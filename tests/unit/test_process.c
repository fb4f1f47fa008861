/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/path.h"
#include "base/tempfile.h"

#define ARGV(...)                                                                                  \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define SHELL(script) ARGV("sh", "-c", script)

/* Runs it and gives what it printed on stdout; the caller frees. */
static char *output_of(struct process_spec spec)
{
	struct buffer out = {0};
	struct process_result result;
	struct error err = {0};

	enum status status = process_capture(&spec, 1 << 20, &out, NULL, &result, &err);
	ck_assert_msg(status == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(result.exit_code, 0);
	return buffer_detach(&out);
}

static void expect_output(struct process_spec spec, const char *expected)
{
	char *text = output_of(spec);

	ck_assert_str_eq(text, expected);
	free(text);
}

START_TEST(arguments_are_passed_as_they_are)
{
	struct process_spec spec = PROCESS_SPEC_INIT;

	spec.argv = ARGV("printf", "%s|", "a b", "$HOME", "`x`", "", "'\"\\", "*");
	expect_output(spec, "a b|$HOME|`x`||'\"\\|*|");
}
END_TEST

START_TEST(stdin_is_empty_by_default)
{
	struct process_spec spec = PROCESS_SPEC_INIT;

	spec.argv = ARGV("cat");
	expect_output(spec, "");
}
END_TEST

START_TEST(environment_and_directory_are_as_said)
{
	struct process_spec spec = PROCESS_SPEC_INIT;

	spec.argv = ARGV("/usr/bin/env");
	spec.environment = (const char *const[]){"A=1", "B=x y", NULL};
	expect_output(spec, "A=1\nB=x y\n");
	/* The program is found by our own PATH all the same. */
	spec.argv = ARGV("pwd", "-P");
	spec.directory = "/usr/share";
	expect_output(spec, "/usr/share\n");
}
END_TEST

START_TEST(both_outputs_are_taken)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer out = {0}, errors = {0};
	struct error err;

	/* More of each than a pipe holds, in turns. */
	spec.argv = SHELL("i=0; while [ $i -lt 300 ]; do printf %01000d 0; printf %01000d 1 >&2;"
			  " i=$((i+1)); done; exit 3");
	ck_assert_int_eq(process_capture(&spec, 1 << 20, &out, &errors, &result, &err), STATUS_OK);
	ck_assert_int_eq(result.exit_code, 3);
	ck_assert_int_eq(result.signal, 0);
	ck_assert_uint_eq(out.len, 300000);
	ck_assert_uint_eq(errors.len, 300000);
	ck_assert_int_eq(errors.data[999], '1');
	buffer_release(&out);
	buffer_release(&errors);
}
END_TEST

START_TEST(too_much_output_is_an_error)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer out = {0}, errors = {0};
	struct error err = {0};

	spec.argv = ARGV("yes");
	ck_assert_int_eq(process_capture(&spec, 1000, &out, NULL, &result, &err), STATUS_LIMIT);
	ck_assert_uint_eq(out.len, 1000);
	ck_assert_ptr_nonnull(strstr(err.text, "yes"));
	buffer_clear(&out);

	spec.argv = SHELL("printf 1000; exec 2>&1; exit 0");
	ck_assert_int_eq(process_capture(&spec, 4, &out, NULL, &result, &err), STATUS_OK);
	buffer_clear(&out);

	spec.argv = SHELL("head -c 5000 /dev/zero >&2; echo done");
	ck_assert_int_eq(process_capture(&spec, 1000, &out, &errors, &result, &err), STATUS_OK);
	ck_assert_str_eq(out.data, "done\n");
	ck_assert_uint_eq(errors.len, 1000);
	buffer_release(&out);
	buffer_release(&errors);
}
END_TEST

START_TEST(an_absent_program_is_told)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct error err = {0};

	spec.argv = ARGV("reproof-no-such-program");
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "reproof-no-such-program"));
	spec.argv = ARGV("/nonexistent/program");
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_NOT_FOUND);
	spec.argv = ARGV("/etc/passwd");
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_IO);
	spec.argv = ARGV("true");
	spec.directory = "/nonexistent";
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent"));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(a_script_without_interpreter_is_not_given_to_a_shell)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct error err = {0};
	char *directory;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	char *script = path_join(directory, "script");
	ck_assert_int_eq(tempfile_write_all(script, "exit 0\n", 7, 0755, &err), STATUS_OK);
	spec.argv = ARGV(script);
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_IO);
	path_remove_tree(directory, &err);
	free(script);
	free(directory);
}
END_TEST

START_TEST(programs_are_found_in_absolute_directories_only)
{
	struct error err = {0};
	char *directory;

	ck_assert(process_exists("sh"));
	ck_assert(process_exists("/bin/sh"));
	ck_assert(!process_exists("reproof-no-such-program"));
	ck_assert(!process_exists(""));
	ck_assert(!process_exists("/etc"));
	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(
		tempfile_write_all("reproof-here", "#!/bin/sh\n", 10, 0755, &err), STATUS_OK);
	setenv("PATH", ":.:/usr/bin:", 1);
	ck_assert(!process_exists("reproof-here"));
	char *path = xasprintf("/nonexistent:%s", directory);
	setenv("PATH", path, 1);
	ck_assert(process_exists("reproof-here"));
	unsetenv("PATH");
	ck_assert(process_exists("sh"));
	path_remove_tree(directory, &err);
	free(path);
	free(directory);
}
END_TEST

START_TEST(a_signal_is_told)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct error err;

	spec.argv = SHELL("kill -TERM $$");
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_OK);
	ck_assert_int_eq(result.exit_code, -1);
	ck_assert_int_eq(result.signal, SIGTERM);
	ck_assert(!result.timed_out);
}
END_TEST

/* Each limit holds for what the program itself starts as well. */
static const struct {
	const char *script;
	struct process_limits limits;
	int exit_code, signal; /* of the script, which tells what became of its child */
} limited[] = {
	{"head -c 2000000 /dev/zero >$F", {0}, 0, 0},
	{"head -c 2000000 /dev/zero >$F", {.file_bytes = 3000000}, 0, 0},
	{"head -c 2000000 /dev/zero >$F; exit $(($? == 128 + 25 ? 7 : 1))", {.file_bytes = 1000000},
		7, 0},
	{"exec head -c 2000000 /dev/zero >$F", {.file_bytes = 1000000}, -1, SIGXFSZ},
	{"while :; do :; done", {.cpu_seconds = 1}, -1, SIGXCPU},
	{"dd if=/dev/zero of=/dev/null bs=200M count=1 2>/dev/null", {.memory_bytes = 1 << 29}, 0,
		0},
	{"dd if=/dev/zero of=/dev/null bs=600M count=1 2>/dev/null", {.memory_bytes = 1 << 29}, 1,
		0},
};

START_TEST(limits_hold)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct error err = {0};
	char *directory, *script;

	ck_assert_int_eq(tempfile_directory(&directory, &err), STATUS_OK);
	script = xasprintf("F=%s/file; %s", directory, limited[_i].script);
	spec.argv = SHELL(script);
	spec.limits = limited[_i].limits;
	ck_assert_msg(
		process_capture(&spec, 0, NULL, NULL, &result, &err) == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(result.exit_code, limited[_i].exit_code);
	ck_assert_int_eq(result.signal, limited[_i].signal);
	path_remove_tree(directory, &err);
	free(directory);
	free(script);
}
END_TEST

START_TEST(a_timeout_kills_the_whole_group)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer out = {0};
	struct error err = {0};

	for (int captured = 0; captured < 2; captured++) {
		int alive[2];
		char byte;

		/* The writing end is in the shell and in its child: its end says both are gone. */
		ck_assert_int_eq(pipe(alive), 0);
		spec.argv = SHELL("trap '' TERM; sleep 1000 & wait");
		spec.timeout_seconds = 1;
		spec.pass_fd = alive[1];
		enum status status = captured
			? process_capture(&spec, 100, &out, NULL, &result, &err)
			: process_capture(&spec, 0, NULL, NULL, &result, &err);
		ck_assert_int_eq(status, STATUS_OK);
		ck_assert(result.timed_out);
		ck_assert_int_eq(result.signal, SIGKILL);
		close(alive[1]);
		ck_assert_int_eq(read(alive[0], &byte, 1), 0);
		close(alive[0]);
	}
	spec.pass_fd = -1;
	/* One that never stops talking is timed out as well. */
	spec.argv = SHELL("yes >&2");
	ck_assert_int_eq(process_capture(&spec, 100, NULL, &out, &result, &err), STATUS_OK);
	ck_assert(result.timed_out);
	buffer_release(&out);
}
END_TEST

START_TEST(a_grandchild_does_not_hold_it_up)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer out = {0};
	struct error err = {0};

	spec.argv = SHELL("sleep 1000 & echo $!");
	ck_assert_int_eq(process_capture(&spec, 100, &out, NULL, &result, &err), STATUS_OK);
	ck_assert(!result.timed_out);
	pid_t grandchild = (pid_t)strtol(out.data, NULL, 10);
	ck_assert_int_eq(kill(grandchild, SIGKILL), 0);
	buffer_release(&out);
}
END_TEST

START_TEST(only_what_is_passed_is_open)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	int leaked = fcntl(0, F_DUPFD, 50);
	int passed = fcntl(0, F_DUPFD, 60);
	char *expected = xasprintf("0\n1\n2\n3\n%d\n", passed);

	ck_assert_int_ge(leaked, 50);
	/* ls itself opens the directory, under the first number that is free. */
	spec.argv = ARGV("ls", "-1", "/proc/self/fd");
	spec.pass_fd = passed;
	expect_output(spec, expected);
	close(leaked);
	close(passed);
	free(expected);
}
END_TEST

START_TEST(signals_are_as_at_login)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	spec.argv = ARGV("sed", "-n", "s/^Sig\\(Blk\\|Ign\\)://p", "/proc/self/status");
	char *text = output_of(spec);
	char *end;
	ck_assert_uint_eq(strtoull(text, &end, 16), 0);
	/* 32 and 33 belong to the C library, which lets no one change them. */
	ck_assert_uint_eq(strtoull(end, NULL, 16) & ~0x180000000ULL, 0);
	free(text);
}
END_TEST

START_TEST(outputs_can_be_crossed)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct error err = {0};
	int one[2], two[2];
	char text[10] = "";

	ck_assert_int_eq(pipe(one), 0);
	ck_assert_int_eq(pipe(two), 0);
	int kept_out = dup(1), kept_err = dup(2);
	/* Our 1 and 2 become the child's 2 and 1. */
	dup2(one[1], 1);
	dup2(two[1], 2);
	spec.argv = SHELL("echo out; echo err >&2");
	spec.stdout_fd = 2;
	spec.stderr_fd = 1;
	enum status status = process_capture(&spec, 0, NULL, NULL, &result, &err);
	dup2(kept_out, 1);
	dup2(kept_err, 2);
	ck_assert_msg(status == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(read(two[0], text, 9), 4);
	ck_assert_str_eq(text, "out\n");
	ck_assert_int_eq(read(one[0], text, 9), 4);
	ck_assert_str_eq(text, "err\n");
}
END_TEST

START_TEST(the_child_goes_with_its_parent)
{
	int alive[2];
	char byte;

	ck_assert_int_eq(pipe(alive), 0);
	pid_t parent = fork();
	if (parent == 0) {
		struct process_spec spec = PROCESS_SPEC_INIT;
		struct error err;
		pid_t pid;

		spec.argv = ARGV("sleep", "1000");
		spec.pass_fd = alive[1];
		_exit(process_start(&spec, &pid, &err) == STATUS_OK ? 0 : 1);
	}
	close(alive[1]);
	int code;
	ck_assert_int_eq(waitpid(parent, &code, 0), parent);
	ck_assert_int_eq(code, 0);
	ck_assert_int_eq(read(alive[0], &byte, 1), 0);
}
END_TEST

START_TEST(no_descriptor_leaks)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result;
	struct buffer out = {0}, errors = {0};
	struct error err;
	int before = dup(0);

	close(before);
	for (int i = 0; i < 3; i++) {
		spec.argv = ARGV("true");
		process_capture(&spec, 10, &out, &errors, &result, &err);
		process_capture(&spec, 0, NULL, NULL, &result, &err);
		spec.argv = ARGV("/nonexistent");
		process_capture(&spec, 10, &out, &errors, &result, &err);
		spec.argv = ARGV("reproof-no-such-program");
		process_capture(&spec, 10, &out, &errors, &result, &err);
	}
	int after = dup(0);
	ck_assert_int_eq(before, after);
	close(after);
	buffer_release(&out);
	buffer_release(&errors);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("process");
	TCase *test = tcase_create("process");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, arguments_are_passed_as_they_are);
	tcase_add_test(test, stdin_is_empty_by_default);
	tcase_add_test(test, environment_and_directory_are_as_said);
	tcase_add_test(test, both_outputs_are_taken);
	tcase_add_test(test, too_much_output_is_an_error);
	tcase_add_test(test, an_absent_program_is_told);
	tcase_add_test(test, a_script_without_interpreter_is_not_given_to_a_shell);
	tcase_add_test(test, programs_are_found_in_absolute_directories_only);
	tcase_add_test(test, a_signal_is_told);
	tcase_add_loop_test(test, limits_hold, 0, (int)ARRAY_SIZE(limited));
	tcase_add_test(test, a_timeout_kills_the_whole_group);
	tcase_add_test(test, a_grandchild_does_not_hold_it_up);
	tcase_add_test(test, only_what_is_passed_is_open);
	tcase_add_test(test, signals_are_as_at_login);
	tcase_add_test(test, outputs_can_be_crossed);
	tcase_add_test(test, the_child_goes_with_its_parent);
	tcase_add_test(test, no_descriptor_leaks);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
