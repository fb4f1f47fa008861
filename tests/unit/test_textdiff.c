/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"
#include "dbdiff/stringdiff.h"
#include "tests/unit/comparing.h"

static struct buffer out;

static void setup(void)
{
	comparing_setup();
	out = (struct buffer){0};
}

static void teardown(void)
{
	comparing_teardown();
	buffer_release(&out);
}

static struct stretch stretch_of(const char *text)
{
	return (struct stretch){text, strlen(text), 0};
}

static void expect_diff(const char *published, const char *rebuilt, const char *expected)
{
	struct stretch a = stretch_of(published), b = stretch_of(rebuilt);

	buffer_clear(&out);
	ck_assert(textdiff_unified(&a, &b, 100000, &out));
	ck_assert_str_eq(buffer_text(&out), expected);
}

START_TEST(writes_unified_diffs)
{
	expect_diff("a\nb\nc\n", "a\nb\nc\n", "");
	expect_diff("a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
	expect_diff("", "a\n", "@@ -0,0 +1 @@\n+a\n");
	expect_diff("a\n", "", "@@ -1 +0,0 @@\n-a\n");
	expect_diff("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
	expect_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n",
		"@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+10\n");
}
END_TEST

/* patch(1) is the judge: applied to one side it must give the other. */
START_TEST(diffs_are_right_and_small)
{
	static char texts[2][40000];
	unsigned seed = 7;

	for (int round = 0; round < 60; round++) {
		char paths[3][8] = {"a", "b", "d"};
		size_t lens[2];
		struct buffer script = {0};

		for (int side = 0; side < 2; side++) {
			size_t len = 0;

			for (int i = 0; i < round * 12; i++) {
				seed = seed * 1103515245 + 12345;
				len += (size_t)snprintf(texts[side] + len,
					sizeof(texts[side]) - len, "%u\n",
					(seed >> 16) % (unsigned)(round % 7 + 2));
			}
			lens[side] = len;
		}
		struct stretch a = {texts[0], lens[0], 0}, b = {texts[1], lens[1], 0};

		buffer_clear(&out);
		ck_assert(textdiff_unified(&a, &b, 1000000, &out));
		const void *datas[3] = {texts[0], texts[1], out.data};
		size_t all_lens[3] = {lens[0], lens[1], out.len};

		for (int i = 0; i < 3; i++) {
			char *path = path_join(comparing.directory, paths[i]);

			ck_assert_int_eq(tempfile_write_all(
						 path, datas[i], all_lens[i], 0600, &comparing.err),
				STATUS_OK);
			free(path);
		}
		buffer_add_format(&script,
			"(echo '--- a'; echo '+++ a'; cat d) >p; cp a c;"
			"if [ -s d ]; then patch -s c p; fi; cmp c b; "
			"n=$(grep -c '^[-+]' d || :); m=$(diff -d a b | grep -c '^[<>]' || :);"
			"test $n -le $((m + m / 20 + 2))");
		shell(buffer_text(&script));
		buffer_release(&script);
	}
}
END_TEST

START_TEST(a_diff_is_cut_at_its_limit)
{
	static char a[100000], b[100000];
	struct stretch published, rebuilt;
	size_t len_a = 0, len_b = 0;

	for (int i = 0; i < 5000; i++) {
		len_a += (size_t)snprintf(a + len_a, sizeof(a) - len_a, "a%d\n", i);
		len_b += (size_t)snprintf(b + len_b, sizeof(b) - len_b, "b%d\n", i);
	}
	published = (struct stretch){a, len_a, 0};
	rebuilt = (struct stretch){b, len_b, 0};
	ck_assert(textdiff_unified(&published, &rebuilt, 1000, &out));
	ck_assert_uint_le(out.len, 1000);
	ck_assert_str_eq(
		out.data + out.len - strlen("[cut: more differs]\n"), "[cut: more differs]\n");
}
END_TEST

/* Every line differs and none is like another: more than the search goes for. */
START_TEST(what_is_too_different_is_replaced)
{
	enum {
		LINES = 100000
	};
	struct buffer a = {0}, b = {0};
	struct stretch published, rebuilt;

	for (unsigned i = 0; i < LINES; i++) {
		buffer_add_format(&a, "%u\n", i * 2654435761U);
		buffer_add_format(&b, "%u\n", (LINES - i) * 2654435761U);
	}
	published = (struct stretch){a.data, a.len, 0};
	rebuilt = (struct stretch){b.data, b.len, 0};
	ck_assert(textdiff_unified(&published, &rebuilt, 1000, &out));
	ck_assert_uint_gt(out.len, 0);
	buffer_release(&a);
	buffer_release(&b);
}
END_TEST

START_TEST(long_changed_lines_are_not_lines)
{
	static char a[5000], b[5000];
	struct stretch published = {a, sizeof(a), 0}, rebuilt = {b, sizeof(b), 0};

	memset(a, 'x', sizeof(a));
	memset(b, 'x', sizeof(b));
	b[4000] = 'y';
	ck_assert(!textdiff_unified(&published, &rebuilt, 100000, &out));
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(tells_text_from_bytes)
{
	ck_assert(textdiff_is_text("", 0));
	ck_assert(textdiff_is_text("caf\xc3\xa9\t\n", 7));
	ck_assert(textdiff_is_text("latin-\xe9\r\n", 9));
	ck_assert(!textdiff_is_text("a\0b", 3));
	ck_assert(!textdiff_is_text("\x7f"
				    "ELF",
		4));
	ck_assert(!textdiff_is_text("\x01", 1));
}
END_TEST

START_TEST(hexdumps_show_what_differs)
{
	static const char a[] = "0123456789abcdefghijklmnopqrstuv", b[] = "0123456789abcdefgHijkl";
	struct stretch published = {a, 32, 0x1000}, rebuilt = {b, 22, 0x1000};

	ck_assert(textdiff_hexdump(&published, &rebuilt, 4096, &out));
	ck_assert_str_eq(buffer_text(&out),
		" 00001000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
		"-00001010  67 68 69 6a 6b 6c 6d 6e  6f 70 71 72 73 74 75 76  |ghijklmnopqrstuv|\n"
		"+00001010  67 48 69 6a 6b 6c                                 |gHijkl|\n");
	buffer_clear(&out);
	ck_assert(textdiff_hexdump(&published, &published, 4096, &out));
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* One side ends before rows that the other still has. */
START_TEST(hexdumps_of_a_shorter_side_end_with_it)
{
	static char a[100], b[10];
	struct stretch published = {a, sizeof(a), 0}, rebuilt = {b, sizeof(b), 0};
	struct stretch empty = {NULL, 0, 0};

	ck_assert(textdiff_hexdump(&published, &rebuilt, 4096, &out));
	expect_has(buffer_text(&out), "-00000060  00 00 00 00  ");
	buffer_clear(&out);
	ck_assert(textdiff_hexdump(&empty, &rebuilt, 4096, &out));
	expect_has(buffer_text(&out), "+00000000  00 00");
}
END_TEST

static bool strings_diff(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct stretch published = {a, a_len, 0}, rebuilt = {b, b_len, 0};

	buffer_clear(&out);
	return stringdiff_unified(&published, &rebuilt, 1000, &out);
}

START_TEST(finds_strings_in_binary_data)
{
	static const char a[] = "\1\2hello\0\3abc\0Gr\303\266\303\237e\xff\0end of it";
	static const char b[] = "\1\4hullo\0\3abd\0Gr\303\266\303\237e\xfe\0end of it";

	ck_assert(strings_diff(a, sizeof(a) - 1, b, sizeof(b) - 1));
	ck_assert_str_eq(buffer_text(&out),
		"@@ -1,3 +1,3 @@\n-hello\n+hullo\n Gr\303\266\303\237e\n end of it\n");
	/* The same strings in other bytes are no difference of strings. */
	ck_assert(strings_diff("\1abcdef", 7, "\2abcdef", 7));
	ck_assert_uint_eq(out.len, 0);
	/* A table of names has short ones. */
	ck_assert(strings_diff("\0a\0b\0", 5, "\0a\0c\0", 5));
	ck_assert_str_eq(buffer_text(&out), "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
	ck_assert(strings_diff("", 0, "", 0));
}
END_TEST

/* Every range has its rows; between them is left out, and a long one is cut. */
START_TEST(hexdumps_show_each_range)
{
	static char a[4096], b[4096];
	struct stretch published = {a, sizeof(a), 0}, rebuilt = {b, sizeof(b), 0};

	b[100] = 1;
	b[2000] = 2;
	memset(b + 3008, 3, 640);
	ck_assert(textdiff_hexdump(&published, &rebuilt, 16384, &out));
	expect_has(buffer_text(&out), "+00000060  00 00 00 00 01 00");
	expect_has(buffer_text(&out), " ...\n 000007b0");
	expect_has(buffer_text(&out), "+000007d0  02 00");
	expect_has(buffer_text(&out), " (32 more rows differ)\n 00000e40  00");
	buffer_clear(&out);
	ck_assert(!textdiff_hexdump(&published, &rebuilt, 2500, &out));
	expect_has(buffer_text(&out), "+00000060");
	expect_has(buffer_text(&out), "\n[cut: more differs]\n");
	ck_assert_uint_le(out.len, 2500);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("textdiff");
	TCase *tests = tcase_create("textdiff");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, writes_unified_diffs);
	tcase_add_test(tests, finds_strings_in_binary_data);
	tcase_add_test(tests, diffs_are_right_and_small);
	tcase_add_test(tests, a_diff_is_cut_at_its_limit);
	tcase_add_test(tests, what_is_too_different_is_replaced);
	tcase_add_test(tests, long_changed_lines_are_not_lines);
	tcase_add_test(tests, tells_text_from_bytes);
	tcase_add_test(tests, hexdumps_show_what_differs);
	tcase_add_test(tests, hexdumps_show_each_range);
	tcase_add_test(tests, hexdumps_of_a_shorter_side_end_with_it);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
