/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "dbdiff/worker.h"
#include "tests/unit/comparing.h"

static struct limits limits;

static void setup(void)
{
	comparing_setup();
	limits = limits_default;
}

static enum status run(
	enum status (*job)(void *, struct error *), void *context, const int *fds, size_t fd_count)
{
	struct worker worker = {0};
	struct worker_job spec = {job, context, fds, fd_count, &limits};
	enum status status = worker_start(&worker, &spec, &comparing.err);

	ck_assert_int_eq(status, STATUS_OK);
	status = worker_wait(&worker, &comparing.err);
	worker_release(&worker);
	return status;
}

static enum status succeed(void *context, struct error *err)
{
	(void)err;
	return write(*(int *)context, "hello", 5) == 5 ? STATUS_OK : STATUS_IO;
}

static enum status refuse(void *context, struct error *err)
{
	(void)context;
	return error_set(err, STATUS_FORMAT, "block %d is damaged", 7);
}

START_TEST(gives_the_status_and_the_text)
{
	char text[6] = {0};
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(run(succeed, &fds[1], &fds[1], 1), STATUS_OK);
	ck_assert_int_eq(read(fds[0], text, 5), 5);
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(run(refuse, NULL, NULL, 0), STATUS_FORMAT);
	ck_assert_str_eq(comparing.err.text, "block 7 is damaged");
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static enum status crash(void *context, struct error *err)
{
	(void)err;
	signal(*(int *)context, SIG_DFL);
	raise(*(int *)context);
	return STATUS_OK;
}

static enum status leave(void *context, struct error *err)
{
	(void)context, (void)err;
	exit(0);
}

START_TEST(its_end_is_a_finding)
{
	static const int signals[] = {SIGSEGV, SIGKILL, SIGABRT};

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(run(crash, (void *)&signals[i], NULL, 0), STATUS_LIMIT);
		expect_has(comparing.err.text, "was ended by signal");
	}
	ck_assert_int_eq(run(leave, NULL, NULL, 0), STATUS_LIMIT);
	expect_has(comparing.err.text, "ended early");
}
END_TEST

static enum status loop(void *context, struct error *err)
{
	(void)context, (void)err;
	while (pause() < 0)
		;
	return STATUS_OK;
}

START_TEST(its_time_is_limited)
{
	limits.seconds = 1;
	ck_assert_int_eq(run(loop, NULL, NULL, 0), STATUS_LIMIT);
	ck_assert_str_eq(comparing.err.text, "took longer than 1 seconds");
}
END_TEST

/* It has what it was given, stderr and its pipe; no other descriptor, and no way to more rights. */
static enum status look_around(void *context, struct error *err)
{
	struct rlimit limit;
	int kept = *(int *)context, open_count = 0;

	for (int fd = 3; fd < 1000; fd++)
		open_count += fcntl(fd, F_GETFD) >= 0;
	if (open_count != 2 || fcntl(kept, F_GETFD) < 0)
		return error_set(err, STATUS_IO, "%d descriptors", open_count);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return error_set(err, STATUS_IO, "new privileges");
	if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur != 0)
		return error_set(err, STATUS_IO, "core files");
	if (getrlimit(RLIMIT_CPU, &limit) < 0 || limit.rlim_max == RLIM_INFINITY)
		return error_set(err, STATUS_IO, "no limit of time");
	return STATUS_OK;
}

START_TEST(it_is_confined)
{
	int others[3], kept;

	for (int i = 0; i < 3; i++)
		others[i] = open("/dev/null", O_RDONLY);
	kept = others[1];
	ck_assert_msg(run(look_around, &kept, &kept, 1) == STATUS_OK, "%s", comparing.err.text);
	for (int i = 0; i < 3; i++)
		close(others[i]);
}
END_TEST

START_TEST(one_that_nobody_waits_for_is_ended)
{
	struct worker worker = {0};
	struct worker_job spec = {loop, NULL, NULL, 0, &limits};
	pid_t pid;

	ck_assert_int_eq(worker_start(&worker, &spec, &comparing.err), STATUS_OK);
	pid = worker.pid;
	worker_release(&worker);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(errno, ESRCH);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker");
	TCase *tests = tcase_create("worker");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, comparing_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, gives_the_status_and_the_text);
	tcase_add_test(tests, its_end_is_a_finding);
	tcase_add_test(tests, its_time_is_limited);
	tcase_add_test(tests, it_is_confined);
	tcase_add_test(tests, one_that_nobody_waits_for_is_ended);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
