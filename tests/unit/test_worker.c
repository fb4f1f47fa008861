/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "dbdiff/worker_walls.h"
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
	struct worker_job spec = {
		.run = job,
		.context = context,
		.out_fds = fds,
		.out_count = fd_count,
		.limits = &limits,
	};
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
	static const struct {
		int number;
		const char *text;
	} signals[] = {{SIGKILL, "signal 9 ("}, {SIGABRT, "signal 6 ("}, {SIGBUS, "signal 7 ("}};

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(run(crash, (void *)&signals[i].number, NULL, 0), STATUS_LIMIT);
		/* A sanitizer takes some signals itself, and exits. */
		if (signals[i].number == SIGKILL || !worker_is_sanitized)
			expect_has(comparing.err.text, signals[i].text);
	}
	ck_assert_int_eq(run(leave, NULL, NULL, 0), STATUS_LIMIT);
	expect_has(comparing.err.text, "ended early");
}
END_TEST

static enum status claim(void *context, struct error *err)
{
	memset(err->text, 'x', sizeof(err->text));
	return *(enum status *)context;
}

/* What it says of itself is not believed beyond what a job can come to. */
START_TEST(a_result_is_checked)
{
	static const enum status taken[] = {STATUS_IO, STATUS_FORMAT, STATUS_DATABASE};
	static const enum status refused[] = {STATUS_TRUST, STATUS_USAGE, STATUS_NETWORK,
		STATUS_CONFLICT, STATUS_END, (enum status)1000, (enum status) - 1000};

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(run(claim, (void *)&taken[i], NULL, 0), taken[i]);
		ck_assert_uint_eq(strlen(comparing.err.text), sizeof(comparing.err.text) - 1);
	}
	for (size_t i = 0; i < 7; i++)
		ck_assert_int_eq(run(claim, (void *)&refused[i], NULL, 0), STATUS_IO);
}
END_TEST

static enum status loop(void *context, struct error *err)
{
	(void)context, (void)err;
	for (volatile bool is_over = false; !is_over;)
		;
	return STATUS_OK;
}

/* Two at once: the one that is done comes first, and the other is late. */
START_TEST(the_first_that_ends_is_next)
{
	struct worker workers[2] = {0};
	struct worker_job slow = {.run = loop, .limits = &limits};
	struct worker_job quick = {.run = refuse, .limits = &limits};

	limits.seconds = 2;
	ck_assert_int_eq(worker_start(&workers[0], &slow, &comparing.err), STATUS_OK);
	ck_assert_int_eq(worker_start(&workers[1], &quick, &comparing.err), STATUS_OK);
	ck_assert_uint_eq(worker_next(workers, 2), 1);
	ck_assert_int_eq(worker_wait(&workers[1], &comparing.err), STATUS_FORMAT);
	ck_assert(!workers[1].has_died);
	ck_assert_uint_eq(worker_next(workers, 2), 0);
	ck_assert_int_eq(worker_wait(&workers[0], &comparing.err), STATUS_LIMIT);
	ck_assert(workers[0].has_died && workers[0].was_late);
	ck_assert_str_eq(comparing.err.text, "took longer than 2 seconds");
}
END_TEST

START_TEST(one_that_nobody_waits_for_is_ended)
{
	struct worker worker = {0};
	struct worker_job spec = {.run = loop, .limits = &limits};
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
	tcase_add_test(tests, a_result_is_checked);
	tcase_add_test(tests, the_first_that_ends_is_next);
	tcase_add_test(tests, one_that_nobody_waits_for_is_ended);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
