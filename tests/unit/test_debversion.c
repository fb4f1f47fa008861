/* SPDX-License-Identifier: Apache-2.0 */
#include "base/debversion.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/process.h"

#define PAIRS 3000

static const struct {
	const char *a, *b;
	int order;
} known[] = {
	{"1.0", "1.0", 0},
	{"1.0", "1.00", 0},
	{"0:1.0", "1.0-0", 0},
	{"1.0~rc1", "1.0", -1},
	{"1.0~~", "1.0~", -1},
	{"1.0", "1.0a", -1},
	{"1.0a", "1.0+", -1},
	{"9", "10", -1},
	{"1:1", "2", 1},
	{"1.0-1~deb12u1", "1.0-1", -1},
	{"3.0.17-1~deb12u2", "3.0.17-1~deb12u3", -1},
	{"1.0-1+b1", "1.0-1", 1},
	{"99999999999999999999999", "99999999999999999999998", 1},
	{"1.000000000000000000000000000000000000001", "1.1", 0},
	{"1.0-1-1", "1.0-1", 1},
	{"6.1+cip2", "6.1", 1},
};

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

START_TEST(test_known)
{
	ck_assert_int_eq(sign(debversion_compare(known[_i].a, known[_i].b)), known[_i].order);
	ck_assert_int_eq(sign(debversion_compare(known[_i].b, known[_i].a)), -known[_i].order);
}
END_TEST

static uint64_t state = 0x9e3779b97f4a7c15;

static unsigned draw(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % below);
}

/* A version that dpkg takes, from few characters, so that two of them often are nearly the same. */
static void version_draw(char text[64])
{
	static const char upstream[] = "01290aAz.+~-", revision[] = "0129aZ.+~";
	size_t len = 0, parts;

	if (draw(4) == 0)
		len = (size_t)snprintf(text, 64, "%u:", draw(3));
	text[len++] = (char)('0' + draw(3));
	for (parts = draw(8); parts > 0; parts--)
		text[len++] = upstream[draw(sizeof(upstream) - 1)];
	/* What follows the last dash is the revision, and is not empty. */
	if (text[len - 1] == '-' || draw(2) == 0) {
		if (text[len - 1] != '-')
			text[len++] = '-';
		for (parts = 1 + draw(5); parts > 0; parts--)
			text[len++] = revision[draw(sizeof(revision) - 1)];
	}
	text[len] = '\0';
}

/* Something small is changed, so that the ends of equal beginnings are looked at as well. */
static void version_vary(char *text)
{
	static const char others[] = "0129aZ.+~";
	size_t len = strlen(text), at = len - 1;

	while (at > 0 && draw(2) == 0)
		at--;
	if (at > 0 && text[at] != ':' && text[at] != '-' && text[at - 1] != ':')
		text[at] = others[draw(sizeof(others) - 1)];
}

/* Asks dpkg itself about all pairs of `pairs` (two a line), and gives a line of "lt", "eq", "gt".
 */
static char *dpkg_answers(const char *pairs)
{
	static const char script[] =
		"while read -r a b; do"
		" if dpkg --compare-versions \"$a\" lt \"$b\"; then echo lt;"
		" elif dpkg --compare-versions \"$a\" eq \"$b\"; then echo eq; else echo gt; fi;"
		" done <\"$0\"";
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result = {0};
	struct error err = {0};
	struct buffer out = {0};

	spec.argv = (const char *const[]){"sh", "-ec", script, pairs, NULL};
	spec.timeout_seconds = 600;
	ck_assert_msg(process_capture(&spec, 1 << 20, &out, NULL, &result, &err) == STATUS_OK, "%s",
		err.text);
	ck_assert_int_eq(result.exit_code, 0);
	return buffer_detach(&out);
}

START_TEST(test_as_dpkg)
{
	static char a[PAIRS][64], b[PAIRS][64];
	char path[] = "/tmp/versions-XXXXXX", *answers, *at;
	FILE *file = fdopen(mkstemp(path), "w");
	size_t of_each[3] = {0};

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < PAIRS; i++) {
		version_draw(a[i]);
		memcpy(b[i], a[i], sizeof(a[i]));
		if (draw(3) == 0)
			version_draw(b[i]);
		else
			version_vary(b[i]);
		fprintf(file, "%s %s\n", a[i], b[i]);
	}
	fclose(file);
	answers = at = dpkg_answers(path);
	for (int i = 0; i < PAIRS; i++, at += 3) {
		int order = sign(debversion_compare(a[i], b[i]));
		const char *ours = order < 0 ? "lt" : order > 0 ? "gt" : "eq";

		of_each[order + 1]++;
		ck_assert_msg(strncmp(at, ours, 2) == 0, "%s %s: dpkg says %.2s, we %s", a[i], b[i],
			at, ours);
		ck_assert_msg(debversion_is_valid(a[i], strlen(a[i])), "%s", a[i]);
	}
	ck_assert_str_eq(at, "");
	for (int i = 0; i < 3; i++)
		ck_assert_uint_gt(of_each[i], PAIRS / 20);
	free(answers);
	remove(path);
}
END_TEST

/* As dpkg --validate-version has it, whose warnings count. */
static const struct {
	const char *text;
	bool is_valid;
} texts[] = {
	{"1", true},
	{"1.0-1", true},
	{"1:2:3", true},
	{"1.0-1-2", true},
	{"2147483647:1", true},
	{"1.0~rc1+b2", true},
	{"", false},
	{":1", false},
	{"1:", false},
	{"a:1", false},
	{"-1:1", false},
	{"2147483648:1", false},
	{"1-", false},
	{"-1", false},
	{"a1", false},
	{"1.0_1", false},
	{"1 0", false},
	{"1/2", false},
	{"1.0-1:2", false},
	{"1.0-\xc3\xa9", false},
};

START_TEST(test_valid)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result = {0};
	struct error err = {0};
	const char *text = texts[_i].text;

	ck_assert_msg(
		debversion_is_valid(text, strlen(text)) == texts[_i].is_valid, "\"%s\"", text);
	if (*text == '-')
		return; /* an option */
	spec.argv = (const char *const[]){"dpkg", "--validate-version", text, NULL};
	ck_assert_int_eq(process_capture(&spec, 0, NULL, NULL, &result, &err), STATUS_OK);
	ck_assert_msg((result.exit_code == 0) == texts[_i].is_valid, "dpkg: \"%s\"", text);
}
END_TEST

START_TEST(test_no_text_is_none)
{
	ck_assert(!debversion_is_valid(NULL, 0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("debversion");
	TCase *tests = tcase_create("debversion");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 600);
	tcase_add_loop_test(tests, test_known, 0, (int)(sizeof(known) / sizeof(known[0])));
	tcase_add_test(tests, test_as_dpkg);
	tcase_add_loop_test(tests, test_valid, 0, (int)(sizeof(texts) / sizeof(texts[0])));
	tcase_add_test(tests, test_no_text_is_none);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
