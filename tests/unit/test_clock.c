/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <check.h>
#include <string.h>

START_TEST(times_are_written_in_utc)
{
	char text[CLOCK_TEXT_SIZE];

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	clock_format(0, text);
	ck_assert_str_eq(text, "1970-01-01T00:00:00Z");
	clock_format(1783764997, text);
	ck_assert_str_eq(text, "2026-07-11T10:16:37Z");
	clock_format_snapshot(1783764997, text);
	ck_assert_str_eq(text, "20260711T101637Z");
	clock_format(-1, text);
	ck_assert_str_eq(text, "1969-12-31T23:59:59Z");
}
END_TEST

START_TEST(times_beyond_the_calendar_are_numbers)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(INT64_MAX, text);
	ck_assert_str_eq(text, "@9223372036854775807");
	clock_format_snapshot(INT64_MIN, text);
	ck_assert_str_eq(text, "@-9223372036854775808");
	clock_format(INT64_C(253402300800), text); /* the year 10000 */
	ck_assert_str_eq(text, "@253402300800");
}
END_TEST

START_TEST(a_day_begins_in_utc)
{
	static const char *const bad[] = {"", "2026-02-30", "2026-7-11", "2026-07-11T00:00:00Z",
		"2026-07-11 ", "1969-12-31", "2026-13-01", "2026-00-10"};
	struct error err = {0};
	int64_t when = 0;

	ck_assert_int_eq(clock_parse_day("2026-07-11", &when, &err), STATUS_OK);
	ck_assert_int_eq(when, 1783728000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(clock_parse_day(bad[i], &when, &err) == STATUS_FORMAT, "%s", bad[i]);
}
END_TEST

static void expect_snapshot(const char *text, int64_t expected)
{
	char back[CLOCK_TEXT_SIZE];
	struct error err = {0};
	int64_t when = -1;

	ck_assert_msg(clock_parse_snapshot(text, &when, &err) == STATUS_OK, "%s", err.text);
	ck_assert_int_eq(when, expected);
	clock_format_snapshot(when, back);
	ck_assert_str_eq(back, text);
}

START_TEST(snapshot_times_are_read)
{
	setenv("TZ", "America/New_York", 1);
	tzset();
	expect_snapshot("19700101T000000Z", 0);
	expect_snapshot("20260711T101637Z", 1783764997);
	expect_snapshot("20240229T235959Z", 1709251199);
	/* In the hour that summer time leaves out over there. */
	expect_snapshot("20260308T023000Z", 1772937000);
	expect_snapshot("20380119T031408Z", INT64_C(1) << 31);
}
END_TEST

START_TEST(other_snapshot_times_are_refused)
{
	static const char *const texts[] = {"", "2026", "20260711T101637", "20260711T101637Zx",
		"20260711T101637z", "20260711t101637Z", "2026-07-11T10:16:37Z", " 20260711T101637Z",
		"20260711T101637Z ", "20260711T101637Z\n", "+0260711T101637Z", "2026 711T101637Z",
		"20260011T101637Z", "20261311T101637Z", "20260700T101637Z", "20260732T101637Z",
		"20260231T101637Z", "20230229T101637Z", "20260711T241637Z", "20260711T106037Z",
		"20260711T101660Z", "19691231T235959Z", "00000101T000000Z", "202607111T10163Z",
		"20260711T1016-1Z"};
	struct error err;
	int64_t when;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(clock_parse_snapshot(texts[i], &when, &err) == STATUS_FORMAT, "%s",
			texts[i]);
}
END_TEST

START_TEST(release_dates_are_read)
{
	static const char *const texts[] = {"Sat, 11 Jul 2026 10:16:37 UTC",
		"Sat, 11 Jul 2026 10:16:37 GMT", "Sat, 11 Jul 2026 10:16:37 +0000"};
	struct error err = {0};
	int64_t when = -1;

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	for (size_t i = 0; i < 3; i++) {
		ck_assert_msg(clock_parse_release_date(texts[i], &when, &err) == STATUS_OK, "%s",
			err.text);
		ck_assert_int_eq(when, 1783764997);
	}
	ck_assert_int_eq(
		clock_parse_release_date("Thu, 01 Jan 1970 00:00:09 UTC", &when, &err), STATUS_OK);
	ck_assert_int_eq(when, 9);
	ck_assert_int_eq(
		clock_parse_release_date("Thu, 1 Jan 1970 00:00:08 UTC", &when, &err), STATUS_OK);
	ck_assert_int_eq(when, 8);
	ck_assert_int_eq(
		clock_parse_release_date("Thu, 31 Dec 2026 00:00:00 UTC", &when, &err), STATUS_OK);
	ck_assert_int_eq(when, 1798675200);
}
END_TEST

START_TEST(other_release_dates_are_refused)
{
	static const char *const texts[] = {"", "11 Jul 2026 10:16:37 UTC",
		"Sat, 11 Jul 2026 10:16:37", "Sat, 11 Jul 2026 10:16:37 CEST",
		"Sat, 11 Jul 2026 10:16:37 +0200", "Sat, 11 Jul 2026 10:16:37 UTC x",
		"Sat, 11 Jul 2026 10:16:37 UTC\n", "Sat, 31 Feb 2026 10:16:37 UTC",
		"Sat, 11 jul 2026 10:16:37 UTC", "Sat, 11 Jux 2026 10:16:37 UTC",
		"Sat, 11 Jul 26 10:16:37 UTC", "Sat, 11 Jul 2026 25:16:37 UTC",
		"Sat, 11 Jul 2026 -1:16:37 UTC", "Sat, +1 Jul 2026 10:16:37 UTC",
		"Sat,  1 Jul 2026 10:16:37 UTC", "Sat, 0 Jul 2026 10:16:37 UTC",
		"Sat, 11 Jul 1969 10:16:37 UTC", "S1t, 11 Jul 2026 10:16:37 UTC",
		"Sat, 11 Jul 2026 10:16:37 UTCUTC",
		"Sat, 11 Jul 20260000000000000000000000000000000000000000 10:16:37 UTC"};
	struct error err;
	int64_t when;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(clock_parse_release_date(texts[i], &when, &err) == STATUS_FORMAT,
			"%s", texts[i]);
}
END_TEST

START_TEST(times_of_programs_are_read)
{
	static const char *const texts[] = {"2026-07-11T10:16:37Z", "2026-07-11 10:16:37",
		"2026-07-11T10:16:37.123456Z", "2026-07-11T10:16:37.1", "2026-07-11 10:16:37 UTC",
		"2026-07-11 10:16:37 +0000", "2026-07-11T10:16:37+00:00"};
	struct error err = {0};
	int64_t when = -1;

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_msg(clock_parse_iso(texts[i], &when, &err) == STATUS_OK, "%s", err.text);
		ck_assert_int_eq(when, 1783764997);
	}
	ck_assert_int_eq(clock_parse_iso("2026-07-11 10:16", &when, &err), STATUS_OK);
	ck_assert_int_eq(when, 1783764997 - 37);
}
END_TEST

START_TEST(other_times_are_refused)
{
	static const char *const texts[] = {"", "2026-07-11", "2026-07-11T10", "2026-07-11X10:16",
		"2026-07-11T10:16:37+02:00", "2026-07-11T10:16:37 CEST", "2026-07-11T10:16:37.",
		"2026-07-11T10:16:37.Z", "2026-02-31T10:16:37Z", "2026-07-11T24:16:37Z",
		"2026-07-11T10:16:37Zx", "1969-07-11T10:16:37Z", "2026-07-11T10:16.5Z"};
	struct error err;
	int64_t when;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(
			clock_parse_iso(texts[i], &when, &err) == STATUS_FORMAT, "%s", texts[i]);
}
END_TEST

START_TEST(the_clock_goes_forward)
{
	double before = clock_monotonic();

	ck_assert(clock_monotonic() >= before);
	ck_assert_int_gt(clock_now(), 1700000000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *test = tcase_create("clock");

	tcase_set_timeout(test, 60);
	tcase_add_test(test, times_are_written_in_utc);
	tcase_add_test(test, times_beyond_the_calendar_are_numbers);
	tcase_add_test(test, a_day_begins_in_utc);
	tcase_add_test(test, snapshot_times_are_read);
	tcase_add_test(test, other_snapshot_times_are_refused);
	tcase_add_test(test, release_dates_are_read);
	tcase_add_test(test, other_release_dates_are_refused);
	tcase_add_test(test, times_of_programs_are_read);
	tcase_add_test(test, other_times_are_refused);
	tcase_add_test(test, the_clock_goes_forward);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
