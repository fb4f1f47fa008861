/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/syscall.h>

#include "dbdiff/sides.h"
#include "tests/unit/comparing.h"

#define SIZE ((size_t)3 << 20)

static bool all_is_hole;

/* Also the library's: a file system that calls what was just written a hole. */
off_t lseek(int fd, off_t offset, int whence)
{
	if (all_is_hole && whence == SEEK_DATA) {
		errno = ENXIO;
		return -1;
	}
	return (off_t)syscall(SYS_lseek, fd, offset, whence);
}

static void setup(void)
{
	comparing_setup();
	/* As with files that were written just now. */
	comparing.options.settle_milliseconds = 3600000;
	all_is_hole = true;
}

START_TEST(counts_bytes_that_are_called_a_hole)
{
	char *data = calloc(SIZE, 1);
	int fds[SIDES];

	ck_assert_ptr_nonnull(data);
	for (int side = 0; side < SIDES; side++) {
		memset(data + 2 * SIZE / 3, 'a' + side, 100);
		fds[side] = memory_file(data, SIZE);
	}
	free(data);
	ck_assert_int_eq(compare_fds(fds[PUBLISHED], fds[REBUILT]), STATUS_OK);
	ck_assert_int_eq(comparing.result.differing_bytes, 100);
	ck_assert_int_eq(comparing.result.unexplained_bytes, 100);
	ck_assert(!comparing.result.is_content_equal);
}
END_TEST

/* Of what a stream holds, which stands in a file of our own. */
START_TEST(counts_bytes_of_a_stream_that_are_called_a_hole)
{
	shell("for c in a b; do { head -c 2000000 /dev/zero; printf $c; head -c 1000000 /dev/zero; "
	      "}"
	      " | gzip -n >$c.gz; done");
	ck_assert_int_eq(compare_fds(file_open("a.gz"), file_open("b.gz")), STATUS_OK);
	ck_assert_int_eq(comparing.result.differing_bytes, 1);
	ck_assert(!comparing.result.is_content_equal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attribute");
	TCase *tcase = tcase_create("attribute");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, comparing_teardown);
	tcase_add_test(tcase, counts_bytes_that_are_called_a_hole);
	tcase_add_test(tcase, counts_bytes_of_a_stream_that_are_called_a_hole);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
