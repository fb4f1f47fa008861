/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker may do, what bounds it, and what its parent sees of it. */
#include <pthread.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/array.h"
#include "tests/unit/worker_fixture.h"

/* ---- what it may do ---- */

static enum status work(void *context, struct error *err)
{
	char text[6] = {0};

	(void)context;
	if (pread(in_fd, text, 5, 0) != 5 || strcmp(text, "input") != 0)
		return error_set_errno(err, "reading");
	if (write(out_fd, "abc", 3) != 3 || pwrite(out_fd, "defg", 4, 3) != 4 ||
		pread(out_fd, text, 5, 1) != 5 || ftruncate(out_fd, 6) < 0)
		return error_set_errno(err, "writing");
	return strcmp(text, "bcdef") == 0 ? STATUS_OK : error_set(err, STATUS_IO, "%s", text);
}

START_TEST(its_own_files_are_written)
{
	char text[8] = {0};

	ck_assert_msg(run(work, NULL) == STATUS_OK, "%s", comparing.err.text);
	ck_assert_int_eq(pread(out_fd, text, 7, 0), 6);
	ck_assert_str_eq(text, "abcdef");
}
END_TEST

#define THREADS 20 /* more than malloc() has arenas */

static pthread_barrier_t all_are_there;

static void *thread_work(void *context)
{
	void *volatile pieces[100];

	pthread_barrier_wait(&all_are_there);
	/* Ten megabytes that are given back as one. */
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		pieces[i] = malloc(100000);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		free(pieces[i]);
	for (size_t i = 0; i < 200; i++) {
		char *memory = malloc(100000 + i);

		memory[i] = 'x';
		*(uint64_t *)context += memory[i] == 'x';
		free(memory);
	}
	return NULL;
}

static enum status work_in_threads(void *context, struct error *err)
{
	pthread_t threads[THREADS];
	uint64_t counts[THREADS] = {0};

	(void)context;
	pthread_barrier_init(&all_are_there, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread_work, &counts[i]) != 0)
			return error_set(err, STATUS_IO, "no thread");
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_join(threads[i], NULL) != 0 || counts[i] != 200)
			return error_set(err, STATUS_IO, "a thread was lost");
	return STATUS_OK;
}

START_TEST(threads_are_let)
{
	ck_assert_msg(run(work_in_threads, NULL) == STATUS_OK, "%s", comparing.err.text);
}
END_TEST

/* ---- bounds ---- */

static enum status write_far(void *context, struct error *err)
{
	off_t most = *(off_t *)context;

	if (pwrite(out_fd, "x", 1, most - 1) != 1)
		return error_set_errno(err, "below the bound");
	return error_set(err, STATUS_IO, "it was let: %zd", pwrite(out_fd, "x", 1, most));
}

START_TEST(a_file_has_a_size_at_most)
{
	off_t most = (8LL << 30) + 1000;

	limits.total_bytes = 1000;
	ck_assert_int_eq(run(write_far, &most), STATUS_LIMIT);
	expect_has(comparing.err.text, "ended by signal 25 (");
}
END_TEST

static enum status take_memory(void *context, struct error *err)
{
	size_t len = *(size_t *)context;
	volatile char *memory = malloc(len);
	char seen;

	if (memory == NULL)
		return error_set(err, STATUS_LIMIT, "no memory");
	memory[len / 2] = 'x';
	seen = memory[len / 2];
	free((void *)memory);
	return error_set(err, STATUS_IO, "it was let: %c", seen);
}

static enum status need_memory(void *context, struct error *err)
{
	char *memory = xmalloc(*(size_t *)context);

	memory[0] = 'x';
	return error_set(err, STATUS_IO, "it was let: %c", memory[0]);
}

START_TEST(memory_is_bounded)
{
	size_t much = (size_t)4 << 30;

	if (worker_is_sanitized)
		return;
	ck_assert_int_eq(run(take_memory, &much), STATUS_LIMIT);
	ck_assert_str_eq(comparing.err.text, "no memory");
	ck_assert_int_eq(run(need_memory, &much), STATUS_LIMIT);
	ck_assert_str_eq(comparing.err.text, "the process that read it ran out of memory");
}
END_TEST

static enum status loop(void *context, struct error *err)
{
	(void)context, (void)err;
	for (volatile bool is_over = false; !is_over;)
		;
	return STATUS_OK;
}

START_TEST(time_is_bounded)
{
	limits.seconds = 1;
	ck_assert_int_eq(run(loop, NULL), STATUS_LIMIT);
	ck_assert_str_eq(comparing.err.text, "took longer than 1 seconds");
}
END_TEST

/* ---- what the parent sees of it ---- */

static int ready[2], go_on[2];

static enum status wait_inside(void *context, struct error *err)
{
	char byte;

	(void)context;
	if (write(out_fd, "r", 1) != 1 || read(in_fd, &byte, 1) != 1)
		return error_set_errno(err, "waiting");
	return STATUS_OK;
}

static void expect_line(const char *text, const char *line)
{
	ck_assert_msg(strstr(text, line) != NULL, "no \"%s\" in %s", line, text);
}

static void read_proc(pid_t pid, const char *name, char text[16384])
{
	char path[64];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s", path);
	len = fread(text, 1, 16383, file);
	text[len] = '\0';
	fclose(file);
}

/* The number behind the name of a limit, soft and hard being one. */
static uint64_t limit_of(const char *text, const char *name)
{
	char soft[32] = "", hard[32] = "";
	const char *line = strstr(text, name);

	ck_assert_msg(line != NULL, "%s", name);
	ck_assert_int_eq(sscanf(line + strlen(name), "%31s %31s", soft, hard), 2);
	ck_assert_str_eq(soft, hard);
	return strcmp(hard, "unlimited") == 0 ? UINT64_MAX : strtoull(hard, NULL, 10);
}

START_TEST(the_kernel_says_so)
{
	struct worker worker = {0};
	struct worker_job spec = {.run = wait_inside,
		.fds = &go_on[0],
		.fd_count = 1,
		.out_fds = &ready[1],
		.out_count = 1,
		.limits = &limits};
	char text[16384], byte;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(go_on), 0);
	close(in_fd);
	close(out_fd);
	in_fd = go_on[0];
	out_fd = ready[1];
	ck_assert_int_eq(worker_start(&worker, &spec, &comparing.err), STATUS_OK);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	read_proc(worker.pid, "status", text);
	expect_line(text, "\nSeccomp:\t2\n");
	expect_line(text, "\nNoNewPrivs:\t1\n");
	expect_line(text, "\nCapPrm:\t0000000000000000\n");
	expect_line(text, "\nCapEff:\t0000000000000000\n");
	read_proc(worker.pid, "limits", text);
	ck_assert_uint_eq(limit_of(text, "Max core file size"), 0);
	ck_assert_uint_eq(limit_of(text, "Max open files"), worker_is_sanitized ? 64 : 0);
	ck_assert_uint_le(limit_of(text, "Max processes"), 4096);
	ck_assert_uint_eq(limit_of(text, "Max cpu time"), 61);
	ck_assert_uint_eq(limit_of(text, "Max file size"), limits.total_bytes + (8ULL << 30));
	if (!worker_is_sanitized)
		ck_assert_uint_eq(limit_of(text, "Max address space"), 3ULL << 30);
	ck_assert_int_eq(write(go_on[1], "g", 1), 1);
	ck_assert_msg(worker_wait(&worker, &comparing.err) == STATUS_OK, "%s", comparing.err.text);
	close(ready[0]);
	close(go_on[1]);
}
END_TEST

/* A read of nothing fails on a descriptor that is closed, or not open for reading. */
static enum status count_descriptors(void *context, struct error *err)
{
	struct buffer open_ones = {0};
	enum status status = STATUS_OK;
	char byte;

	(void)context;
	for (int fd = 0; fd < 4096; fd++)
		if (read(fd, &byte, 0) == 0)
			buffer_add_format(&open_ones, " %d", fd);
	if (strcmp(buffer_text(&open_ones), place) != 0)
		status =
			error_set(err, STATUS_IO, "open:%s, not%s", buffer_text(&open_ones), place);
	else if (read(STDIN_FILENO, &byte, 1) != 0)
		status = error_set(err, STATUS_IO, "there is something to read");
	buffer_release(&open_ones);
	return status;
}

START_TEST(what_was_not_given_is_closed)
{
	int others[8];

	for (size_t i = 0; i < 8; i++)
		others[i] = open("/dev/null", i % 2 ? O_RDONLY : O_RDONLY | O_CLOEXEC);
	close(out_fd);
	out_fd = dup2(in_fd, others[7] + 50);
	ck_assert_int_ge(out_fd, 0);
	/* stderr is /dev/null too, unless a sanitizer reports to it: where that is for writing. */
	snprintf(place, sizeof(place), " 0 1 2 %d %d", in_fd, out_fd);
	if (worker_is_sanitized && read(2, others, 0) < 0)
		snprintf(place, sizeof(place), " 0 1 %d %d", in_fd, out_fd);
	ck_assert_msg(run(count_descriptors, NULL) == STATUS_OK, "%s", comparing.err.text);
	for (size_t i = 0; i < 8; i++)
		close(others[i]);
}
END_TEST

static enum status print(void *context, struct error *err)
{
	(void)context;
	if (write(STDERR_FILENO, "\033]0;taken\a", 10) != 10)
		return error_set_errno(err, "stderr");
	return STATUS_OK;
}

/* A terminal acts on what is printed. */
START_TEST(nothing_is_printed)
{
	int pipe_fds[2], before = dup(STDERR_FILENO);
	char byte;

	if (worker_is_sanitized)
		return;
	ck_assert_int_eq(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
	ck_assert_int_eq(run(print, NULL), STATUS_OK);
	dup2(before, STDERR_FILENO);
	ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 0);
	close(pipe_fds[0]);
	close(before);
}
END_TEST

static enum status loop_inside(void *context, struct error *err)
{
	if (write(out_fd, "r", 1) != 1)
		return error_set_errno(err, "announcing");
	return loop(context, err);
}

/* The worker's end of the pipe closes when it is gone, although nobody waits for it. */
START_TEST(it_ends_with_its_parent)
{
	struct worker worker = {0};
	struct worker_job spec = {
		.run = loop_inside, .out_fds = &out_fd, .out_count = 1, .limits = &limits};
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	close(out_fd);
	out_fd = dup(ready[1]);
	pid = fork();
	if (pid == 0) {
		worker_start(&worker, &spec, &comparing.err);
		/* It is in, and past the look at who its parent is. */
		_exit(read(ready[0], &byte, 1) == 1 ? 0 : 1);
	}
	close(ready[1]);
	close(out_fd);
	out_fd = -1;
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker_walls");
	TCase *tests = tcase_create("worker_walls");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, worker_setup, worker_teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, its_own_files_are_written);
	tcase_add_test(tests, threads_are_let);
	tcase_add_test(tests, a_file_has_a_size_at_most);
	tcase_add_test(tests, memory_is_bounded);
	tcase_add_test(tests, time_is_bounded);
	tcase_add_test(tests, the_kernel_says_so);
	tcase_add_test(tests, what_was_not_given_is_closed);
	tcase_add_test(tests, nothing_is_printed);
	tcase_add_test(tests, it_ends_with_its_parent);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
