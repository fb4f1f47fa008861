/* SPDX-License-Identifier: Apache-2.0 */
/* Logs: what differs from run to run is claimed, and no word beside it. */
#include "claiming.h"

#define LOG "t//var/log/x.log"

START_TEST(times_of_logs)
{
	expect_claimed("t//var/log/dpkg.log",
		"2025-07-29 08:30:12 startup\n2025-07-29 08:30:13 install a\n",
		"2025-07-30 09:30:12 startup\n2025-07-30 09:30:14 install a\n",
		"log-file 2025-07-29 08:30:12|2025-07-30 09:30:12\n"
		"log-file 2025-07-29 08:30:13|2025-07-30 09:30:14\n");
	expect_claimed("t//var/log/apt/history.log", "Start-Date: 2025-07-29  08:30:12\n",
		"Start-Date: 2025-07-30  08:30:13\n",
		"log-file 2025-07-29  08:30:12|2025-07-30  08:30:13\n");
	expect_claimed(LOG, "Jul 29 08:30:12 h a: b\n", "Aug  1 08:30:12 h a: b\n",
		"log-file Jul 29 08:30:12|Aug  1 08:30:12\n");
	expect_claimed(LOG, "[08:30:12] a\n", "[08:31:12] a\n", "log-file 08:30:12|08:31:12\n");
	expect_claimed(LOG, "done at Tue Jul 29 08:30:12 2025\n",
		"done at Tue Jul 29 08:31:12 2025\n",
		"log-file Tue Jul 29 08:30:12 2025|Tue Jul 29 08:31:12 2025\n");
	expect_claimed(
		LOG, "[    1.234567] a\n", "[   11.3] a\n", "log-file [    1.234567]|[   11.3]\n");
}
END_TEST

START_TEST(other_values_of_logs)
{
	expect_claimed(LOG, "sshd[123]: a\n", "sshd[45678]: a\n", "log-file 123|45678\n");
	expect_claimed(LOG, "as pid 123\n", "as pid 124\n", "log-file 123|124\n");
	expect_claimed(LOG, "Fetched 1 MB in 4s (2,345 kB/s)\n", "Fetched 1 MB in 15s (345 kB/s)\n",
		"log-file 4s|15s\nlog-file 2,345 kB/s)|345 kB/s)\n");
	expect_claimed(LOG, "took 1.5 ms\n", "took 22 ms\n", "log-file 1.5 ms|22 ms\n");
	expect_claimed(LOG, "unpack /tmp/apt-dpkg-install-aB3dEf/1-a.deb\n",
		"unpack /tmp/apt-dpkg-install-Xy7zzz/1-a.deb\n", "log-file aB3dEf|Xy7zzz\n");
}
END_TEST

START_TEST(words_of_logs_are_left)
{
	/* What stands for the log is its time, which is the same. */
	expect_partly(LOG, "2025-07-29 08:30:12 installed foo\n",
		"2025-07-29 08:30:12 installed EVIL\n",
		"log-file 2025-07-29 08:30:12|2025-07-29 08:30:12\n");
	ck_assert_str_eq(
		claims.items[0].evidence, "both sides are a log that begins with one time");
	expect_partly(LOG, "2025-07-29 08:30:12 installed foo\n",
		"2025-07-29 08:30:13 installed EVIL\n",
		"log-file 2025-07-29 08:30:12|2025-07-29 08:30:13\n");
	expect_partly(LOG, "2025-07-29 08:30:12 a\n2025-07-29 08:30:13 b\n",
		"2025-07-29 08:30:12 a\n2025-07-29 08:30:13 b\n2025-07-29 08:30:14 c\n",
		"log-file 2025-07-29 08:30:12|2025-07-29 08:30:12\n");
	/* Versions, sizes, dates and names that are no time of the log. */
	expect_left(LOG, "Install: a (20250729083012)\n", "Install: a (20250730083012)\n");
	expect_left(LOG, "Install: a (2025-07-29)\n", "Install: a (2025-07-30)\n");
	expect_left(LOG, "status a 1753777812\n", "status a 1753777999\n");
	expect_left(LOG, "deb /20250729T083012Z/\n", "deb /20250730T083012Z/\n");
	expect_left(LOG, "users[123] a\n", "users[124] a\n");
	expect_left(LOG, "rapid 123\n", "rapid 124\n");
	expect_left(LOG, "limit 4s\n", "limit 5s\n");
	expect_left(LOG, "in 4 files\n", "in 5 files\n");
	expect_left(LOG, "at 08:30:12\n", "at 08:31:12\n");
	expect_left(LOG, "run /tmp/x-foobar\n", "run /tmp/x-barfoo\n");
	expect_left(LOG, "run /opt/x-foobA1\n", "run /opt/x-barfO2\n");
	expect_left(LOG, "run /tmp/x-foobA1\n", "run /tmp/x-barfO234\n");
}
END_TEST

#define A	"2025-07-29 08:30:12 configure a\n"
#define B	"2025-07-29 08:30:13 configure b\n"
#define B_LATER "2025-07-30 08:30:14 configure b\n"
#define C	"2025-07-29 08:30:12 same\n"

START_TEST(orders_of_lines)
{
	expect_claimed(LOG, C A B C, C B_LATER A C,
		"log-file 2025-07-29 08:30:12 configure a\\x0a2025-07-29 08:30:13 configure "
		"b\\x0a|2025-07-30 08:30:14 configure b\\x0a2025-07-29 08:30:12 configure "
		"a\\x0a\n");
	/* One line is another, there is one more, one is there twice. */
	match(LOG, C A B C, C B_LATER "2025-07-29 08:30:12 configure c\n" C);
	ck_assert(!is_done);
	match(LOG, C A B C, C B_LATER A C C);
	ck_assert(!is_done);
	match(LOG, C A B B, C B_LATER A A);
	ck_assert(!is_done);
	/* A value of another form. */
	match(LOG, C A "/tmp/x.aB3dEf\n" C, C "/tmp/x.aB3dEfGh\n" A C);
	ck_assert(!is_done);
	match("t//opt/x.log", C A B C, C B_LATER A C);
	ck_assert(!is_done);
}
END_TEST

/* A log elsewhere is any text; a program in var/log is one; a rest of a log is not seen to be one.
 */
START_TEST(texts_that_are_no_logs)
{
	static const char a[] = "2025-07-29 08:30:12 a\n", b[] = "2025-07-29 08:30:13 a\n";
	struct stretch sides[SIDES] = {{a, sizeof(a) - 1, 1 << 20}, {b, sizeof(b) - 1, 1 << 20}};

	expect_left("t//var/log/run", "#!/bin/sh\necho a\n", "#!/bin/sh\necho b\n");
	expect_left("t//var/log/run", "#!/bin/sh\nx 2025-07-29 08:30:12\n",
		"#!/bin/sh\nx 2025-07-29 08:30:13\n");
	expect_left("t//var/log/run.sh", "x 2025-07-29 08:30:12\n", "x 2025-07-29 08:30:13\n");
	match("t//usr/share/log", A B, B A);
	ck_assert(!is_done);
	match_bytes(LOG, sides);
	ck_assert(!is_done);
	/* Sections of a program that lies there. */
	in_program = true;
	match("t//var/log/run//.rodata", a, b);
	ck_assert_ptr_null(strstr(buffer_text(&text), "log-file"));
}
END_TEST

START_TEST(journals)
{
	char a[256] = "LPKSHHRH", b[256] = "LPKSHHRH";
	struct stretch sides[SIDES] = {{a, sizeof(a), 0}, {b, sizeof(b), 0}};

	memset(a + 24, 1, 64);
	memset(b + 24, 2, 64);
	b[200] = 'x';
	match_bytes("t//var/log/journal/m/system.journal", sides);
	ck_assert_uint_eq(claims.count, 1);
	ck_assert_str_eq(claims.items[0].cause, "log-file");
	ck_assert_uint_eq(claims.items[0].start[REBUILT], 24);
	ck_assert_uint_eq(claims.items[0].len[REBUILT], 64);
	ck_assert(!is_done);
	match_bytes("t//opt/system.journal", sides);
	ck_assert_uint_eq(claims.count, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {times_of_logs, other_values_of_logs, words_of_logs_are_left,
		orders_of_lines, texts_that_are_no_logs, journals};

	return run_tests("log_matcher", tests, ARRAY_SIZE(tests));
}
