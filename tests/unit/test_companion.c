/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "dbdiff/companion.h"

#define BLOCK  4096
#define BLOCKS 8
#define LAST   100 /* bytes of the last, which the end cuts short */

static struct findings findings;
static struct error err;
static int fds[SIDES];
static unsigned char images[SIDES][BLOCKS * BLOCK];

static void set_up(void)
{
	size_t len = (BLOCKS - 1) * BLOCK + LAST;

	ck_assert_int_eq(findings_open(&findings, &err), STATUS_OK);
	for (int side = 0; side < SIDES; side++) {
		for (size_t i = 0; i < len; i++)
			images[side][i] = (unsigned char)(i / 256 + i + (size_t)side);
		fds[side] = memfd_create("image", MFD_CLOEXEC);
		ck_assert_int_ge(fds[side], 0);
		ck_assert_int_eq(write(fds[side], images[side], len), (ssize_t)len);
	}
}

static void tear_down(void)
{
	findings_release(&findings);
	close(fds[0]);
	close(fds[1]);
}

static void tell(const char *const paths[], size_t count)
{
	struct leaf_request *leaves = calloc(count, sizeof(leaves[0]));
	struct diff_plan plan = {.leaves = leaves, .count = count};

	ck_assert_ptr_nonnull(leaves);
	for (size_t i = 0; i < count; i++)
		leaves[i].path = (char *)paths[i];
	ck_assert_int_eq(findings_clear(&findings, &err), STATUS_OK);
	ck_assert_int_eq(companion_digests(&plan, "i.bmap", fds, &findings, &err), STATUS_OK);
	free(leaves);
}

/* What [from, to) of both images has been found to be. */
static bool is_told(size_t from, size_t to)
{
	struct buffer path = {0};
	struct digest digests[SIDES];
	enum status status;

	for (int side = 0; side < SIDES; side++)
		hash_memory(images[side] + from, to - from, &digests[side]);
	status = findings_find_digests(
		&findings, &digests[PUBLISHED], &digests[REBUILT], &path, &err);
	ck_assert_int_ge(status, STATUS_OK);
	buffer_release(&path);
	return status == STATUS_OK;
}

START_TEST(tells_the_digests_of_ranges)
{
	static const char *const paths[] = {"i.bmap//Range 4-7", "i.bmap//ImageSize",
		"i.bmap//Range 0-1", "other//Range 2", "i.bmap//Range 3"};

	tell(paths, ARRAY_SIZE(paths));
	ck_assert(is_told(0, 2 * BLOCK));
	ck_assert(is_told(3 * BLOCK, 4 * BLOCK));
	ck_assert(is_told(4 * BLOCK, 7 * BLOCK + LAST));
	ck_assert(!is_told(2 * BLOCK, 3 * BLOCK));
}
END_TEST

/* Each would be read whole for its own, so that a small map makes the work of a large image. */
START_TEST(tells_nothing_where_ranges_overlap)
{
	static const char *const paths[] = {
		"i.bmap//Range 0-3", "i.bmap//Range 5", "i.bmap//Range 3-4"};

	tell(paths, ARRAY_SIZE(paths));
	ck_assert(!is_told(0, 4 * BLOCK));
	ck_assert(!is_told(5 * BLOCK, 6 * BLOCK));
}
END_TEST

/* Blocks whose bytes are past 2^64 stand for none of those in front. */
START_TEST(leaves_out_what_is_not_in_the_image)
{
	static const char *const paths[] = {"i.bmap//Range 4503599627370496",
		"i.bmap//Range 1-4503599627370498", "i.bmap//Range 2-8",
		"i.bmap//Range 0-4503599627370495", "i.bmap//Range 99999999999999999999"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		tell(&paths[i], 1);
		for (size_t from = 0; from < BLOCKS - 1; from++) {
			for (size_t to = from; to < BLOCKS; to++)
				ck_assert(!is_told(from * BLOCK, to * BLOCK));
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("companion");
	TCase *tcase = tcase_create("companion");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, tells_the_digests_of_ranges);
	tcase_add_test(tcase, tells_nothing_where_ranges_overlap);
	tcase_add_test(tcase, leaves_out_what_is_not_in_the_image);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
