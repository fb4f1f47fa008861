/* SPDX-License-Identifier: Apache-2.0 */
/* What people are shown of a leaf: what kind of change it is, and each range of it. */
#include <check.h>
#include <string.h>

#include "dbdiff/leaf_diff.h"

#define SIZE 4096

static unsigned char bytes[SIDES][2 * SIZE];
static struct buffer out;

static void setup(void)
{
	for (int side = 0; side < SIDES; side++) {
		for (size_t i = 0; i < sizeof(bytes[side]); i++)
			bytes[side][i] = (unsigned char)(i * i >> 3);
	}
}

static void teardown(void)
{
	buffer_release(&out);
}

/* Of so many bytes on each side, all read. */
static void expect_begin(size_t published, size_t rebuilt, const char *expected)
{
	struct stretch sides[1][SIDES] = {{{(const char *)bytes[PUBLISHED], published, 0},
		{(const char *)bytes[REBUILT], rebuilt, 0}}};
	struct leaf_request leaf = {
		.sizes = {published, rebuilt}, .stretch_count = 1, .is_covered = true};

	buffer_clear(&out);
	leaf_diff(&leaf, &(struct leaf_bytes){.stretches = sides}, 65536, &out);
	ck_assert_msg(strncmp(buffer_text(&out), expected, strlen(expected)) == 0, "%s",
		buffer_text(&out));
}

START_TEST(some_bytes)
{
	bytes[REBUILT][100] ^= 1;
	expect_begin(SIZE, SIZE, "1 of 4096 bytes differs in 1 range, the first at byte 100\n");
	bytes[REBUILT][101] ^= 1;
	bytes[REBUILT][3000] ^= 1;
	expect_begin(SIZE, SIZE, "3 of 4096 bytes differ in 2 ranges, the first at byte 100\n");
	ck_assert_ptr_nonnull(strstr(buffer_text(&out), "-00000060"));
	ck_assert_ptr_nonnull(strstr(buffer_text(&out), "+00000bb0"));
}
END_TEST

START_TEST(bytes_put_in_or_taken_out)
{
	memmove(bytes[REBUILT] + 507, bytes[REBUILT] + 500, SIZE - 500);
	memset(bytes[REBUILT] + 500, 0xee, 7);
	expect_begin(SIZE, SIZE + 7, "shift: 7 bytes put in at byte 500\n");
	/* With another one changed behind them it is none. */
	bytes[REBUILT][SIZE] ^= 1;
	expect_begin(SIZE, SIZE + 7, "3589 of 4103 bytes differ in 15 ranges, ");
}
END_TEST

START_TEST(bytes_at_the_end)
{
	memset(bytes[PUBLISHED] + SIZE, 0xee, 1);
	expect_begin(SIZE + 1, SIZE, "shift: 1 byte taken out at byte 4096\n");
}
END_TEST

START_TEST(nearly_everything)
{
	for (size_t i = 0; i < SIZE; i++)
		bytes[REBUILT][i] ^= 0x80;
	expect_begin(SIZE, SIZE, "nearly everything differs: 4096 of 4096 bytes\n");
	for (size_t i = 0; i < SIZE / 2; i++)
		bytes[REBUILT][i] ^= 0x80;
	expect_begin(SIZE, SIZE, "2048 of 4096 bytes differ in 1 range, the first at byte 2048\n");
}
END_TEST

START_TEST(what_was_not_read_is_said)
{
	struct stretch sides[1][SIDES] = {{{(const char *)bytes[PUBLISHED], SIZE, SIZE},
		{(const char *)bytes[REBUILT], SIZE, SIZE}}};
	struct leaf_request leaf = {.sizes = {9 * SIZE, 9 * SIZE}, .stretch_count = 1};

	bytes[REBUILT][1] ^= 1;
	leaf_diff(&leaf, &(struct leaf_bytes){.stretches = sides}, 65536, &out);
	ck_assert_ptr_nonnull(strstr(buffer_text(&out),
		"at least 1 of 36864 bytes differs in 1 range, the first at byte 4097\n"));
}
END_TEST

/* Lines of each stretch; the first and the last may be parts of lines. */
START_TEST(texts_by_line)
{
	struct stretch sides[2][SIDES] = {{{"one\ntwo\n", 8, 0}, {"one\n2wo\n", 8, 0}},
		{{"part\nthree\npart", 15, 100}, {"pArt\nthrEe\npart", 15, 100}}};
	struct leaf_request leaf = {.sizes = {1000, 1000}, .stretch_count = 2, .is_covered = true};

	leaf_diff(&leaf, &(struct leaf_bytes){.stretches = sides}, 65536, &out);
	ck_assert_ptr_nonnull(strstr(buffer_text(&out), "\n-two\n+2wo\n"));
	ck_assert_ptr_nonnull(strstr(buffer_text(&out), "\n-three\n+thrEe\n"));
	ck_assert_ptr_null(strstr(buffer_text(&out), "part"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("leaf_diff");
	TCase *tests = tcase_create("leaf_diff");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, some_bytes);
	tcase_add_test(tests, bytes_put_in_or_taken_out);
	tcase_add_test(tests, bytes_at_the_end);
	tcase_add_test(tests, nearly_everything);
	tcase_add_test(tests, what_was_not_read_is_said);
	tcase_add_test(tests, texts_by_line);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
