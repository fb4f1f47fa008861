/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "dbdiff/attempt.h"
#include "tests/unit/comparing.h"
#include "tests/unit/making_tar.h"

/*
 * A tar of m0 to m9 in which reading the data of some members ends the process, in the way that a
 * defect of a parser would.
 */
struct trap {
	struct source source;
	struct source *inner;
	const struct buffer *tar;
};

static struct limits limits;
static struct attempt attempt;
static struct buffer tar;
static int index_fd;
static struct index idx;

static void setup(void)
{
	comparing_setup();
	limits = limits_default;
	ck_assert_int_eq(attempt_open(&attempt, &comparing.err), STATUS_OK);
	ck_assert_int_eq(tempfile_unlinked(&index_fd, &comparing.err), STATUS_OK);
}

static void teardown(void)
{
	attempt_release(&attempt);
	index_release(&idx);
	close(index_fd);
	buffer_release(&tar);
	comparing_teardown();
}

static void add(const char *name, const char *data)
{
	tar_add(&tar, &(struct tar_member){.name = name, .data = data});
}

/* Only while the member is looked at: the artifact's own hash takes the same bytes. */
static void spring(const unsigned char *data, size_t len)
{
	if (attempt.way->depth != 1 || len < 6)
		return;
	if (memcmp(data, "CRASH", 5) == 0)
		raise(SIGUSR1);
	if (memcmp(data, "KILLED", 6) == 0)
		raise(SIGKILL);
}

/* 512 bytes at a time, so that what is skipped is never looked at. */
static enum status trap_peek(struct source *source, size_t want, const unsigned char **data,
	size_t *len, struct error *err)
{
	struct trap *trap = (struct trap *)source;
	enum status status = source_peek(trap->inner, want, data, len, err);
	size_t most = want > 512 ? want : 512;

	if (status == STATUS_OK && *len > most)
		*len = most;
	if (status == STATUS_OK)
		spring(*data, *len);
	return status;
}

static enum status trap_skip(struct source *source, uint64_t count, struct error *err)
{
	struct trap *trap = (struct trap *)source;

	source->offset += count;
	return source_skip(trap->inner, count, err);
}

static void trap_free(struct source *source)
{
	source_free(((struct trap *)source)->inner);
}

static const struct source_ops trap_ops = {.peek = trap_peek, .skip = trap_skip, .free = trap_free};

static enum status index_tar(void *context, struct error *err)
{
	struct trap trap = {
		.source = {.ops = &trap_ops, .size = tar.len},
		.inner = source_memory_new(tar.data, tar.len),
	};
	struct walk_setup walk_setup = attempt_setup(&attempt);
	struct index index;
	enum status status = index_create(&index, index_fd, err);

	(void)context;
	if (status == STATUS_OK)
		status = walk_index(&trap.source, "t.tar", &limits, &walk_setup, &index, err);
	if (status == STATUS_OK)
		status = index_commit(&index, err);
	index_release(&index);
	return status;
}

/* As dbdiff_compare() does for a side. */
static enum status run(unsigned *starts)
{
	struct worker_job job = {
		.run = index_tar, .out_fds = &index_fd, .out_count = 1, .limits = &limits};
	struct worker worker = {0};
	enum status status;

	*starts = 0;
	do {
		ck_assert_int_eq(ftruncate(index_fd, 0), 0);
		ck_assert_int_eq(attempt_start(&attempt, &worker, &job, &comparing.err), STATUS_OK);
		status = worker_wait(&worker, &comparing.err);
		++*starts;
	} while (worker.has_died && attempt_close(&attempt, &worker, &comparing.err));
	worker_release(&worker);
	return status;
}

/* "NAME: hashed", or the reason, a line a member of the artifact. */
static void expect_members(const char *expected)
{
	struct index_cursor cursor = {0};
	struct buffer text = {0};

	ck_assert_int_eq(index_open(&idx, index_fd, &comparing.err), STATUS_OK);
	ck_assert_int_eq(index_cursor_open(&cursor, &idx, 1, &comparing.err), STATUS_OK);
	while (index_cursor_next(&cursor, &comparing.err) == STATUS_OK)
		buffer_add_format(&text, "%.*s: %s%s%s\n", (int)cursor.row.path_len,
			cursor.row.path, cursor.row.is_hashed ? "hashed" : "unread",
			cursor.row.inspected ? "" : ", ",
			cursor.row.inspected ? "" : cursor.row.reason);
	ck_assert_str_eq(buffer_text(&text), expected);
	index_cursor_release(&cursor);
	buffer_release(&text);
}

START_TEST(a_member_that_kills_costs_itself)
{
	unsigned starts;

	add("a", "one");
	add("b", "CRASH");
	add("c", "three");
	add("d", "KILLED");
	add("e", "five");
	tar_end(&tar);
	ck_assert_msg(run(&starts) == STATUS_OK, "%s", comparing.err.text);
	ck_assert_uint_eq(attempt.closed.count, 2);
	expect_members("a: hashed\n"
		       "b: unread, the process that read it was ended by signal 10 (User defined "
		       "signal 1)\n"
		       "c: hashed\n"
		       "d: unread, the process that read it was ended by signal 9 (Killed)\n"
		       "e: hashed\n");
}
END_TEST

START_TEST(restarts_are_bounded)
{
	unsigned starts;

	for (char name[] = "m0"; name[1] <= '9'; name[1]++)
		add(name, "CRASH");
	tar_end(&tar);
	ck_assert_int_eq(run(&starts), STATUS_LIMIT);
	ck_assert_uint_eq(starts, 1 + ATTEMPT_RESTARTS);
	expect_has(comparing.err.text, "signal 10");
}
END_TEST

/* ---- which member is closed ---- */

static struct way way_of(enum way_stage stage, unsigned depth, uint64_t last)
{
	struct way way = {.depth = depth, .stage = stage};

	for (unsigned i = 0; i < depth && i < WAY_DEPTH_MOST; i++)
		way.positions[i] = i + 1 == depth ? last : 5;
	return way;
}

static void expect_closed(
	const struct closed_ways *closed, size_t at, unsigned depth, uint64_t last, bool is_unread)
{
	struct way way = way_of(WAY_INSIDE, depth, last);

	ck_assert_uint_gt(closed->count, at);
	ck_assert_ptr_eq(closed_find(closed, &way), &closed->items[at]);
	ck_assert_int_eq(closed->items[at].is_unread, is_unread);
}

START_TEST(closing_goes_outwards)
{
	struct closed_ways closed = {0};
	struct way way = way_of(WAY_OPENING, 2, 7), other = way_of(WAY_OPENING, 2, 8);

	ck_assert(closed_add(&closed, &way, false, "first"));
	expect_closed(&closed, 0, 2, 7, false);
	ck_assert_ptr_null(closed_find(&closed, &other));
	ck_assert(closed_add(&closed, &way, false, "second"));
	expect_closed(&closed, 0, 2, 7, true);
	ck_assert(closed_add(&closed, &way, false, "third"));
	expect_closed(&closed, 1, 1, 5, false);
	ck_assert_str_eq(closed.items[0].reason, "first");
	ck_assert_str_eq(closed.items[1].reason, "third");
	ck_assert(closed_add(&closed, &way, false, "fourth"));
	ck_assert(closed_add(&closed, &way, false, "fifth"));
	expect_closed(&closed, 2, 0, 0, false);
	ck_assert(!closed_add(&closed, &way, false, "sixth"));
	closed_release(&closed);
}
END_TEST

START_TEST(what_is_slow_to_unpack_is_not_unpacked)
{
	struct closed_ways closed = {0};
	struct way reading = way_of(WAY_READING, 2, 7), inside = way_of(WAY_INSIDE, 2, 8);
	struct way top = way_of(WAY_READING, 1, 3);

	ck_assert(closed_add(&closed, &reading, true, "slow"));
	expect_closed(&closed, 0, 1, 5, false);
	ck_assert(closed_add(&closed, &inside, true, "slow"));
	expect_closed(&closed, 1, 2, 8, false);
	ck_assert(closed_add(&closed, &top, true, "slow"));
	expect_closed(&closed, 2, 1, 3, true);
	closed_release(&closed);
}
END_TEST

/* The board is what a worker that was taken over left there. */
START_TEST(a_board_of_nonsense_names_the_artifact)
{
	struct closed_ways closed = {0};
	struct way way;

	memset(&way, 0xff, sizeof(way));
	ck_assert(closed_add(&closed, &way, true, "x"));
	expect_closed(&closed, 0, 0, 0, false);
	ck_assert(!closed_add(&closed, &way, true, "x"));
	closed_release(&closed);
}
END_TEST

START_TEST(a_way_deeper_than_is_kept_is_its_container)
{
	struct way way = {0};

	for (unsigned i = 0; i < WAY_DEPTH_MOST + 10; i++)
		way_enter(&way, i, i);
	ck_assert_uint_eq(way.depth, WAY_DEPTH_MOST);
	ck_assert_uint_eq(way.positions[WAY_DEPTH_MOST - 1], WAY_DEPTH_MOST - 1);
	for (unsigned i = WAY_DEPTH_MOST + 10; i > 2; i--)
		way_leave(&way, i - 1);
	ck_assert_uint_eq(way.depth, 2);
}
END_TEST

/* ---- a whole comparison ---- */

/*
 * 64 GiB of zeros in 1,024 frames of zstd would take a minute to unpack and has three seconds; what
 * stands beside it is compared all the same.
 */
START_TEST(a_slow_member_costs_itself)
{
	comparing.options.limits.seconds = 3;
	comparing.options.limits.ratio = 0;
	shell("head -c 64M /dev/zero | zstd -q -3 >frame; for side in a b; do mkdir $side;"
	      " for i in $(seq 1024); do cat frame; done >$side/bomb.zst; echo $side >$side/x;"
	      " done; cat frame >>b/bomb.zst; for side in a b; do"
	      " tar -C $side --mtime=@1 --sort=name -cf $side.tar bomb.zst x; done");
	ck_assert_msg(compare_fds(file_open("a.tar"), file_open("b.tar")) == STATUS_OK, "%s",
		comparing.err.text);
	expect_has(buffer_text(&comparing.text), "content t//x\n");
	expect_has(buffer_text(&comparing.text),
		"(unexplained) not inspected: published: took longer than 3 seconds; rebuilt: took"
		" longer than 3 seconds\n");
	ck_assert(!comparing.result.inspected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attempt");
	TCase *tests = tcase_create("attempt");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_member_that_kills_costs_itself);
	tcase_add_test(tests, restarts_are_bounded);
	tcase_add_test(tests, closing_goes_outwards);
	tcase_add_test(tests, what_is_slow_to_unpack_is_not_unpacked);
	tcase_add_test(tests, a_board_of_nonsense_names_the_artifact);
	tcase_add_test(tests, a_way_deeper_than_is_kept_is_its_container);
	tcase_add_test(tests, a_slow_member_costs_itself);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
