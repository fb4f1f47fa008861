/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of matchers: what is claimed of two texts. */
#ifndef CLAIMING_H
#define CLAIMING_H

#include <check.h>
#include <string.h>

#include "base/array.h"
#include "base/buffer.h"
#include "base/escape.h"
#include "dbdiff/matcher.h"

static struct claim_list claims;
static struct buffer text;
static bool is_done;
static const struct known_pair *known;
static size_t known_count;
static size_t *places_left;
static bool in_program;

static inline void setup(void)
{
	known = NULL;
	known_count = 0;
	places_left = NULL;
	in_program = false;
}

static inline void teardown(void)
{
	claim_list_release(&claims);
	buffer_release(&text);
}

/* Leaves "CAUSE PUBLISHED|REBUILT\n" of each claim in `text`. */
static inline void match_bytes(const char *path, const struct stretch sides[SIDES])
{
	struct matching matching = {.path = path,
		.sides = sides,
		.is_whole = true,
		.in_program = in_program,
		.known = known,
		.known_count = known_count,
		.places_left = places_left};

	claim_list_release(&claims);
	buffer_clear(&text);
	is_done = match_stretch(&matching, &claims);
	for (size_t i = 0; i < claims.count; i++) {
		const struct claim *claim = &claims.items[i];

		buffer_add_format(&text, "%s ", claim->cause);
		for (int side = 0; side < SIDES; side++) {
			ck_assert_uint_gt(claim->len[side], 0);
			ck_assert_uint_le(claim->start[side] + claim->len[side], sides[side].len);
			escape_line(&text, sides[side].data + claim->start[side], claim->len[side]);
			buffer_add_char(&text, side == PUBLISHED ? '|' : '\n');
		}
	}
}

static inline void match(const char *path, const char *a, const char *b)
{
	struct stretch sides[SIDES] = {{a, strlen(a), 0}, {b, strlen(b), 0}};

	match_bytes(path, sides);
}

/* All that differs is claimed, so. */
static inline void expect_claimed(
	const char *path, const char *a, const char *b, const char *expected)
{
	match(path, a, b);
	ck_assert_str_eq(buffer_text(&text), expected);
	ck_assert_msg(is_done, "%s", buffer_text(&text));
}

/* Nothing is. */
static inline void expect_left(const char *path, const char *a, const char *b)
{
	match(path, a, b);
	ck_assert_str_eq(buffer_text(&text), "");
	ck_assert(!is_done);
}

/* Nothing of it but this. */
static inline void expect_partly(
	const char *path, const char *a, const char *b, const char *expected)
{
	match(path, a, b);
	ck_assert_str_eq(buffer_text(&text), expected);
	ck_assert(!is_done);
}

static inline int run_tests(const char *name, const TTest *const *functions, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tests = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tests, functions[i]);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

#endif
